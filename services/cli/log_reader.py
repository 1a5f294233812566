"""Reading topics as the administrator: assigned by hand, no group joined, nothing committed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaException,
    TopicPartition,
)

from connectors.bus.admin import connect
from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.librdkafka import asked, explain
from connectors.bus.logins import ADMIN
from schemas.errors import Unavailable
from services.casebook.progress import Place
from services.casebook.rows import from_ms

REQUEST_SECONDS_MAX: Final = 20.0
_BATCH_MAX: Final = 500
_POLL_SECONDS: Final = 0.5
_FETCHED_KILOBYTES_MAX: Final = 16_384  # held by a reader before they are asked for


@dataclass(frozen=True, slots=True)
class Logged:
    """One record as the broker gives it."""

    place: Place
    offset: int
    at: datetime  # the broker's stamp, where it is stamped
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]  # of a name that is there twice, the last
    is_stamped: bool  # else `at` is what its writer said


class LogReader:
    """An open reader. Raises Unavailable kafka.unreachable, UserError kafka.forbidden."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    def spans(self, topic: str) -> dict[Place, tuple[int, int]]:
        """Return (first offset, offset behind the last) of each partition; none without topic."""
        listed = asked(
            lambda: self._consumer.list_topics(topic, timeout=REQUEST_SECONDS_MAX), topic
        )
        numbers = sorted(listed.topics[topic].partitions)
        return {
            (topic, number): asked(partial(self._span, topic, number), topic) for number in numbers
        }

    def begins_at(self, topic: str, at: datetime) -> dict[Place, int]:
        """Return where each partition's records of that instant or later begin."""
        found: dict[Place, int] = {}
        for (name, number), (first, end) in self.spans(topic).items():
            wanted = TopicPartition(name, number, int(at.timestamp() * 1000))
            (answer,) = asked(partial(self._at, wanted), topic)
            found[name, number] = max(first, answer.offset) if answer.offset >= 0 else end
        return found

    def read(
        self, begins: Mapping[Place, int], ends: Mapping[Place, int], seconds_max: float
    ) -> Iterator[Logged]:
        """Yield the records of each partition from its begin to before its end.

        Raises Unavailable kafka.unreachable when they do not come in time.
        """
        left = {place for place, begin in begins.items() if begin < ends[place]}
        if not left:
            return
        self._consumer.assign(
            [TopicPartition(topic, number, begins[topic, number]) for topic, number in left]
        )
        deadline = monotonic() + seconds_max
        while left:
            if monotonic() > deadline:
                raise Unavailable("kafka.unreachable", where=str(min(left)[0]), detail="timeout")
            for message in self._consumer.consume(_BATCH_MAX, timeout=_POLL_SECONDS):
                error = message.error()
                if error is not None:
                    raise explain(KafkaException(error), str(message.topic()))
                record = _logged(message)
                if record.offset < ends[record.place]:
                    yield record
                if record.offset + 1 >= ends[record.place]:
                    left.discard(record.place)

    def _at(self, wanted: TopicPartition) -> list[TopicPartition]:
        return self._consumer.offsets_for_times([wanted], timeout=REQUEST_SECONDS_MAX)

    def _span(self, topic: str, number: int) -> tuple[int, int]:
        place = TopicPartition(topic, number)
        found: Any = self._consumer.get_watermark_offsets(place, timeout=REQUEST_SECONDS_MAX)
        return found[0], found[1]


@contextmanager
def open_log(home: Home, settings: Settings, seconds_max: float) -> Iterator[LogReader]:
    """Log in as the administrator. Raises Unavailable, UserError home.login_missing."""
    login = home.credentials(ADMIN)
    connect(settings, login, seconds_max)  # says what is wrong; the consumer would only time out
    consumer = Consumer(
        librdkafka_options(settings, login)
        | {
            "group.id": "admin.look",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.max.messages.kbytes": _FETCHED_KILOBYTES_MAX,
        }
    )
    try:
        yield LogReader(consumer)
    finally:
        consumer.close()


def _logged(message: Any) -> Logged:  # noqa: ANN401 - the stubs make every part optional
    stamped_by, at_ms = message.timestamp()
    return Logged(
        place=(message.topic(), message.partition()),
        offset=message.offset(),
        at=from_ms(at_ms),
        key=message.key(),
        value=message.value(),
        headers={name: value or b"" for name, value in message.headers() or ()},
        is_stamped=stamped_by == TIMESTAMP_LOG_APPEND_TIME,
    )
