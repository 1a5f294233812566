"""Reading an organ's inbox as that organ: its own login, no group, nothing committed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from connectors.bus.clock import monotonic
from connectors.bus.kafka import explain, start_consumer
from schemas.codec import Opened
from schemas.errors import Refusal, Unavailable
from schemas.messages import Message
from schemas.topics import inbox_of
from services.casebook.rows import from_ms
from services.cli.installation import Installation
from services.rulebook.model import Organ

_POLL_MS: Final = 500
FOR_EVER: Final = float("inf")  # seconds
# Nothing more came of what lies there: the broker is away, which aiokafka says to nobody who reads.
SILENT_SECONDS_MAX: Final = 30.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One record of an inbox. `message` None: `fault` says why it cannot be read or trusted."""

    offset: int
    at: datetime
    message: Message | None
    fault: Refusal | None
    opened: Opened | None = None


class Mailbox:
    """An open inbox."""

    def __init__(self, place: Installation, consumer: Any, topic: str) -> None:  # noqa: ANN401 - aiokafka ships no types
        self._keyring = place.keyring
        self._consumer = consumer
        self._place = TopicPartition(topic, 0)

    async def end(self) -> int:
        """Return the offset behind the last record that is there now."""
        return await self._asked(self._consumer.end_offsets)

    async def present(self, newest: int) -> AsyncIterator[Letter]:
        """Yield the newest so many letters that are there now, the oldest of them first.

        Raises Unavailable kafka.unreachable when they stop coming for SILENT_SECONDS_MAX.
        """
        end = await self.end()
        begin = max(await self._asked(self._consumer.beginning_offsets), end - newest)
        async for letter in self.following(begin, FOR_EVER, end=end):
            yield letter

    async def following(
        self, begin: int, seconds_max: float, *, end: int | None = None
    ) -> AsyncIterator[Letter]:
        """Yield the letters from an offset on, until `end` or until the seconds are over."""
        self._consumer.seek(self._place, begin)
        deadline = monotonic() + seconds_max
        reached, moved_at = begin, monotonic()
        while monotonic() < deadline and (end is None or reached < end):
            if end is not None and monotonic() - moved_at > SILENT_SECONDS_MAX:
                raise Unavailable("kafka.unreachable", self._place.topic, "timeout")
            try:
                batch = await self._consumer.getmany(self._place, timeout_ms=_POLL_MS)
            except KafkaError as error:
                raise explain(error, where=self._place.topic) from error
            for record in batch.get(self._place, ()):
                yield self._letter(record)
                reached, moved_at = record.offset + 1, monotonic()

    async def _asked(self, offsets: Callable[[list[TopicPartition]], Awaitable[Any]]) -> int:
        try:
            found = await offsets([self._place])
        except KafkaError as error:
            raise explain(error, where=self._place.topic) from error
        return int(found[self._place])

    def _letter(self, record: Any) -> Letter:  # noqa: ANN401 - aiokafka ships no types
        at = from_ms(record.timestamp)
        opened = self._keyring.open(record.value or b"", at)
        if isinstance(opened, Refusal):
            return Letter(record.offset, at, None, opened)
        return Letter(record.offset, at, opened.message, None, opened)


@asynccontextmanager
async def open_mailbox(place: Installation, organ: Organ) -> AsyncIterator[Mailbox]:
    """Log in as the organ and open its inbox. Raises Unavailable, UserError home.login_missing."""
    topic = inbox_of(organ.alias)
    login = place.home.credentials(organ.alias)
    consumer = await start_consumer(
        place.settings, login, [topic], group=None, client_id=f"{organ.alias}-cli"
    )
    try:
        yield Mailbox(place, consumer, topic)
    finally:
        await consumer.stop()
