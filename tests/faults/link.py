"""A proxy of our own between a process and what it leans on: it delays, cuts, or swallows.

Runs in a thread. What a process is told to connect to stays as it is; the planted build goes
through here instead (`--via PORT=PORT`). Registry and database are configured to be here.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event, Thread
from typing import Final

CHUNK_BYTES: Final = 64 * 1024
DELAY_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 0.05
_LOOPBACK: Final = "127.0.0.1"

Place = int | Path  # a TCP port of this machine, or a socket's file


class Mode(StrEnum):
    """What the link does with what passes."""

    PASS = "pass"
    DELAY = "delay"  # each piece by `delay_seconds`, both ways
    SWALLOW = "swallow"  # nothing arrives, nothing is said; neither end is closed
    REFUSE = "refuse"  # every connection is closed, new ones at once


@dataclass(slots=True)
class Link:
    """The proxy. `mode` may be changed at any time; `passed` counts bytes."""

    at: Place
    target: Place
    mode: Mode = Mode.PASS
    delay_seconds: float = DELAY_SECONDS
    passed: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, both ways, until either end or the mode closes it."""
        if self.mode is Mode.REFUSE:
            writer.close()
            return
        try:
            there, onward = await _connected(self.target)
        except OSError:  # what lies behind is away: as it is without a proxy, nobody answers
            writer.close()
            return
        pipes = (self._carry(reader, onward), self._carry(there, writer))
        self._writers |= {writer, onward}
        try:
            await asyncio.gather(*pipes, self._closed_by_mode(writer, onward))
        finally:
            self._writers -= {writer, onward}
            for each in (writer, onward):  # also where the proxy ends: neither end waits for it
                each.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.mode is Mode.DELAY:
                    await asyncio.sleep(self.delay_seconds)
                while self.mode is Mode.SWALLOW:
                    await asyncio.sleep(LOOK_SECONDS)
                self.passed += len(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _closed_by_mode(self, *writers: asyncio.StreamWriter) -> None:
        while not any(writer.is_closing() for writer in writers):
            if self.mode is Mode.REFUSE:
                break
            await asyncio.sleep(LOOK_SECONDS)
        for writer in writers:
            writer.close()


@contextmanager
def linked(at: Place, target: Place) -> Iterator[Link]:
    """Open the proxy while the block runs."""
    link, ready, over = Link(at, target), Event(), Event()

    async def serve() -> None:
        server = await _served(link)
        ready.set()
        while not over.is_set():
            await asyncio.sleep(LOOK_SECONDS)
        server.close()

    thread = Thread(target=lambda: asyncio.run(serve()), name="link", daemon=True)
    thread.start()
    assert ready.wait(10), f"no proxy at {at}"
    try:
        yield link
    finally:
        over.set()
        thread.join()


async def _connected(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(place, Path):
        return await asyncio.open_unix_connection(place)
    return await asyncio.open_connection(_LOOPBACK, place)


async def _served(link: Link) -> asyncio.Server:
    if isinstance(link.at, Path):
        return await asyncio.start_unix_server(link.take, link.at)
    return await asyncio.start_server(link.take, _LOOPBACK, link.at)
