"""Ends a process that no longer gets on, so that its supervisor starts it again.

A thread of its own: a loop that hangs answers no health page and ends nothing. What was in hand is
neither stored nor acknowledged, and the next life finds it where it was.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from connectors.bus.exits import EXIT_UNAVAILABLE
from connectors.bus.health import Probe

LOOK_SECONDS: Final = 5.0  # between two looks
LOOKS_MIN: Final = 2  # in a row that find it stuck: one may fall into a moment's change
EXIT_STUCK: Final = EXIT_UNAVAILABLE

LOG: Final = logging.getLogger("yichuan.watchdog")
End = Callable[[tuple[str, ...]], object]


def end(reasons: tuple[str, ...]) -> NoReturn:
    """End the process at once, having said why."""
    LOG.critical("stopping: %s", ", ".join(reasons))
    logging.shutdown()
    os._exit(EXIT_STUCK)


def ended_within(seconds_max: float, ended: End = end) -> threading.Timer:
    """Call `ended` after the seconds, whatever else this process waits for by then."""
    reason = f"not stopped within {seconds_max:g} s"
    timer = threading.Timer(seconds_max, ended, args=((reason,),))
    timer.daemon = True  # it keeps no process that stops in time
    timer.start()
    return timer


@contextmanager
def watched(live: Probe, ended: End = end, look_seconds: float = LOOK_SECONDS) -> Iterator[None]:
    """Look again and again while the block runs; call `ended` when the process is stuck."""
    over = threading.Event()

    def watch() -> None:
        looks = 0
        while not over.wait(look_seconds):
            found = live()
            looks = 0 if found.ok else looks + 1
            if looks >= LOOKS_MIN:
                ended(found.reasons)
                return

    thread = threading.Thread(target=watch, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
