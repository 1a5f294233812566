"""Which department owes which township guidance on site in a year (guidance 二(五)).

每年……不少于1次: of the department to every township that a matter of its was devolved to. Who
devolved it is whose it would be without the devolution (devolved_by). Where one of the two ended
within the year, its successor goes on with the same duty and owes no second one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from schemas.ids import DivisionCode, MatterCode, OrganCode
from schemas.sharing import GuidanceRecord
from schemas.sharing_form import ON_SITE
from services.rulebook.compare import townships, turns_of
from services.rulebook.directory import competent_organ, in_office
from services.rulebook.duties import duty_rule
from services.rulebook.jurisdiction import Answer, Question, is_beside, route
from services.rulebook.model import Directory, DutyRule, JurisdictionRule, Mode, Rulebook

KIND: Final = "yearly_guidance"
_DAY: Final = timedelta(days=1)
_RECORD: Final = "GuidanceYearOpened"

_Pair = tuple[OrganCode, OrganCode]  # department, township


@dataclass(frozen=True, slots=True)
class GuidanceYear:
    """What a department owes a township in a year. `since`: 1 January, or the first devolution."""

    department: OrganCode
    township: OrganCode
    place: DivisionCode
    year: int
    since: date
    days_in_force: int  # days of the year on which some matter is devolved

    @property
    def last_day(self) -> date:
        """The day on which it is due."""
        return date(self.year, 12, 31)


def guidance_years(rulebook: Rulebook, year: int) -> tuple[GuidanceYear, ...]:
    """Return every pair of a department and a township that it devolved a matter to in the year.

    None where the rulebook has no such duty.
    """
    found: dict[_Pair, GuidanceYear] = {}
    for place in sorted(townships(rulebook)):
        for pair in guidance_years_at(rulebook, place, year):
            key = (pair.department, pair.township)
            other = found.get(key)
            # A township with another's area, which was merged into it, is guided once for both.
            if other is None or other.days_in_force < pair.days_in_force:
                found[key] = pair
    return tuple(found[key] for key in sorted(found))


def guidance_years_at(
    rulebook: Rulebook, place: DivisionCode, year: int
) -> tuple[GuidanceYear, ...]:
    """Return those of them in the township that the place is, or lies in."""
    township = DivisionCode(place[:9] + "000")
    return tuple(
        pair for pair in _at(rulebook, township, year) if guidance_rule(rulebook, pair) is not None
    )


def guidance_rule(rulebook: Rulebook, pair: GuidanceYear) -> DutyRule | None:
    """Return the rule of the duty: of the day on which it is due, which is the same for all."""
    owner = rulebook.directory.organs[pair.department]
    return duty_rule(rulebook, KIND, owner, _RECORD, pair.last_day)


def is_short(pair: GuidanceYear, rule: DutyRule) -> bool:
    """Whether so little of the year is devolved that policy owes no guidance for it."""
    shortest = rule.waived_if_in_force_under
    return shortest is not None and pair.days_in_force < shortest.amount


def counts_for(record: GuidanceRecord, pair: GuidanceYear, directory: Directory, on: date) -> bool:
    """Whether the record is guidance of the pair, on site in that township and in that year.

    `on`: the day on which the bus received it; by then a successor may stand in an organ's place.
    """
    if record.form not in ON_SITE or record.place is None or record.held_on is None:
        return False
    department, township = _now(directory, (pair.department, pair.township), on)
    return (
        record.envelope.sender == department
        and township in record.envelope.addressees
        and record.place[:9] == pair.place[:9]
        and pair.since <= record.held_on <= min(on, pair.last_day)
    )


def _at(rulebook: Rulebook, place: DivisionCode, year: int) -> Iterator[GuidanceYear]:
    devolved: dict[_Pair, set[date]] = {}
    for matter in _matters_devolved(rulebook, place, year):
        for day, pair in _by_day(rulebook, place, matter, year):
            devolved.setdefault(pair, set()).add(day)
    for (department, township), days in _joined(rulebook.directory, devolved).items():
        yield GuidanceYear(department, township, place, year, min(days), len(days))


def _joined(directory: Directory, devolved: dict[_Pair, set[date]]) -> dict[_Pair, set[date]]:
    """Return the days of each pair, those of its successors with it."""
    found: dict[_Pair, set[date]] = {}
    for pair, days in sorted(devolved.items(), key=lambda entry: (min(entry[1]), entry[0])):
        before = (each for each in found if _now(directory, each, min(days)) == pair)
        found.setdefault(next(before, pair), set()).update(days)
    return found


def _now(directory: Directory, pair: _Pair, on: date) -> tuple[OrganCode | None, OrganCode | None]:
    department, township = (in_office(directory, organ, on) for organ in pair)
    return department.code if department else None, township.code if township else None


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
) -> Iterator[tuple[date, _Pair]]:
    """Yield the days on which the matter is the township's, with whose it was before."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    turns = (day for day in turns_of(rulebook, matter, place) if first < day < after)
    for begin, end in pairwise((first, *sorted(turns), after)):
        pair = _pair(rulebook, place, matter, begin)
        if pair is not None:
            yield from ((begin + _DAY * number, pair) for number in range((end - begin).days))


def _pair(rulebook: Rulebook, place: DivisionCode, matter: MatterCode, day: date) -> _Pair | None:
    directory = rulebook.directory
    answer = route(rulebook, Question(place, matter, day, day, day, day))
    behind = devolved_by(answer)
    if answer.rule is None or behind is None:
        return None
    township = competent_organ(directory, answer.rule.competent, place, day)
    department = competent_organ(directory, behind.competent, place, day)
    if township is None or department is None or department == township:
        return None
    return department.code, township.code


def devolved_by(answer: Answer) -> JurisdictionRule | None:
    """Return the rule by which a devolved matter would be another's; None: nobody can be told.

    It is the next in line. Where there is none, since the general rule had to end for a devolution
    in the whole county, it is the last that ended.
    """
    won = answer.rule
    if won is None or won.mode is not Mode.DEVOLVED:
        return None
    others = [rule for rule in answer.rules if rule.mode is not Mode.DEVOLVED]
    less = (rule for rule in others if rule in answer.applying and not is_beside(rule, won))
    ended = (
        rule
        for rule in others
        if rule.valid_to is not None and rule.valid_to < answer.question.day(rule.deciding_date)
    )
    return next(less, None) or max(ended, key=lambda rule: rule.valid_to or date.min, default=None)
