"""The exchange's life around the decisions: open, handle a batch, tick, close. All its I/O.

`handle` never raises: for a batch that is neither done nor given up Faust would wait for ever. What
cannot go on ends the process (`give_up`), and the batch is read again.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, NoReturn

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from connectors.bus.clock import SKEW_MAX, monotonic, now
from connectors.bus.exits import EXIT_BROKEN, EXIT_UNAVAILABLE
from connectors.bus.home import Settings
from connectors.bus.metrics import Stage
from connectors.bus.stamps import is_stamped
from schemas.codec import frame
from schemas.errors import Broken, Unavailable, YichuanError
from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.messages import Tick
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from services.casebook.progress import Place
from services.casebook.rows import Unsent, from_ms
from services.casebook.store import Casebook
from services.exchange.batch import run_batch, take_batch
from services.exchange.closing import Closer
from services.exchange.defects import where_of
from services.exchange.erase import Eraser
from services.exchange.garbage import Sweeps
from services.exchange.incoming import Incoming
from services.exchange.intake import Intake
from services.exchange.measures import Measures
from services.exchange.outbox import Published, publish
from services.exchange.own_keys import refuse_ended
from services.exchange.portions import portions
from services.exchange.recorded import Remembers, nothing
from services.exchange.refusing import Refusing
from services.exchange.shedding import Shedder
from services.exchange.shelf import Shelf

if TYPE_CHECKING:
    from aiokafka.structs import RecordMetadata

_TICK_SEND_SECONDS_MAX: Final = 30.0

LOG: Final = logging.getLogger("yichuan.exchange")


@dataclass(slots=True)
class Shell:
    """One running exchange."""

    settings: Settings
    shelf: Shelf
    casebook: Casebook
    producer: AIOKafkaProducer
    eraser: Eraser
    measures: Measures
    shedder: Shedder
    closer: Closer
    open_producer: Callable[[], Awaitable[AIOKafkaProducer]]
    remembers: Remembers = nothing  # of a life that a restored casebook has lost
    refusing: Refusing = field(default_factory=Refusing)
    sweeps: Sweeps = field(default_factory=Sweeps)

    async def handle(self, records: Sequence[Incoming]) -> None:
        """Decide a batch, store it, publish it, make unreadable what is secret.

        Returns only when all of it is durable.
        """
        began = monotonic()
        try:
            self._check_clock(records)
            intakes = take_batch(self.casebook, self.shelf, records)
            each = (monotonic() - began) / len(intakes)
            for portion in portions(intakes):
                await self._handle(portion, verified_seconds=each * len(portion))
        except YichuanError as error:
            give_up(error)
        except Exception as error:  # noqa: BLE001 - nothing behind this could tell
            give_up(Broken("exchange.defect", where=where_of(error), detail=type(error).__name__))
        self.sweeps.after_batch()

    async def _handle(self, portion: Sequence[Intake], *, verified_seconds: float) -> None:
        records = [intake.incoming for intake in portion]
        taken = monotonic()
        tally = run_batch(self.casebook, self.shelf, portion, self.remembers)
        stored = monotonic()
        published = await self.publish({r.position.place for r in records}, tally.unsent)
        sent = monotonic()
        looked = self.eraser.due(portion, tally.secrets)
        readable = await self.eraser.step(looked)
        seconds = {
            Stage.VERIFY: verified_seconds,
            Stage.STORE: stored - taken,
            Stage.PUBLISH: sent - stored,
        }
        self.measures.batch(seconds, tally)
        self.measures.progressed(records, now())
        self.measures.publishing(published.failed)
        self.measures.erasing(looked, readable)

    async def publish(self, sources: Collection[Place], lately: Sequence[Unsent] = ()) -> Published:
        """Publish what the partitions decided; with a new producer where the old one is of no use.

        Raises Unavailable casebook.unavailable or kafka.unreachable.
        """
        published = await publish(self.casebook, self.producer, sources, lately, self.refusing)
        if not published.is_out_of_step:
            return published
        old, self.producer = self.producer, await self.open_producer()
        await old.stop()
        self.refusing.ask_all()
        return await publish(self.casebook, self.producer, sources, refusing=self.refusing)

    async def tick(self, ends: Mapping[Place, int | None]) -> None:
        """Write a Tick into each partition of `ends` (place → end of its log).

        Raises Broken log.unstamped, clock.skew, Unavailable key.not_in_force.
        """
        at = now()
        office = self.shelf.first
        refuse_ended(office.own_keys(office.signer.kid), at)
        sent = True
        under_way: list[asyncio.Future[RecordMetadata]] = []
        try:
            async with asyncio.timeout(_TICK_SEND_SECONDS_MAX):
                for topic, partition in ends:
                    under_way.append(await self._send_tick(Flow(topic), partition, at))
                for metadata in await asyncio.gather(*under_way):
                    self._check_stamp(metadata)
        except (KafkaError, TimeoutError):
            sent = False  # the next one is due in seconds: a rung is late, none is lost
            for future in under_way:
                future.add_done_callback(_heard)
        self.measures.ticked(ends, sent=sent)
        self.measures.shedding(done=self.shedder.at_tick())
        await self.closer.at_tick(at)
        await self.measures.look(at)
        self.sweeps.at_tick()

    async def close(self) -> None:
        """Close what was opened, in the order back."""
        await self.measures.close()
        await self.producer.stop()
        self.casebook.close()

    async def _send_tick(
        self, flow: Flow, partition: int, at: datetime
    ) -> "asyncio.Future[RecordMetadata]":
        case_id = CaseId(derive("ticks", flow, str(partition)))  # of no case; ids are UUIDs
        office = self.shelf.first  # bus and key are the same under every rulebook
        envelope = Envelope(
            bus=office.rulebook.bus,
            message_id=MessageId(derive("tick", flow, str(partition), at.isoformat())),
            case_id=case_id,
            flow=flow,
            record="Tick",
            sender=BUS,
            sent_at=at,
        )
        sealed = seal_message(Tick(envelope, flow, partition), office.signer)
        value = frame(office.own("Tick"), sealed.body)
        future: asyncio.Future[RecordMetadata] = await self.producer.send(
            flow.value, value, key=case_id.encode(), partition=partition
        )
        return future

    def _check_clock(self, records: Sequence[Incoming]) -> None:
        latest = max(record.stamped_at for record in records)
        if latest - now() > SKEW_MAX:
            raise Broken("clock.ahead", detail=latest.isoformat())

    def _check_stamp(self, taken: "RecordMetadata") -> None:
        if not is_stamped(taken):
            raise Broken("log.unstamped", detail=f"{taken.topic}/{taken.partition}")
        stamp = from_ms(taken.timestamp)
        if abs(stamp - now()) > SKEW_MAX:
            raise Broken("clock.skew", detail=stamp.isoformat())


def _heard(future: "asyncio.Future[RecordMetadata]") -> None:
    """Take note of a Tick that nobody waits for any more."""
    if not future.cancelled():
        future.exception()


def give_up(error: YichuanError) -> NoReturn:
    """End the process at once, having said why: nothing more may be acknowledged."""
    LOG.critical("stopping: %s", error)
    logging.shutdown()
    os._exit(EXIT_UNAVAILABLE if isinstance(error, Unavailable) else EXIT_BROKEN)
