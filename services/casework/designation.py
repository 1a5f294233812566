"""指定管辖: the common superior decides who handles it (guidance 二(二)3, 行政处罚法 25).

On request, or of its own motion while nobody has filed it. The designee may not object again; its
clocks begin anew when it signs for the designation.
"""

from dataclasses import replace
from datetime import date

from schemas.disputes import Designation
from schemas.errors import Refusal
from schemas.parts import Relation
from services.casework.case import Case
from services.casework.dispute import Dispute
from services.casework.handing import (
    accept,
    complaint_of,
    hand,
    hand_complaint,
    hand_letter,
    relation_of_sender,
)
from services.casework.routing import can_handle
from services.casework.steps import Outcome, Situation, letters, take
from services.casework.transitions import Step
from services.casework.watches import warn_newcomer
from services.rulebook.directory import common_superior
from services.rulebook.model import Directory


def designation(case: Case, message: Designation, situation: Situation) -> Outcome | Refusal:
    """指定管辖决定: delivered to the designee, to both sides, and to who sent it first."""
    envelope = message.envelope
    dispute = case.dispute or Dispute(case.current, case.handler or case.sender, case.asking)
    if envelope.in_reply_to not in {dispute.request, dispute.about, *letters(case)}:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    designee = message.designee
    if designee is None or can_handle(designee, situation) is None:
        return Refusal("designation.cannot_handle", "designee")
    decided = replace(
        dispute,
        superior=envelope.sender,
        designation=envelope.message_id,
        third=None,
        stated=(),
        request=None,
    )
    passed = replace(case.passed_to(designee), dispute=decided, stages=())
    outcome = take(Outcome(passed), Step.DESIGNATE, message, situation, to=(designee,))
    if isinstance(outcome, Refusal):
        return outcome
    told = hand(outcome, message, designee, Relation.DESIGNEE, situation.at)
    told = hand_letter(told, designee, Relation.DESIGNEE, situation.at)
    complaint = complaint_of(told.case)
    told = hand_complaint(told, complaint, designee, Relation.DESIGNEE, situation.at)
    for organ in dict.fromkeys((dispute.holder, dispute.other, case.sender)):
        if organ != designee:
            sent_it = organ in (case.sender, case.asking)
            relation = relation_of_sender(case, organ) if sent_it else Relation.FORMER_HOLDER
            told = hand(told, message, organ, relation, situation.at)
    return accept(warn_newcomer(told, designee, envelope.message_id), message)


def not_the_superior(
    case: Case | None, message: Designation, directory: Directory, on: date
) -> Refusal | None:
    """To all but the common superior of the two the case does not exist."""
    if case is None or case.handler is None:
        return Refusal("case.unknown")
    dispute = case.dispute
    if dispute is not None and dispute.superior == message.envelope.sender:
        return None
    pair = (dispute.holder, dispute.other) if dispute else (case.handler, case.asking)
    superior = common_superior(directory, *pair, on)
    if superior is None or superior.code != message.envelope.sender:
        return Refusal("case.unknown")
    return None
