"""The records of clocks changed, breaches explained, supervision, and withheld fields asked for.

Frozen dataclasses as in schemas/messages.py, which joins them into `Message`.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from schemas.ids import OrganCode
from schemas.parts import Envelope


class ClockChangeKind(StrEnum):
    """What is done to the clock."""

    SUSPEND = "suspend"
    RESUME = "resume"
    EXTEND = "extend"
    UNKNOWN = "unknown"


class SuspensionReason(StrEnum):
    """The closed list; which of them are allowed is the rulebook's."""

    HEARING = "hearing"
    ANNOUNCEMENT = "announcement"
    APPRAISAL = "appraisal"
    SUSPENDED = "suspended"
    JUDICIAL = "judicial"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ClockChange:
    """期限变更: by the duty's owner. in_reply_to names the message that the duty is about."""

    envelope: Envelope
    duty: str | None = None
    change: ClockChangeKind | None = None
    suspension: SuspensionReason | None = None
    planned_end: date | None = None
    step: int | None = None
    approved_by: str | None = None
    approved_on: date | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SupervisionLetter:
    """督办函: by a person at the supervisor or the county government."""

    envelope: Envelope
    asked: str | None = None
    answer_by: date | None = None
    duty: str | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class SupervisionReply:
    """督办回复: in_reply_to names the letter."""

    envelope: Envelope
    account: str | None = None
    done: bool | None = None
    expected_on: date | None = None


@dataclass(frozen=True, slots=True)
class BreachAnnotation:
    """超期说明: annotates, never erases. in_reply_to names the message that the duty is about."""

    envelope: Envelope
    duty: str | None = None
    owner: OrganCode | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class OpeningRequest:
    """申请查看: in_reply_to names the message of which fields were withheld."""

    envelope: Envelope
    paths: tuple[str, ...] | None = None
    reason: str | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class OpeningAnswer:
    """查看答复: in_reply_to names the request."""

    envelope: Envelope
    opened: tuple[str, ...] | None = None
    reason: str | None = None


OversightRecord = (
    ClockChange
    | SupervisionLetter
    | SupervisionReply
    | BreachAnnotation
    | OpeningRequest
    | OpeningAnswer
)
