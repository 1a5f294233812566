"""A county in time: its log, its cases as the judge knows them, and what each record must become."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

from schemas.codec import encode, frame, unframe
from schemas.disputes import CaseSplit, LinkedEffect
from schemas.ids import BUS, CaseId, MessageId, OrganCode, case_id_of, derive
from schemas.load import default_example
from schemas.messages import Message, RulebookActivated, Tick
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from schemas.topics import BY_SNAKE, flow_partition
from services.casebook.rows import Position
from services.exchange.intake import Incoming
from tests.office import PARTITIONS, Log, sealed, signers
from tests.simulation import days
from tests.simulation.affair import Affair, Row, When, runs_out, step
from tests.simulation.books import Owed
from tests.simulation.counting import WAITING_MAX
from tests.simulation.county import LATER_HASH, TOWNSHIPS, alias_of, here
from tests.simulation.exchange import Crash, Exchange, Killed
from tests.simulation.letters import BY_SNAKE_OF, Planted, letter, officers_of
from tests.simulation.moves import Draft
from tests.simulation.ways import way

START: Final = datetime(2026, 9, 7, 9, 30, tzinfo=days.ZONE)
Place = tuple[str, int]
Sent = tuple[str, bytes | None, bytes | None]  # topic, key, value


@dataclass(slots=True)
class Due:
    """What a record must become. `outcome`: as the casebook's rows name it."""

    incoming: Incoming
    message_id: str
    sender: str
    record: str
    case: str
    outcome: str
    code: str | None
    rulebook: str
    move: str = ""
    must_get: frozenset[str] = frozenset()
    ruled: bool = False  # it is issued by a rule, which the decision must name
    ends: str = ""  # what a message that waits is in the end


@dataclass(slots=True)
class Parted:
    """What was split off and is to become a case of its own."""

    affair: Affair
    objected: datetime


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
    secrets: set[int] = field(default_factory=set)
    later: set[Place] = field(default_factory=set)
    defects: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)  # at which the law has ever failed
    published: list[Sent] = field(default_factory=list)
    parted: dict[str, Parted] = field(default_factory=dict)  # by the objection
    linked: dict[str, str] = field(default_factory=dict)  # lead → the notice's case
    processed: list[Incoming] = field(default_factory=list)
    seen: set[Position] = field(default_factory=set)
    settle: Callable[[], None] = field(default=lambda: None)
    history: list[str] = field(default_factory=list)
    sent: list[tuple[Message, Incoming, str]] = field(default_factory=list)
    free_numbers: dict[str, list[tuple[str, Position]]] = field(default_factory=dict)
    stood: dict[str, list[str]] = field(default_factory=dict)  # numbers of decided messages
    crashed: bool = False  # the last batch was not acknowledged
    twice: Counter[Sent] = field(default_factory=Counter)  # what will be published once more
    ids: Iterator[int] = field(default_factory=lambda: count(1))
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    messages: int = 0
    exchange: Exchange = field(init=False)

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.file, self._published, self.loop)

    # ------------------------------------------------------------------ what moves ask of it

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
        length = days.length_of(
            duty.kind, duty.record, by_township=duty.by_township, later=duty.later
        )
        if length is None or duty.odd or alias_of(duty.owner) == "liuzhi-swj":
            return None
        local = self.is_later(affair.partition, affair.flow)
        return days.plan(duty.opened, length, local=local)

    # ------------------------------------------------------------------ what is put into the log

    def new_affair(self, record: str, life: str) -> Affair:
        """Return a case that has not begun."""
        opening = MessageId(derive("simulated", str(next(self.ids))))
        opens = BY_SNAKE[BY_SNAKE_OF[record]].opens
        assert opens is not None
        case = case_id_of(opening)
        partition = flow_partition(case.encode(), PARTITIONS)
        return Affair(case, opens.value, life, record, "", opening, partition, current=opening)

    def put(self, affair: Affair, draft: Draft, move: str, *, opens: bool = False) -> None:
        """Send a letter: put it into the log, and take down what must become of it."""
        message = self._message(affair, draft, opens=opens)
        envelope = message.envelope
        value = draft.value
        if value is None:
            value = _sealed(message, draft)
        incoming = self.log.raw(value, envelope, self.now, **draft.where)
        self._keep(incoming)
        self.messages += 1
        due = self._due(affair, draft, message, incoming, move)
        place = incoming.position
        self.dues[place.topic, place.partition, place.offset] = due
        if draft.value is None and due.code is None and not draft.defect:
            self.sent.append((message, incoming, affair.id))
        self._take_down(affair, draft, due, envelope)

    def _take_down(self, affair: Affair, draft: Draft, due: Due, envelope: Envelope) -> None:
        if draft.code is None and due.code is None and not draft.defect:
            when = self._when(affair, draft.record, due.sender, due.message_id)
            if due.outcome == "waiting":
                affair.waiting.append((draft, when, due))
            elif draft.then is not None:
                was_held = affair.state == "held"
                draft.then(affair, when)
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
        elif draft.code not in ("document_number.used", "document_number.malformed"):
            if draft.raw is None:
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

    def _when(self, affair: Affair, record: str, by: str, cause: str) -> When:
        snake = BY_SNAKE_OF.get(record, record)
        name = BY_SNAKE[snake].name
        later = self.is_later(affair.partition, affair.flow)
        return When(self.now, cause, name, by, later, alias_of(by) in TOWNSHIPS)

    def _after(self, affair: Affair, draft: Draft, when: When) -> None:
        if _is_split(draft, affair):
            self._part(affair, draft, when)

    def _part(self, affair: Affair, draft: Draft, when: When) -> None:
        """Take down the case that is to be split off."""
        handler = str(affair.handler)
        child = Affair(
            "", affair.flow, affair.life, "CaseSplit", affair.asking, "", -1,
            state="disputed", handler=handler, asking=affair.asking, current=affair.current,
            letter=True, hop=affair.hop, matter=affair.matter, place=affair.place,
            numbers=tuple(draft.changes["numbers"]), complaint=affair.complaint, parent=True,
            insisted=affair.insisted, held_for=affair.held_for, township=affair.township,
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
        )

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

    def _message(self, affair: Affair, draft: Draft, *, opens: bool) -> Message:
        snake = BY_SNAKE_OF.get(draft.record, draft.record)
        number = next(self.ids)
        message_id = MessageId(draft.message_id or derive("simulated", str(number)))
        if opens:
            message_id = MessageId(affair.opening)
        if draft.raw is not None:
            return self._of_bad_form(affair, draft, message_id)
        body, canaries = letter(snake, draft.changes, self.numbers, draft.keep)
        self.planted |= {each: (message_id, planted) for each, planted in canaries.items()}
        if draft.code in ("secrecy.marked", "secrecy.listed"):
            self.secrets |= set(canaries)
        example = _envelope_of(snake)
        numbered = "document_number" in example
        bearer = draft.number or (self.new_number(draft.sender) if numbered else None)
        signing = officers_of(OrganCode(draft.sender)) if "officers" in example else None
        if draft.officers is not None and signing is not None:
            signing = (signing[0], *draft.officers)
        envelope = Envelope(
            bus=here().rulebook.bus,
            message_id=message_id,
            case_id=CaseId(affair.id),
            flow=Flow(affair.flow),
            record=BY_SNAKE[snake].name,
            sender=OrganCode(draft.sender),
            addressees=tuple(OrganCode(organ) for organ in draft.to),
            in_reply_to=MessageId(draft.reply) if draft.reply else None,
            document_number=bearer,
            officers=signing,
            insist_reason=draft.insist,
            sent_at=self.now,
        )
        return replace(body, envelope=envelope)  # type: ignore[no-any-return] # the same class

    def _of_bad_form(self, affair: Affair, draft: Draft, message_id: MessageId) -> Message:
        raw = draft.raw
        envelope = raw.envelope
        row = BY_SNAKE.get(BY_SNAKE_OF[type(raw).__name__])
        assert row is not None
        begins = row.begins(envelope.in_reply_to)
        flow = row.opens if begins and row.opens else Flow(affair.flow)
        reply = envelope.in_reply_to and (draft.reply or affair.opening)
        placed = replace(
            envelope,
            message_id=message_id,
            case_id=case_id_of(message_id) if begins else CaseId(affair.id),
            flow=flow,
            sender=OrganCode(draft.sender),
            in_reply_to=reply,
            sent_at=self.now,
        )
        return replace(raw, envelope=placed)  # type: ignore[no-any-return] # the same class

    def again(self, message: Message, incoming: Incoming, case: str) -> None:
        """Send the same content again, as the connector of an organ may that has crashed."""
        resent = replace(message.envelope, sent_at=self.now)
        self._repeat(replace(message, envelope=resent), incoming, case, "repeated")

    def _repeat(self, message: Message, first: Incoming, case: str, outcome: str) -> None:
        where = first.position
        due = replace(
            self.dues[where.topic, where.partition, where.offset],
            outcome=outcome,
            code="message.id_reused" if outcome == "rejected" else None,
            must_get=frozenset(),
            ruled=False,
            move=outcome,
        )
        due.incoming = self.log.raw(sealed(message), message.envelope, self.now)
        due.rulebook = self._rulebook_at(due.incoming)
        self._keep(due.incoming)
        place = due.incoming.position
        self.dues[place.topic, place.partition, place.offset] = due

    def reuse(self, message: Message, incoming: Incoming, case: str) -> None:
        """Send something else under an id that was used."""
        other = replace(message.envelope, insist_reason="另一内容")
        self._repeat(replace(message, envelope=other), incoming, case, "rejected")

    def _rulebook_at(self, incoming: Incoming) -> str:
        where = (incoming.position.topic, incoming.position.partition)
        return LATER_HASH if where in self.later else here().rulebook.hash

    def _keep(self, incoming: Incoming) -> None:
        place = (incoming.position.topic, incoming.position.partition)
        self.records.setdefault(place, []).append(incoming)

    # ------------------------------------------------------------------ what the bus writes

    def tick(self, place: Place) -> None:
        """Let the partition hear what time it is."""
        flow, partition = place
        self._keep(self.log.tick(self.now, partition, Flow(flow)))
        for affair in self.affairs.values():
            if (affair.flow, affair.partition) == place:
                self._time_passes(affair)

    def _time_passes(self, affair: Affair) -> None:
        if affair.frozen is not None or affair.state == "held":
            return
        if affair.suspended_until is not None and affair.suspended_until <= self.now:
            affair.suspended_until = None
        local = self.is_later(affair.partition, affair.flow)
        if affair.state == "disputed" and runs_out(affair, self.now, local=local):
            cause = derive("tick", str(next(self.ids)))
            later = self.is_later(affair.partition, affair.flow)
            when = When(self.now, cause, "Tick", BUS, later)
            step(affair, "refer", when, state="referred")

    def switch(self, place: Place) -> None:
        """Activate the other rulebook in a partition."""
        flow, partition = place
        target = here().rulebook.hash if place in self.later else LATER_HASH
        number = str(next(self.ids))
        envelope = self._of_the_bus("RulebookActivated", number, flow, derive("switch", *map(str, place)))
        message = RulebookActivated(envelope, target, "demo", flow, partition)
        incoming = self.log.raw(sealed(message), envelope, self.now, partition=partition)
        self._note(incoming, message, "", self._rulebook_at(incoming))
        self.later ^= {place}
        for affair in self.affairs.values():
            if (affair.flow, affair.partition) == place:
                affair.since = self.now

    def of_the_bus(self, message: Message, case: str, refused: str | None = None) -> None:
        """Put a message of the bus or of an operator into the log."""
        incoming = self.log.raw(sealed(message), message.envelope, self.now)
        self._note(incoming, message, case, self._rulebook_at(incoming), refused)

    def _note(
        self, incoming: Incoming, message: Message, case: str, rulebook: str,
        refused: str | None = None,
    ) -> Due:  # fmt: skip
        self._keep(incoming)
        place = incoming.position
        due = self.dues[place.topic, place.partition, place.offset] = Due(
            incoming=incoming,
            message_id=message.envelope.message_id,
            sender=BUS,
            record=type(message).__name__,
            case=case,
            outcome="rejected" if refused else "accepted",
            code=refused,
            rulebook=rulebook,
            move="bus",
        )
        return due

    def _of_the_bus(self, record: str, salt: str, flow: str, case: str, reply: str | None = None) -> Envelope:
        return Envelope(
            bus=here().rulebook.bus,
            message_id=MessageId(derive("bus", record, salt)),
            case_id=CaseId(case),
            flow=Flow(flow),
            record=record,
            sender=BUS,
            sent_at=self.now,
            in_reply_to=MessageId(reply) if reply else None,
        )

    def bus_envelope(self, record: str, affair: Affair, reply: str | None) -> Envelope:
        """Return an envelope as an operator fills it, about a case."""
        return self._of_the_bus(record, str(next(self.ids)), affair.flow, affair.id, reply)

    def _published(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """A record has reached the broker: an inbox, the journal, or a flow again."""
        self.published.append((topic, key, value))
        if topic not in set(Flow):
            return
        assert value is not None
        schema, body = unframe(value)
        message = here().codecs[schema].decode(body)
        incoming = self.log.raw(value, message.envelope, self.now)
        known = {due.message_id for due in self.dues.values() if due.sender == BUS}
        if message.envelope.message_id in known:
            self._keep(incoming)
            place = incoming.position
            self.dues[place.topic, place.partition, place.offset] = Due(
                incoming, message.envelope.message_id, BUS, type(message).__name__,
                message.envelope.case_id, "repeated", None, self._rulebook_at(incoming), "bus",
            )  # fmt: skip
            return
        if isinstance(message, CaseSplit):
            self._begins(message)
            self._note(incoming, message, message.envelope.case_id, self._rulebook_at(incoming))
        elif isinstance(message, LinkedEffect):
            self._links(message, incoming)

    def _begins(self, message: CaseSplit) -> None:
        parted = self.parted.pop(str(message.envelope.in_reply_to))
        child = parted.affair
        child.id, child.opening = message.envelope.case_id, message.envelope.message_id
        child.partition = flow_partition(child.id.encode(), PARTITIONS)
        child.dispute = Row(child.opening, str(child.handler), child.asking)
        later = self.is_later(child.partition, child.flow)
        when = When(parted.objected, child.opening, "CaseSplit", BUS, later)
        step(child, "split_off", when, about=child.opening)
        if child.hop >= HOPS_MAX:
            step(child, "refer", replace(when, at=self.now), state="referred")
        child.since, child.goal = self.now, 8
        child.way = way(self.rng, "transfer", "disputed")
        self.affairs[child.id] = child

    def _links(self, message: LinkedEffect, incoming: Incoming) -> None:
        case = message.envelope.case_id
        notice, rulebook = self.affairs[case], self._rulebook_at(incoming)
        if notice.frozen is None and notice.state != "held":
            self._note(incoming, message, case, rulebook, self._is_linked(message))
            return
        due = self._note(incoming, message, case, rulebook)
        if len(notice.waiting) >= WAITING_MAX:
            due.outcome, due.code = "rejected", "case.too_many_waiting"
            return
        due.outcome = "waiting"
        when = When(self.now, message.envelope.message_id, "LinkedEffect", message.organ)
        draft = Draft("linked_effect", message.organ, then=_is_handled)
        notice.waiting.append((draft, when, due))

    def _is_linked(self, message: LinkedEffect) -> str | None:
        """Return why the notice's case refuses it; None: it is handled by that."""
        notice = self.affairs[message.envelope.case_id]
        if notice.handler != message.organ:
            return None
        if notice.state not in ("issued", "received"):
            return "step.not_allowed"
        later = self.is_later(notice.partition, notice.flow)
        when = When(self.now, message.envelope.message_id, "LinkedEffect", message.organ, later)
        _is_handled(notice, when)
        return None

    # ------------------------------------------------------------------ what the exchange does

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
            self.crashed = True
            if crash is Crash.HALF_PUBLISHED:  # the broker has them, the outbox too
                self.twice.update(self.published[told:])
            self.exchange.restart()
            if crash is Crash.WRITTEN:
                return []
            new = self._new(batch)
            return new  # committed, and never acknowledged: it is read again
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
        return sorted({(each.flow, each.partition) for each in self.affairs.values()})


HOPS_MAX: Final = 3
_ANSWERS: Final = frozenset({"filing_reply", "outcome_feedback", "evidence_review"})
RULED: Final = frozenset(
    {"a_lead", "a_case", "a_case_to_a_township", "a_complaint", "a_notice", "a_lead_of_two_organs_power"}
)


def _is_handled(notice: Affair, when: When) -> None:
    """A transfer that its handler made of it ends a notice; nobody else's does."""
    if notice.handler != when.by or notice.state not in ("issued", "received"):
        return
    if notice.state == "issued":
        step(notice, "sign", when, state="received")
    step(notice, "handle", when, state="handled")


def _is_split(draft: Draft, affair: Affair) -> bool:
    numbers = draft.changes.get("numbers") if draft.record == "objection" else None
    return numbers is not None and set(numbers).isdisjoint(affair.numbers)


def _sealed(message: Message, draft: Draft) -> bytes:
    """Seal it, by its sender or by somebody else; or leave the seal out, or on other content."""
    if draft.code == "seal.missing":
        return frame(here().own(type(message).__name__), encode(message))
    if draft.code == "seal.invalid":
        seal = seal_message(message, signers()[message.envelope.sender]).message.envelope.seal
        moved = message.envelope.sent_at + timedelta(hours=1)
        other = replace(message.envelope, seal=seal, sent_at=moved)
        return frame(here().own(type(message).__name__), encode(replace(message, envelope=other)))
    return sealed(message, OrganCode(draft.by) if draft.by else None)


@cache
def _envelope_of(snake: str) -> dict[str, Any]:
    return dict(default_example(snake).get("envelope", {}))
