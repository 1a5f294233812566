"""The records, as frozen dataclasses: one class per avro/<Record>.avsc (domain table, section 2).

Pydantic reads documents and decoded Avro into these same classes (schemas/document.py, codec.py);
tests/contract compares them with the .avsc field by field. The docs of the fields, in Chinese and
English, and their confidentiality classes are in the .avsc, their one home.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from schemas.assistance import AssistanceRecord
from schemas.custody import CustodyRecord
from schemas.disputes import DisputeRecord
from schemas.ids import DivisionCode, MatterCode, MessageId, OrganCode, RulebookHash
from schemas.joint import JointRecord
from schemas.oversight import OversightRecord
from schemas.parts import (
    Contact,
    Disposal,
    DueDate,
    Envelope,
    Evidence,
    Item,
    Party,
    Recipient,
    Source,
    Violation,
)
from schemas.sharing import ComplaintForward, SharingRecord, ViolationNotice


class NotFiledGround(StrEnum):
    """Why a violation is not filed. "Not ours" is no ground: that is an Objection."""

    NO_FACTS = "no_facts"
    OUT_OF_TIME = "out_of_time"
    MINOR_CORRECTED = "minor_corrected"
    ALREADY_HANDLED = "already_handled"
    NOT_OURS = "not_ours"  # readable, so that it can be refused as filing.use_objection
    OTHER = "other"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """办理进展."""

    DECIDED = "decided"
    SERVED = "served"
    EXECUTED = "executed"
    CONCLUDED = "concluded"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """办结结果."""

    PENALTY = "penalty"
    NO_PENALTY = "no_penalty"
    NOT_ESTABLISHED = "not_established"
    REFERRED = "referred"  # 移送司法机关
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class Rung(StrEnum):
    """The ladder: 提醒, 黄牌, 红牌, 督办提示. In this order, each exactly once."""

    REMINDER = "reminder"
    YELLOW = "yellow"
    RED = "red"
    SUPERVISION = "supervision"
    UNKNOWN = "unknown"


class HoldReason(StrEnum):
    """Why a message is held (暂存)."""

    GAP = "gap"  # nobody is competent by the rulebook
    PLACE_CONFLICT = "place_conflict"  # text and code of the place disagree
    WAITING = "waiting"  # behind a held message of the same case
    FROZEN = "frozen"  # a defect of ours stopped the case
    NO_SUPERIOR = "no_superior"  # nobody is above both sender and handler
    UNKNOWN = "unknown"


class SettleAction(StrEnum):
    """What an operator does with the message that froze a case."""

    DISCARD = "discard"  # leave it in the dead letters, go on with what waits
    RETRY = "retry"  # decide it again, after a mended build or rulebook
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LeadTransfer:
    """违法线索移送函 (guidance annex 2, 二(二)2)."""

    envelope: Envelope
    parties: tuple[Party, ...] | None = None
    violations: tuple[Violation, ...] | None = None
    reason: str | None = None
    legal_basis: str | None = None
    evidence: tuple[Evidence, ...] | None = None
    volumes: int | None = None
    pages: int | None = None
    items: tuple[Item, ...] | None = None
    disposals: tuple[Disposal, ...] | None = None
    source: Source | None = None
    from_notice: MessageId | None = None
    contact: Contact | None = None


@dataclass(frozen=True, slots=True)
class CaseTransfer:
    """行政案件移送函 (guidance annex 1): a lead that the sender had filed."""

    envelope: Envelope
    parties: tuple[Party, ...] | None = None
    violations: tuple[Violation, ...] | None = None
    reason: str | None = None
    legal_basis: str | None = None
    evidence: tuple[Evidence, ...] | None = None
    volumes: int | None = None
    pages: int | None = None
    items: tuple[Item, ...] | None = None
    disposals: tuple[Disposal, ...] | None = None
    source: Source | None = None
    from_notice: MessageId | None = None
    contact: Contact | None = None
    filed_on: date | None = None
    case_number: str | None = None


@dataclass(frozen=True, slots=True)
class ViolationAnswer:
    """The answer to one violation number (复函, annex 3)."""

    number: int
    filed: bool
    case_number: str | None = None
    filed_on: date | None = None
    ground: NotFiledGround | None = None
    reasons: str | None = None
    linked_case: str | None = None


@dataclass(frozen=True, slots=True)
class FilingReply:
    """复函 (guidance annex 3, 二(二)2): filed or not, for every violation number."""

    envelope: Envelope
    answers: tuple[ViolationAnswer, ...] | None = None
    volumes_received: int | None = None
    pages_received: int | None = None
    items_received: int | None = None


@dataclass(frozen=True, slots=True)
class Penalty:
    """One penalty of a decision."""

    kind: str | None = None
    amount: Decimal | None = None  # CNY


@dataclass(frozen=True, slots=True)
class OutcomeFeedback:
    """办结反馈 (guidance annex 3: 案件办结后再反馈处理情况)."""

    envelope: Envelope
    outcome: Outcome | None = None
    penalties: tuple[Penalty, ...] | None = None
    decision_number: str | None = None
    decided_on: date | None = None
    served_on: date | None = None
    execution: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class CaseProgress:
    """办理进展: handler to bus."""

    envelope: Envelope
    stage: Stage | None = None
    on: date | None = None
    decision_number: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """撤回. in_reply_to names the message withdrawn."""

    envelope: Envelope
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawalAnswer:
    """撤回答复: once it was signed for, the holder must agree. in_reply_to names the Withdrawal."""

    envelope: Envelope
    agreed: bool | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ViolationCorrection:
    """What is put right in one violation of a held message."""

    number: int
    place: DivisionCode | None = None
    place_text: str | None = None
    matter: MatterCode | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """更正 of a held message (in_reply_to); the original stays.

    Its addressee may be put right too: then the Correction's own addressees are those meant.
    """

    envelope: Envelope
    corrections: tuple[ViolationCorrection, ...] | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RoutingAssignment:
    """转办 of a held message (in_reply_to) by the supervisor, to the one addressee. Provisional."""

    envelope: Envelope
    reason: str | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """送达: when the message was in the agency's own system. Written by its connector."""

    envelope: Envelope
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignedFor:
    """签收: who at the recipient signed, and when. A person's act, not the connector's."""

    envelope: Envelope
    signed_by: str | None = None
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """受理回执: bus to sender. Who got it, by which rule and basis, and what falls due when."""

    envelope: Envelope
    recipients: tuple[Recipient, ...] | None = None
    rule: str | None = None
    basis: str | None = None
    explanation: str | None = None
    rulebook: str | None = None
    duties: tuple[DueDate, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """退回: bus to sender. The code, what is wrong, how to mend it; it changed nothing."""

    envelope: Envelope
    code: str
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    where: str | None = None
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """暂存: bus to sender and supervisor. Why, and who can release it."""

    envelope: Envelope
    hold: HoldReason
    code: str
    zh: str
    en: str
    released_by: str
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """提示: bus to one organ. Never a refusal."""

    envelope: Envelope
    code: str
    zh: str
    en: str
    draft: str | None = None


@dataclass(frozen=True, slots=True)
class DutyNotice:
    """提醒 / 黄牌 / 红牌 / 督办提示: a fact about a duty, no judgment on liability."""

    envelope: Envelope
    rung: Rung
    duty: str
    owner: OrganCode
    opened_at: datetime
    due: datetime
    nominal_at: datetime
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """Time as a message: the bus writes one into every partition of every flow."""

    envelope: Envelope
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class RulebookActivated:
    """A rulebook comes into force from here on: one into every partition of every flow."""

    envelope: Envelope
    rulebook: RulebookHash
    name: str
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class CaseSettled:
    """An operator's word on a frozen case. in_reply_to names the message that froze it."""

    envelope: Envelope
    action: SettleAction
    reason: str


Message = (
    LeadTransfer
    | CaseTransfer
    | SharingRecord
    | AssistanceRecord
    | CustodyRecord
    | DisputeRecord
    | JointRecord
    | OversightRecord
    | FilingReply
    | OutcomeFeedback
    | CaseProgress
    | Withdrawal
    | WithdrawalAnswer
    | Correction
    | RoutingAssignment
    | Delivered
    | SignedFor
    | Accepted
    | Rejected
    | Held
    | Advice
    | DutyNotice
    | Tick
    | RulebookActivated
    | CaseSettled
)
Transfer = LeadTransfer | CaseTransfer  # the letters of the annexes
Lettered = Transfer | ComplaintForward  # a case begins with one, and may be sent on by another
Routed = Lettered | ViolationNotice  # the rulebook says whose it is
