"""What a step does to the duties of its case, by the table of spans.py (domain, section 4).

A duty is (message, organ, kind). One that begins anew, as after an agreement, is another duty than
the one before it: nothing leaves the ledger.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from schemas.changed import changed
from schemas.errors import Broken
from schemas.ids import DutyId, MessageId, OrganCode, derive
from services.casework.case import Case, Closing, Complainant, Duty
from services.casework.custody import handing_owed, is_awaited
from services.casework.effects import CloseDuty, Effect, OpenDuty
from services.casework.projection import planned
from services.casework.spans import DUTIES, ENDS_FOR_ALL, Owner, Span
from services.casework.term import Term
from services.casework.transitions import Step
from services.rulebook.calendar import local_date, start_of
from services.rulebook.duties import duty_rule
from services.rulebook.model import DutyRule, Rulebook


@dataclass(frozen=True, slots=True)
class Given:
    """What the message itself settles of duties: whose it ends, by when and from when they run."""

    by: OrganCode | None = None  # whose step it is, where the bus tells it of an organ
    whose: OrganCode | None = None  # whose duty the step ends, if not the actor's
    due_on: date | None = None  # the last day of what it opens, as the message says
    begins_at: datetime | None = None  # what it opens is owed from then on, not before
    before: Duty | None = None  # of the same kind: what had been added to it is added again


NOTHING_GIVEN: Final = Given()
_OF_THE_FILING: Final = "decide_case"


@dataclass(frozen=True, slots=True)
class Turn:
    """One step as the duties see it: whose, by which message, about which, to whom, when."""

    step: Step
    cause: MessageId
    record: str
    by: OrganCode
    about: MessageId
    to: tuple[OrganCode, ...]
    at: datetime
    rulebook: Rulebook
    given: Given = NOTHING_GIVEN


def close_and_open(case: Case, turn: Turn) -> tuple[Case, tuple[Effect, ...]]:
    """Return the case after the step has ended and begun its duties. The step itself is legal."""
    kept: list[Duty] = []
    effects: list[Effect] = []
    for duty in case.duties:
        closing = _closing(duty, turn)
        if closing is None:
            kept.append(duty)
            continue
        ended = changed(duty, closed_at=turn.at, closing=closing)
        kept.append(ended)
        effects.append(CloseDuty(turn.cause, ended, closing))
    for kind, span in DUTIES.items():
        if turn.step not in span.opened_by:
            continue
        for opened in _opened(case, kind, span, turn):
            if opened.begins_at is None:
                effects.append(OpenDuty(turn.cause, _as_opened(opened)))
            if opened.closing is not None:
                effects.append(CloseDuty(turn.cause, opened, opened.closing))
            kept.append(opened)
    return changed(case, duties=tuple(kept)), tuple(effects)


def open_duty(case: Case, kind: str, message: MessageId | None, owner: OrganCode) -> Duty | None:
    """Return the duty that the organ still owes about the message, or None."""
    return next(
        (
            duty
            for duty in case.duties
            if (duty.kind, duty.message, duty.owner) == (kind, message, owner)
            and duty.closing is None
        ),
        None,
    )


def _closing(duty: Duty, turn: Turn) -> Closing | None:
    """How the step ends the duty; None when it does not."""
    closing = DUTIES[duty.kind].closed_by.get(turn.step) if duty.closing is None else None
    if closing is None or closing in ENDS_FOR_ALL:
        return closing
    if (duty.owner, duty.message) != (turn.given.whose or turn.by, turn.about):
        return None
    return Closing.LATE if closing is Closing.MET and turn.at > duty.due else closing


def _as_opened(duty: Duty) -> Duty:
    """Return the duty before it was waived, if it was."""
    return duty if duty.closing is None else changed(duty, closed_at=None, closing=None)


def _opened(case: Case, kind: str, span: Span, turn: Turn) -> Iterator[Duty]:
    if case.life not in span.lives:
        return
    if span.complainants is not None and case.complainant not in span.complainants:
        return
    for owner, counterpart in _owners(case, span.owner, turn):
        yield _duty(case, kind, owner, counterpart, turn)


def _owners(case: Case, owner: Owner, turn: Turn) -> Iterator[tuple[OrganCode, OrganCode]]:
    if owner is Owner.RECIPIENT:
        author = turn.by
        yield from ((organ, author) for organ in turn.to)
        return
    if owner in (Owner.GIVER, Owner.KEEPER):
        yield from _of_custody(case, owner)
        return
    if case.handler is None:
        raise Broken("case.no_handler")
    if owner is Owner.HANDLER:
        yield case.handler, case.counterpart
    elif owner in (Owner.SENDER, Owner.ASKING):
        asking = case.sender if owner is Owner.SENDER else case.asking
        yield asking, case.handler
    else:
        yield from _of_the_dispute(case, owner)


def _of_custody(case: Case, owner: Owner) -> Iterator[tuple[OrganCode, OrganCode]]:
    owed = handing_owed(case)
    if owed is not None and owed.back is (owner is Owner.KEEPER):
        yield owed.keeper, owed.to


def _of_the_dispute(case: Case, owner: Owner) -> Iterator[tuple[OrganCode, OrganCode]]:
    dispute = case.in_dispute()
    if owner is Owner.SUPERIOR:
        if dispute.superior is None:
            raise Broken("case.no_dispute")
        yield dispute.superior, dispute.holder
        return
    yield dispute.holder, dispute.other
    if owner is Owner.BOTH and dispute.other != dispute.holder:  # they may have become one
        yield dispute.other, dispute.holder


def _duty(case: Case, kind: str, owner: OrganCode, counterpart: OrganCode, turn: Turn) -> Duty:
    """Return the duty. Raises Broken rules.duty_missing when the rulebook has no length for it."""
    rulebook, at = turn.rulebook, turn.at
    organs = rulebook.directory.organs
    author = organs.get(turn.by)  # the bus, where the time brings it
    rule = duty_rule(
        rulebook,
        kind,
        organs[owner],
        turn.record,
        local_date(at),
        author.type if author else None,
    )
    if rule is None:
        raise Broken("rules.duty_missing", where=kind)
    before = turn.given.before
    before = before if before and before.kind == kind else None
    term = _term(case, turn, rule, before)
    opened_at = turn.given.begins_at or at
    due, ladder = planned(term, opened_at, rulebook.calendar)
    waived = _is_waived(case, rule)
    message = _message(case, kind, turn)
    return Duty(
        id=_id(case, kind, owner, message),
        kind=kind,
        message=message,
        owner=owner,
        counterpart=counterpart,
        opened_at=opened_at,
        due=due.at,
        provisional=due.provisional,
        basis=rule.basis,
        runs_out=DUTIES[kind].runs_out,
        ladder=ladder,
        closed_at=at if waived else None,
        closing=Closing.WAIVED if waived else None,
        term=term,
        begins_at=turn.given.begins_at,
        extensions=before.extensions if before else 0,
    )


def _term(case: Case, turn: Turn, rule: DutyRule, before: Duty | None) -> Term:
    """Return what the duty counts by: the rule, or what one before it had come to."""
    calendar = turn.rulebook.calendar.digest
    since = turn.given.begins_at or _since(case, turn, rule)
    if before is not None and before.term is not None:
        return replace(before.term, calendar=calendar, since=since)
    return Term(
        rule.length,
        rule.roll,
        rule.ladder,
        calendar,
        last_day=turn.given.due_on,
        since=since,
        wait=rule.custody_wait if is_awaited(case) else None,
        suspend_for=rule.suspend_for,
        extensions=rule.extensions,
    )


def _since(case: Case, turn: Turn, rule: DutyRule) -> datetime | None:
    """Return from when it runs, if not from the step: 立案之日 (行政处罚法 60).

    A day that has not come is the mistake of who wrote it: then it runs from the step.
    """
    filed_on = case.filed_by(case.handler) if rule.kind == _OF_THE_FILING else None
    return start_of(filed_on) if filed_on and filed_on < local_date(turn.at) else None


def _message(case: Case, kind: str, turn: Turn) -> MessageId:
    """Return the message that the duty is about."""
    match DUTIES[kind].owner:
        case Owner.RECIPIENT:
            return turn.cause  # each signs for what it gets
        case Owner.BOTH | Owner.SUPERIOR:
            return turn.about
        case _ if turn.step is Step.ASK_BACK:
            return turn.about
        case _:
            return case.current


def _id(case: Case, kind: str, owner: OrganCode, message: MessageId) -> DutyId:
    """Return the id; one that begins anew about the same letter is told apart by its number."""
    before = sum(
        (duty.kind, duty.owner, duty.message) == (kind, owner, message) for duty in case.duties
    )
    again = (str(before),) if before else ()
    return DutyId(derive("duty", case.id, message, owner, kind, *again))


def _is_waived(case: Case, rule: DutyRule) -> bool:
    """Guidance 二(一)3, 联系方式不详的除外: it stands on the books, and is closed at once."""
    return rule.waived_if_contact_unknown and case.complainant is Complainant.UNKNOWN
