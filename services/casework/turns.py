"""The days on which another may be competent, or another be there, by one and the same rulebook."""

from collections.abc import Iterator
from datetime import date

from services.casework.calendar_end import provisional_since
from services.rulebook.indexes import turns
from services.rulebook.model import Rulebook


def turning_days(rulebook: Rulebook) -> tuple[date, ...]:
    """Return them in order, with the one from which the calendar is a guess."""
    days = turns(_lives(rulebook)) | rulebook.directory.turns | {provisional_since(rulebook)}
    return tuple(sorted(days - {date.min}))


def _lives(rulebook: Rulebook) -> Iterator[tuple[date, date | None]]:
    """Yield first and last day of what says whose a matter is, and who stands above whom."""
    yield from ((rule.valid_from, rule.valid_to) for rule in rulebook.rules)
    for organ in rulebook.directory.organs.values():
        yield from ((above.valid_from, above.valid_to) for above in organ.superiors)
