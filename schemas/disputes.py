"""The records of a dispute about jurisdiction, and of a split case (guidance 二(二)3, 二(三)3).

Beside them what else the bus writes into cases of its own accord: effects on another case, and the
year of guidance that a department owes a township (二(五)).

Frozen dataclasses as in schemas/messages.py, which joins them into `Message`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schemas.ids import CaseId, DivisionCode, MatterCode, MessageId, OrganCode
from schemas.parts import Envelope


class LinkedKind(StrEnum):
    """What happened elsewhere, as the case that is told needs it."""

    NOTICE_HANDLED = "notice_handled"
    DUPLICATE = "duplicate"
    GUIDANCE_GIVEN = "guidance_given"
    GUIDANCE_SHORT = "guidance_short"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SplitCharge:
    """A violation as routing needs it: codes and days, no content."""

    number: int
    matter: MatterCode
    place: DivisionCode
    act_on: date | None = None
    found_on: date | None = None
    limitation_ends_on: date | None = None  # none while the act goes on


@dataclass(frozen=True, slots=True)
class Objection:
    """管辖异议: which violations are not the receiver's, why not, and whose they are."""

    envelope: Envelope
    numbers: tuple[int, ...] | None = None
    reasons: str | None = None
    competent: OrganCode | None = None
    legal_basis: str | None = None


@dataclass(frozen=True, slots=True)
class NegotiationResult:
    """协商结果: each of both sends its own; agreed, and who handles it; or failed."""

    envelope: Envelope
    agreed: bool | None = None
    handler: OrganCode | None = None
    handles_from: date | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class DesignationRequest:
    """报请指定管辖: to the common superior, which may be left to the bus to find."""

    envelope: Envelope
    history: str | None = None
    reasons: str | None = None
    proposed: OrganCode | None = None
    legal_basis: str | None = None


@dataclass(frozen=True, slots=True)
class Designation:
    """指定管辖决定. in_reply_to: the request; of its own motion, the transfer (行政处罚法 25)."""

    envelope: Envelope
    designee: OrganCode | None = None
    basis: str | None = None
    reasons: str | None = None


@dataclass(frozen=True, slots=True)
class CaseSplit:
    """分案: the bus writes it into the child case, which starts disputed."""

    envelope: Envelope
    parent: CaseId
    transfer: MessageId
    transfer_record: str
    sender_organ: OrganCode
    receiver_organ: OrganCode
    charges: tuple[SplitCharge, ...]
    hop: int
    objected_at: datetime
    filed_on: date | None = None
    complainant: str | None = None


@dataclass(frozen=True, slots=True)
class LinkedEffect:
    """关联影响: the bus writes it into the case that is affected."""

    envelope: Envelope
    kind: LinkedKind
    cause: MessageId
    cause_case: CaseId
    organ: OrganCode


@dataclass(frozen=True, slots=True)
class GuidanceYearOpened:
    """业务指导年度: the bus opens the case of what a department owes a township in a year.

    It says whose year it is and no more: the same pair and year is the same message, by whichever
    rulebook and however often it is written.
    """

    envelope: Envelope
    department: OrganCode
    township: OrganCode
    place: DivisionCode
    year: int


DisputeRecord = (
    Objection
    | NegotiationResult
    | DesignationRequest
    | Designation
    | CaseSplit
    | LinkedEffect
    | GuidanceYearOpened
)
