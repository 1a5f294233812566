"""A TCP proxy of our own between a process and the broker: it delays, cuts, or swallows.

Runs in a thread. What a process is told to connect to stays as it is; the planted build goes
through here instead (`--via PORT=PORT`).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event, Thread
from typing import Final

CHUNK_BYTES: Final = 64 * 1024
DELAY_SECONDS: Final = 0.2
LOOK_SECONDS: Final = 0.05
_LOOPBACK: Final = "127.0.0.1"


class Mode(StrEnum):
    """What the link does with what passes."""

    PASS = "pass"
    DELAY = "delay"  # each piece by DELAY_SECONDS, both ways
    SWALLOW = "swallow"  # nothing arrives, nothing is said; neither end is closed
    REFUSE = "refuse"  # every connection is closed, new ones at once


@dataclass(slots=True)
class Link:
    """The proxy. `mode` may be changed at any time; `passed` counts bytes."""

    port: int
    target: int
    mode: Mode = Mode.PASS
    passed: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, both ways, until either end or the mode closes it."""
        if self.mode is Mode.REFUSE:
            writer.close()
            return
        there, onward = await asyncio.open_connection(_LOOPBACK, self.target)
        pipes = (self._carry(reader, onward), self._carry(there, writer))
        self._writers |= {writer, onward}
        try:
            await asyncio.gather(*pipes, self._closed_by_mode(writer, onward))
        finally:
            self._writers -= {writer, onward}

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.mode is Mode.DELAY:
                    await asyncio.sleep(DELAY_SECONDS)
                while self.mode is Mode.SWALLOW:
                    await asyncio.sleep(LOOK_SECONDS)
                writer.write(data)
                await writer.drain()
                self.passed += len(data)
        writer.close()

    async def _closed_by_mode(self, *writers: asyncio.StreamWriter) -> None:
        while not any(writer.is_closing() for writer in writers):
            if self.mode is Mode.REFUSE:
                break
            await asyncio.sleep(LOOK_SECONDS)
        for writer in writers:
            writer.close()


@contextmanager
def linked(port: int, target: int) -> Iterator[Link]:
    """Open the proxy while the block runs."""
    link, ready, over = Link(port, target), Event(), Event()

    async def serve() -> None:
        server = await asyncio.start_server(link.take, _LOOPBACK, port)
        ready.set()
        while not over.is_set():
            await asyncio.sleep(LOOK_SECONDS)
        server.close()

    thread = Thread(target=lambda: asyncio.run(serve()), name="link", daemon=True)
    thread.start()
    assert ready.wait(10), f"no proxy on port {port}"
    try:
        yield link
    finally:
        over.set()
        thread.join()
