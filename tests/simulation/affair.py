"""A case as the judge knows it: who stands where, what is owed. None of it is the product's."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from schemas.parts import Relation
from tests.simulation import days
from tests.simulation.books import BEGINS, ENDS, FOR_ALL, WAIVED, Owed
from tests.simulation.county import FAR, code

_BACK_TO_SENDER: Final = ("declined", "withdrawn")


@dataclass(slots=True)
class Row:
    """A dispute: between whom, about what, what was said."""

    about: str
    holder: str
    other: str
    stated: dict[str, str] = field(default_factory=dict)  # who → the handler it agreed on
    third: str | None = None
    request: str | None = None
    superior: str | None = None
    designation: str | None = None


@dataclass(frozen=True, slots=True)
class Copied:
    """What an organ sees of its copy's making."""

    record: str
    author: str
    relation: Relation
    hidden: frozenset[str]


@dataclass(slots=True)
class Asked:
    """A withheld field that was asked for: by whom, of whom, and what became of it."""

    request: str
    message: str
    by: str
    owner: str
    path: str
    done: bool
    opened: bool


@dataclass(slots=True)
class Things:
    """Who keeps what goes with the case."""

    keeper: str
    message: str | None = None
    earlier: str | None = None
    check: str | None = None
    settled: bool = False


@dataclass(slots=True)
class Affair:
    """A case. Organs by their codes, steps and states by the words of the law's table."""

    id: str
    flow: str
    life: str
    record: str
    sender: str
    opening: str
    partition: int
    state: str = "new"
    handler: str | None = None
    asking: str = ""
    current: str = ""
    letter: bool = False  # a later letter than the opening is in force
    hop: int = 1
    holders: list[str] = field(default_factory=list)
    dispute: Row | None = None
    things: Things | None = None
    evidence: tuple[int, ...] | None = None
    matter: str = ""
    place: str = ""
    numbers: tuple[int, ...] = (1,)
    complaint: str | None = None  # reachable, unknown, with_sender
    filed: dict[str, date] = field(default_factory=dict)
    stages: list[str] = field(default_factory=list)
    asked_back: list[str] = field(default_factory=list)  # withdrawals that were asked of a holder
    letters_above: list[tuple[str, str, str]] = field(default_factory=list)  # id, by, to
    asked: list[Asked] = field(default_factory=list)  # withheld fields
    copies: dict[tuple[str, str], Copied] = field(default_factory=dict)  # by message and organ
    insisted: bool = False
    lasts: bool = True  # its violations go on
    number: str | None = None  # of its opening letter
    known_party: int = 0  # by whose name it would be known again
    watches: list[Any] = field(default_factory=list)  # days that are warned of (advice.py)
    came_near: list[Any] = field(default_factory=list)  # of these, with who was told
    listed: Any = None  # what its letter says that goes with it
    handed: Any = None  # what was handed over last
    guides: str | None = None  # the township whose year it counts for
    cooperation: bool = False
    promised: bool = False
    township: bool = False  # the opening's sender is one
    acting: tuple[str, ...] = ()
    invited: tuple[str, ...] = ()
    plan_ends: datetime | None = None
    parent: bool = False  # it was split off
    since: datetime | None = None  # it moves again, or its days were counted anew
    cloned: bool = False  # another organ has used its id
    held_for: str | None = None
    frozen: str | None = None  # the message that froze it
    waiting: list[Any] = field(default_factory=list)
    duties: list[Owed] = field(default_factory=list)
    papers: list[tuple[str, str, str, str]] = field(default_factory=list)  # …, author, to, record
    signed: dict[tuple[str, str], str] = field(default_factory=dict)
    goal: int = 0
    way: list[str] = field(default_factory=list)  # moves that are wanted, the next last

    @property
    def counterpart(self) -> str:
        """Whom the handler answers."""
        others = (self.asking, self.sender, *reversed(self.holders))
        return next((organ for organ in others if organ != self.handler), self.sender)

    @property
    def parties(self) -> set[str]:
        """To all others the case does not exist."""
        got = {to for _, _, to, _ in self.papers} | {duty.owner for duty in self.duties}
        return {organ for organ in (self.sender, self.handler, *got) if organ}

    def letters(self) -> set[str]:
        """What an answer may name."""
        named = {self.current}
        if self.dispute and self.dispute.designation:
            named.add(self.dispute.designation)
        if self.parent or not self.letter:
            named.add(self.opening)
        return named

    def open(self, kind: str, owner: str | None = None, about: str | None = None) -> list[Owed]:
        """Return the open duties of that kind."""
        return [
            duty
            for duty in self.duties
            if duty.kind == kind
            and duty.closing is None
            and owner in (None, duty.owner)
            and about in (None, duty.about)
        ]

    def latest(self, kind: str, owner: str) -> Owed | None:
        """Return what the organ owed last of that kind, open or not."""
        owed = (duty for duty in reversed(self.duties) if duty.owner == owner)
        return next((duty for duty in owed if duty.kind == kind), None)

    def pass_to(self, organ: str) -> None:
        """Let another handle it; who did is a former holder."""
        if self.handler not in (None, organ) and self.handler not in self.holders:
            self.holders.append(str(self.handler))
        self.handler = organ

    def books(self) -> Counter[tuple[str, str, str]]:
        """Return the ledger without times: what was ever owed, whose, how it stands."""
        return Counter((duty.kind, duty.owner, duty.closing or "open") for duty in self.duties)

    def owes_things(self) -> tuple[str, str, bool] | None:
        """Return (keeper, to whom, whether back), as the case now stands."""
        if self.things is None:
            return None
        keeper = self.things.keeper
        to = self.asking if self.state in _BACK_TO_SENDER else self.handler
        if to is None or to == keeper:
            return None
        return keeper, to, keeper not in (self.asking, self.sender)

    def is_awaiting(self) -> bool:
        """Whether the filing decision waits for what is handed over."""
        if self.things is None or self.handler is None:
            return False
        if self.things.keeper != self.handler:
            return True
        return self.things.message is not None and not self.things.settled


@dataclass(frozen=True, slots=True)
class When:
    """When a step is taken, by which rulebook, by which message."""

    at: datetime
    cause: str
    record: str
    by: str
    later: bool = False
    by_township: bool = False


def step(
    affair: Affair,
    name: str,
    when: When,
    *,
    state: str | None = None,
    about: str | None = None,
    to: tuple[str, ...] = (),
    whose: str | None = None,
) -> None:
    """Take a step on the judge's books."""
    about = about or affair.current
    affair.state = state or affair.state
    for duty in affair.duties:
        how = ENDS.get(name, {}).get(duty.kind)
        if duty.closing is not None or how is None:
            continue
        if how in FOR_ALL or (duty.owner, duty.about) == (whose or when.by, about):
            duty.closing, duty.closed = how, when.at
    for kind, role, life in BEGINS.get(name, ()):
        if life not in (None, affair.life) or not _for_complainant(kind, affair):
            continue
        for owner in _owners(affair, role, to):
            _begin(affair, kind, owner, _about(affair, kind, name, when, about), when, name)


def _begin(affair: Affair, kind: str, owner: str, about: str, when: When, name: str) -> None:
    row = affair.dispute if kind == "request_designation" else None
    waits = row is not None and code(FAR) in (row.holder, row.other)
    odd = waits or kind == "decide_filing"
    duty = Owed(
        kind, owner, about, when.at, when.record, when.by_township, when.later,
        odd=odd, waits=waits,
    )  # fmt: skip
    if affair.complaint == "unknown" and kind in ("inform_complainant", "complainant_feedback"):
        duty.closing = WAIVED
    before = affair.latest(kind, owner)
    # Its filing stands, and what followed.
    if kind == "decide_case" and before is not None and name == "agree_sender_filed":
        duty.extended, duty.stood = before.extended, before.stood
        if before.closed is not None:
            duty.stood -= before.left(before.closed)
    affair.duties.append(duty)


def _for_complainant(kind: str, affair: Affair) -> bool:
    if kind == "inform_complainant":
        return affair.complaint in ("reachable", "unknown")
    return kind != "complainant_feedback" or affair.complaint is not None


def _owners(affair: Affair, role: str, to: tuple[str, ...]) -> Iterator[str]:
    dispute = affair.dispute
    if role == "to":
        yield from to
    elif role in ("giver", "keeper"):
        owed = affair.owes_things()
        if owed is not None and owed[2] is (role == "keeper"):
            yield owed[0]
    elif role == "handler":
        yield str(affair.handler)
    elif role in ("sender", "asking"):
        yield affair.sender if role == "sender" else affair.asking
    elif dispute is not None:
        yield str(dispute.superior) if role == "superior" else dispute.holder
        if role == "both":
            yield dispute.other


_OF_THE_CAUSE: Final = frozenset(
    {
        "sign_for",
        "custody_check",
        "settle_discrepancy",
        "answer_joint_plan",
        "decide_joint_plan",
        "joint_outcome",
        "answer_supervision",
    }
)


def _about(affair: Affair, kind: str, name: str, when: When, about: str) -> str:
    if kind in _OF_THE_CAUSE:
        return when.cause
    return about if kind in ("negotiate", "designate") or name == "ask_back" else affair.current


def runs_out(affair: Affair, at: datetime, *, local: bool) -> bool:
    """Whether the time to negotiate is over and neither has said anything final."""
    for duty in affair.open("negotiate"):
        length = days.length_of("negotiate", "", by_township=False, later=duty.later)
        if length is not None and days.plan(duty.opened, length, local=local).due <= at:
            return True
    return False
