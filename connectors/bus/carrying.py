"""A connector's fourth loop: attachments, up to the store and down, one at a time.

It has a thread of its own. While the store is away it waits, longer each time; documents without
attachments go on meanwhile, and after a restart a file goes on at the part it had reached.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from connectors.bus.carrier import Carrier
from connectors.bus.file_desk import FileDesk
from connectors.bus.transfers import Upload
from schemas.errors import YichuanError

PAUSE_SECONDS_MIN: Final = 0.5  # before the store is tried again, doubled each time
PAUSE_SECONDS_MAX: Final = 60.0


class Carrying:
    """The loop. `in_desk` does desk work; `failed` and `worked` note what is away."""

    def __init__(
        self,
        files: FileDesk,
        carrier: Carrier,
        in_desk: Callable[..., Awaitable[Any]],
        failed: Callable[[str, str], None],
        worked: Callable[[], object],
    ) -> None:
        self._files, self._carrier, self._in_desk = files, carrier, in_desk
        self._failed, self._worked = failed, worked
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="carrier")
        self._pause_seconds = PAUSE_SECONDS_MIN
        self.unfit = 0

    async def run(
        self, stopping: asyncio.Event, uploaded: asyncio.Event, poll_seconds: float
    ) -> None:
        """Carry until told to stop. Sets `uploaded` when a message may be published."""
        try:
            while not stopping.is_set():
                jobs = await self._in_desk(self._files.to_carry)
                self.unfit = await self._in_desk(self._files.unfit)
                if not await self._carried(jobs, uploaded):
                    await _wait(stopping, self._longer())
                elif not jobs:
                    await _wait(stopping, poll_seconds)
        finally:
            self._thread.shutdown(wait=True)

    def stop(self) -> None:
        """End the file in hand at its next part."""
        self._carrier.stop()

    async def _carried(self, jobs: Any, uploaded: asyncio.Event) -> bool:  # noqa: ANN401 - uploads and downloads
        loop = asyncio.get_running_loop()
        for job in jobs:
            up = isinstance(job, Upload)
            work = self._carrier.upload if up else self._carrier.download
            try:
                found: Any = await loop.run_in_executor(self._thread, partial(work, job))
            except YichuanError as error:
                if not error.retriable:
                    raise
                self._failed("attachments", error.code)
                return False
            if up:
                await self._in_desk(self._files.stored, job)
            else:
                await self._in_desk(self._files.landed, job, found)
            self._worked()
            self._pause_seconds = PAUSE_SECONDS_MIN
            if up:
                uploaded.set()
        return True

    def _longer(self) -> float:
        pause = self._pause_seconds
        self._pause_seconds = min(PAUSE_SECONDS_MAX, pause * 2)
        return pause


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
