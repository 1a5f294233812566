"""When something that failed is tried again: after a pause that is doubled each time."""

from dataclasses import dataclass
from typing import Final, Self

PAUSE_SECONDS_MIN: Final = 0.5  # doubled each time
PAUSE_SECONDS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Later:
    """At which monotonic second, and after which pause."""

    at: float
    pause: float

    @classmethod
    def after(cls, before: Self | None, at: float) -> Self:
        """Return when to try what failed just now again; `before`: when that was to be."""
        pause = min(PAUSE_SECONDS_MAX, before.pause * 2 if before else PAUSE_SECONDS_MIN)
        return cls(at + pause, pause)
