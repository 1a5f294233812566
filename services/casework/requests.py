"""Requests for information and for assistance, and answers (guidance 二(一)1, 二(二)4, 二(四)).

A request is asked of one organ, which owes an answer; it may refuse assistance on the closed list
only. What it then does is its own affair: the bus carries the answer.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from schemas.assistance import (
    AssistanceAnswer,
    AssistanceGround,
    AssistanceRefusal,
    AssistanceReply,
    AssistanceRequest,
)
from schemas.errors import Refusal
from schemas.parts import Relation
from schemas.sharing import Copy, InformationReply, InformationRequest
from services.casework.case import Case, Life, State
from services.casework.duties import Given
from services.casework.effects import Advise
from services.casework.handing import accept, hand, to_sender
from services.casework.steps import (
    Outcome,
    Situation,
    as_reply,
    letters,
    new_case,
    not_asked,
    surely,
    take,
    take_all,
)
from services.casework.succession import standing_for
from services.casework.transitions import Step
from services.rulebook.calendar import local_date
from services.rulebook.model import OrganType, Rulebook

_HANDLING: Final = frozenset({State.RECEIVED, State.DESIGNATED, State.FILED})
_LETTERS: Final = frozenset({"LeadTransfer", "CaseTransfer", "ComplaintForward"})
_OF_A_TOWNSHIP: Final = frozenset(
    {
        AssistanceGround.ALONE_INSUFFICIENT,
        AssistanceGround.MATERIAL_UNOBTAINABLE,
        AssistanceGround.MATERIAL_HELD_ELSEWHERE,
        AssistanceGround.TECHNICAL_SUPPORT,
        AssistanceGround.OTHER_NEED,
    }
)

# Calendar days. What is promised is promised once: 2126 for 2026 could not be put right.
PROMISED_AHEAD_MAX: Final = 366


def open_request(
    case: Case | None, message: InformationRequest | AssistanceRequest, situation: Situation
) -> Outcome | Refusal:
    """Deliver a request to the one organ that is asked."""
    envelope = message.envelope
    (asked,) = envelope.addressees
    if asked == envelope.sender:
        return Refusal("message.to_itself", "envelope.addressees")
    cooperation = False
    if isinstance(message, AssistanceRequest):
        refusal = _ground(message, situation)
        if refusal is not None:
            return refusal
        cooperation = message.ground is AssistanceGround.TRANSFER_COOPERATION
    opened = replace(
        case or new_case(message, situation.at), handler=asked, cooperation=cooperation
    )
    outcome = take(Outcome(opened), Step.ISSUE, message, situation, to=(asked,))
    if isinstance(outcome, Refusal):
        return outcome
    return accept(hand(outcome, message, asked, Relation.HANDLER, situation.at), message)


def information_reply(
    case: Case, message: InformationReply, situation: Situation
) -> Outcome | Refusal:
    """Given in words, or refused with the reason."""
    refusal = not_asked(case.handler, case, message)
    if refusal is not None:
        return refusal
    outcome = take_all(case, as_reply(case, Step.ANSWER_REQUEST), message, situation)
    return outcome if isinstance(outcome, Refusal) else to_sender(outcome, message, situation)


def copy_in_answer(case: Case, message: Copy, situation: Situation) -> Outcome | Refusal:
    """Given as a Copy, which the organ that asked signs for; later ones add to the first.

    It goes to that organ alone: another would become a party of a case that is none of its.
    """
    refusal = not_asked(case.handler, case, message)
    if refusal is not None:
        return refusal
    if set(message.envelope.addressees) - {case.sender}:
        return Refusal("copy.reply_elsewhere", "envelope.addressees")
    steps = () if case.state is State.ANSWERED else as_reply(case, Step.ANSWER_REQUEST)
    outcome = take_all(case, steps, message, situation)
    if isinstance(outcome, Refusal):
        return outcome
    about = message.envelope.message_id
    sent = take(outcome, Step.SEND, message, situation, about=about, to=(case.sender,))
    return sent if isinstance(sent, Refusal) else to_sender(sent, message, situation)


def assistance_reply(
    case: Case, message: AssistanceReply, situation: Situation
) -> Outcome | Refusal:
    """Accepted with a date, or refused; then the requester hears what it can do next."""
    refusal = not_asked(case.handler, case, message)
    if refusal is not None:
        return refusal
    # 二(二)4: “移送方应当予以协助”; only what the law forbids stands against it.
    if case.cooperation and message.ground is AssistanceRefusal.OUTSIDE_POWERS:
        return Refusal("assistance.ground_not_allowed", "ground")
    if message.agreed_on is not None and message.agreed_on < local_date(situation.at):
        return Refusal("assistance.day_passed", "agreed_on")
    if message.agreed_on is not None:
        ahead = (message.agreed_on - local_date(situation.at)).days
        if ahead > PROMISED_AHEAD_MAX:
            return Refusal("assistance.day_too_far", "agreed_on", str(PROMISED_AHEAD_MAX))
    steps = as_reply(case, Step.ANSWER_ASSISTANCE)
    outcome = take_all(case, steps, message, situation)
    if isinstance(outcome, Refusal):
        return outcome
    if message.answer is AssistanceAnswer.ACCEPTED:
        agreed = Given(due_on=message.agreed_on)
        promised = surely(take(outcome, Step.PROMISE, message, situation, given=agreed))
        return to_sender(promised, message, situation)
    told = to_sender(outcome, message, situation)
    return told.also(Advise(message.envelope.message_id, case.sender, "advice.assistance_refused"))


def is_handled_by_sender(
    case: Case, message: AssistanceRequest, rulebook: Rulebook, at: datetime
) -> bool:
    """Whether the requester handles the transfer it names, and the organ asked had sent it.

    It names the letter, or what made the case its own; an heir stands where the organ stood.
    """
    if case.life is not Life.TRANSFER or case.state not in _HANDLING or case.handler is None:
        return False
    now = partial(standing_for, rulebook=rulebook, at=at)
    requester = message.envelope.sender
    got = {each.message for each in case.handed if now(each.to) == requester}
    authors = (each.author for each in case.handed if each.record in _LETTERS)
    senders = {now(organ) for organ in (case.sender, case.asking, *authors)}
    return (
        now(case.handler) == requester
        and message.transfer in {case.opening, *letters(case), *got}
        and set(message.envelope.addressees) <= senders
    )


def _ground(message: AssistanceRequest, situation: Situation) -> Refusal | None:
    """Whether the ground is open to the sender: 二(四) to townships, 行政处罚法 26 to others."""
    if message.ground is AssistanceGround.TRANSFER_COOPERATION:
        handles = situation.facts.handles
        return None if handles else Refusal("assistance.not_the_handler", "transfer")
    sender = situation.rulebook.directory.organs[message.envelope.sender]
    if (sender.type is OrganType.TOWNSHIP) != (message.ground in _OF_A_TOWNSHIP):
        return Refusal("assistance.ground_not_for_sender", "ground")
    return None
