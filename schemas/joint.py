"""The records of 联合执法 (guidance 二(三)): plans, answers, decisions, outcomes, consultations.

Frozen dataclasses as in schemas/messages.py, which joins them into `Message`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schemas.ids import MatterCode, OrganCode
from schemas.parts import Envelope


class JointGround(StrEnum):
    """Why the organs act together (二(三)2)."""

    LINKED_DUTIES = "linked_duties"
    ONE_OBJECT = "one_object"
    COUNTY_DECISION = "county_decision"
    UNKNOWN = "unknown"


class ConsultationSubject(StrEnum):
    """The four subjects of 二(三)1, in its order."""

    COOPERATION = "cooperation"
    COMMON_PROBLEMS = "common_problems"
    APPLICATION_OF_LAW = "application_of_law"
    MAJOR_JOINT_ACTION = "major_joint_action"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JointTask:
    """A participant and its part of the division of duties (职责分工)."""

    organ: OrganCode
    task: str | None = None


@dataclass(frozen=True, slots=True)
class JointCase:
    """One violation, filed and decided by the organ in its own powers (二(三)3: 分别立案)."""

    number: int
    matter: MatterCode
    case_number: str | None = None
    filed_on: date | None = None
    decision_number: str | None = None
    decided_on: date | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class JointPlan:
    """联合执法方案: content, time, participants, division of duties; all four (二(三)2)."""

    envelope: Envelope
    ground: JointGround | None = None
    content: str | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    tasks: tuple[JointTask, ...] | None = None
    county_decision_requested: bool | None = None


@dataclass(frozen=True, slots=True)
class JointPlanAnswer:
    """联合执法答复: in_reply_to names the plan."""

    envelope: Envelope
    agreed: bool | None = None
    reasons: str | None = None


@dataclass(frozen=True, slots=True)
class JointPlanDecision:
    """联合执法决定: in_reply_to names the plan."""

    envelope: Envelope
    approved: bool | None = None
    decided_on: date | None = None
    reasons: str | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class JointOutcome:
    """联合执法结果: each organ's own filings and decisions, one per violation."""

    envelope: Envelope
    cases: tuple[JointCase, ...] | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Consultation:
    """联合执法协商: to all who are asked to take part."""

    envelope: Envelope
    subject: ConsultationSubject | None = None
    title: str | None = None
    content: str | None = None
    proposed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConsultationMinutes:
    """协商纪要: in_reply_to names the Consultation."""

    envelope: Envelope
    held_on: date | None = None
    participants: tuple[OrganCode, ...] | None = None
    agreed_points: tuple[str, ...] | None = None


JointRecord = (
    JointPlan
    | JointPlanAnswer
    | JointPlanDecision
    | JointOutcome
    | Consultation
    | ConsultationMinutes
)
