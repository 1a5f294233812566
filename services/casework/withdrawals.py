"""撤回: free until the handler has signed; after that the holder is asked (domain, section 3)."""

from dataclasses import replace

from schemas.errors import Refusal
from schemas.messages import Withdrawal, WithdrawalAnswer
from schemas.parts import Relation
from services.casework.case import Case
from services.casework.duties import open_duty
from services.casework.handing import hand, to_handler, to_sender
from services.casework.steps import Outcome, Situation, not_asked, surely, take
from services.casework.succession import standing_for
from services.casework.transitions import Step, after


def withdrawal(case: Case, message: Withdrawal, situation: Situation) -> Outcome | Refusal:
    """Take the message back, or ask its holder to give it back; the case goes on meanwhile."""
    sender = standing_for(case.sender, situation.rulebook, situation.at)  # of a held letter too
    refusal = not_asked(sender, case, message)
    if refusal is not None:
        return refusal
    if case.sender in (*case.holders, case.handler) or case.asking != case.sender:
        return Refusal("withdrawal.sent_on")  # it came back to it, or a holder sent it on
    if after(case.life, case.state, Step.WITHDRAW) is None:
        return _ask(case, message, situation)
    freed = replace(case, stop=None)
    outcome = take(Outcome(freed), Step.WITHDRAW, message, situation)
    return outcome if isinstance(outcome, Refusal) else to_handler(outcome, message, situation)


def withdrawal_answer(
    case: Case, message: WithdrawalAnswer, situation: Situation
) -> Outcome | Refusal:
    """The holder agrees, and the case ends; or refuses with its reason, and goes on."""
    envelope = message.envelope
    if envelope.sender != case.handler:
        return Refusal("reply.not_asked")
    if open_duty(case, "answer_withdrawal", envelope.in_reply_to, envelope.sender) is None:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    step = Step.GIVE_BACK if message.agreed else Step.KEEP
    # The duty is open, so the state takes its answer.
    outcome = surely(take(Outcome(case), step, message, situation, about=envelope.in_reply_to))
    dispute = case.dispute
    if message.agreed and dispute is not None and dispute.request and dispute.superior:
        # The superior that was asked to designate hears that there is nothing left to decide.
        superior = dispute.superior
        outcome = hand(outcome, message, superior, Relation.SUPERIOR, situation.at)
    return to_sender(outcome, message, situation)


def _ask(case: Case, message: Withdrawal, situation: Situation) -> Outcome | Refusal:
    if any(duty.kind == "answer_withdrawal" and duty.closing is None for duty in case.duties):
        return Refusal("withdrawal.pending")
    asked = message.envelope.message_id
    outcome = take(Outcome(case), Step.ASK_BACK, message, situation, about=asked)
    return outcome if isinstance(outcome, Refusal) else to_handler(outcome, message, situation)
