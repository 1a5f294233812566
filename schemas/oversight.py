"""The records of clocks changed, breaches explained, supervision, and withheld fields asked for.

Frozen dataclasses as in schemas/messages.py, which joins them into `Message`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schemas.ids import CaseId, MessageId, OrganCode
from schemas.parts import Envelope, Relation


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


@dataclass(frozen=True, slots=True)
class OpenedField:
    """One field that is opened: a leaf of the original with its salt (schemas/SEAL.md, 11)."""

    path: str
    value: str | None = None  # RFC 8785 JSON
    salt: str | None = None
    withheld_by: str | None = None  # a row of the rulebook, `clearances.csv:41`
    withheld_basis: str | None = None
    opened_rule: str | None = None  # a row of the rulebook; None: the owner decided
    opened_basis: str | None = None


@dataclass(frozen=True, slots=True)
class SealedPart:
    """A part of an original, by its digest: a leaf, or what a container holds as a whole."""

    path: str
    digest: str


@dataclass(frozen=True, slots=True)
class FieldsOpened:
    """准予查看的内容: by the bus. in_reply_to names the request.

    It holds what proves the fields against the seal that their sender gave the message.
    """

    envelope: Envelope
    message: MessageId
    message_record: str
    author: OrganCode
    message_case: CaseId
    received_at: datetime
    relation: Relation
    schema: str
    answer: MessageId | None = None
    opened_by: OrganCode | None = None
    reason: str | None = None
    basis: str | None = None
    rulebook: str | None = None
    fields: tuple[OpenedField, ...] | None = None
    parts: tuple[SealedPart, ...] | None = None
    jws: str | None = None


OversightRecord = (
    ClockChange
    | SupervisionLetter
    | SupervisionReply
    | BreachAnnotation
    | OpeningRequest
    | OpeningAnswer
    | FieldsOpened
)
