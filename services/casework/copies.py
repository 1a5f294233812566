"""Copies: one decision, a delivery and a signing for each recipient (guidance 二(一)1, 二(五)).

Nobody owes an answer. What is known of each recipient stands in the case's `handed`, one by one: a
copy to five is not delivered while one of them has not got it.
"""

from collections.abc import Mapping
from typing import Final

from schemas.errors import Refusal
from schemas.ids import OrganCode, RuleId
from schemas.parts import Relation
from schemas.sharing import Circular, Copy, GuidanceRecord
from services.casework.case import Case
from services.casework.guidance import for_its_year
from services.casework.handing import accept, hand
from services.casework.steps import Outcome, Situation, new_case, take
from services.casework.transitions import Step
from services.rulebook.audiences import audience_of
from services.rulebook.calendar import local_date
from services.rulebook.model import AudienceRule, Directory, OrganType

_RELATIONS: Final = {
    OrganType.OTHER_DEPARTMENT: Relation.OTHER_DEPARTMENT,
    OrganType.SUPERVISOR: Relation.SUPERVISOR,
}


def open_copy(
    case: Case | None, message: Copy | Circular | GuidanceRecord, situation: Situation
) -> Outcome | Refusal:
    """Deliver a copy to everybody it is for, and tell its sender who that is."""
    refusal = _unlawful(message, situation)
    if refusal is not None:
        return refusal
    recipients = _recipients(message, situation)
    if not recipients:
        return Refusal("copy.no_recipient", "envelope.addressees")
    opened = Outcome(case or new_case(message, situation.at))
    outcome = take(opened, Step.SEND, message, situation, to=tuple(recipients))
    if isinstance(outcome, Refusal):
        return outcome
    directory = situation.rulebook.directory
    for organ, rule in recipients.items():
        named_by = rule.id if rule else None
        relation = relation_of(organ, directory)
        outcome = hand(outcome, message, organ, relation, situation.at, named_by)
    if isinstance(message, GuidanceRecord):
        outcome = outcome.also(*for_its_year(message, situation))
    return accept(outcome, message, *_why(recipients, directory))


def relation_of(organ: OrganCode, directory: Directory) -> Relation:
    """How the recipient stands to a copy: 其他有关部门 may see less than an enforcing organ."""
    return _RELATIONS.get(directory.organs[organ].type, Relation.COPY_RECIPIENT)


def _recipients(
    message: Copy | Circular | GuidanceRecord, situation: Situation
) -> dict[OrganCode, AudienceRule | None]:
    """Those whom the sender names, in its order, then those whom the audience rules add.

    What a copy concerns is in the sender's own division: a township's there, a county's in all of
    its townships that have one of the matters. On the day on which the bus received it the rules
    must be in force, and the organs in office. Guidance has no category: it goes to whom it was
    given.
    """
    named: dict[OrganCode, AudienceRule | None] = dict.fromkeys(message.envelope.addressees)
    if isinstance(message, GuidanceRecord) or message.category is None:
        return named
    sender = message.envelope.sender
    found = audience_of(
        situation.rulebook,
        message.category,
        message.matters or (),
        situation.rulebook.directory.organs[sender].division,
        local_date(situation.at),
    )
    return named | {
        organ: rule for organ, rule in found.items() if organ != sender and organ not in named
    }


def _why(
    recipients: Mapping[OrganCode, AudienceRule | None], directory: Directory
) -> tuple[RuleId | None, str | None, str | None]:
    """Return the audience rules that added somebody, their basis, and whom each added."""
    added: dict[AudienceRule, list[str]] = {}
    for organ, rule in recipients.items():
        if rule is not None:
            added.setdefault(rule, []).append(directory.organs[organ].name)
    if not added:
        return None, None, None
    told = (f"按抄送范围规则{rule.id}，另送{'、'.join(names)}。" for rule, names in added.items())
    return (
        RuleId("；".join(rule.id for rule in added)),
        "；".join(dict.fromkeys(rule.basis for rule in added)),
        "".join(told),
    )


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
