"""Running what talks to a broker in a loop of its own, to the end of its connections."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

Anything = TypeVar("Anything")
SECONDS_MAX: Final = 30.0
GOODBYE_SECONDS_MAX: Final = 5.0
LOOK_SECONDS: Final = 0.01
OWN: Final = 1  # socket of a loop: by it other threads wake it


def within(work: Coroutine[Any, Any, Anything]) -> Anything:
    """Run it within the limit, and return what it returns."""
    return asyncio.run(_whole(work))


async def _whole(work: Coroutine[Any, Any, Anything]) -> Anything:
    """Wait for TLS to say goodbye: aiokafka does not, and what the loop's end cuts off warns."""
    try:
        return await asyncio.wait_for(work, SECONDS_MAX)
    finally:
        loop: Any = asyncio.get_running_loop()
        for _ in range(int(GOODBYE_SECONDS_MAX / LOOK_SECONDS)):
            if len(loop._selector.get_map()) <= OWN:
                break
            await asyncio.sleep(LOOK_SECONDS)
