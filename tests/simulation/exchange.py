"""The real exchange without a broker: batches, transactions, outbox; it dies and starts again.

What is the product's runs as it is: `take_batch`, `run_batch`, `publish`. A crash is an exception
at a labelled point: the transaction is rolled back, or was committed and nobody has heard of it.
"""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from services.casebook import work as working
from services.casebook.store import Casebook, open_sqlite
from services.casebook.write import flush as write
from services.exchange.batch import run_batch, take_batch
from services.exchange.incoming import Incoming
from services.exchange.outbox import publish
from tests.empty_casebook import hasten
from tests.office import KEY_FILE, Stored
from tests.simulation.county import shelf

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the fastest place there is; TMPDIR where it is not


class Crash(StrEnum):
    """Where the process dies."""

    READ = "read, nothing written"
    WRITTEN = "written, not committed"
    COMMITTED = "committed, not published"
    HALF_PUBLISHED = "half published"
    PUBLISHED = "published, not acknowledged"


UNCOMMITTED: Final = frozenset({Crash.READ, Crash.WRITTEN})
# Which there were when the seeds of seeds.toml were found: theirs do not become other counties.
USUAL: Final = tuple(crash for crash in Crash if crash is not Crash.READ)


class Killed(Exception):
    """The process is gone."""


Send = Callable[[str, bytes | None, bytes | None], None]


class _Producer:
    """Takes what is published, and may die at the n-th record."""

    def __init__(self, send: Send, dies_at: int | None) -> None:
        self._send, self._left = send, dies_at
        self._offsets = count()

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes | None, headers: Any
    ) -> Any:
        del headers
        assert key is not None or value is not None, (
            "aiokafka takes no record without key and value"
        )
        if self._left is not None:
            if self._left == 0:
                raise Killed
            self._left -= 1
        self._send(topic, key, value)
        done = asyncio.get_running_loop().create_future()
        done.set_result(Stored(next(self._offsets)))
        return done


class Exchange:
    """One exchange and its casebook's file."""

    def __init__(self, file: Path, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self.file, self._send, self._loop = file, send, loop
        self._looking: sqlite3.Connection | None = None  # one for a run: it only ever reads
        shutil.copyfile(_empty(), file)
        self._open()

    def _open(self) -> None:
        self.casebook: Casebook = open_sqlite(self.file, KEY_FILE)
        hasten(self.casebook)
        self.shelf = shelf()

    def restart(self) -> None:
        """Start again on the same file, with nothing remembered."""
        self.casebook.close()
        self._open()

    def close(self) -> None:
        """Let the file go."""
        if self._looking is not None:
            self._looking.close()
        self.casebook.close()

    def handle(self, records: Sequence[Incoming], crash: Crash | None, after: int) -> None:
        """Decide a batch and publish what came of it. Raises Killed where it is to die."""
        intakes = take_batch(self.casebook, self.shelf, list(records))
        if crash is Crash.READ:
            raise Killed
        if crash is Crash.WRITTEN:
            with patch.object(working, "flush", _write_and_die):
                run_batch(self.casebook, self.shelf, intakes)
        run_batch(self.casebook, self.shelf, intakes)
        if crash is Crash.COMMITTED:
            raise Killed
        self.publish(
            {each.position.place for each in records},
            after if crash is Crash.HALF_PUBLISHED else None,
        )
        if crash is Crash.PUBLISHED:
            raise Killed

    def publish(self, sources: set[tuple[str, int]], dies_at: int | None = None) -> None:
        """Publish what lies in the outbox."""
        producer: Any = _Producer(self._send, dies_at)
        self._loop.run_until_complete(publish(self.casebook, producer, sources))

    @contextmanager
    def looked_at(self) -> Iterator[sqlite3.Connection]:
        """Let somebody read the file by a way that is none of the product's."""
        if self._looking is None:
            self._looking = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        self._looking.row_factory = None
        yield self._looking


def _write_and_die(*changes: Any) -> None:
    write(*changes)
    raise Killed


def folder() -> Path:
    """Make a folder of one's own at the fastest place."""
    where = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="yichuan-sim-", dir=where))


@cache
def _empty() -> Path:
    """Make an empty casebook once: each run begins with a copy of its file."""
    file = folder() / "empty.sqlite"
    open_sqlite(file, KEY_FILE).close()
    return file


def forget_folders(made: Path) -> None:
    """Take away what a process has made."""
    shutil.rmtree(made, ignore_errors=True)
    if _empty.cache_info().currsize:
        shutil.rmtree(_empty().parent, ignore_errors=True)
        _empty.cache_clear()
