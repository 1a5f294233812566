"""How one duty's clock is moved: sooner, longer, stopped, going on. Values in, values out.

Its length says in which kind of day it counts; what is added is counted in the same kind.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from schemas.ids import MessageId
from services.casework.case import Duty
from services.casework.effects import MoveDuty
from services.casework.projection import kept, planned, runs_from
from services.casework.steps import Outcome, Situation
from services.casework.term import Suspension, Term
from services.rulebook.calendar import is_workday, local_date, start_of
from services.rulebook.model import Calendar, Extension, Length, Unit

CUSTODY_SETTLED: Final = "custody_settled"
EXTENDED: Final = "extended"
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


def sooner(outcome: Outcome, situation: Situation) -> Outcome:
    """Let the filing decision run from here, where it had waited for what is handed over.

    It waits no longer than the rulebook says: what is settled later changes nothing.
    """
    case = outcome.case
    for position, duty in enumerate(case.duties):
        term = duty.term
        is_it = duty.kind == "decide_filing" and duty.owner == case.handler
        if not is_it or duty.closing is not None or term is None or duty.suspension is not None:
            continue
        calendar = situation.rulebook.calendar
        if situation.at >= runs_from(term, duty.opened_at, calendar):
            continue
        since = max(situation.at, duty.opened_at)
        moved = at_term(duty, replace(term, since=since, wait=None), situation.at, calendar)
        duties = (*case.duties[:position], moved, *case.duties[position + 1 :])
        note = MoveDuty(duty.message, moved, duty.due, CUSTODY_SETTLED)
        return Outcome(replace(case, duties=duties), (*outcome.effects, note))
    return outcome


def at_term(duty: Duty, term: Term, at: datetime, calendar: Calendar) -> Duty:
    """Return the duty with another term. What has fired stays; no rung falls before `at`."""
    due, ladder = planned(term, duty.opened_at, calendar)
    to_come = tuple(rung for rung in ladder if rung.nominal_at > at)
    return replace(
        duty,
        term=replace(term, calendar=calendar.digest),
        due=due.at,
        provisional=due.provisional,
        ladder=kept(duty.ladder, to_come),
    )


def extended(duty: Duty, term: Term, step: Extension, at: datetime, calendar: Calendar) -> Duty:
    """Return the duty with one step of its list added (行政处罚法 60)."""
    length = Length(term.length.amount + step.length.amount, term.length.unit)
    longer = at_term(duty, replace(term, length=length), at, calendar)
    return replace(longer, extensions=duty.extensions + 1)


def suspended(
    duty: Duty, term: Term, message: MessageId, planned_end: date, at: datetime, calendar: Calendar
) -> Duty:
    """Return the duty standing still, due as it will be if it goes on as planned."""
    suspension = Suspension(message, at, start_of(planned_end), term.length)
    still = replace(duty, suspension=suspension)
    return _going_on(still, term, suspension, suspension.ends_at, calendar)


def resumed(
    duty: Duty, term: Term, suspension: Suspension, at: datetime, calendar: Calendar
) -> Duty:
    """Return the duty going on: the days after the suspension's, up to and with this, are added."""
    return replace(_going_on(duty, term, suspension, at, calendar), suspension=None)


def _going_on(
    duty: Duty, term: Term, suspension: Suspension, at: datetime, calendar: Calendar
) -> Duty:
    length = _with(suspension.length, suspension.since, at, calendar)
    return at_term(duty, replace(term, length=length), at, calendar)


def _with(length: Length, since: datetime, until: datetime, calendar: Calendar) -> Length:
    first, last = local_date(since), local_date(until)
    match length.unit:
        case Unit.CALENDAR_DAYS:
            return Length(length.amount + (last - first).days, length.unit)
        case Unit.WORKING_DAYS:
            days = (first + _DAY * number for number in range(1, (last - first).days + 1))
            worked = sum(is_workday(calendar, day) for day in days)
            return Length(length.amount + worked, length.unit)
        case _:
            minutes = length.amount * (60 if length.unit is Unit.HOURS else 1)
            return Length(minutes + (until - since) // _MINUTE, Unit.MINUTES)
