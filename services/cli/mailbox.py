"""Reading an organ's inbox as that organ: its own login, no group, nothing committed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from connectors.bus.clock import monotonic
from connectors.bus.kafka import explain, start_consumer
from schemas.codec import unframe
from schemas.errors import Malformed, Refusal
from schemas.messages import Message
from schemas.seal import check_sender, verify
from schemas.topics import inbox_of
from services.cli.desk import Desk
from services.rulebook.model import Organ

_POLL_MS: Final = 500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FOR_EVER: Final = float("inf")


@dataclass(frozen=True, slots=True)
class Letter:
    """One record of an inbox. `message` None: it could not be read.

    `fault` says why, or what is wrong with its seal.
    """

    offset: int
    at: datetime
    message: Message | None
    fault: Refusal | None


class Mailbox:
    """An open inbox."""

    def __init__(self, desk: Desk, consumer: Any, place: TopicPartition) -> None:  # noqa: ANN401 - aiokafka ships no types
        self._desk = desk
        self._consumer = consumer
        self._place = place

    async def end(self) -> int:
        """Return the offset behind the last record that is there now."""
        try:
            ends = await self._consumer.end_offsets([self._place])
        except KafkaError as error:
            raise explain(error, where=self._place.topic) from error
        return int(ends[self._place])

    async def present(self) -> AsyncIterator[Letter]:
        """Yield every letter that is there now, the oldest first."""
        end = await self.end()
        starts = await self._consumer.beginning_offsets([self._place])
        begin = starts[self._place]
        self._consumer.seek(self._place, begin)
        async for letter in self.following(begin, _FOR_EVER, end=end):
            yield letter

    async def following(
        self, begin: int, seconds_max: float, *, end: int | None = None
    ) -> AsyncIterator[Letter]:
        """Yield the letters from an offset on, until `end` or until the seconds are over."""
        self._consumer.seek(self._place, begin)
        deadline = monotonic() + seconds_max
        reached = begin
        while monotonic() < deadline and (end is None or reached < end):
            try:
                batch = await self._consumer.getmany(self._place, timeout_ms=_POLL_MS)
            except KafkaError as error:
                raise explain(error, where=self._place.topic) from error
            for record in batch.get(self._place, ()):
                reached = record.offset + 1
                yield self._letter(record)

    def _letter(self, record: Any) -> Letter:  # noqa: ANN401 - aiokafka ships no types
        at = _EPOCH + timedelta(milliseconds=record.timestamp)
        try:
            schema_id, body = unframe(record.value or b"")
            codec = self._desk.codecs.get(schema_id)
            if codec is None:
                unknown = Refusal("message.unknown_schema", detail=str(schema_id))
                return Letter(record.offset, at, None, unknown)
            opened = codec.open(body)
        except Malformed as error:
            return Letter(record.offset, at, None, Refusal(error.code, error.where))
        envelope = opened.message.envelope
        sealed_at = envelope.delivery.at if envelope.delivery else at
        rulebook = self._desk.rulebook
        key = verify(opened, rulebook.directory.keys.get, sealed_at)
        fault = key if isinstance(key, Refusal) else check_sender(envelope, key, rulebook.bus)
        return Letter(record.offset, at, opened.message, fault)


@asynccontextmanager
async def open_mailbox(desk: Desk, organ: Organ) -> AsyncIterator[Mailbox]:
    """Log in as the organ and open its inbox. Raises Unavailable, UserError home.login_missing."""
    topic = inbox_of(organ.alias)
    login = desk.home.credentials(organ.alias)
    consumer = await start_consumer(
        desk.settings, login, [topic], group=None, client_id=f"{organ.alias}-cli"
    )
    try:
        yield Mailbox(desk, consumer, TopicPartition(topic, 0))
    finally:
        await consumer.stop()
