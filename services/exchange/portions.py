"""A batch in portions, each stored and published before the next is decided. Pure.

A letter touches a case or two; a Tick, or a rulebook that comes into force, goes through a
partition's. What it touched is held in memory until the commit, and nothing else happens meanwhile:
no more of them lie in one transaction than a process can do before it counts as stuck.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.messages import RulebookActivated
from services.exchange.intake import Intake, Sound, is_tick

TICKS_MAX: Final = 100  # in one transaction: more than a round of them has


def portions(intakes: Sequence[Intake]) -> Iterator[list[Intake]]:
    """Yield the intakes in their order; a portion ends behind an activation, or so many Ticks."""
    portion: list[Intake] = []
    ticks = 0
    for intake in intakes:
        portion.append(intake)
        ticks += is_tick(intake)
        if ticks >= TICKS_MAX or _is_activation(intake):
            yield portion
            portion, ticks = [], 0
    if portion:
        yield portion


def _is_activation(intake: Intake) -> bool:
    return isinstance(intake, Sound) and isinstance(intake.opened.message, RulebookActivated)
