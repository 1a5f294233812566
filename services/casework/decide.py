"""The one entry of the law: what a message does to a case.

Pure: the same case, message, facts, rulebook and time give the same decision, to the byte. What a
sender may not do is a Refusal; an exception here is a defect of ours, and stops this case only.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import assert_never

from schemas.errors import Refusal
from schemas.ids import BUS
from schemas.messages import (
    Accepted,
    Advice,
    CaseProgress,
    CaseSettled,
    CaseTransfer,
    Correction,
    Delivered,
    DutyNotice,
    FilingReply,
    Held,
    HoldReason,
    LeadTransfer,
    Message,
    OutcomeFeedback,
    Rejected,
    SettleAction,
    SignedFor,
    Tick,
    Withdrawal,
)
from services.casework.case import Case, State, Stop, Waiting
from services.casework.clock import fire
from services.casework.effects import Accept, Decision, Hold, Reject, Release
from services.casework.receipts import delivered, signed_for
from services.casework.replies import (
    case_progress,
    correction,
    filing_reply,
    outcome_feedback,
    withdrawal,
)
from services.casework.steps import Facts, Outcome, Situation, new_case
from services.casework.transfer import open_case
from services.rulebook.calendar import local_date
from services.rulebook.directory import organ_on
from services.rulebook.model import Rulebook

WAITING_MAX = 1000  # messages behind one held or frozen case


def decide(
    case: Case | None, message: Message, facts: Facts, rulebook: Rulebook, at: datetime
) -> Decision:
    """Return what becomes of the case and what is to be done.

    `at` is when the broker received the message. The form of the message was checked before
    (schemas/checks.py), its seal verified, its id seen to be new.
    """
    if isinstance(message, Tick):
        return (
            Decision(None, ())
            if case is None
            else fire(case, message.envelope.message_id, rulebook, at)
        )
    if isinstance(message, CaseSettled):
        result = _settle(case, message)
    else:
        refusal = _standing(case, message, facts, rulebook, local_date(at))
        if refusal is None and case is not None and _must_wait(case, message, facts):
            return _wait(case, message, at)
        result = refusal or _act(case, message, Situation(rulebook, facts, at))
    if isinstance(result, Refusal):
        envelope = message.envelope
        rejected = Reject(envelope.message_id, envelope.record, envelope.sender, result)
        return Decision(case, (rejected,))
    return Decision(result.case, result.effects)


def freeze(case: Case | None, message: Message, code: str, at: datetime) -> Decision:
    """Return the case stopped by a defect at this message; nothing of it is decided.

    The message goes to the dead letters; what comes later waits until an operator settles it.
    """
    stopped = case or new_case(message, at)
    envelope = message.envelope
    stop = Stop(envelope.message_id, HoldReason.FROZEN, code, at)
    to = (envelope.sender,) if envelope.sender != BUS else ()
    told = Hold(envelope.message_id, envelope.record, to, HoldReason.FROZEN, code)
    return Decision(replace(stopped, stop=stop), (told,))


def next_waiting(case: Case) -> tuple[Waiting, Case] | None:
    """Return the first message that waits and the case without it; None when it may not go on."""
    if case.stop is not None or not case.waiting:
        return None
    return case.waiting[0], replace(case, waiting=case.waiting[1:])


def _act(case: Case | None, message: Message, situation: Situation) -> Outcome | Refusal:  # noqa: C901, PLR0911 - one arm per record, read top-down
    if isinstance(message, LeadTransfer | CaseTransfer):
        return open_case(case, message, situation)
    if case is None or case.state is State.NEW:
        return Refusal("case.unknown")
    match message:
        case FilingReply():
            return filing_reply(case, message, situation)
        case CaseProgress():
            return case_progress(case, message, situation)
        case OutcomeFeedback():
            return outcome_feedback(case, message, situation)
        case Withdrawal():
            return withdrawal(case, message, situation)
        case Correction():
            return correction(case, message, situation)
        case Delivered():
            return delivered(case, message, situation)
        case SignedFor():
            return signed_for(case, message, situation)
        case Accepted() | Rejected() | Held() | Advice() | DutyNotice() | Tick() | CaseSettled():
            return Refusal("message.bus_only")
        case _:
            assert_never(message)


def _standing(
    case: Case | None, message: Message, facts: Facts, rulebook: Rulebook, on: date
) -> Refusal | None:
    """May this organ, with these officers and this number, say anything in this case at all?"""
    envelope = message.envelope
    directory = rulebook.directory
    if organ_on(directory, envelope.sender, on) is None:
        return Refusal("organ.unknown", "envelope.sender")
    for position, addressee in enumerate(envelope.addressees):
        if organ_on(directory, addressee, on) is None:
            return Refusal("organ.unknown", f"envelope.addressees[{position}]")
    for position, officer in enumerate(envelope.officers or ()):
        key = (envelope.sender, officer.certificate or "")
        registered = directory.officers.get(key)
        if registered is None or registered.name != officer.name:
            return Refusal("officer.unknown", f"envelope.officers[{position}]")
        if registered.valid_to < on:
            return Refusal("officer.expired", f"envelope.officers[{position}]")
    opens = isinstance(message, LeadTransfer | CaseTransfer)
    if not opens and (case is None or not case.knows(envelope.sender)):
        return Refusal("case.unknown")
    if opens and case is not None and case.opening != envelope.message_id:
        return Refusal("case.already_open")
    if facts.number_taken:
        return Refusal("document_number.used", "envelope.document_number")
    return None


def _must_wait(case: Case, message: Message, facts: Facts) -> bool:
    """Whether the message waits behind a held or frozen one. What releases a hold does not."""
    if facts.resumed:
        return False
    if case.stop is None:
        return bool(case.waiting)
    if case.is_frozen:
        return True
    releases = isinstance(message, Correction | Withdrawal)
    return not (releases and message.envelope.in_reply_to == case.stop.message)


def _wait(case: Case, message: Message, at: datetime) -> Decision:
    envelope = message.envelope
    if len(case.waiting) >= WAITING_MAX:
        refusal = Refusal("case.too_many_waiting", detail=str(WAITING_MAX))
        return Decision(
            case, (Reject(envelope.message_id, envelope.record, envelope.sender, refusal),)
        )
    waiting = (*case.waiting, Waiting(envelope.message_id, at))
    told = Hold(
        envelope.message_id,
        envelope.record,
        (envelope.sender,),
        HoldReason.WAITING,
        "hold.waiting",
    )
    return Decision(replace(case, waiting=waiting), (told,))


def _settle(case: Case | None, message: CaseSettled) -> Outcome | Refusal:
    """An operator's word: the case goes on without the message that froze it, or with it again."""
    if case is None or case.stop is None or not case.is_frozen:
        return Refusal("case.not_frozen")
    envelope = message.envelope
    stopped_by = case.stop.message
    if envelope.in_reply_to != stopped_by:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    # A case that was held when it froze is held again: only its sender can mend that.
    held = case.state is State.HELD
    stop = Stop(case.opening, HoldReason.GAP, "hold.gap", case.opened_at) if held else None
    waiting = case.waiting
    if message.action is SettleAction.RETRY:
        if held:
            return Refusal("settle.retry_impossible")
        waiting = (Waiting(stopped_by, case.stop.at), *waiting)
    released = Release(stopped_by, by=envelope.message_id)
    accepted = Accept(envelope.message_id, envelope.record, envelope.sender, quiet=True)
    return Outcome(replace(case, stop=stop, waiting=waiting), (released, accepted))
