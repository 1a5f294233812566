"""The yearly duty of guidance (guidance 二(五); domain, section 4). Pure.

It hangs on a case of its own for each (department, township, year) on the flow `copies`, which the
bus opens by a message: the same pair and year is the same case, however often it is written. The
Tick that begins a year in the case's partition writes it, and so does guidance that counts, before
its effect: whichever is first, nothing that was given is lost.
"""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Final

from schemas.disputes import GuidanceYearOpened, LinkedEffect, LinkedKind
from schemas.errors import Broken, Refusal
from schemas.ids import BUS, CaseId, DutyId, MessageId, case_id_of, derive
from schemas.messages import Message, Tick
from schemas.parts import Flow
from schemas.sharing import GuidanceRecord
from services.casework.case import Case, Closing, Duty, State
from services.casework.duties import Given
from services.casework.effects import Accept, CloseDuty, Decision, OpenDuty, Write
from services.casework.elsewhere import linked, own_envelope
from services.casework.projection import planned
from services.casework.steps import Facts, Outcome, Situation, new_case, surely, take
from services.casework.succession import pass_on
from services.casework.term import Term
from services.casework.transitions import Step
from services.rulebook.calendar import ZONE, local_date
from services.rulebook.guidance import (
    KIND,
    GuidanceYear,
    counts_for,
    guidance_rule,
    guidance_years_at,
    is_short,
)
from services.rulebook.model import Rulebook

_RECORD: Final = GuidanceYearOpened.__name__


def opening_id(pair: GuidanceYear) -> MessageId:
    """Return the id of the bus's message that opens the pair's year."""
    parts = (pair.department, pair.township, str(pair.year))
    return MessageId(derive("yearly guidance", *parts))


def case_id(pair: GuidanceYear) -> CaseId:
    """Return the case of the pair's year."""
    return case_id_of(BUS, opening_id(pair))


def open_years(tick: Tick, facts: Facts, at: datetime) -> Decision:
    """Write the openings of the years of the Tick's partition that have no case yet.

    Those that another rulebook has made too short to be owed are told so.
    """
    cause = tick.envelope.message_id
    openings = (Write(cause, _opening(tick, pair, at)) for pair in facts.years)
    excuses = (
        Write(cause, _effect(tick, pair, LinkedKind.GUIDANCE_SHORT, at)) for pair in facts.shortened
    )
    return Decision(None, (*openings, *excuses))


def for_its_year(record: GuidanceRecord, situation: Situation) -> tuple[Write, ...]:
    """Tell the year that the guidance counts for, having opened it if nothing else has."""
    writes: list[Write] = []
    cause = record.envelope.message_id
    for pair in _years_of(record, situation):
        given = _effect(record, pair, LinkedKind.GUIDANCE_GIVEN, situation.at)
        writes.append(Write(cause, _opening(record, pair, situation.at)))
        writes.append(Write(cause, given))
    return tuple(writes)


def guidance_year_opened(
    case: Case | None, message: GuidanceYearOpened, situation: Situation
) -> Outcome | Refusal:
    """The year is on the books. Nobody is written to: the ladder reminds in good time."""
    if case is not None and case.state is not State.NEW:
        return Refusal("case.already_open")
    envelope = message.envelope
    # The township stands as the other side, so that the cards and its successor find it.
    begun = replace(
        case or new_case(message, situation.at),
        sender=message.township,
        handler=message.department,
    )
    outcome = surely(take(Outcome(begun), Step.BEGIN_YEAR, message, situation))
    outcome = _owing(outcome, yearly_duty(_pair(message, situation), situation.rulebook), situation)
    passed = pass_on(outcome.case, envelope.message_id, situation.rulebook, situation.at)
    if passed is not None:
        outcome = Outcome(passed.case or outcome.case, (*outcome.effects, *passed.effects))
    return outcome.also(Accept(envelope.message_id, envelope.record, envelope.sender, quiet=True))


def guidance_ended(case: Case, message: LinkedEffect, situation: Situation) -> Outcome | Refusal:
    """Guidance that counts was received: met, or late, by when the bus had it. Or none is owed."""
    envelope = message.envelope
    received = replace(situation, at=envelope.sent_at)  # the bus's own, of the decision on it
    given = Given(by=case.handler)
    step = Step.GUIDE if message.kind is LinkedKind.GUIDANCE_GIVEN else Step.EXCUSE
    outcome = take(Outcome(case), step, message, received, given=given)
    if isinstance(outcome, Refusal):
        return outcome
    return outcome.also(Accept(envelope.message_id, envelope.record, envelope.sender, quiet=True))


def yearly_duty(pair: GuidanceYear, rulebook: Rulebook) -> Duty:
    """Return the duty, due at the end of the year; waived at once where policy says so.

    Raises Broken rules.duty_missing when the rulebook has no ladder and basis for it.
    """
    rule = guidance_rule(rulebook, pair)
    if rule is None:
        raise Broken("rules.duty_missing", where=KIND)
    opened_at = datetime.combine(pair.since, time(), ZONE)
    term = Term(rule.length, rule.roll, rule.ladder, rulebook.calendar.digest, pair.last_day)
    due, ladder = planned(term, opened_at, rulebook.calendar)
    waived = is_short(pair, rule)
    return Duty(
        id=DutyId(derive("duty", case_id(pair), opening_id(pair), pair.department, KIND)),
        kind=KIND,
        message=opening_id(pair),
        owner=pair.department,
        counterpart=pair.township,
        opened_at=opened_at,
        due=due.at,
        provisional=due.provisional,
        basis=rule.basis,
        ladder=ladder,
        closed_at=opened_at if waived else None,
        closing=Closing.WAIVED if waived else None,
        term=term,
    )


def is_no_longer_owed(case: Case, pair: GuidanceYear, rulebook: Rulebook) -> bool:
    """Whether a year that is open in the case has become too short by the rulebook."""
    rule = guidance_rule(rulebook, pair)
    is_open = any(duty.kind == KIND and duty.closing is None for duty in case.duties)
    return is_open and rule is not None and is_short(pair, rule)


def _owing(outcome: Outcome, duty: Duty, situation: Situation) -> Outcome:
    """Put the duty on the books. One of a later devolution begins by itself on its day."""
    case = outcome.case
    if duty.closing is not None:
        ended = replace(case, duties=(*case.duties, duty))
        opened = replace(duty, closed_at=None, closing=None)
        effects = (OpenDuty(duty.message, opened), CloseDuty(duty.message, duty, duty.closing))
        return Outcome(ended, outcome.effects).also(*effects)
    if duty.opened_at > situation.at:
        later = replace(duty, begins_at=duty.opened_at)
        return Outcome(replace(case, duties=(*case.duties, later)), outcome.effects)
    owing = replace(case, duties=(*case.duties, duty))
    return Outcome(owing, outcome.effects).also(OpenDuty(duty.message, duty))


def _pair(message: GuidanceYearOpened, situation: Situation) -> GuidanceYear:
    """Return the year by the rulebook in force here.

    One that it does not know, since another has come between, was in force on no day.
    """
    known = (
        pair
        for pair in guidance_years_at(situation.rulebook, message.place, message.year)
        if (pair.department, pair.township) == (message.department, message.township)
    )
    none = GuidanceYear(
        message.department,
        message.township,
        message.place,
        message.year,
        since=date(message.year, 1, 1),
        days_in_force=0,
    )
    return next(known, none)


def _years_of(record: GuidanceRecord, situation: Situation) -> tuple[GuidanceYear, ...]:
    if record.place is None or record.held_on is None:
        return ()
    on, rulebook = local_date(situation.at), situation.rulebook
    return tuple(
        pair
        for pair in guidance_years_at(rulebook, record.place, record.held_on.year)
        if counts_for(record, pair, rulebook.directory, on)
    )


def _opening(cause: Message, pair: GuidanceYear, at: datetime) -> GuidanceYearOpened:
    envelope = own_envelope(cause.envelope, _RECORD, opening_id(pair), _into(pair), at)
    return GuidanceYearOpened(envelope, pair.department, pair.township, pair.place, pair.year)


def _effect(cause: Message, pair: GuidanceYear, kind: LinkedKind, at: datetime) -> LinkedEffect:
    return linked(cause.envelope, kind, opening_id(pair), _into(pair), at)


def _into(pair: GuidanceYear) -> tuple[CaseId, Flow]:
    return case_id(pair), Flow.COPIES
