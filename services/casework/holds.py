"""What lets a held message go on: its sender's Correction, the supervisor's assignment, or the law.

Where rules or organs have changed it is decided anew, as if it were released then.
"""

from dataclasses import replace
from datetime import date
from typing import Final

from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode
from schemas.messages import Correction, HoldReason, Routed, RoutingAssignment, Tick
from schemas.parts import Envelope
from services.casework.case import Case, State
from services.casework.effects import Advise, Effect, Hold, Release
from services.casework.handing import tell_sender, to_handler
from services.casework.likeness import tell_alike
from services.casework.routing import (
    HOLD_CODES,
    Competent,
    Unsettled,
    can_handle,
    resolve,
    under_one_superior,
)
from services.casework.steps import Outcome, Situation, not_asked
from services.casework.succession import standing_for
from services.casework.transfer import bring, corrected, place_texts, told_of_a_hold
from services.rulebook.calendar import local_date
from services.rulebook.directory import supervisor_of
from services.rulebook.model import Directory, OrganType

_STILL_HELD: Final = {
    HoldReason.GAP: "correction.still_gap",
    HoldReason.PLACE_CONFLICT: "correction.still_conflict",
    HoldReason.NO_SUPERIOR: "correction.still_no_superior",
}


def correction(case: Case, message: Correction, situation: Situation) -> Outcome | Refusal:
    """更正 of a held message: it is decided anew with what was put right; the original stays."""
    sender = standing_for(case.sender, situation.rulebook, situation.at)
    refusal = not_asked(sender, case, message)
    if refusal is not None:
        return refusal
    held = situation.facts.held
    if case.state is not State.HELD or held is None:
        return Refusal("correction.nothing_held")
    corrections = message.corrections or ()
    charges = corrected(case.charges, corrections)
    if isinstance(charges, Refusal):
        return charges
    addressee = next(iter(message.envelope.addressees), None)
    texts = place_texts(held.message, corrections)
    theirs = _sent_by(sender, held.message)
    found = resolve(charges, theirs, situation, texts, addressee)
    found = under_one_superior(found, theirs, situation)
    if isinstance(found, Refusal):
        return found
    if isinstance(found, Unsettled):
        return Refusal(_STILL_HELD[found.reason], detail=found.explanation)
    freed = Outcome(replace(case, charges=charges), _released(case, message.envelope.message_id))
    issued = bring(freed, held.message, found, situation)
    return issued if isinstance(issued, Refusal) else to_handler(issued, message, situation)


def routing_assignment(
    case: Case, message: RoutingAssignment, situation: Situation
) -> Outcome | Refusal:
    """转办: the organ handles it for now. It is no designation: the organ may still object."""
    envelope = message.envelope
    held = situation.facts.held
    if case.state is not State.HELD or held is None or envelope.in_reply_to != case.opening:
        return Refusal("assignment.nothing_held", "envelope.in_reply_to")
    (assigned,) = envelope.addressees
    organ = can_handle(assigned, situation)
    sender = standing_for(case.sender, situation.rulebook, situation.at)
    if organ is None or organ.code == sender:
        return Refusal("assignment.cannot_handle", "envelope.addressees")
    told = f"由司法行政部门转办至{organ.name}先行办理；该机关仍可提出管辖异议。"
    freed = Outcome(case, _released(case, envelope.message_id))
    issued = bring(freed, held.message, Competent(organ.code, None, None, told), situation)
    return issued if isinstance(issued, Refusal) else _told(issued, message, situation)


def is_held(case: Case) -> bool:
    """Whether its opening message waits until it can be said whose it is, and opens still."""
    is_stopped = case.stop is not None and case.stop.reason in HOLD_CODES
    return is_stopped and case.state is State.HELD and case.erased_at is None


def held_anew(case: Case, tick: Tick, situation: Situation) -> Outcome:
    """Decide the held message by the rules and organs of now, at the Tick's time (domain, 5).

    It goes on where somebody is competent now: its sender gets its receipt, and the supervisor, who
    was told that it is held, that it is no longer. Else it stays held; both hear of another reason,
    and who has taken the place of one of them since hears that it is held.
    """
    waiter, stop = situation.facts.held, case.stop
    if waiter is None or stop is None:
        return Outcome(case)
    held, cause = waiter.message, tick.envelope.message_id
    sender = standing_for(case.sender, situation.rulebook, situation.at)
    theirs = _sent_by(sender, held)
    found = resolve(case.charges, theirs, situation, place_texts(held))
    found = under_one_superior(found, theirs, situation)
    if isinstance(found, Competent):
        issued = bring(Outcome(case, _released(case, cause)), held, found, situation)
        if not isinstance(issued, Refusal):
            told = _told_of_the_end(case, found, cause, situation)
            return tell_alike(case, issued, tick, situation).also(*told)
        found = issued  # the organ has declined the same before
    if isinstance(found, Refusal):
        now, why = replace(stop, code=found.code), found.detail
    else:
        now = replace(stop, reason=found.reason, code=HOLD_CODES[found.reason])
        why = found.explanation
    to = told_of_a_hold(sender, situation)
    if now == stop:  # only who has not heard of it
        then = replace(situation, at=stop.told_at or stop.at)
        heard = told_of_a_hold(stop.sender, then)
        to = tuple(organ for organ in to if organ not in heard)
    if not to:
        return Outcome(case)
    hold = Hold(case.opening, held.envelope.record, to, now.reason, now.code, why, again=True)
    again = replace(now, sender=sender, told_at=situation.at)
    return Outcome(replace(case, stop=again), (hold,))


def not_the_supervisor(
    case: Case | None, envelope: Envelope, directory: Directory, on: date
) -> Refusal | None:
    """Why the organ may not assign: it is no supervisor, or not the one who watches the sender."""
    if directory.organs[envelope.sender].type is not OrganType.SUPERVISOR:
        return Refusal("assignment.not_the_supervisor")
    watching = supervisor_of(directory, case.sender, on) if case else None
    if watching is None or watching.code != envelope.sender:
        return Refusal("case.unknown")
    return None


def _sent_by(sender: OrganCode, held: Routed) -> Routed:
    """Return the letter as its sender's heir would send it: whose matter it is follows from that.

    It is looked at only; what is delivered is the letter as it was sealed.
    """
    return replace(held, envelope=replace(held.envelope, sender=sender))


def _told(issued: Outcome, message: RoutingAssignment, situation: Situation) -> Outcome:
    """Both parties see who assigned it, and why."""
    return to_handler(tell_sender(issued, message, situation), message, situation)


def _told_of_the_end(
    case: Case, found: Competent, cause: MessageId, situation: Situation
) -> tuple[Advise, ...]:
    directory, on = situation.rulebook.directory, local_date(situation.at)
    supervisor = supervisor_of(directory, case.sender, on)
    if supervisor is None:
        return ()
    words = f"移送{directory.organs[found.organ].name}。{found.explanation}"
    return (Advise(case.opening, supervisor.code, "advice.hold_ended", words, salt=cause),)


def _released(case: Case, by: MessageId) -> tuple[Effect, ...]:
    return (Release(case.opening, by=by),)
