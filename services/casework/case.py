"""A case as the bus knows it: its state, who stands where, its duties, what waits.

It holds no content: numbers, codes, dates and ids only. The sealed originals lie in the casebook.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from schemas.errors import Broken
from schemas.ids import CaseId, DivisionCode, DutyId, MatterCode, MessageId, OrganCode, RuleId
from schemas.messages import HoldReason, Rung, Stage
from schemas.parts import Flow, Relation
from services.casework.dispute import Dispute, Filing, Letter
from services.casework.kept import Counted, Custody, Opening, Watch
from services.casework.stop import Stop, Waiting
from services.casework.term import Suspension, Term


class Life(StrEnum):
    """What kind of life a case has: it follows from the record that opened it."""

    TRANSFER = "transfer"  # a lead, a case or a complaint, with one handler
    NOTICE = "notice"  # 告知
    COPY = "copy"  # 抄送, 通报, 业务指导记录: many recipients, nobody owes an answer
    INFORMATION = "information"  # 信息需求
    ASSISTANCE = "assistance"  # 执法协助请求
    JOINT = "joint"  # 联合执法方案
    CONSULTATION = "consultation"  # 联合执法协商
    GUIDANCE_YEAR = "guidance_year"  # 每年业务指导: of a department in a township, by the bus


class State(StrEnum):
    """Where a case stands in its life (domain, section 3)."""

    NEW = "new"  # nothing decided yet: before the opening message, or frozen on it
    HELD = "held"  # 暂存: the opening message waits for a correction
    ISSUED = "issued"
    RECEIVED = "received"
    DISPUTED = "disputed"  # 管辖异议: the two negotiate
    REFERRED = "referred"  # 协商不成: a common superior is to designate
    DESIGNATED = "designated"  # 指定管辖: the designee may not object
    FILED = "filed"
    DECLINED = "declined"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    HANDLED = "handled"  # of a notice
    ANSWERED = "answered"  # of a request
    SENT = "sent"  # of copies: each recipient stands for itself (Case.handed)
    OWED = "owed"  # of a year of guidance: none that counts was given yet
    GUIDED = "guided"


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
    runs_out: bool = False  # at its due time something happens by itself
    ladder: tuple[PlannedRung, ...] = ()
    closed_at: datetime | None = None
    closing: Closing | None = None
    term: Term | None = None  # None: opened before terms were kept; its date stays
    begins_at: datetime | None = None  # it begins then, by itself: until then nothing is owed
    suspension: Suspension | None = None  # 中止: no rung until it goes on
    extensions: int = 0  # steps of its rule's list that were taken
    annotations: tuple[MessageId, ...] = ()  # 超期说明: they explain a breach, and erase nothing
    held_until: datetime | None = None  # its owner has gone without a successor: looked at again

    @property
    def next_rung(self) -> PlannedRung | None:
        """The first rung still to fire; None when it is closed, stands still or all has fired."""
        if self.closing is not None or self.suspension is not None or self.begins_at is not None:
            return None
        return next((rung for rung in self.ladder if rung.fired_at is None), None)

    @property
    def wakes_at(self) -> datetime | None:
        """When a Tick has something to do about it: the next rung, or what happens by itself."""
        if self.closing is not None:
            return None
        by_itself = self.suspension.ends_at if self.suspension else self.begins_at
        if by_itself is not None or self.held_until is not None:
            return by_itself or self.held_until
        rung = self.next_rung
        own = [rung.nominal_at] if rung else []
        return min([*own, self.due] if self.runs_out else own, default=None)


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
    filings: tuple[Filing, ...] = ()  # by those who handled it
    complainant: Complainant | None = None
    cooperation: bool = False  # assistance asked of the sender of a transfer (二(二)4)
    charges: tuple[Charge, ...] = ()
    stages: tuple[Stage, ...] = ()
    hop: int = 1  # letters so far: each further one in the same case is a hop more
    letter: Letter | None = None  # the letter in force; None: the opening message
    holders: tuple[OrganCode, ...] = ()  # who handled it before the present handler
    dispute: Dispute | None = None
    parent: CaseId | None = None  # the case this one was split from
    evidence: tuple[int, ...] | None = None  # numbers of the letter in force; None: not known
    custody: Custody | None = None  # 材料物品: who keeps them; None: none are known of
    listed: Counted | None = None  # by the letter in force; None: not known
    openings: tuple[Opening, ...] = ()  # 申请查看
    watches: tuple[Watch, ...] = ()  # days to warn of and warned of, the earliest first
    duties: tuple[Duty, ...] = ()
    handed: tuple[Handed, ...] = ()
    stop: Stop | None = None
    waiting: tuple[Waiting, ...] = ()
    erased_at: datetime | None = None  # its legal term is over: its content opens no more
    found_at: datetime | None = None  # of a notice: 发现时刻, by which 立即 (二(一)2) is judged

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
        """When a Tick has something to do here: the earliest rung or warning still to come."""
        if not self.moves:
            return None
        wakes = [at for duty in self.duties if (at := duty.wakes_at)]
        return min((*wakes, *(w.at for w in self.watches if w.told is None)), default=None)

    @property
    def current(self) -> MessageId:
        """The letter that is to be answered."""
        return self.letter.message if self.letter else self.opening

    @property
    def asking(self) -> OrganCode:
        """Who sent the letter that is to be answered."""
        return self.letter.sender if self.letter else self.sender

    @property
    def counterpart(self) -> OrganCode:
        """Whom the handler answers: who sent the letter; or, if that is itself, the last holder."""
        others = (self.asking, self.sender, *reversed(self.holders))
        return next((organ for organ in others if organ != self.handler), self.sender)

    def in_dispute(self) -> Dispute:
        """Return the dispute of a case that has one. Raises Broken case.no_dispute."""
        if self.dispute is None:
            raise Broken("case.no_dispute")
        return self.dispute

    def filed_by(self, organ: OrganCode | None) -> date | None:
        """Return the day on which the organ filed it, if it ever did; the last, if it did anew."""
        filed = next((each.on for each in reversed(self.filings) if each.organ == organ), None)
        return filed or (self.filed_on if organ == self.sender else None)

    def passed_to(self, handler: OrganCode) -> "Case":
        """Return the case with another handler; the one before is a former holder."""
        before = () if self.handler in (None, handler) else (self.handler,)
        holders = dict.fromkeys((*self.holders, *before))
        return replace(self, handler=handler, holders=tuple(filter(None, holders)))

    def knows(self, organ: OrganCode) -> bool:
        """Whether the organ is a party of the case. To all others the case does not exist."""
        return (
            organ in (self.sender, self.handler)
            or any(handed.to == organ for handed in self.handed)
            or any(duty.owner == organ for duty in self.duties)
        )
