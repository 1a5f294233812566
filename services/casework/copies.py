"""Copies: one decision, a delivery and a signing for each recipient (guidance 二(一)1, 二(五)).

Nobody owes an answer. What is known of each recipient stands in the case's `handed`, one by one: a
copy to five is not delivered while one of them has not got it.
"""

from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.parts import Relation
from schemas.sharing import Circular, Copy, GuidanceRecord
from services.casework.case import Case
from services.casework.handing import accept, hand
from services.casework.steps import Outcome, Situation, new_case, take
from services.casework.transitions import Step
from services.rulebook.model import Directory, OrganType


def open_copy(
    case: Case | None, message: Copy | Circular | GuidanceRecord, situation: Situation
) -> Outcome | Refusal:
    """Deliver a copy to everybody it is for, and tell its sender who that is."""
    refusal = _unlawful(message, situation)
    if refusal is not None:
        return refusal
    recipients = _recipients(message)
    if not recipients:
        return Refusal("copy.no_recipient", "envelope.addressees")
    opened = Outcome(case or new_case(message, situation.at))
    outcome = take(opened, Step.SEND, message, situation, to=recipients)
    if isinstance(outcome, Refusal):
        return outcome
    for organ in recipients:
        relation = relation_of(organ, situation.rulebook.directory)
        outcome = hand(outcome, message, organ, relation, situation.at)
    return accept(outcome, message)


def relation_of(organ: OrganCode, directory: Directory) -> Relation:
    """How the recipient stands to a copy: 其他有关部门 may see less than an enforcing organ."""
    other = directory.organs[organ].type is OrganType.OTHER_DEPARTMENT
    return Relation.OTHER_DEPARTMENT if other else Relation.COPY_RECIPIENT


def _recipients(message: Copy | Circular | GuidanceRecord) -> tuple[OrganCode, ...]:
    """Those whom the sender names, in its order."""
    return message.envelope.addressees


def _unlawful(message: Copy | Circular | GuidanceRecord, situation: Situation) -> Refusal | None:
    envelope = message.envelope
    if envelope.sender in envelope.addressees:
        return Refusal("message.to_itself", "envelope.addressees")
    if not isinstance(message, GuidanceRecord):
        return None
    organs = situation.rulebook.directory.organs
    if organs[envelope.sender].type is not OrganType.DEPARTMENT:
        return Refusal("guidance.not_a_department", "envelope.sender")
    for position, organ in enumerate(envelope.addressees):
        if organs[organ].type is not OrganType.TOWNSHIP:
            return Refusal("guidance.not_a_township", f"envelope.addressees[{position}]")
    return None
