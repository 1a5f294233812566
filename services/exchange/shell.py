"""The exchange's life around the decisions: open, handle a batch, tick, close. All its I/O.

The body of the Faust agent never raises: take_events acknowledges a batch whose body raised. What
cannot go on ends the process (`give_up`), and the batch is read again.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NoReturn

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from connectors.bus.clock import monotonic, now
from connectors.bus.home import Settings
from schemas.codec import frame
from schemas.errors import Broken, Unavailable, YichuanError
from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.messages import Tick
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from services.casebook.rows import from_ms
from services.casebook.store import Casebook
from services.exchange.batch import run_batch
from services.exchange.intake import Incoming, take_in
from services.exchange.measures import Measures
from services.exchange.office import Office
from services.exchange.outbox import publish

SKEW_MAX: Final = timedelta(minutes=5)
EXIT_BROKEN: Final = 70  # EX_SOFTWARE
EXIT_UNAVAILABLE: Final = 75  # EX_TEMPFAIL
_TICK_SEND_SECONDS_MAX: Final = 30.0

LOG: Final = logging.getLogger("yichuan.exchange")


@dataclass(slots=True)
class Shell:
    """One running exchange."""

    settings: Settings
    office: Office
    casebook: Casebook
    producer: AIOKafkaProducer
    measures: Measures

    async def handle(self, records: Sequence[Incoming]) -> None:
        """Decide a batch, store it, publish it. Returns only when all of it is durable."""
        began = monotonic()
        try:
            self._check_clock(records)
            intakes = [take_in(incoming, self.office) for incoming in records]
            taken = monotonic()
            tally = run_batch(self.casebook, self.office, intakes)
            stored = monotonic()
            sources = {(r.position.topic, r.position.partition) for r in records}
            published = await publish(self.casebook.engine, self.producer, sources)
        except YichuanError as error:
            give_up(error)
        self.measures.stage("verify", taken - began, len(records))
        self.measures.stage("store", stored - taken, len(records))
        self.measures.stage("publish", monotonic() - stored, len(records))
        self.measures.count(tally)
        self.measures.progress(records, now())
        self.measures.stuck(published.failed)

    async def publish_leftovers(self) -> None:
        """Publish what an earlier life of this exchange stored and did not send."""
        await publish(self.casebook.engine, self.producer)

    async def tick(self, assigned: Sequence[tuple[str, int]]) -> None:
        """Write a Tick into each assigned partition. Raises Broken clock.skew."""
        at = now()
        sends = [await self._send_tick(Flow(topic), number, at) for topic, number in assigned]
        try:
            async with asyncio.timeout(_TICK_SEND_SECONDS_MAX):
                for metadata in await asyncio.gather(*sends):
                    stamp = from_ms(metadata.timestamp)
                    if abs(stamp - now()) > SKEW_MAX:
                        raise Broken("clock.skew", detail=stamp.isoformat())
        except (KafkaError, TimeoutError):
            # The next Tick is due in seconds; being late delays a rung and loses none.
            self.measures.tick_failed()

    async def _send_tick(
        self, flow: Flow, partition: int, at: datetime
    ) -> "asyncio.Future[object]":
        case_id = CaseId(f"tick.{flow}.{partition}")
        envelope = Envelope(
            bus=self.office.rulebook.bus,
            message_id=MessageId(derive("tick", flow, str(partition), at.isoformat())),
            case_id=case_id,
            flow=flow,
            record="Tick",
            sender=BUS,
            sent_at=at,
        )
        sealed = seal_message(Tick(envelope, flow, partition), self.office.signer)
        value = frame(self.office.own("Tick"), sealed.body)
        future: asyncio.Future[object] = await self.producer.send(
            flow.value, value, key=case_id.encode(), partition=partition
        )
        return future

    def _check_clock(self, records: Sequence[Incoming]) -> None:
        latest = max(record.stamped_at for record in records)
        if latest - now() > SKEW_MAX:
            raise Broken("clock.ahead", detail=latest.isoformat())


def give_up(error: YichuanError) -> NoReturn:
    """End the process at once, having said why: nothing more may be acknowledged."""
    LOG.critical("stopping: %s", error)
    logging.shutdown()
    os._exit(EXIT_UNAVAILABLE if isinstance(error, Unavailable) else EXIT_BROKEN)
