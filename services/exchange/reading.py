"""Reading one partition to where it ended when that was asked, within a limit of silence."""

from collections.abc import AsyncIterator
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from connectors.bus.clock import monotonic
from schemas.errors import Unavailable

_READ_MS_MAX: Final = 1_000
_SILENT_SECONDS_MAX: Final = 60.0


async def records_until(
    reader: AIOKafkaConsumer, place: TopicPartition, end: int, at_once: int
) -> AsyncIterator[list[Any]]:
    """Yield the records from where the reader is to before `end`, at most `at_once` at a time.

    Raises Unavailable kafka.unreachable when nothing comes for too long, KafkaError.
    """
    heard = monotonic()
    while await reader.position(place) < end:
        found = await reader.getmany(timeout_ms=_READ_MS_MAX, max_records=at_once)
        records = [record for each in found.values() for record in each]
        if records:
            heard = monotonic()
        elif monotonic() - heard > _SILENT_SECONDS_MAX:
            raise Unavailable("kafka.unreachable", where=place.topic, detail="timeout")
        yield records
