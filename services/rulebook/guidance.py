"""Which department owes which township guidance on site in a year (guidance 二(五)).

每年……不少于1次: of the department to every township that a matter of its was devolved to. Who
devolved it is who would be competent without the devolving rule: the runner-up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from schemas.ids import DivisionCode, MatterCode, OrganCode
from schemas.sharing import GuidanceForm, GuidanceRecord
from services.rulebook.compare import townships, turns_of
from services.rulebook.directory import competent_organ
from services.rulebook.jurisdiction import Question, route
from services.rulebook.model import Mode, Rulebook

# 带领办理行政执法案件, 现场指导: documents, seminars and the rest count for nothing here.
COUNTING = frozenset({GuidanceForm.LEADING_CASE, GuidanceForm.ON_SITE})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GuidanceYear:
    """What a department owes a township in a year. `since`: 1 January, or the first devolution."""

    department: OrganCode
    township: OrganCode
    place: DivisionCode
    year: int
    since: date
    days_in_force: int  # days of the year on which some matter is devolved


def guidance_years(rulebook: Rulebook, year: int) -> tuple[GuidanceYear, ...]:
    """Return every pair of a department and a township that it devolved a matter to in the year."""
    devolved: dict[tuple[OrganCode, OrganCode, DivisionCode], set[date]] = {}
    for place in townships(rulebook):
        for matter in _matters_devolved(rulebook, place, year):
            for day, pair in _by_day(rulebook, place, matter, year):
                devolved.setdefault((*pair, place), set()).add(day)
    return tuple(
        GuidanceYear(department, township, place, year, min(days), len(days))
        for (department, township, place), days in sorted(devolved.items())
    )


def counts_for(record: GuidanceRecord, pair: GuidanceYear) -> bool:
    """Whether the record is guidance of the pair, on site in that township and in that year."""
    envelope = record.envelope
    return (
        (envelope.sender, record.form in COUNTING) == (pair.department, True)
        and pair.township in envelope.addressees
        and record.place is not None
        and record.place[:9] == pair.place[:9]
        and record.held_on is not None
        and pair.since <= record.held_on <= date(pair.year, 12, 31)
    )


def _matters_devolved(rulebook: Rulebook, place: DivisionCode, year: int) -> list[MatterCode]:
    """Return the matters that some devolving rule for the place names within the year."""
    subjects = {
        rule.subject
        for area in rulebook.areas_of.get(place, ())
        for rules in rulebook.rules_at.get(area, {}).values()
        for rule in rules
        if rule.mode is Mode.DEVOLVED
        and rule.valid_from.year <= year <= (rule.valid_to or date.max).year
    }
    return [
        matter.code
        for matter in rulebook.matters.values()
        if subjects & {matter.code, matter.group}
    ]


def _by_day(
    rulebook: Rulebook, place: DivisionCode, matter: MatterCode, year: int
) -> Iterator[tuple[date, tuple[OrganCode, OrganCode]]]:
    """Yield the days on which the matter is the township's, with whose it was before."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    turns = (day for day in turns_of(rulebook, matter, place) if first < day < after)
    for begin, end in pairwise((first, *sorted(turns), after)):
        pair = _pair(rulebook, place, matter, begin)
        if pair is not None:
            yield from ((begin + _DAY * number, pair) for number in range((end - begin).days))


def _pair(
    rulebook: Rulebook, place: DivisionCode, matter: MatterCode, day: date
) -> tuple[OrganCode, OrganCode] | None:
    directory = rulebook.directory
    answer = route(rulebook, Question(place, matter, day, day, day, day))
    if answer.rule is None or answer.rule.mode is not Mode.DEVOLVED or answer.runner_up is None:
        return None
    township = competent_organ(directory, answer.rule.competent, place, day)
    department = competent_organ(directory, answer.runner_up.competent, place, day)
    if township is None or department is None or department == township:
        return None
    return department.code, township.code
