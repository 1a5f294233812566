"""管辖异议 and the negotiation that follows (guidance 二(二)3, 二(三)3).

The receiver says that it is not the organ, the two negotiate, and either agree or put it to their
common superior. An objection to some violations leaves the others where they are.
"""

from dataclasses import replace

from schemas.disputes import NegotiationResult, Objection
from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.messages import Message
from schemas.parts import Relation
from services.casework.case import Case, Duty, State
from services.casework.clock_moves import resumed
from services.casework.dispute import Dispute, Stated
from services.casework.duties import Given
from services.casework.handing import accept, hand
from services.casework.naming import unknown_organ
from services.casework.referral import refer
from services.casework.routing import can_handle
from services.casework.splitting import split
from services.casework.steps import Outcome, Situation, as_reply, not_asked, surely, take, take_all
from services.casework.transitions import Step
from services.casework.watches import warn_newcomer
from services.rulebook.calendar import local_date

_FINAL_WORD = {
    State.DESIGNATED: "objection.designated",
    State.FILED: "objection.after_filing",
    State.DISPUTED: "objection.pending",
    State.REFERRED: "objection.pending",
}


def objection(case: Case, message: Objection, situation: Situation) -> Outcome | Refusal:
    """The receiver objects to all that is left in the case, or to some of it."""
    refusal = not_asked(case.handler, case, message) or _may_not(case, message, situation)
    if refusal is not None:
        return refusal
    numbers = set(message.numbers or ())
    if numbers < {charge.number for charge in case.charges}:
        return split(case, message, situation)
    envelope = message.envelope
    disputed = replace(
        case, dispute=Dispute(envelope.message_id, envelope.sender, case.counterpart)
    )
    steps = as_reply(case, Step.OBJECT)
    outcome = take_all(disputed, steps, message, situation, envelope.message_id)
    if isinstance(outcome, Refusal):
        return outcome
    told = hand(outcome, message, case.counterpart, Relation.COUNTERPART, situation.at)
    if case.hop >= situation.rulebook.disputes.hops_max:
        told = refer(told, message, situation)
    return accept(told, message)


def negotiation_result(
    case: Case, message: NegotiationResult, situation: Situation
) -> Outcome | Refusal:
    """协商结果: each of the two says what came of it; what both say the same is agreed."""
    envelope, dispute = message.envelope, case.dispute
    if dispute is None or case.state not in (State.DISPUTED, State.REFERRED):
        return Refusal("negotiation.no_dispute")
    if not dispute.between(envelope.sender):
        return Refusal("reply.not_asked")
    if envelope.in_reply_to != dispute.about:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    if dispute.third is not None:
        return Refusal("negotiation.settled")
    other = dispute.other if envelope.sender == dispute.holder else dispute.holder
    stated = taken_down(message)
    earlier = {each.organ: each for each in dispute.stated}
    said = None if other == envelope.sender else earlier.get(other)  # they may have become one
    refusal = _differs(stated, said) or _unfit(case, stated, situation)
    if refusal is not None:
        return refusal
    words = {**earlier, envelope.sender: stated}  # who calls it failed takes back what it said
    kept = tuple(word for word in words.values() if word is not None)
    noted = replace(case, dispute=replace(dispute, stated=kept))
    about = dispute.about
    outcome = surely(take(Outcome(noted), Step.NEGOTIATE, message, situation, about=about))
    told = hand(outcome, message, other, Relation.COUNTERPART, situation.at)
    if stated is None:
        failed = case.state is State.DISPUTED
        return accept(refer(told, message, situation) if failed else told, message)
    if other in words:
        told = _agreed(told, dispute, stated.handler, message, situation)
    return accept(told, message)


def taken_down(message: NegotiationResult) -> Stated | None:
    """Return what the organ says was agreed; None: it failed."""
    if not message.agreed or message.handler is None or message.handles_from is None:
        return None
    return Stated(message.envelope.sender, message.handler, message.handles_from)


def _may_not(case: Case, message: Objection, situation: Situation) -> Refusal | None:
    code = _FINAL_WORD.get(case.state)
    if code is not None:
        return Refusal(code)
    unknown = set(message.numbers or ()) - {charge.number for charge in case.charges}
    if unknown:
        named = ", ".join(str(number) for number in sorted(unknown))
        return Refusal("filing.number_unknown", "numbers", named)
    directory, on = situation.rulebook.directory, local_date(situation.at)
    competent = message.competent or OrganCode("")  # the form asks for it
    return unknown_organ(competent, "competent", directory, on)


def _differs(stated: Stated | None, other: Stated | None) -> Refusal | None:
    """What contradicts what the other has said is no agreement; it may still be called failed."""
    if stated is None or other is None:
        return None
    if (stated.handler, stated.handles_from) == (other.handler, other.handles_from):
        return None
    return Refusal("negotiation.differs", "handler")


def _unfit(case: Case, stated: Stated | None, situation: Situation) -> Refusal | None:
    """Whom they may not agree on. Who sent the letter and is none of the two has no say in it.

    It would owe the new letter to itself; it gets the case back by a designation only.
    """
    if stated is None:
        return None
    if can_handle(stated.handler, situation) is None:
        return Refusal("transfer.addressee_cannot_handle", "handler")
    if stated.handler == case.asking and not case.in_dispute().between(case.asking):
        return Refusal("transfer.earlier_holder", "handler")
    return None


def _agreed(
    outcome: Outcome,
    dispute: Dispute,
    handler: OrganCode,
    message: Message,
    situation: Situation,
) -> Outcome:
    """Let the organ that both agreed on handle it; where it was referred, tell the superior."""
    told = outcome
    if dispute.request is not None and dispute.superior is not None:
        told = hand(outcome, message, dispute.superior, Relation.SUPERIOR, situation.at)
    case = told.case
    if handler == dispute.holder:
        step, case = Step.AGREE_HOLDER, replace(case, dispute=None, stages=())
    elif handler == dispute.other:
        filed_on = case.filed_by(handler)
        step = Step.AGREE_SENDER if filed_on is None else Step.AGREE_SENDER_FILED
        case = replace(case.passed_to(handler), dispute=None, stages=())
    else:  # whoever sent the letter owes a new one to the third, which may object in its turn
        step, case = Step.AGREE_THIRD, replace(case, dispute=replace(dispute, third=handler))
    given = Given(before=_decision_of(case, handler, situation))
    settled = surely(take(Outcome(case, told.effects), step, message, situation, given=given))
    if step is Step.AGREE_THIRD:  # it is warned when it has its letter
        return settled
    return warn_newcomer(settled, handler, message.envelope.message_id)


def _decision_of(case: Case, handler: OrganCode, situation: Situation) -> Duty | None:
    """Return what the organ owed when it had filed it, with what was added since.

    Its filing date stands, and so do the extensions and the days on which it stood still.
    """
    owed = (duty for duty in reversed(case.duties) if duty.owner == handler)
    last = next((duty for duty in owed if duty.kind == "decide_case"), None)
    if last is None or last.term is None or last.suspension is None or last.closed_at is None:
        return last
    return resumed(last, last.term, last.suspension, last.closed_at, situation.rulebook.calendar)
