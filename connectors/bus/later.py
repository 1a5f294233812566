"""When something that failed is tried again: after a pause that is doubled each time."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Later:
    """At which monotonic second, and after which pause."""

    at: float
    pause: float

    @classmethod
    def after(cls, before: Self | None, at: float, seconds_min: float, seconds_max: float) -> Self:
        """Return when to try what failed just now again; `before`: when that was to be."""
        pause = min(seconds_max, before.pause * 2 if before else seconds_min)
        return cls(at + pause, pause)
