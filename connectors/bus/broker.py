"""The two ends of the broker that a connector has: it publishes to flows and reads its inbox."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from connectors.bus.agency import Agency
from connectors.bus.clock import monotonic
from connectors.bus.inbox_read import Span
from connectors.bus.kafka import explain, start_consumer, start_producer
from connectors.bus.quarantine import Record
from connectors.bus.stamps import is_stamped
from connectors.bus.unanswered import LiesAt, Place, Spans
from schemas.topics import inbox_of

RECORDS_MAX: Final = 200  # read from the inbox at once
FETCH_MS_MAX: Final = 500  # an idle inbox is left after this, to see whether to stop
START_SECONDS_MAX: Final = 120.0  # how long a broker may be away when a connector starts
_RENEW_SECONDS_MAX: Final = 20.0
_ASK_SECONDS_MAX: Final = 8.0  # a connector that is told to stop waits no longer for it


class Publisher(Protocol):
    """Writes to flow topics."""

    async def publish(self, topic: str, key: bytes, value: bytes) -> LiesAt:
        """Return where the value lies, when the broker has acknowledged it.

        Raises YichuanError when it has not, or when nobody knows whether it has.
        """

    async def renew(self) -> None:
        """Begin afresh after nothing could be published. Raises YichuanError."""


class Inbox(Protocol):
    """Reads the organ's inbox from where it was left."""

    def span(self) -> Span:
        """Return where it began and ended when it was opened, and the group's offset."""

    async def fetch(self) -> Sequence[Record]:
        """Return the next values, in order; none after FETCH_MS_MAX. Raises YichuanError."""

    async def commit(self, next_offset: int) -> None:
        """Note that everything before the offset is dealt with. Raises YichuanError."""

    def lag(self) -> int:
        """Return how many values are not read yet, as far as is known."""

    async def spans(self, places: Sequence[Place]) -> Spans:
        """Return where these partitions of flows begin and end. Raises YichuanError."""

    def silent_seconds(self) -> float:
        """Return for how long `fetch` has waited in vain for any answer, be it that none is new."""


class KafkaPublisher:
    """Publishes with one idempotent producer, keyed, to the partition of Kafka's own murmur2.

    All that is published at once finds no producer after an outage: one opening is for all of
    them, and so is its failure. Each its own would be as many logins, and all but one never closed.
    """

    def __init__(self, agency: Agency) -> None:
        self._agency = agency
        self._producer: Any = None  # an AIOKafkaProducer, which has no types
        self._opening: asyncio.Task[Any] | None = None  # or the last one, done

    async def open(self, seconds_max: float = START_SECONDS_MAX) -> None:
        """Connect. Raises Unavailable kafka.unreachable or kafka.login_refused."""
        self._producer = await start_producer(
            self._agency.settings,
            self._agency.credentials,
            client_id=f"{self._agency.alias}.connector",
            seconds_max=seconds_max,
        )

    async def publish(self, topic: str, key: bytes, value: bytes) -> LiesAt:
        """Return where the value lies, when the broker has acknowledged it."""
        producer = self._producer or await self._opened()
        try:
            written = await producer.send_and_wait(topic, value, key=key)
        except (KafkaError, TimeoutError, OSError) as error:
            raise explain(error, where=topic) from error
        is_known = is_stamped(written)
        stamped_at = datetime.fromtimestamp(written.timestamp / 1000, UTC) if is_known else None
        return LiesAt(written.partition, written.offset, stamped_at)

    async def renew(self) -> None:
        """Close the producer and open another: one that failed may never get its order back."""
        await self._stop()
        await self._opened()

    async def close(self) -> None:
        """Disconnect."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        await self._stop()

    async def _opened(self) -> Any:  # noqa: ANN401 - aiokafka ships no types
        """Return the producer that one opening brings to all that wait for it.

        Who gives up waiting leaves it to the others.
        """
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._opened_anew())
        return await asyncio.shield(self._opening)

    async def _opened_anew(self) -> Any:  # noqa: ANN401 - aiokafka ships no types
        await self.open(_RENEW_SECONDS_MAX)
        return self._producer

    async def _stop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()


class KafkaInbox:
    """Reads inbox.<alias> in the group `<alias>.connector`, as its one static member.

    Static, so that a connector that was killed goes on at once under the same name, instead of
    waiting for the group to miss it.
    """

    def __init__(self, agency: Agency) -> None:
        self._agency = agency
        self._place = TopicPartition(inbox_of(agency.alias), 0)
        self._consumer: Any = None  # an AIOKafkaConsumer, which has no types
        self._span = Span(0, 0, None)
        self._next: int | None = None  # what is read next; None: the broker has not said yet
        self._answered_at: int | None = None  # when it last answered, by the client's book
        self._silent_seconds = 0.0

    async def open(self) -> None:
        """Connect. Raises Unavailable kafka.unreachable or kafka.login_refused."""
        name = f"{self._agency.alias}.connector"
        self._consumer = await start_consumer(
            self._agency.settings,
            self._agency.credentials,
            (self._place.topic,),
            group=name,
            client_id=name,
            member=name,
            records_max=RECORDS_MAX,
            seconds_max=START_SECONDS_MAX,
        )
        self._span = await self._asked()

    def span(self) -> Span:
        """Return where it began and ended when it was opened, and the group's offset."""
        return self._span

    async def fetch(self) -> Sequence[Record]:
        """Return the next values, in order; none after FETCH_MS_MAX."""
        began = monotonic()
        try:
            found = await self._consumer.getmany(timeout_ms=FETCH_MS_MAX, max_records=RECORDS_MAX)
        except KafkaError as error:
            raise explain(error, where=self._place.topic) from error
        records = [
            Record(record.offset, record.timestamp, record.value or b"")
            for records in found.values()
            for record in records
        ]
        if records:
            self._next = records[-1].offset + 1
        elif self._next is None and self._last_answer() is not None:
            # Nothing new since the last life; what it has read is no lag. It answered: no waiting.
            self._next = await self._consumer.position(self._place)
        # The client gives nothing, and raises nothing, for as long as the broker is away.
        answered_at = self._last_answer()
        is_silent = not records and answered_at == self._answered_at
        self._silent_seconds = self._silent_seconds + monotonic() - began if is_silent else 0.0
        self._answered_at = answered_at
        return records

    async def commit(self, next_offset: int) -> None:
        """Note that everything before the offset is dealt with."""
        try:
            await self._consumer.commit({self._place: next_offset})
        except KafkaError as error:
            raise explain(error, where=self._place.topic) from error

    def lag(self) -> int:
        """Return how many values are not read yet; 0 before the first answer of the broker."""
        consumer = self._consumer
        if consumer is None or self._next is None or self._place not in consumer.assignment():
            return 0
        return max(0, (consumer.highwater(self._place) or 0) - self._next)

    async def spans(self, places: Sequence[Place]) -> Spans:
        """Return where these partitions of flows begin and end."""
        wanted = [TopicPartition(*place) for place in places]
        try:
            async with asyncio.timeout(_ASK_SECONDS_MAX):
                begins = await self._consumer.beginning_offsets(wanted)
                ends = await self._consumer.end_offsets(wanted)
        except (KafkaError, TimeoutError) as error:
            raise explain(error, where=places[0][0]) from error
        return {(place.topic, place.partition): (begins[place], ends[place]) for place in wanted}

    def silent_seconds(self) -> float:
        """Return for how long the broker has said nothing at all."""
        return self._silent_seconds

    async def _asked(self) -> Span:
        consumer, place = self._consumer, self._place
        try:
            async with asyncio.timeout(_RENEW_SECONDS_MAX):
                committed = await consumer.committed(place)
                begins = await consumer.beginning_offsets([place])
                ends = await consumer.end_offsets([place])
        except (KafkaError, TimeoutError) as error:
            raise explain(error, where=place.topic) from error
        return Span(begins[place], ends[place], committed)

    def _last_answer(self) -> int | None:
        consumer = self._consumer
        if self._place not in consumer.assignment():
            return None
        at: int | None = consumer.last_poll_timestamp(self._place)
        return at

    async def close(self) -> None:
        """Disconnect."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.stop()
