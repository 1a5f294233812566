"""Reading partitions within limits: of bytes at one time, and of silence before it is given up."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from connectors.bus.clock import monotonic
from schemas.errors import Unavailable

# Of keys and values, in the records of one look. A client opens batches as it gives their records
# out, so five hundred records could be five hundred megabytes; letters are some kilobytes each.
LOOK_BYTES_MAX: Final = 4 << 20
_STEP_RECORDS: Final = 8  # between two looks at how many bytes they are: each a megabyte at most

_READ_MS_MAX: Final = 1_000
_SILENT_SECONDS_MAX: Final = 60.0

Found = dict[Any, list[Any]]  # records by partition
# Takes what was fetched: at most so many records; whether to wait where there are none.
Take = Callable[[int, bool], Awaitable[Mapping[Any, list[Any]]]]


async def look(take: Take, records_max: int) -> Found:
    """Return what a client has fetched, within `records_max` and LOOK_BYTES_MAX or little more."""
    found: Found = {}
    number = size = 0
    while number < records_max and size < LOOK_BYTES_MAX:
        step = await take(min(_STEP_RECORDS, records_max - number), not found)
        if not any(step.values()):
            break
        for place, records in step.items():
            found.setdefault(place, []).extend(records)
            number += len(records)
            size += sum(len(each.key or b"") + len(each.value or b"") for each in records)
    return found


async def polled(reader: AIOKafkaConsumer, records_max: int, wait_ms: int) -> list[Any]:
    """Return the next records of a consumer; none when none came in time. Raises KafkaError."""

    async def take(number: int, waits: bool) -> Mapping[Any, list[Any]]:  # noqa: FBT001 - as Take
        given: Mapping[Any, list[Any]] = await reader.getmany(
            timeout_ms=wait_ms if waits else 0, max_records=number
        )
        return given

    found = await look(take, records_max)
    return [record for each in found.values() for record in each]


async def records_until(
    reader: AIOKafkaConsumer, place: TopicPartition, end: int, at_once: int
) -> AsyncIterator[list[Any]]:
    """Yield the records from where the reader is to before `end`, at most `at_once` at a time.

    Raises Unavailable kafka.unreachable when nothing comes for too long, KafkaError.
    """
    heard = monotonic()
    while await reader.position(place) < end:
        records = await polled(reader, at_once, _READ_MS_MAX)
        if records:
            heard = monotonic()
        elif monotonic() - heard > _SILENT_SECONDS_MAX:
            raise Unavailable("kafka.unreachable", where=place.topic, detail="timeout")
        yield records


async def records_at(reader: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> list[Any]:
    """Return the records at these offsets, asked for together; what is no more is left out.

    One by one, each would wait for the broker's answer about the one before. Leaves the reader
    assigned to these partitions. Raises Unavailable kafka.unreachable when nothing comes for too
    long, KafkaError.
    """
    found: list[Any] = []
    if not offsets:  # assigned to nothing, a client asks about every topic there is
        return found
    reader.assign(list(offsets))
    for place, offset in offsets.items():
        reader.seek(place, offset)
    awaited = dict(offsets)
    heard = monotonic()
    while awaited:
        given = await reader.getmany(*awaited, timeout_ms=_READ_MS_MAX, max_records=len(awaited))
        for place, records in given.items():
            found += (each for each in records if each.offset == awaited[place])
        passed = [place for place in awaited if await reader.position(place) > awaited[place]]
        for place in passed:
            del awaited[place]
        if passed:
            heard = monotonic()
        elif monotonic() - heard > _SILENT_SECONDS_MAX:
            where = min(place.topic for place in awaited)
            raise Unavailable("kafka.unreachable", where=where, detail="timeout")
    return found
