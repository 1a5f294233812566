"""A county in time: its log, its cases as the judge has them, what each record must become."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from schemas.ids import BUS, MessageId, OrganCode, case_id_of, derive
from schemas.messages import Message
from schemas.topics import BY_SNAKE, flow_partition
from services.casebook.rows import Position
from services.exchange.incoming import Incoming
from tests.office import PARTITIONS, Log, sealed
from tests.simulation import advice, days
from tests.simulation.affair import Affair, When
from tests.simulation.books import Owed
from tests.simulation.bus import published
from tests.simulation.counting import WAITING_MAX
from tests.simulation.county import LATER_HASH, TOWNSHIPS, alias_of, here
from tests.simulation.dues import Due, Parted, Place, Sent
from tests.simulation.exchange import UNCOMMITTED, Crash, Exchange, Killed
from tests.simulation.letters import BY_SNAKE_OF, Planted
from tests.simulation.moves import Draft
from tests.simulation.writing import compose, seal

START: Final = datetime(2026, 9, 7, 9, 30, tzinfo=days.ZONE)


@dataclass(slots=True)
class World:
    """All that has been sent. Deterministic: everything follows from the seed."""

    rng: Random
    file: Path
    loop: asyncio.AbstractEventLoop
    now: datetime = START
    log: Log = field(default_factory=Log)
    records: dict[Place, list[Incoming]] = field(default_factory=dict)
    done: dict[Place, int] = field(default_factory=dict)  # acknowledged
    dues: dict[tuple[str, int, int], Due] = field(default_factory=dict)
    affairs: dict[str, Affair] = field(default_factory=dict)
    planted: dict[int, tuple[str, Planted]] = field(default_factory=dict)  # canary → message
    always: tuple[Place, ...] = ()  # partitions that hear of the time whatever lies in them
    secrets: set[int] = field(default_factory=set)
    later: set[Place] = field(default_factory=set)
    defects: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)  # at which the law has ever failed
    bus_ids: set[str] = field(default_factory=set)  # of what the bus has written into flows
    guiding: set[str] = field(default_factory=set)  # guidance that its year has not heard of
    too_short: dict[Place, bool] = field(default_factory=dict)  # by what a Tick last found
    published: list[Sent] = field(default_factory=list)
    parted: dict[str, Parted] = field(default_factory=dict)  # by the objection
    linked: dict[str, str] = field(default_factory=dict)  # lead → the notice's case
    processed: list[Incoming] = field(default_factory=list)
    seen: set[Position] = field(default_factory=set)
    settle: Callable[[], None] = field(default=lambda: None)
    history: list[str] = field(default_factory=list)
    sent: list[tuple[Message, Incoming]] = field(default_factory=list)
    free_numbers: dict[str, list[tuple[str, Position]]] = field(default_factory=dict)
    stood: dict[str, list[str]] = field(default_factory=dict)  # numbers of decided messages
    crashed: bool = False  # the last batch was not acknowledged
    crashes: Counter[Crash] = field(default_factory=Counter)  # where each landed
    twice: Counter[Sent] = field(default_factory=Counter)  # what will be published once more
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    parties: Iterator[int] = field(default_factory=lambda: count(1))
    warned: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # case, organ, code
    messages: int = 0
    exchange: Exchange = field(init=False)

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.file, partial(published, self), self.loop)

    def paper(self, affair: Affair, organ: str, *, mine: bool = False) -> tuple[str, str] | None:
        """Return (message, record) of something the organ has got; `mine`: (message, author)."""
        got = [
            (message, author if mine else record)
            for message, author, to, record in affair.papers
            if to == organ and not (mine and author == BUS)
        ]
        return self.rng.choice(got) if got else None

    def new_number(self, sender: str) -> str:
        """Return a number that stands on no message of the organ: also one that is free again."""
        free = self.free_numbers.get(sender, [])
        if free and free[-1][1] in self.seen and self.rng.random() < 0.3:
            return free.pop()[0]
        return f"案移〔2026〕{next(self.numbers)}号"

    def new_party(self) -> int:
        """Return the number of a party that nobody knows yet."""
        return next(self.parties)

    def used_number(self, sender: str) -> str | None:
        """Return a number of the organ that stands on a decided message."""
        self.settle()
        used = self.stood.get(sender)
        return self.rng.choice(used) if used else None

    def is_later(self, partition: int, flow: str) -> bool:
        """Whether the second rulebook is in force there."""
        return (flow, partition) in self.later

    def is_due(self, affair: Affair, duty: Owed) -> bool:
        """Whether the duty's day is over."""
        found = self.plan(affair, duty)
        return found is not None and found.due < self.now

    def plan(self, affair: Affair, duty: Owed) -> days.Plan | None:
        """Return the duty's days by the judge's calendar; None: they are not judged."""
        local = self.is_later(affair.partition, affair.flow)
        if duty.kind == "yearly_guidance":
            last = date(duty.opened.year, 12, 31)
            return days.plan(duty.opened, 1, local=local, last=last)
        length = days.length_of(
            duty.kind, duty.record, by_township=duty.by_township, later=duty.later
        )
        if length is None or duty.odd or alias_of(duty.owner) == "liuzhi-swj":
            return None
        return days.plan(duty.opened, length, local=local)

    def decided_by(self, affair: Affair, duty: Owed) -> datetime:
        """Return when the duty to decide the case falls due."""
        more = days.EXTENSION * duty.extended + duty.stood
        return days.decided_by(duty.opened, affair.filed.get(duty.owner), more)

    def new_affair(self, record: str, life: str) -> Affair:
        """Return a case that has not begun: its id follows when its sender is known (`put`)."""
        opening = MessageId(derive("simulated", str(next(self.ids))))
        opens = BY_SNAKE[BY_SNAKE_OF[record]].opens
        assert opens is not None
        return Affair("", opens.value, life, record, "", opening, 0, current=opening)

    def put(self, affair: Affair, draft: Draft, move: str, *, opens: bool = False) -> None:
        """Send a letter: put it into the log, and take down what must become of it."""
        if opens:
            affair.id = case_id_of(OrganCode(draft.sender), MessageId(affair.opening))
            affair.partition = flow_partition(affair.id.encode(), PARTITIONS)
        message = compose(self, affair, draft, opens=opens)
        envelope = message.envelope
        value = draft.value
        if value is None:
            value = seal(message, draft)
        incoming = self.log.raw(value, envelope, self.now, **draft.where)
        self.keep(incoming)
        self.messages += 1
        due, place = self._due(affair, draft, message, incoming, move), incoming.position
        self.dues[place.topic, place.partition, place.offset] = due
        if draft.value is None and due.code is None and not draft.defect:
            self.sent.append((message, incoming))
        self._take_down(affair, draft, due, message)
        if opens:
            affair.number = envelope.document_number
        if opens and affair.guides is not None and due.code is None:
            self.guiding.add(due.message_id)

    def _take_down(self, affair: Affair, draft: Draft, due: Due, message: Message) -> None:
        envelope = message.envelope
        if draft.code is None and due.code is None and not draft.defect:
            when = self.when(affair, draft.record, due.sender, due.message_id)
            if due.outcome == "waiting":
                affair.waiting.append((draft, when, due))
            elif draft.then is not None:
                was_held = affair.state == "held"
                draft.then(affair, when)
                later = self.is_later(affair.partition, affair.flow)
                advice.takes_up(affair, message, local=later)
                self._after(affair, draft, when)
                if was_held and affair.state != "held":
                    self._release(affair)
        if draft.defect:
            affair.frozen = due.message_id
            self.defects.add(due.message_id)
            self.failed.add(due.message_id)
        number = envelope.document_number
        if number is None:
            return
        if draft.code is None and due.code is None:
            self.stood.setdefault(due.sender, []).append(number)
        elif draft.raw is None and draft.number is None:  # a refused message's is free again
            freed = (number, due.incoming.position)
            self.free_numbers.setdefault(due.sender, []).append(freed)

    def _release(self, affair: Affair) -> None:
        affair.since = self.now
        waiting, affair.waiting = affair.waiting, []
        for draft, when, due in waiting:
            later = self.is_later(affair.partition, affair.flow)
            due.ends = "accepted"
            if draft.then is not None:
                draft.then(affair, replace(when, later=later))

    def settled(self, affair: Affair, *, again: bool, draft: Draft, when: When, due: Due) -> None:
        """Let a frozen case go on, with the message that froze it or without."""
        self.defects.discard(str(affair.frozen))
        affair.frozen = None
        due.ends = "accepted" if again else "dead"
        if again and draft.then is not None:
            draft.then(affair, replace(when, later=self.is_later(affair.partition, affair.flow)))
        self._release(affair)

    def when(self, affair: Affair, record: str, by: str, cause: str) -> When:
        """Return when a message that is put now is decided, and by which rulebook."""
        snake = BY_SNAKE_OF.get(record, record)
        name = BY_SNAKE[snake].name
        later = self.is_later(affair.partition, affair.flow)
        return When(self.now, cause, name, by, later, alias_of(by) in TOWNSHIPS)

    def _after(self, affair: Affair, draft: Draft, when: When) -> None:
        if _is_split(draft, affair):
            self._part(affair, draft, when)
        agreed = draft.record == "negotiation_result" and affair.dispute is None
        if agreed or draft.record == "designation":
            advice.is_taken_over(self, affair)

    def _part(self, affair: Affair, draft: Draft, when: When) -> None:
        """Take down the case that is to be split off."""
        came_back = affair.handler == affair.asking
        handler = affair.counterpart if came_back else str(affair.handler)
        child = Affair(
            "", affair.flow, affair.life, "CaseSplit", affair.asking, "", -1,
            state="disputed", handler=handler, asking=affair.asking, current=affair.current,
            letter=True, hop=affair.hop, matter=affair.matter, place=affair.place,
            numbers=tuple(draft.changes["numbers"]), complaint=affair.complaint, parent=True,
            insisted=affair.insisted, held_for=affair.held_for, township=affair.township,
            watches=advice.parted(affair, tuple(draft.changes["numbers"])),
        )  # fmt: skip
        if affair.asking in affair.filed:
            child.filed[affair.asking] = affair.filed[affair.asking]
        self.parted[when.cause] = Parted(child, when.at)

    def _due(
        self, affair: Affair, draft: Draft, message: Message, incoming: Incoming, move: str
    ) -> Due:
        outcome = draft.outcome or ("rejected" if draft.code else "accepted")
        refused = draft.code
        if draft.defect:
            outcome, refused = "dead", "case.defect"
        elif refused is None and self._waits(affair, draft):
            outcome = "waiting"
            if len(affair.waiting) >= WAITING_MAX:
                outcome, refused = "rejected", "case.too_many_waiting"
        where = incoming.position
        later = (where.topic, where.partition) in self.later
        envelope = message.envelope
        return Due(
            incoming=incoming,
            message_id=envelope.message_id,
            sender=envelope.sender,
            record=type(message).__name__,
            case=affair.id,
            outcome=outcome,
            code=refused,
            rulebook=LATER_HASH if later else here().rulebook.hash,
            move=move,
            must_get=self._must_get(affair, draft) if outcome == "accepted" else frozenset(),
            ruled=move in RULED,
            advised=self._advised(affair, draft, message) if outcome == "accepted" else frozenset(),
        )

    def _advised(
        self, affair: Affair, draft: Draft, message: Message
    ) -> frozenset[tuple[str, str]]:
        """Return what is told beside the decision: what the draft says, what the books say."""
        return draft.advised | advice.told_at_once(affair, message)

    def _waits(self, affair: Affair, draft: Draft) -> bool:
        if affair.frozen is not None:
            return True
        if affair.state != "held":
            return False
        return draft.record not in ("correction", "routing_assignment", "withdrawal")

    def _must_get(self, affair: Affair, draft: Draft) -> frozenset[str]:
        """Who must get a copy: whom it names; of a handler's reply, whom it answers."""
        got = set(draft.to)
        if draft.record in _ANSWERS and affair.handler == draft.sender:
            got |= {affair.counterpart, affair.asking, affair.sender}
        return frozenset(got - {draft.sender})

    def again(self, message: Message, incoming: Incoming) -> None:
        """Send the same content again, as the connector of an organ may that has crashed."""
        resent = replace(message.envelope, sent_at=self.now)
        self._repeat(replace(message, envelope=resent), incoming, "repeated")

    def _repeat(self, message: Message, first: Incoming, outcome: str) -> None:
        where = first.position
        due = replace(
            self.dues[where.topic, where.partition, where.offset],
            outcome=outcome,
            code="message.id_reused" if outcome == "rejected" else None,
            must_get=frozenset(),
            advised=frozenset(),
            ruled=False,
            move=outcome,
        )
        due.incoming = self.log.raw(sealed(message), message.envelope, self.now)
        due.rulebook = self.rulebook_at(due.incoming)
        self.keep(due.incoming)
        place = due.incoming.position
        self.dues[place.topic, place.partition, place.offset] = due

    def reuse(self, message: Message, incoming: Incoming) -> None:
        """Send something else under an id that was used."""
        other = replace(message.envelope, insist_reason="另一内容")
        self._repeat(replace(message, envelope=other), incoming, "rejected")

    def rulebook_at(self, incoming: Incoming) -> str:
        """Return the hash of the rulebook that decides the record."""
        where = (incoming.position.topic, incoming.position.partition)
        return LATER_HASH if where in self.later else here().rulebook.hash

    def keep(self, incoming: Incoming) -> None:
        """Put a record behind the others of its partition."""
        place = (incoming.position.topic, incoming.position.partition)
        self.records.setdefault(place, []).append(incoming)

    def read(self, most: int) -> list[Incoming]:
        """Return up to `most` records that are next, the partitions mixed, each in its order."""
        ahead = dict(self.done)
        batch: list[Incoming] = []
        while len(batch) < most:
            waiting = [
                place for place, all_ in self.records.items() if ahead.get(place, 0) < len(all_)
            ]
            if not waiting:
                break
            place = self.rng.choice(waiting)
            run = self.rng.randint(1, 4)
            for _ in range(run):
                at = ahead.get(place, 0)
                if at >= len(self.records[place]) or len(batch) >= most:
                    break
                batch.append(self.records[place][at])
                ahead[place] = at + 1
        return batch

    def advance(self, most: int, crash: Crash | None) -> list[Incoming]:
        """Let the exchange take its next batch; return what it has committed, and is new."""
        batch = self.read(most)
        if not batch:
            return []
        self.crashed = False
        told = len(self.published)
        try:
            self.exchange.handle(batch, crash, self.rng.randint(0, 3))
        except Killed:
            assert crash is not None
            self.crashed = True
            self.crashes[crash] += 1
            if crash is Crash.HALF_PUBLISHED:  # the broker has them, the outbox too
                self.twice.update(self.published[told:])
            self.exchange.restart()
            if crash in UNCOMMITTED:
                return []
            return self._new(batch)  # committed, and never acknowledged: it is read again
        new = self._new(batch)
        for each in batch:
            place = (each.position.topic, each.position.partition)
            self.done[place] = max(self.done.get(place, 0), each.position.offset + 1)
        return new

    def _new(self, batch: list[Incoming]) -> list[Incoming]:
        new = [each for each in batch if each.position not in self.seen]
        self.seen.update(each.position for each in new)
        self.processed += new
        return new

    def passes(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by

    def all_places(self) -> list[Place]:
        """Return the partitions in which there are cases."""
        there = {(each.flow, each.partition) for each in self.affairs.values()}
        return sorted(there | set(self.always))


_ANSWERS: Final = frozenset({"filing_reply", "outcome_feedback", "evidence_review"})
RULED: Final = frozenset(
    {
        "a_lead",
        "a_case",
        "a_case_to_a_township",
        "a_complaint",
        "a_notice",
        "a_lead_of_two_organs_power",
    }
)


def _is_split(draft: Draft, affair: Affair) -> bool:
    numbers = draft.changes.get("numbers") if draft.record == "objection" else None
    return numbers is not None and set(numbers).isdisjoint(affair.numbers)
