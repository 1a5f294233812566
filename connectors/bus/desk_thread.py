"""The one thread in which a connector touches the agency's system and its own ledger."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, ParamSpec, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from connectors.bus.later import PAUSE_SECONDS_MIN
from schemas.errors import YichuanError

SYSTEM_SECONDS_MAX: Final = 300.0  # the agency's system was away for so long: the process stops

P = ParamSpec("P")
Result = TypeVar("Result")


class DeskThread:
    """Does desk work, a piece at a time; `failed` and `worked` note whether the system is away."""

    def __init__(
        self,
        stopping: asyncio.Event,
        failed: Callable[[str], None],
        worked: Callable[[], object],
    ) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="desk")
        self._stopping, self._failed, self._worked = stopping, failed, worked

    async def once(self, work: Callable[P, Result], *args: P.args, **kw: P.kwargs) -> Result:
        """Do it once. Raises what the work raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(work, *args, **kw))

    async def patiently(self, work: Callable[P, Result], *args: P.args, **kw: P.kwargs) -> Result:
        """Do it, again and again while the agency's system is away, within a limit."""
        attempts = AsyncRetrying(
            retry=retry_if_exception(_is_away),
            stop=self._enough,
            wait=wait_exponential_jitter(multiplier=PAUSE_SECONDS_MIN, max=10.0),
            reraise=True,
        )
        return await attempts(self._seen, work, *args, **kw)

    def close(self) -> None:
        """Let the thread end when what it does is done, and wait for nothing."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _enough(self, state: RetryCallState) -> bool:
        return self._stopping.is_set() or (state.seconds_since_start or 0.0) > SYSTEM_SECONDS_MAX

    async def _seen(self, work: Callable[P, Result], *args: P.args, **kw: P.kwargs) -> Result:
        try:
            result = await self.once(work, *args, **kw)
        except YichuanError as error:
            self._failed(error.code)
            raise
        self._worked()
        return result


def _is_away(error: BaseException) -> bool:
    return isinstance(error, YichuanError) and error.retriable
