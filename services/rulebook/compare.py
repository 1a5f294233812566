"""What changes for whom, from when, between two rulebooks: whose each matter is at each place.

Both rulebooks are asked, over matters × townships × the dates on which either changes its answer,
where what decides is not the same in both.
So a rule that was split, renumbered or put into other words without effect is no difference, and
one that changes by itself (a department that ends, a power taken back) is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from schemas.ids import DivisionCode, MatterCode, OrganCode
from services.rulebook.directory import competent_organ, township_of
from services.rulebook.indexes import turns
from services.rulebook.jurisdiction import Answer, Question, route, rules_for
from services.rulebook.model import DecidingDate, Rulebook

TOWNSHIP: Final = "township"  # stands for the organ of the township where it happened
_DAY: Final = timedelta(days=1)

Who = tuple[str, ...]  # codes of organs, or TOWNSHIP; none: nobody


@dataclass(frozen=True, slots=True)
class Shift:
    """A matter that is another's at these places, from a day to a last day (None: for good).

    `decided_by`: which date of a case must be `since` or later for it. `begun`: None for all cases;
    else only for those whose act, finding or filing was before `since` while they are transferred
    on it or later, which the rulebooks give to different organs.
    """

    matter: MatterCode
    places: tuple[DivisionCode, ...]
    before: Who
    after: Who
    since: date
    until: date | None
    decided_by: DecidingDate | None
    basis: str | None
    begun: DecidingDate | None = None


def takes_over(old: Rulebook, new: Rulebook) -> bool:
    """Whether the new one may take the old one's place: it is of the same bus and county.

    A county whose own code changes (撤县设市) is the same where the new one says so.
    """
    return new.bus == old.bus and new.county == new.recoded.get(old.county, old.county)


def shifts(old: Rulebook, new: Rulebook) -> tuple[Shift, ...]:
    """Return every change of competence, by matter and date, equal places together."""
    # One whose code changes is asked by the old one, which both know.
    recoded = {new.recoded[place] for place in townships(old) if place in new.recoded}
    places = sorted({*townships(old), *(set(townships(new)) - recoded)})
    grouped: dict[Shift, list[DivisionCode]] = {}
    days = (date.min, *sorted(old.directory.turns | new.directory.turns))
    of_old, of_new = _Deciding(old, days), _Deciding(new, days)
    for matter in sorted({*old.matters, *new.matters}):
        for place in places:
            if of_old.what(matter, place) == of_new.what(matter, place):
                continue  # nearly all of a county's thousand matters: nothing there can differ
            for shift in _at(old, new, matter, place):
                grouped.setdefault(replace(shift, places=()), []).append(place)
    return tuple(replace(shift, places=tuple(found)) for shift, found in grouped.items())


def townships(rulebook: Rulebook) -> tuple[DivisionCode, ...]:
    """Return the townships of the rulebook's county; where it lists none, the county itself."""
    found = tuple(
        code
        for code, division in rulebook.divisions.items()
        if division.level == "township"
        and rulebook.county in rulebook.areas_of[code]
        and code not in rulebook.recoded
    )
    return found or (rulebook.county,)


class _Deciding:
    """What makes a rulebook's answers, without what only words them: cheap to hold against another.

    `days`: one before any organ began, and each on which some organ of either begins or is over.
    """

    def __init__(self, rulebook: Rulebook, days: tuple[date, ...]) -> None:
        self._rulebook = rulebook
        self._days = days
        self._seats: dict[tuple[str, DivisionCode], tuple[OrganCode | None, ...]] = {}

    def what(self, matter: MatterCode, place: DivisionCode) -> tuple[object, ...]:
        """Return the rules for a matter at a place, in their order, and who stands behind each."""
        rules = (
            (
                rule.area,
                rule.matter is None,
                rule.valid_from,
                rule.valid_to,
                rule.deciding_date,
                self._seat(rule.competent, place),
            )
            for rule in rules_for(self._rulebook, place, matter)
        )
        return self._seat(TOWNSHIP, place), *rules

    def _seat(self, competent: str, place: DivisionCode) -> tuple[OrganCode | None, ...]:
        """Return whom the words of a rule mean at the place, day by day."""
        known = self._seats.get((competent, place))
        if known is None:
            directory = self._rulebook.directory
            organs = (competent_organ(directory, competent, place, day) for day in self._days)
            known = tuple(organ.code if organ else None for organ in organs)
            self._seats[competent, place] = known
        return known


def _at(old: Rulebook, new: Rulebook, matter: MatterCode, place: DivisionCode) -> Iterator[Shift]:
    days = sorted({*turns_of(old, matter, place), *turns_of(new, matter, place)})
    found: Shift | None = None
    for day in days:
        here = _shift(old, new, matter, place, day)
        if found is not None and (here is None or not _goes_on(found, here)):
            yield replace(found, until=day - _DAY)
            found = None
        found = found or here
    if found is not None:
        yield found
    for day in days:
        yield from _of_begun_cases(old, new, matter, place, day)


def _of_begun_cases(
    old: Rulebook, new: Rulebook, matter: MatterCode, place: DivisionCode, day: date
) -> Iterator[Shift]:
    """Yield what only a transitional clause changes: new cases go the same way in both."""
    if any(_shift(old, new, matter, place, each) for each in (day - _DAY, day)):
        return
    for begun in (DecidingDate.ACT, DecidingDate.FOUND, DecidingDate.FILED):
        found = _shift(old, new, matter, place, day, begun)
        if found is not None:
            yield replace(found, decided_by=None)
            return


def _decided_by(
    old: Rulebook, new: Rulebook, matter: MatterCode, place: DivisionCode, day: date
) -> DecidingDate:
    """Return the earliest step of a case that, were it the day before, would leave all as it was.

    Asked of the rulebook whose answer turns on that day: a power that ends keeps its own clause,
    whatever the clause of the rule that takes its place.
    """
    eve, turn = (_question(matter, place, each, None) for each in (day - _DAY, day))
    turning = new if _who(route(new, eve)) != _who(route(new, turn)) else old
    after = _who(route(turning, turn))
    for step in (DecidingDate.ACT, DecidingDate.FOUND, DecidingDate.FILED):
        if _who(route(turning, _question(matter, place, day, step))) != after:
            return step
    return DecidingDate.TRANSFER


def _shift(
    old: Rulebook,
    new: Rulebook,
    matter: MatterCode,
    place: DivisionCode,
    day: date,
    begun: DecidingDate | None = None,
) -> Shift | None:
    """Return the difference on a day, as if it began there; None when both say the same."""
    asked = _question(matter, place, day, begun)
    before, after = route(old, asked), route(new, asked)
    if _who(before) == _who(after):
        return None
    return Shift(
        matter=matter,
        places=(place,),
        before=_who(before),
        after=_who(after),
        since=day,
        until=None,
        decided_by=_decided_by(old, new, matter, place, day),
        basis=after.basis,
        begun=begun,
    )


def _goes_on(found: Shift, here: Shift) -> bool:
    return replace(here, since=found.since, decided_by=found.decided_by) == found


def _question(
    matter: MatterCode, place: DivisionCode, day: date, begun: DecidingDate | None
) -> Question:
    """Return a case of one day, or one whose steps up to `begun` were the day before."""
    steps = tuple(DecidingDate)  # act, found, filed, transfer: the order in which they happen
    before = steps[: steps.index(begun) + 1] if begun else ()
    act, found, filed, transfer = (day - _DAY if step in before else day for step in steps)
    return Question(place, matter, act, found, filed, transfer)


def _who(answer: Answer) -> Who:
    question = answer.question
    township = township_of(answer.rulebook.directory, question.place, question.transfer_date)
    return tuple(
        TOWNSHIP if township is not None and organ == township.code else organ
        for organ in answer.organs
    )


def turns_of(rulebook: Rulebook, matter: MatterCode, place: DivisionCode) -> set[date]:
    """Return the days on which the answer may change: of the rules, and of the organs."""
    rules = rules_for(rulebook, place, matter)
    if not rules:
        return set()
    found = turns((rule.valid_from, rule.valid_to) for rule in rules)
    return (found - {date.min}) | rulebook.directory.turns  # before the first day there is none
