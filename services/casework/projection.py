"""When a duty falls due by a calendar, and anew when the calendar changes (domain, section 4).

A length stays what it was when the duty was opened; only the days are counted again. What a
changed calendar says of a rung that has fired is noted beside it: a card is annotated, not erased.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from schemas.messages import Rung
from services.casework.case import Case, Duty, PlannedRung
from services.casework.effects import Advise, Decision, Effect, MoveDuty
from services.casework.term import Term
from services.rulebook.calendar import ZONE, Due, due_at, local_date, rung_times, start_of
from services.rulebook.model import Calendar, Ladder, Length, Rulebook, Unit

CALENDAR_CHANGED: Final = "calendar"
CALENDAR_KNOWN: Final = "calendar_known"  # the same date, no longer provisional
_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)
_COUNTED_MAX: Final = 1_024  # some 2 kB each


def planned(
    term: Term, opened_at: datetime, calendar: Calendar
) -> tuple[Due, tuple[PlannedRung, ...]]:
    """Return when a duty of this term falls due, and its ladder, none of it fired."""
    if term.last_day is None:
        start = runs_from(term, opened_at, calendar)
        if term.length.unit not in (Unit.MINUTES, Unit.HOURS):  # its day alone counts
            start = start_of(local_date(start))
        due, rungs = _counted(calendar, term.ladder, term.length, start, roll=term.roll)
    else:
        ends = datetime.combine(term.last_day + timedelta(days=1), time(), ZONE)
        due = Due(ends, provisional=False, days=(term.last_day,))
        rungs = _rungs(calendar, term.ladder, due, term.length)
    # A reminder that would not be after the opening is left out.
    return due, tuple(
        each for each in rungs if each.rung is not Rung.REMINDER or each.nominal_at > opened_at
    )


@lru_cache(maxsize=_COUNTED_MAX)
def _counted(
    calendar: Calendar, ladder: Ladder, length: Length, start: datetime, *, roll: bool
) -> tuple[Due, tuple[PlannedRung, ...]]:
    """Return due time and all rungs: what begins on one day falls due on one day."""
    due = due_at(calendar, start, length, roll=roll)
    return due, _rungs(calendar, ladder, due, length)


def _rungs(calendar: Calendar, ladder: Ladder, due: Due, length: Length) -> tuple[PlannedRung, ...]:
    rungs = rung_times(calendar, ladder, _BEFORE_ALL, due, length)
    return tuple(PlannedRung(rung, nominal) for rung, nominal in rungs)


def runs_from(term: Term, opened_at: datetime, calendar: Calendar) -> datetime:
    """Return when the days of a term begin to count."""
    start = term.since or opened_at
    return start if term.wait is None else start_of(due_at(calendar, start, term.wait).day)


def is_outdated(case: Case, rulebook: Rulebook) -> bool:
    """Whether an open duty was computed with another calendar than the rulebook has."""
    return any(_is_outdated(duty, rulebook.calendar) for duty in case.duties)


def reproject(case: Case, rulebook: Rulebook, at: datetime) -> Decision:
    """Return the case with its open duties counted by the rulebook's calendar.

    Each duty that falls due at another time, or now for certain, has its entry, and its two organs
    are told: a letter that names the old date stays as it is. The same case and calendar again
    change nothing.
    """
    effects: list[Effect] = []
    duties: list[Duty] = []
    for duty in case.duties:
        term = duty.term
        if term is None or not _is_outdated(duty, rulebook.calendar):
            duties.append(duty)
            continue
        moved = _moved(duty, term, rulebook.calendar)
        duties.append(moved)
        if (moved.due, moved.provisional) != (duty.due, duty.provisional):
            effects += _told(duty, moved, rulebook, at)
    return Decision(replace(case, duties=tuple(duties)), tuple(effects))


def _is_outdated(duty: Duty, calendar: Calendar) -> bool:
    term = duty.term
    return duty.closing is None and term is not None and term.calendar != calendar.digest


def _moved(duty: Duty, term: Term, calendar: Calendar) -> Duty:
    term = replace(term, calendar=calendar.digest)
    due, ladder = planned(term, duty.opened_at, calendar)
    return replace(
        duty,
        due=due.at,
        provisional=due.provisional,
        ladder=kept(duty.ladder, ladder),
        term=term,
    )


def kept(
    before: tuple[PlannedRung, ...], after: tuple[PlannedRung, ...]
) -> tuple[PlannedRung, ...]:
    """Return the new plan with what has fired left in its place, annotated."""
    planned_at = {each.rung: each.nominal_at for each in after}
    fired = {
        each.rung: replace(each, would_be_at=_other(each, planned_at.get(each.rung)))
        for each in before
        if each.fired_at is not None
    }
    to_come = tuple(each for each in after if each.rung not in fired)
    return (*fired.values(), *to_come)


def _other(fired: PlannedRung, nominal_at: datetime | None) -> datetime | None:
    return None if nominal_at == fired.nominal_at else nominal_at


def _told(duty: Duty, moved: Duty, rulebook: Rulebook, at: datetime) -> tuple[Effect, ...]:
    reason = CALENDAR_CHANGED if moved.due != duty.due else CALENDAR_KNOWN
    # The time, too: a calendar that comes back moves the duty as it did before, and is told again.
    salt = f"/{duty.id}/{rulebook.calendar.digest}/{at.isoformat()}"
    before, after = (at.astimezone(ZONE) for at in (duty.due, moved.due))
    words = f"到期时间由{before:%Y-%m-%d %H:%M}改为{after:%Y-%m-%d %H:%M}。"
    advice = (
        Advise(duty.message, organ, "advice.duty_moved", words, salt)
        for organ in dict.fromkeys((duty.owner, duty.counterpart))
    )
    return (MoveDuty(duty.message, moved, duty.due, reason), *advice)
