"""What changes hands with a case: handed over, counted, settled, reviewed (二(二)2 and 4).

Frozen dataclasses as in schemas/messages.py, which joins them into `Message`.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from schemas.parts import Envelope


class DiscrepancyKind(StrEnum):
    """What the count and the list disagree on."""

    VOLUMES = "volumes"
    PAGES = "pages"
    ITEM = "item"
    PROCEEDS = "proceeds"
    OTHER = "other"
    UNKNOWN = "unknown"


class Settlement(StrEnum):
    """How it ended."""

    MADE_UP = "made_up"
    ACCEPTED_AS_IS = "accepted_as_is"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CountedItem:
    """One line of the items list, as handed over or as counted."""

    number: int
    quantity: Decimal | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing on which the list and the count disagree."""

    kind: DiscrepancyKind
    item: int | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFinding:
    """One piece of evidence: usable or not (二(二)4: 经受移送方审查符合要求的)."""

    number: int
    usable: bool
    reasons: str | None = None


@dataclass(frozen=True, slots=True)
class CustodyHandover:
    """材料物品交接: from the holder to the next, or back to a former one, by two officers."""

    envelope: Envelope
    handed_on: date | None = None
    place: str | None = None
    volumes: int | None = None
    pages: int | None = None
    items: tuple[CountedItem, ...] | None = None
    proceeds: Decimal | None = None
    voucher: str | None = None
    receiver: str | None = None


@dataclass(frozen=True, slots=True)
class CustodyCheck:
    """清点: what the receiver counted; each discrepancy, or an empty list."""

    envelope: Envelope
    counted_on: date | None = None
    volumes: int | None = None
    pages: int | None = None
    items: tuple[CountedItem, ...] | None = None
    proceeds: Decimal | None = None
    discrepancies: tuple[Discrepancy, ...] | None = None


@dataclass(frozen=True, slots=True)
class CustodySettlement:
    """差异处理: made up, or accepted as it is. Either side may write it."""

    envelope: Envelope
    settlement: Settlement | None = None
    settled_on: date | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class EvidenceReview:
    """证据审查: the handler says of each piece whether it can be used."""

    envelope: Envelope
    findings: tuple[EvidenceFinding, ...] | None = None


CustodyRecord = CustodyHandover | CustodyCheck | CustodySettlement | EvidenceReview
