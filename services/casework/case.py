"""A case as the bus knows it: its state, who stands where, its duties, what waits.

It holds no content: numbers, codes, dates and ids only. The sealed originals lie in the casebook.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schemas.ids import CaseId, DivisionCode, DutyId, MatterCode, MessageId, OrganCode, RuleId
from schemas.messages import HoldReason, Rung, Stage
from schemas.parts import Flow, Relation
from services.rulebook.model import Ladder, Length


class Life(StrEnum):
    """What kind of life a case has: it follows from the record that opened it."""

    TRANSFER = "transfer"  # a lead, a case or a complaint, with one handler
    NOTICE = "notice"  # 告知
    COPY = "copy"  # 抄送, 通报, 业务指导记录: many recipients, nobody owes an answer
    INFORMATION = "information"  # 信息需求
    ASSISTANCE = "assistance"  # 执法协助请求


class State(StrEnum):
    """Where a case stands in its life (domain, section 3), as far as it goes today."""

    NEW = "new"  # nothing decided yet: before the opening message, or frozen on it
    HELD = "held"  # 暂存: the opening message waits for a correction
    ISSUED = "issued"
    RECEIVED = "received"
    FILED = "filed"
    DECLINED = "declined"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    HANDLED = "handled"  # of a notice
    ANSWERED = "answered"  # of a request
    SENT = "sent"  # of copies: each recipient stands for itself (Case.handed)


class Complainant(StrEnum):
    """What is known of the complainant, where the case came from a complaint."""

    REACHABLE = "reachable"
    UNKNOWN = "unknown"  # 联系方式不详: both legs may be waived
    WITH_SENDER = "with_sender"  # a lead whose source is a complaint: in the sender's register


class Closing(StrEnum):
    """How a duty ended."""

    MET = "met"
    LATE = "late"  # done after it was due: the breach stays
    SUPERSEDED = "superseded"
    WAIVED = "waived"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PlannedRung:
    """One rung of a duty's ladder. `fired_at` is set once and never again.

    `would_be_at` annotates a fired rung: when it would fall by a calendar that came later.
    """

    rung: Rung
    nominal_at: datetime
    fired_at: datetime | None = None
    would_be_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """What a due date was computed from. A later calendar is laid over it, no later length."""

    length: Length
    roll: bool
    ladder: Ladder
    calendar: str  # Calendar.digest
    last_day: date | None = None  # fixed by the year, whatever the length says


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty is (message, organ, kind). Nothing leaves the ledger silently."""

    id: DutyId
    kind: str
    message: MessageId
    owner: OrganCode
    counterpart: OrganCode
    opened_at: datetime
    due: datetime
    provisional: bool
    basis: str
    ladder: tuple[PlannedRung, ...] = ()
    closed_at: datetime | None = None
    closing: Closing | None = None
    term: Term | None = None  # None: opened before terms were kept; its date stays

    @property
    def next_rung(self) -> PlannedRung | None:
        """The first rung still to fire; None when the duty is closed or the ladder is done."""
        if self.closing is not None:
            return None
        return next((rung for rung in self.ladder if rung.fired_at is None), None)


@dataclass(frozen=True, slots=True)
class Handed:
    """One message written for one organ, and what is known of its arrival."""

    message: MessageId
    record: str
    author: OrganCode
    to: OrganCode
    relation: Relation
    at: datetime
    delivered_at: datetime | None = None
    signed_at: datetime | None = None  # when the bus received the signing
    signature: str | None = None  # digest of who signed and when, to know a contradiction


@dataclass(frozen=True, slots=True)
class Charge:
    """A violation as routing and replies need it."""

    number: int
    matter: MatterCode
    place: DivisionCode
    act_on: date
    found_on: date


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits behind a held or frozen one, in order."""

    message: MessageId
    sender: OrganCode
    received_at: datetime
    releases: bool = False  # corrects, assigns or withdraws the held message: waits for no hold


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the case stands still, and since which message."""

    message: MessageId
    sender: OrganCode
    reason: HoldReason
    code: str
    at: datetime
    releases: bool = False  # the message that froze it corrects or withdraws the held one
    behind: HoldReason | None = None  # why the case was held when it froze


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Replaced, never changed."""

    id: CaseId
    flow: Flow
    sender: OrganCode
    opening: MessageId
    opened_at: datetime
    life: Life = Life.TRANSFER
    state: State = State.NEW
    handler: OrganCode | None = None
    rule: RuleId | None = None
    document_number: str | None = None
    filed_on: date | None = None  # by the sender, on a CaseTransfer
    complainant: Complainant | None = None
    cooperation: bool = False  # assistance asked of the sender of a transfer (二(二)4)
    charges: tuple[Charge, ...] = ()
    stages: tuple[Stage, ...] = ()
    duties: tuple[Duty, ...] = ()
    handed: tuple[Handed, ...] = ()
    stop: Stop | None = None
    waiting: tuple[Waiting, ...] = ()

    @property
    def is_frozen(self) -> bool:
        """Whether a defect of ours stopped it."""
        return self.stop is not None and self.stop.reason is HoldReason.FROZEN

    @property
    def moves(self) -> bool:
        """Whether nothing holds it up. In a case that stands still no rung is fired."""
        return self.stop is None and not self.waiting

    @property
    def due_next(self) -> datetime | None:
        """When a Tick has something to do here: the earliest rung still to fire."""
        if not self.moves:
            return None
        rungs = [rung.nominal_at for duty in self.duties if (rung := duty.next_rung)]
        return min(rungs, default=None)

    def knows(self, organ: OrganCode) -> bool:
        """Whether the organ is a party of the case. To all others the case does not exist."""
        return organ in (self.sender, self.handler) or any(
            handed.to == organ for handed in self.handed
        )
