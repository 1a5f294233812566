"""An exchange in memory: the same intake, desk and casebook as the running one, without a broker.

Nothing of the law, of routing or of redaction is here. What is here is what Kafka, the connectors
and the ticker do: seals with throwaway keys, offsets, time, and the way back into the flows of what
the bus writes there. A Tick comes whenever something is due, at its nominal instant, when organs or
powers change, and where years of guidance are played one when a year may have to be opened.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, select

from schemas.codec import current, frame, unframe
from schemas.disputes import GuidanceYearOpened
from schemas.errors import Broken
from schemas.ids import BUS, CaseId, MessageId, OrganCode, RulebookHash, derive
from schemas.jwk import SoftwareSigner, jwk_of, signer_of
from schemas.messages import Message, RulebookActivated, Tick
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from schemas.topics import RECORDS
from services.casebook.case_keys import CaseKeys
from services.casebook.locked import outbox_value
from services.casebook.rows import MessageRow, Position, from_ms
from services.casebook.store import open_in_memory
from services.casebook.tables import DECISIONS, OUTBOX, RECOUNTS, WAKES
from services.casebook.work import Work
from services.casework.calendar_end import provisional_since
from services.cli.scenario_years import Pair
from services.exchange.batch import run_batch, take_batch
from services.exchange.incoming import Incoming
from services.exchange.office import Office
from services.exchange.shelf import Shelf
from services.rulebook.calendar import local_date, start_of
from services.rulebook.directory import in_office
from services.rulebook.model import PublicKey, Rulebook

_SINCE: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INBOX: Final = "inbox."
_ROUNDS_MAX: Final = 1_000  # batches that one message may set off, one after the other


@dataclass(frozen=True, slots=True)
class Happened:
    """What one batch did: the journal's entries in order, and the copies that it wrote."""

    entries: tuple[dict[str, Any], ...] = ()
    copies: tuple[Message, ...] = ()
    repeated: MessageRow | None = None  # the message came before: the first answer was given again


class Simulation:
    """One run. `at` is the broker's time, which only goes forward."""

    def __init__(
        self, rulebook: Rulebook, at: datetime, years: frozenset[Pair] = frozenset()
    ) -> None:
        """`years`: the pairs whose years of guidance are played."""
        self.rulebook = rulebook
        self.at = at
        self._years = years
        self._year_at = at  # when a year is to be looked at
        self._turned = dict.fromkeys(Flow, local_date(at))  # up to which day a flow was looked at
        guessed = provisional_since(rulebook) - timedelta(days=1)  # told at once where that is past
        self._turned[Flow.COPIES] = min(local_date(at), guessed)
        self._offsets: dict[Flow, int] = defaultdict(int)
        self._seen = 0  # decisions told so far
        self._casebook = open_in_memory()
        self._rulebooks: dict[RulebookHash, Rulebook] = {}
        codecs = {number: current(name) for number, name in enumerate(RECORDS, 1)}
        ids = {codec.fingerprint: number for number, codec in codecs.items()}
        first = Office(self._with_keys(self.rulebook), _signer(BUS), 1, codecs, ids)
        self._shelf = Shelf(first, self._rulebooks.get)

    def close(self) -> None:
        """Let the casebook go."""
        self._casebook.close()

    def send(self, message: Message, at: datetime) -> Iterator[Happened]:
        """Let time come to `at`, then let the message be received."""
        yield from self.advance(at)
        yield from self._received([self._incoming(message)])

    def advance(self, to: datetime) -> Iterator[Happened]:
        """Let time come to `to`: everything due on the way happens at its own time."""
        while (due := self._next_due()) is not None and due[0] <= to:
            when, flow = due
            self.at = max(self.at, when)
            if flow is Flow.COPIES and self._year_at <= self.at:
                self._year_at = start_of(date(local_date(self.at).year + 1, 1, 1))
            self._turned[flow] = local_date(self.at)
            before = self._seen
            yield from self._received([self._incoming(self._tick(flow))])
            if self._next_due() == due and self._seen == before:
                raise Broken("exchange.defect", detail="a rung is due and does not fire")
        self.at = max(self.at, to)

    def activate(self, rulebook: Rulebook, at: datetime) -> Iterator[Happened]:
        """Let another rulebook come into force, in every partition."""
        yield from self.advance(at)
        self.rulebook = rulebook
        self._with_keys(rulebook)
        self._year_at = at
        for flow in Flow:
            yield from self._received([self._incoming(self._activation(flow))])
            yield from self._received([self._incoming(self._tick(flow))])  # seconds later
            while self._is_counting():
                yield from self._received([self._incoming(self._tick(flow))])

    def _received(self, records: list[Incoming]) -> Iterator[Happened]:
        """Decide records, and what the bus wrote into flows because of them."""
        for _ in range(_ROUNDS_MAX):
            if not records:
                return
            intakes = take_batch(self._casebook, self._shelf, records)
            tally = run_batch(self._casebook, self._shelf, intakes)
            repeats = any(outcome == "repeated" for _, _, outcome in tally.messages)
            copies, records = self._published(), []
            yield Happened(
                entries=tuple(self._entries()),
                copies=tuple(message for to, message in copies if to.startswith(_INBOX)),
                repeated=self._known(intakes[0]) if repeats else None,
            )
            written = (message for to, message in copies if to in set(Flow))
            records = [self._incoming(message) for message in written if self._is_played(message)]
        raise Broken("exchange.defect", detail=f"more than {_ROUNDS_MAX} rounds")

    def _is_played(self, message: Message) -> bool:
        if not isinstance(message, GuidanceYearOpened):
            return True
        organs = (message.department, message.township)
        on, directory = local_date(self.at), self.rulebook.directory
        now = tuple(found.code for o in organs if (found := in_office(directory, o, on)))
        return not self._years.isdisjoint({organs, now})

    def _known(self, intake: Any) -> MessageRow | None:  # noqa: ANN401 - an Intake that was opened
        envelope = intake.opened.message.envelope
        with self._casebook.engine.connect() as connection:
            return Work(connection).message(envelope.sender, envelope.message_id)

    def _entries(self) -> Iterator[dict[str, Any]]:
        query = select(DECISIONS.c.seq, DECISIONS.c.entry).where(DECISIONS.c.seq > self._seen)
        with self._casebook.engine.connect() as connection:
            for row in connection.execute(query.order_by(DECISIONS.c.seq)).all():
                self._seen = row.seq
                yield json.loads(row.entry)

    def _published(self) -> list[tuple[str, Message]]:
        """Take what is to be published out of the outbox, but for the journal's lines."""
        office = self._shelf.first
        with self._casebook.engine.begin() as connection:
            rows = connection.execute(select(OUTBOX).order_by(OUTBOX.c.seq)).all()
            keys = CaseKeys(connection, self._casebook.key)
            values = [(row.topic, outbox_value(keys, row)) for row in rows]
            connection.execute(delete(OUTBOX))
        found: list[tuple[str, Message]] = []
        for topic, value in values:
            if topic.startswith(_INBOX) or topic in set(Flow):
                schema_id, body = unframe(value or b"")
                found.append((topic, office.codecs[schema_id].decode(body)))
        return found

    def _next_due(self) -> tuple[datetime, Flow] | None:
        with self._casebook.engine.connect() as connection:
            query = select(WAKES.c.topic, func.min(WAKES.c.at_ms)).group_by(WAKES.c.topic)
            rows = [(str(flow), int(first)) for flow, first in connection.execute(query)]
        due = [(from_ms(first), list(Flow).index(Flow(flow))) for flow, first in rows]
        days = self._shelf.office(self.rulebook.hash).turning_days()
        for number, told in enumerate(self._turned.values()):
            if (turn := bisect_right(days, told)) < len(days):
                due.append((start_of(days[turn]), number))
        if self._years:
            due.append((self._year_at, list(Flow).index(Flow.COPIES)))
        when, flow = min(due, default=(None, 0))
        return (when, list(Flow)[flow]) if when is not None else None

    def _is_counting(self) -> bool:
        """Whether duties wait to be counted by another calendar. Each Tick takes some."""
        with self._casebook.engine.connect() as connection:
            return connection.execute(select(RECOUNTS.c.case_id).limit(1)).first() is not None

    def _incoming(self, message: Message) -> Incoming:
        envelope = message.envelope
        sealed = seal_message(message, _signer(envelope.sender))
        value = frame(self._shelf.first.own(type(message).__name__), sealed.body)
        offset = self._offsets[envelope.flow]
        self._offsets[envelope.flow] += 1
        at = self.at.astimezone(UTC)
        position = Position(envelope.flow.value, 0, offset)
        return Incoming(position, envelope.case_id.encode(), value, at)

    def _tick(self, flow: Flow) -> Tick:
        return Tick(self._of_the_bus(flow, "Tick"), flow.value, 0)

    def _activation(self, flow: Flow) -> RulebookActivated:
        envelope = self._of_the_bus(flow, "RulebookActivated")
        return RulebookActivated(envelope, self.rulebook.hash, self.rulebook.name, flow.value, 0)

    def _of_the_bus(self, flow: Flow, record: str) -> Envelope:
        offset = str(self._offsets[flow])
        return Envelope(
            bus=self.rulebook.bus,
            message_id=MessageId(derive("simulation", record, flow, offset)),
            case_id=CaseId(derive("simulation", record, flow)),
            flow=flow,
            record=record,
            sender=BUS,
            sent_at=self.at,
        )

    def _with_keys(self, rulebook: Rulebook) -> Rulebook:
        """Keep the rulebook with public keys for everybody in it."""
        keys = {}
        for organ in (BUS, *rulebook.directory.organs):
            jwk = jwk_of(_private(organ).public_key())
            keys[jwk.kid] = PublicKey(jwk.kid, organ, jwk.algorithm, jwk.x, jwk.y, _SINCE)
        directory = replace(rulebook.directory, keys=keys)
        self._rulebooks[rulebook.hash] = replace(rulebook, directory=directory)
        return self._rulebooks[rulebook.hash]


@cache
def _private(organ: OrganCode) -> Ed25519PrivateKey:
    """A key for this run alone, the same in every run: nothing is secret in a simulation."""
    return Ed25519PrivateKey.from_private_bytes(sha256(f"simulation {organ}".encode()).digest())


@cache
def _signer(organ: OrganCode) -> SoftwareSigner:
    return signer_of(_private(organ))
