"""A connector's fourth loop: attachments, up to the store and down, one at a time.

It has a thread of its own. While the store is away it waits, longer each time; documents without
attachments go on meanwhile, and after a restart a file goes on at the part it had reached. A file
that fails by itself, such as one too large for the disk, is tried again later, behind the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from connectors.bus.carrier import Carrier
from connectors.bus.clock import monotonic
from connectors.bus.file_desk import FileDesk, Job
from connectors.bus.later import PAUSE_SECONDS_MAX, PAUSE_SECONDS_MIN, Later
from connectors.bus.transfers import Upload
from schemas.errors import YichuanError

_STORE_IS_AWAY: Final = "attachment.store_unavailable"


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
        self._later: dict[Job, Later] = {}  # what failed by itself
        self.unfit = 0

    async def run(
        self, stopping: asyncio.Event, uploaded: asyncio.Event, poll_seconds: float
    ) -> None:
        """Carry until told to stop. Sets `uploaded` when a message may be published."""
        try:
            while not stopping.is_set():
                at = monotonic()
                but = {job for job, later in self._later.items() if later.at > at}
                jobs = await self._in_desk(self._files.to_carry, but)
                self.unfit = await self._in_desk(self._files.unfit)
                if not await self._carried(jobs, uploaded):
                    await _wait(stopping, self._longer())
                elif not jobs:
                    await _wait(stopping, poll_seconds)
        finally:
            # Not waited for: a store that hangs would hold up the loop, and all that ends with it.
            self._thread.shutdown(wait=False, cancel_futures=True)

    def stop(self) -> None:
        """End the file in hand at its next part."""
        self._carrier.stop()

    async def _carried(self, jobs: Iterable[Job], uploaded: asyncio.Event) -> bool:
        """Carry files, those last that failed before; False when the store is away."""
        loop = asyncio.get_running_loop()
        for job in sorted(jobs, key=self._later.__contains__):
            up = isinstance(job, Upload)
            work: Callable[[Any], Any] = self._carrier.upload if up else self._carrier.download
            try:
                found = await loop.run_in_executor(self._thread, work, job)
            except YichuanError as error:
                if not error.retriable:
                    raise
                self._failed("attachments", error.code)
                if error.code == _STORE_IS_AWAY:
                    return False
                before = self._later.get(job)
                later = Later.after(before, monotonic())
                self._later[job] = later
                continue
            if up:
                await self._in_desk(self._files.stored, job)
            else:
                await self._in_desk(self._files.landed, job, found)
            self._later.pop(job, None)
            if not self._later:
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
