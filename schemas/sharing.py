"""The records of 信息互通 (guidance 二(一), 二(五)): copies, notices, complaints, guidance given.

Frozen dataclasses as in schemas/messages.py, which joins them into `Message`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schemas.ids import DivisionCode, MatterCode, OrganCode
from schemas.parts import Envelope, Party, Violation


class ContentCategory(StrEnum):
    """The nine categories of what is shared (guidance 二(一)1), in its order."""

    LEGAL_TEXTS = "legal_texts"
    ADMINISTRATIVE_DECISIONS = "administrative_decisions"
    INSPECTIONS = "inspections"
    PENALTY_DECISIONS = "penalty_decisions"  # 按行政执法部门要求需要反馈的
    STATISTICS = "statistics"
    DISCRETION_AND_PROCEDURES = "discretion_and_procedures"
    DYNAMICS = "dynamics"
    COMPLAINTS = "complaints"
    OTHER = "other"
    UNKNOWN = "unknown"


class InformationAnswer(StrEnum):
    """The answer to a request for information."""

    GIVEN = "given"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class GuidanceForm(StrEnum):
    """How guidance was given (二(五)); only the first two count for the yearly duty."""

    LEADING_CASE = "leading_case"  # 带领办理行政执法案件
    ON_SITE = "on_site"  # 指导有关工作
    DOCUMENT = "document"
    SEMINAR = "seminar"
    CASE_EXPERIENCE = "case_experience"
    DRILL = "drill"
    TRAINING = "training"
    THIRD_PARTY = "third_party"
    UNKNOWN = "unknown"


class Dissuasion(StrEnum):
    """劝阻和制止 (二(一)2)."""

    DONE = "done"
    NOT_POSSIBLE = "not_possible"
    UNKNOWN = "unknown"


class Urgency(StrEnum):
    """紧急程度."""

    ORDINARY = "ordinary"
    URGENT = "urgent"
    UNKNOWN = "unknown"


class HandlingResult(StrEnum):
    """What came of a notice."""

    FILED = "filed"
    SETTLED_ON_SPOT = "settled_on_spot"
    NO_VIOLATION = "no_violation"
    NOT_OURS = "not_ours"
    UNKNOWN = "unknown"


class ComplaintLeg(StrEnum):
    """What the complainant is told, and by whom (二(一)3)."""

    FORWARDING = "forwarding"  # 告知投诉举报人移送情况: the forwarding organ
    OUTCOME = "outcome"  # 以适当方式反馈投诉举报人: the handling organ
    UNKNOWN = "unknown"


class Telling(StrEnum):
    """How it went."""

    INFORMED = "informed"
    CONTACT_UNKNOWN = "contact_unknown"  # 投诉举报人联系方式不详的除外
    ATTEMPTS_FAILED = "attempts_failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Complainant:
    """投诉举报人. No recipient but the handler sees who it is."""

    name: str | None = None
    phone: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """One of the 案件材料 that go with a complaint (二(一)3)."""

    name: str | None = None
    pages: int | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to reach the complainant."""

    on: date | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """抄送. One that answers an InformationRequest names it in in_reply_to."""

    envelope: Envelope
    category: ContentCategory | None = None
    title: str | None = None
    summary: str | None = None
    matters: tuple[MatterCode, ...] | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    requested_by: OrganCode | None = None


@dataclass(frozen=True, slots=True)
class Circular:
    """通报."""

    envelope: Envelope
    category: ContentCategory | None = None
    title: str | None = None
    summary: str | None = None
    matters: tuple[MatterCode, ...] | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    requested_by: OrganCode | None = None


@dataclass(frozen=True, slots=True)
class InformationRequest:
    """信息需求, of the categories 4 and 5: what is given only when it is asked for."""

    envelope: Envelope
    category: ContentCategory | None = None
    data: str | None = None
    purpose: str | None = None
    wanted_by: date | None = None


@dataclass(frozen=True, slots=True)
class InformationReply:
    """The answer where no Copy is: given, or refused with the reason."""

    envelope: Envelope
    answer: InformationAnswer | None = None
    content: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GuidanceRecord:
    """业务指导记录 (二(五)). `place` is the township where guidance on site took place."""

    envelope: Envelope
    held_on: date | None = None
    form: GuidanceForm | None = None
    content: str | None = None
    place: DivisionCode | None = None
    matters: tuple[MatterCode, ...] | None = None


@dataclass(frozen=True, slots=True)
class ViolationNotice:
    """告知 (二(一)2): a violation in the other's powers, found on patrol or at an inspection."""

    envelope: Envelope
    violation: Violation | None = None
    parties: tuple[Party, ...] | None = None
    found_at: datetime | None = None
    dissuasion: Dissuasion | None = None
    dissuasion_account: str | None = None
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True)
class HandlingFeedback:
    """查处情况反馈: the answer to a ViolationNotice."""

    envelope: Envelope
    result: HandlingResult | None = None
    summary: str | None = None
    case_number: str | None = None
    filed_on: date | None = None
    competent: OrganCode | None = None


@dataclass(frozen=True, slots=True)
class ComplaintForward:
    """投诉举报函送 (二(一)3): registered, and sent on to the one competent organ."""

    envelope: Envelope
    register_number: str | None = None
    received_on: date | None = None
    violations: tuple[Violation, ...] | None = None
    parties: tuple[Party, ...] | None = None
    summary: str | None = None
    materials: tuple[Material, ...] | None = None
    complainant: Complainant | None = None
    contact_unknown: bool | None = None


@dataclass(frozen=True, slots=True)
class ComplainantInformed:
    """告知投诉举报人: which leg, when and how; or why that could not be."""

    envelope: Envelope
    leg: ComplaintLeg | None = None
    telling: Telling | None = None
    informed_on: date | None = None
    method: str | None = None
    attempts: tuple[Attempt, ...] | None = None


SharingRecord = (
    Copy
    | Circular
    | InformationRequest
    | InformationReply
    | GuidanceRecord
    | ViolationNotice
    | HandlingFeedback
    | ComplaintForward
    | ComplainantInformed
)
