"""What the Kafka client says again and again is logged once a minute, with how often it was said.

While a topic is missing it says so some nine hundred times a second: a weekend of that would fill
the disk that the casebook lies on.
"""

import logging
from collections.abc import Callable
from typing import Final

from connectors.bus.clock import monotonic

SAME_SECONDS: Final = 60.0  # between two lines of one text
TEXTS_MAX: Final = 200  # remembered at one time
_CLIENT: Final = "aiokafka"


class OnceAMinute(logging.Filter):
    """Lets a text of the client through, and no more of it for a minute."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}  # text → when it was logged, held back since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it; how many of its like were held back is put behind it."""
        if record.name.partition(".")[0] != _CLIENT:
            return True
        text, at = record.getMessage(), self._clock()
        logged, held_back = self._said.get(text, (at - SAME_SECONDS, 0))
        if at - logged < SAME_SECONDS:
            self._said[text] = (logged, held_back + 1)
            return False
        if len(self._said) >= TEXTS_MAX:
            self._said.clear()
        self._said[text] = (at, 0)
        if held_back:
            record.msg, record.args = f"{text} (and {held_back} times since the last line)", ()
        return True


def quieten(root: logging.Logger) -> None:
    """Put the filter before whatever handles what reaches this logger."""
    once = OnceAMinute()
    for handler in root.handlers:
        handler.addFilter(once)
