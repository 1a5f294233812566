"""The lawful form of joint plans, their answers and outcomes, and of consultations (二(三))."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from schemas.errors import Refusal
from schemas.joint import (
    Consultation,
    ConsultationMinutes,
    JointOutcome,
    JointPlan,
    JointPlanAnswer,
    JointPlanDecision,
)
from schemas.text_form import is_blank
from schemas.transfer_form import numbered

PARTICIPANTS_MIN: Final = 2  # one organ alone acts jointly with nobody


def plan_form(message: JointPlan) -> Refusal | None:
    """Content, time, participants and division of duties: all four (guidance 二(三)2)."""
    organs = [task.organ for task in message.tasks or ()]
    if len(set(organs)) != len(organs) or len(organs) < PARTICIPANTS_MIN:
        return Refusal("joint.participants_too_few", where="tasks")
    asked = set(message.envelope.addressees)
    if asked != set(organs) - {message.envelope.sender}:
        return Refusal("joint.participants_differ", where="envelope.addressees")
    begins, ends = message.begins_at, message.ends_at
    if begins is not None and ends is not None and ends <= begins:
        return Refusal("message.field_invalid", where="ends_at")
    return None


def plan_answer_form(message: JointPlanAnswer) -> Refusal | None:
    """Who does not take part says why."""
    return _reasons(message.reasons, needed=not message.agreed)


def plan_decision_form(message: JointPlanDecision) -> Refusal | None:
    """What is not to take place has its reasons."""
    return _reasons(message.reasons, needed=not message.approved)


def joint_outcome_form(message: JointOutcome) -> Refusal | None:
    """One filing for each violation; a decision has its number and its day (二(三)3)."""
    cases = message.cases or ()
    if not numbered(case.number for case in cases):
        return Refusal("transfer.violation_numbers", where="cases")
    for index, case in enumerate(cases):
        if (case.decision_number is None) != (case.decided_on is None):
            return Refusal("joint.decision_incomplete", where=f"cases[{index}]")
    return None


def consultation_form(message: Consultation) -> Refusal | None:
    """Somebody is consulted."""
    if not message.envelope.addressees:
        return Refusal("consultation.no_participant", where="envelope.addressees")
    return None


def minutes_form(message: ConsultationMinutes) -> Refusal | None:
    """Two took part, and something was agreed, each point in words."""
    if len(set(message.participants or ())) < PARTICIPANTS_MIN:
        return Refusal("consultation.no_participant", where="participants")
    points = message.agreed_points or ()
    if not points or any(map(is_blank, points)):
        return Refusal("consultation.points_missing", where="agreed_points")
    return None


def _reasons(reasons: str | None, *, needed: bool) -> Refusal | None:
    if needed and is_blank(reasons):
        return Refusal("joint.reasons_missing", where="reasons")
    return None


JOINT_FORMS: Final[Mapping[type, Callable[[Any], Refusal | None]]] = MappingProxyType(
    {
        JointPlan: plan_form,
        JointPlanAnswer: plan_answer_form,
        JointPlanDecision: plan_decision_form,
        JointOutcome: joint_outcome_form,
        Consultation: consultation_form,
        ConsultationMinutes: minutes_form,
    }
)
