"""The parts that several records share, as frozen dataclasses (guidance annexes 1 to 3).

The same shapes stand in avro/shared/*.avsc; tests/contract holds the two together. A field that
may be withheld from a recipient is optional here. What a sender must give is marked `"intake":
"required"` in the .avsc and checked on sealed originals only: on a copy, null and listed in
`delivery.withheld` means withheld; null and not listed means not given.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from schemas.ids import (
    Alias,
    CaseId,
    DivisionCode,
    MatterCode,
    MessageId,
    MessageKey,
    OrganCode,
)


class Flow(StrEnum):
    """The topic a case lives on: that of the message that opened it."""

    COPIES = "copies"
    NOTIFICATIONS = "notifications"
    LEADS = "leads"
    TRANSFERS = "transfers"
    REQUESTS = "requests"


class Secrecy(StrEnum):
    """密级. Only `none` travels; the others are refused (guidance 二(一)1, last sentence)."""

    NONE = "none"
    SECRET = "secret"  # noqa: S105 - 秘密 is a level here, not a password
    CONFIDENTIAL = "confidential"  # 机密
    TOP_SECRET = "top_secret"  # noqa: S105 - 绝密
    UNKNOWN = "unknown"


class PartyKind(StrEnum):
    """当事人类型."""

    PERSON = "person"
    ORGANISATION = "organisation"
    INDIVIDUAL_BUSINESS = "individual_business"
    UNKNOWN = "unknown"


class EvidenceKind(StrEnum):
    """The eight kinds of evidence of 行政处罚法 46."""

    DOCUMENTARY = "documentary"  # 书证
    PHYSICAL = "physical"  # 物证
    AUDIOVISUAL = "audiovisual"  # 视听资料
    ELECTRONIC = "electronic"  # 电子数据
    WITNESS = "witness"  # 证人证言
    PARTY_STATEMENT = "party_statement"  # 当事人的陈述
    EXPERT_OPINION = "expert_opinion"  # 鉴定意见
    INSPECTION_RECORD = "inspection_record"  # 勘验笔录、现场笔录
    UNKNOWN = "unknown"


class Measure(StrEnum):
    """A measure on an item that is in force when it is handed over."""

    NONE = "none"
    REGISTERED = "registered"  # 先行登记保存
    SEALED = "sealed"  # 查封
    SEIZED = "seized"  # 扣押
    UNKNOWN = "unknown"


class SourceKind(StrEnum):
    """案件来源."""

    INSPECTION = "inspection"
    PATROL = "patrol"
    COMPLAINT = "complaint"
    TRANSFER = "transfer"
    ASSIGNED = "assigned"
    OTHER = "other"
    UNKNOWN = "unknown"


class Relation(StrEnum):
    """How the recipient of a delivered copy stands to the case (domain, section 6, item 3)."""

    HANDLER = "handler"
    DESIGNEE = "designee"  # 被指定管辖的机关
    SENDER = "sender"
    FORWARDER = "forwarder"  # who forwarded the complaint
    COUNTERPART = "counterpart"  # the other side of a negotiation
    FORMER_HOLDER = "former_holder"
    PARTICIPANT = "participant"  # in a joint action
    COPY_RECIPIENT = "copy_recipient"
    OTHER_DEPARTMENT = "other_department"
    SUPERIOR = "superior"
    SUPERVISOR = "supervisor"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Officer:
    """执法人员. Two officers differ by certificate number (guidance 二(二)2: 2名以上)."""

    name: str | None = None
    organ: OrganCode | None = None
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the message by claim check: only its manifest travels here."""

    name: str | None = None
    media_type: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    blob: str | None = None  # SHA-256 of the encrypted file: where it is stored
    key: str | None = None  # the file's key, wrapped to the bus (schemas/file_key.py)


@dataclass(frozen=True, slots=True)
class AttachmentKey:
    """The key of an attachment, wrapped to the recipient of a copy."""

    blob: str
    key: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Filled by the exchange on a delivered copy; never by a sender."""

    to: OrganCode
    relation: Relation
    rule: str | None
    at: datetime
    withheld: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    keys: tuple[AttachmentKey, ...] = ()  # of the attachments that the recipient may have


@dataclass(frozen=True, slots=True)
class Seal:
    """Whose the message is (schemas/SEAL.md).

    `vouched` stays last: the exchange's word is over the bytes before it.
    """

    jws: str  # the sender's, over the root of the digests; empty on what the bus says to an inbox
    seed: str | None = None  # of an original, and of a copy that shows all
    salts: tuple[str, ...] = ()  # of what a copy shows, packed
    digests: tuple[str, ...] = ()  # of what it does not
    vouched: str | None = None  # on whatever lies in an inbox (schemas/batch.py)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every record carries.

    It is the record's last field, and its own last three are sent_at, delivery and seal, so that
    one encoding gives the canonical bytes, the signed bytes and the content digest
    (schemas/seal.py).
    """

    bus: str
    message_id: MessageId
    case_id: CaseId
    flow: Flow
    record: str
    sender: OrganCode
    sent_at: datetime
    addressees: tuple[OrganCode, ...] = ()
    in_reply_to: MessageId | None = None
    document_number: str | None = None
    secrecy: Secrecy = Secrecy.NONE
    insist_reason: str | None = None
    officers: tuple[Officer, ...] | None = None
    attachments: tuple[Attachment, ...] | None = None
    delivery: Delivery | None = None
    seal: Seal | None = None

    @property
    def key(self) -> MessageKey:
        """What tells the message apart from every other: its id is unique of its sender alone."""
        return self.sender, self.message_id


@dataclass(frozen=True, slots=True)
class Party:
    """当事人. May be unknown on a lead."""

    kind: PartyKind
    name: str | None = None
    sex: str | None = None
    birth_date: date | None = None
    id_type: str | None = None
    id_number: str | None = None
    uscc: str | None = None
    legal_representative: str | None = None
    address: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation, numbered within the case, so that a reply can answer each (二(三)3)."""

    number: int
    matter: MatterCode
    place: DivisionCode
    cause: str | None = None  # 案由
    act_from: date | None = None
    act_to: date | None = None
    continuing: bool | None = None
    found_on: date | None = None
    place_text: str | None = None
    violated_article: str | None = None
    penalty_article: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """证据 (行政处罚法 46)."""

    number: int
    kind: EvidenceKind
    name: str | None = None
    original: bool | None = None
    copy_reason: str | None = None
    pages: int | None = None
    obtained_on: date | None = None
    obtained_by: str | None = None
    obtained_from: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """涉案物品: one line of the items list (guidance 二(二)2: 如实列出清单)."""

    number: int
    name: str | None = None
    model: str | None = None
    unit: str | None = None
    quantity: Decimal | None = None
    condition: str | None = None
    estimated_value: Decimal | None = None
    keeper: str | None = None
    kept_at: str | None = None
    measure: Measure | None = None
    measure_document: str | None = None
    measure_from: date | None = None
    measure_until: date | None = None


@dataclass(frozen=True, slots=True)
class Disposal:
    """先行处置: an item disposed of before the transfer, and its proceeds (二(二)2)."""

    item: int
    basis: str | None = None
    disposed_on: date | None = None
    method: str | None = None
    evidence_kept: str | None = None
    proceeds: Decimal | None = None  # CNY
    voucher: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """案件来源."""

    kind: SourceKind
    register_number: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """联系人, 联系电话, 单位地址 of the annexes."""

    name: str | None = None
    phone: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class DueDate:
    """A duty as a receipt tells it: whose, which, by when."""

    duty: str
    organ: OrganCode
    due: datetime
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient as the receipt tells it."""

    organ: OrganCode
    alias: Alias
    relation: Relation
