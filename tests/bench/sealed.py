"""Leads sealed beforehand and kept in files, so that writing them costs next to nothing.

A file is key, value, key, value, …, each pair behind its two lengths.
"""

import multiprocessing
import os
import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

from connectors.bus.clock import now
from connectors.bus.home import Home
from connectors.bus.keys import load_signer
from schemas.codec import current, frame
from schemas.jwk import Signer
from schemas.messages import Message
from schemas.seal import seal_message
from services.exchange.opening import open_office
from tests.bench.letters import lead
from tests.history import demo

AT_ONCE: Final = 2_000  # leads that a process seals before it hands them over
_HEAD: Final = struct.Struct(">HI")  # bytes of the key, bytes of the value

Pair = tuple[bytes, bytes]  # key, value: as they lie on the flow


@dataclass(slots=True)
class Letters:
    """Makes files of leads; no two leads of a run are the same."""

    home: Home
    folder: Path
    schema_id: int
    _sealing: ProcessPoolExecutor
    _next: int = 0
    _files: Iterator[int] = field(default_factory=count)

    def part(self, leads: int) -> Path:
        """Seal so many more; return the file that they are in."""
        numbers = range(self._next, self._next + leads)
        self._next = numbers.stop
        spans = [numbers[at : at + AT_ONCE] for at in range(0, leads, AT_ONCE)]
        work = [(self.home.path, self.schema_id, span.start, span.stop) for span in spans]
        path = self.folder / f"part-{next(self._files)}.leads"
        with path.open("wb") as file:
            for pairs in self._sealing.map(_sealed, work):
                write(file, pairs)
        return path


@contextmanager
def sealing(home: Home, folder: Path) -> Iterator[Letters]:
    """Hold a process ready on each core; idle they cost nothing."""
    schema_id = open_office(home, home.settings()).id_of(current("LeadTransfer").fingerprint)
    fresh = multiprocessing.get_context("spawn")  # a fork would inherit a Kafka client's threads
    with ProcessPoolExecutor(os.cpu_count(), mp_context=fresh) as pool:
        yield Letters(home, folder, schema_id, pool)


def write(file: BinaryIO, pairs: Iterable[Pair]) -> None:
    """Append pairs to a file."""
    file.writelines(_HEAD.pack(len(key), len(value)) + key + value for key, value in pairs)


def read(path: Path) -> Iterator[Pair]:
    """Yield the pairs of a file, a few at a time in memory."""
    with path.open("rb") as file:
        while head := file.read(_HEAD.size):
            key, value = _HEAD.unpack(head)
            yield file.read(key), file.read(value)


def sealed_pair(folder: Path, schema_id: int, message: Message) -> Pair:
    """Seal a message with its sender's key, which lies in the home `folder`."""
    alias = demo().directory.organs[message.envelope.sender].alias
    assert alias is not None
    body = seal_message(message, _signer(folder, alias)).body
    return message.envelope.case_id.encode(), frame(schema_id, body)


def _sealed(work: tuple[Path, int, int, int]) -> list[Pair]:
    folder, schema_id, first, stop = work
    at = now()
    return [sealed_pair(folder, schema_id, lead(number, at)) for number in range(first, stop)]


@cache
def _signer(folder: Path, alias: str) -> Signer:
    return load_signer(Home(folder).key(alias), None)
