"""What a step does to the duties of its case, by the table of spans.py (domain, section 4).

A duty is (message, organ, kind). One that begins anew, as after an agreement, is another duty than
the one before it: nothing leaves the ledger.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.errors import Broken
from schemas.ids import DutyId, MessageId, OrganCode, derive
from services.casework.case import Case, Closing, Complainant, Duty, Term
from services.casework.effects import CloseDuty, Effect, OpenDuty
from services.casework.projection import planned
from services.casework.spans import DUTIES, ENDS_FOR_ALL, Owner, Span
from services.casework.transitions import Step
from services.rulebook.calendar import local_date, start_of
from services.rulebook.duties import duty_rule
from services.rulebook.model import DutyRule, Rulebook


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


def close_and_open(case: Case, turn: Turn) -> tuple[Case, tuple[Effect, ...]]:
    """Return the case after the step has ended and begun its duties. The step itself is legal."""
    kept: list[Duty] = []
    effects: list[Effect] = []
    for duty in case.duties:
        closing = _closing(duty, turn)
        if closing is None:
            kept.append(duty)
            continue
        ended = replace(duty, closed_at=turn.at, closing=closing)
        kept.append(ended)
        effects.append(CloseDuty(turn.cause, ended, closing))
    for kind, span in DUTIES.items():
        for opened in _opened(case, kind, span, turn):
            effects.append(OpenDuty(turn.cause, replace(opened, closed_at=None, closing=None)))
            if opened.closing is not None:
                effects.append(CloseDuty(turn.cause, opened, opened.closing))
            kept.append(opened)
    return replace(case, duties=tuple(kept)), tuple(effects)


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
    if (duty.owner, duty.message) != (turn.by, turn.about):
        return None
    return Closing.LATE if closing is Closing.MET and turn.at > duty.due else closing


def _opened(case: Case, kind: str, span: Span, turn: Turn) -> Iterator[Duty]:
    if turn.step not in span.opened_by or case.life not in span.lives:
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
    if case.handler is None:
        raise Broken("case.no_handler")
    if owner is Owner.HANDLER:
        yield case.handler, case.counterpart
    elif owner in (Owner.SENDER, Owner.ASKING):
        asking = case.sender if owner is Owner.SENDER else case.asking
        yield asking, case.handler
    else:
        yield from _of_the_dispute(case, owner)


def _of_the_dispute(case: Case, owner: Owner) -> Iterator[tuple[OrganCode, OrganCode]]:
    dispute = case.in_dispute()
    if owner is Owner.SUPERIOR:
        if dispute.superior is None:
            raise Broken("case.no_dispute")
        yield dispute.superior, dispute.holder
        return
    yield dispute.holder, dispute.other
    if owner is Owner.BOTH:
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
    since = _since(case, turn)
    term = Term(rule.length, rule.roll, rule.ladder, rulebook.calendar.digest, since=since)
    due, ladder = planned(term, at, rulebook.calendar)
    waived = _is_waived(case, rule)
    message = _message(case, kind, turn)
    return Duty(
        id=_id(case, kind, owner, message),
        kind=kind,
        message=message,
        owner=owner,
        counterpart=counterpart,
        opened_at=at,
        due=due.at,
        provisional=due.provisional,
        basis=rule.basis,
        runs_out=DUTIES[kind].runs_out,
        ladder=ladder,
        closed_at=at if waived else None,
        closing=Closing.WAIVED if waived else None,
        term=term,
    )


def _since(case: Case, turn: Turn) -> datetime | None:
    """Return from when the clock runs, where that is not the step: a filing date that stands."""
    if turn.step is not Step.AGREE_SENDER_FILED or case.handler is None:
        return None
    filed_on = case.filed_by(case.handler)
    return None if filed_on is None else start_of(filed_on)


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
