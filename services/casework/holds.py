"""What lets a held message go on: its sender's Correction, or the supervisor's assignment."""

from dataclasses import replace
from datetime import date
from typing import Final

from schemas.errors import Refusal
from schemas.ids import MessageId
from schemas.messages import Correction, HoldReason, RoutingAssignment
from schemas.parts import Envelope
from services.casework.case import Case, State
from services.casework.effects import Effect, Release
from services.casework.handing import tell_sender, to_handler
from services.casework.routing import Competent, Unsettled, can_handle, resolve, under_one_superior
from services.casework.steps import Outcome, Situation, not_asked
from services.casework.transfer import corrected, issue, place_texts
from services.rulebook.directory import supervisor_of
from services.rulebook.model import Directory, OrganType

_STILL_HELD: Final = {
    HoldReason.GAP: "correction.still_gap",
    HoldReason.PLACE_CONFLICT: "correction.still_conflict",
    HoldReason.NO_SUPERIOR: "correction.still_no_superior",
}


def correction(case: Case, message: Correction, situation: Situation) -> Outcome | Refusal:
    """更正 of a held message: it is decided anew with what was put right; the original stays."""
    refusal = not_asked(case.sender, case, message)
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
    found = resolve(charges, held.message, situation, texts, addressee)
    found = under_one_superior(found, held.message, situation)
    if isinstance(found, Refusal):
        return found
    if isinstance(found, Unsettled):
        return Refusal(_STILL_HELD[found.reason], detail=found.explanation)
    freed = Outcome(replace(case, charges=charges), _released(case, message.envelope.message_id))
    issued = issue(freed, held.message, found, situation)
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
    if organ is None or organ.code == case.sender:
        return Refusal("assignment.cannot_handle", "envelope.addressees")
    told = f"由司法行政部门转办至{organ.name}先行办理；该机关仍可提出管辖异议。"
    freed = Outcome(case, _released(case, envelope.message_id))
    issued = issue(freed, held.message, Competent(organ.code, None, None, told), situation)
    return issued if isinstance(issued, Refusal) else _told(issued, message, situation)


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


def _told(issued: Outcome, message: RoutingAssignment, situation: Situation) -> Outcome:
    """Both parties see who assigned it, and why."""
    return to_handler(tell_sender(issued, message, situation), message, situation)


def _released(case: Case, by: MessageId) -> tuple[Effect, ...]:
    return (Release(case.opening, by=by),)
