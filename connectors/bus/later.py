"""When something is tried again: what failed, and a look that found nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

from schemas.ids import CaseId

PAUSE_SECONDS_MIN: Final = 0.5  # doubled each time
PAUSE_SECONDS_MAX: Final = 60.0

LOOK_PAUSE_TIMES: Final = 4  # what a look took that found nothing, until the next one
LOOK_PAUSE_SECONDS_MAX: Final = 30.0


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


def pause_after(look_seconds: float) -> float:
    """Return how long to let the agency's system be after a look at it that found nothing.

    A table that nobody clears is compared whole at each look, for seconds: one look behind the
    other, and nothing of the inbox would come to its turn.
    """
    return min(look_seconds * LOOK_PAUSE_TIMES, LOOK_PAUSE_SECONDS_MAX)


def forget_but(waiting: dict[CaseId, Later], tried: Collection[CaseId], at: float) -> bool:
    """Forget cases whose time has come, but those that were tried; whether there were any."""
    late = [case for case, later in waiting.items() if later.at <= at and case not in tried]
    for case in late:
        del waiting[case]
    return bool(late)
