"""What follows a notice and a complaint (guidance 二(一)2 and 3)."""

from typing import Final

from schemas.disputes import LinkedEffect, LinkedKind
from schemas.errors import Refusal
from schemas.messages import Routed
from schemas.parts import Flow
from schemas.sharing import (
    ComplainantInformed,
    ComplaintForward,
    ComplaintLeg,
    HandlingFeedback,
    Telling,
    ViolationNotice,
)
from services.casework.case import Case, Closing, Complainant
from services.casework.duties import Given
from services.casework.effects import Accept, Advise, Write
from services.casework.elsewhere import linked
from services.casework.guidance import guidance_ended
from services.casework.handing import accept, to_sender
from services.casework.naming import unknown_organ
from services.casework.steps import Outcome, Situation, as_reply, letters, not_asked, take, take_all
from services.casework.succession import standing_for
from services.casework.transitions import Step
from services.rulebook.calendar import local_date

_DONE: Final = frozenset({Closing.MET, Closing.LATE})
_DUTY_OF: Final = {
    ComplaintLeg.FORWARDING: "inform_complainant",
    ComplaintLeg.OUTCOME: "complainant_feedback",
}


def handling_feedback(
    case: Case, message: HandlingFeedback, situation: Situation
) -> Outcome | Refusal:
    """查处情况反馈. "Not ours" ends the notice too: a dispute runs only over a transfer."""
    refusal = not_asked(case.handler, case, message)
    if refusal is not None:
        return refusal
    directory, on = situation.rulebook.directory, local_date(situation.at)
    if message.competent is not None:
        refusal = unknown_organ(message.competent, "competent", directory, on)
        if refusal is not None:
            return refusal
    outcome = take_all(case, as_reply(case, Step.HANDLE), message, situation)
    return outcome if isinstance(outcome, Refusal) else to_sender(outcome, message, situation)


def turned_into(message: Routed, situation: Situation) -> tuple[Write, ...]:
    """Tell the notice's own case that its handler made a transfer of it: that ends `handle`."""
    if isinstance(message, ComplaintForward | ViolationNotice) or message.from_notice is None:
        return ()
    envelope, notice, case_id = message.envelope, message.from_notice, situation.facts.notice
    if case_id is None:  # nobody gave the sender such a notice
        return ()
    into = (case_id, Flow.NOTIFICATIONS)
    told = linked(envelope, LinkedKind.NOTICE_HANDLED, notice, into, situation.at)
    return (Write(envelope.message_id, told),)


def linked_effect(
    case: Case | None, message: LinkedEffect, situation: Situation
) -> Outcome | Refusal:
    """What happened in another case, as this one takes it: only its handler's doing ends it.

    Who gave the notice hears that it went on as a transfer, and not where: that is another case.
    """
    if case is None:
        return Refusal("case.unknown")
    if message.kind in (LinkedKind.GUIDANCE_GIVEN, LinkedKind.GUIDANCE_SHORT):
        return guidance_ended(case, message, situation)
    outcome = Outcome(case)
    envelope = message.envelope
    noted = Accept(envelope.message_id, envelope.record, envelope.sender, quiet=True)
    organ = standing_for(message.organ, situation.rulebook, situation.at)
    if message.kind is not LinkedKind.NOTICE_HANDLED or organ != case.handler:
        return outcome.also(noted)  # the notice's own sender may make a transfer of it too
    for step in as_reply(case, Step.HANDLE):
        taken = take(outcome, step, message, situation, given=Given(by=organ))
        if isinstance(taken, Refusal):
            return taken
        outcome = taken
    told = Advise(case.opening, case.sender, "advice.notice_transferred", salt=envelope.message_id)
    return outcome.also(noted, told)


def complainant_informed(
    case: Case, message: ComplainantInformed, situation: Situation
) -> Outcome | Refusal:
    """告知投诉举报人: closes the leg of the organ that owes it. It is told to nobody else."""
    envelope = message.envelope
    if envelope.in_reply_to not in {case.opening, *letters(case)}:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    kind = _DUTY_OF.get(message.leg) if message.leg else None
    owed = [duty for duty in case.duties if (duty.kind, duty.owner) == (kind, envelope.sender)]
    if not owed:
        return Refusal("complaint.leg_not_open", "leg")
    if owed[-1].closing in _DONE:
        return Refusal("complaint.leg_closed", "leg")
    unknown = message.telling is Telling.CONTACT_UNKNOWN
    if unknown and case.complainant is Complainant.REACHABLE:
        return Refusal("complaint.contact_contradiction", "telling")
    step = Step.EXEMPT if unknown else Step.INFORM
    outcome = take(Outcome(case), step, message, situation)
    return outcome if isinstance(outcome, Refusal) else accept(outcome, message)
