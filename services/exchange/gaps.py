"""Finding what the log lost before it was decided, and going on behind it, with the exchange still.

What the log or the originals have is never passed over: a gap is what neither has. What the
originals have before it is decided first, as an exchange that starts does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import explain, start_consumer
from schemas.topics import ORIGINALS
from services.casebook.progress import NEVER, Place
from services.casebook.rows import Progress, from_ms
from services.casebook.store import Casebook
from services.exchange.batch import run_batch, take_batch
from services.exchange.gap import Found, Gap, Passed, holes, in_its_place
from services.exchange.originals import lay_at
from services.exchange.reading import polled, records_until
from services.exchange.recall import recall
from services.exchange.recover import recover
from services.exchange.rewriting import write_again
from services.exchange.shelf import Shelf

_READ_MAX: Final = 500
_FIRST_MS_MAX: Final = 10_000  # for the first record that is left


async def find_gaps(
    settings: Settings, login: Credentials, progress: Mapping[Place, Progress]
) -> tuple[Found, ...]:
    """Return the first gap of each partition that has one.

    Raises Unavailable kafka.unreachable, Broken originals.unreadable.
    """
    found: list[Found] = []
    reader = await start_consumer(settings, login, (), group=None, client_id="exchange-gaps")
    try:
        begins = await reader.beginning_offsets([TopicPartition(*place) for place in progress])
        ends = await reader.end_offsets(list(begins))
        for place, begin in sorted(begins.items()):
            known = progress[place.topic, place.partition]
            if known.next_offset >= begin:
                continue
            spans = await _in_originals(reader, place)
            missing = holes(spans, known.next_offset, begin)
            if missing:
                goes_on = await _stamp(reader, place, begin) if begin < ends[place] else None
                decided_at = None if known.clock == NEVER else known.clock
                gap = Gap(place.topic, place.partition, *missing[0])
                found.append(Found(gap, decided_at, goes_on))
    except KafkaError as error:
        raise explain(error, where=settings.bootstrap) from error
    finally:
        await reader.stop()
    return tuple(found)


async def pass_gaps(
    settings: Settings,
    login: Credentials,
    casebook: Casebook,
    shelf: Shelf,
    progress: Mapping[Place, Progress],
    every: Sequence[Passed],
) -> int:
    """Go on behind these gaps, all in one transaction.

    Return how many records of the bus's own are written again: before that, so that a crash between
    loses none. Raises what `recover` and `run_batch` do.
    """
    gaps = [passed.found.gap for passed in every]
    before = {
        gap.place: (progress[gap.place].next_offset, gap.first)
        for gap in gaps
        if progress[gap.place].next_offset < gap.first
    }
    if before:
        reader = await start_consumer(settings, login, (), group=None, client_id="exchange-gaps")
        try:
            remembers = await recall(reader, casebook, is_behind=True)
        finally:
            await reader.stop()
        await recover(settings, login, casebook, shelf, before, remembers)
    lost = {gap.place: gap.last for gap in gaps}
    again = write_again(casebook, shelf.first, lost)
    records = [in_its_place(passed) for passed in every]
    run_batch(casebook, shelf, take_batch(casebook, shelf, records))
    return again


async def _in_originals(
    reader: Any,  # noqa: ANN401 - aiokafka ships no types
    place: TopicPartition,
) -> list[tuple[int, int]]:
    """Return which offsets of a flow's partition the originals have, in runs."""
    source = TopicPartition(ORIGINALS, place.partition)
    reader.assign([source])
    end = (await reader.end_offsets([source]))[source]
    await reader.seek_to_beginning(source)
    runs: list[tuple[int, int]] = []
    async for records in records_until(reader, source, end, _READ_MAX):
        for lay in (lay_at(record.headers) for record in records):
            if lay.position.place != (place.topic, place.partition):
                continue
            first, last = lay.first, lay.position.offset
            if runs and runs[-1][1] + 1 == first:
                first = runs.pop()[0]
            runs.append((first, last))
    return runs


async def _stamp(
    reader: Any,  # noqa: ANN401 - as above
    place: TopicPartition,
    offset: int,
) -> datetime | None:
    """Return the broker's stamp of a record; None where it does not come in time."""
    reader.assign([place])
    reader.seek(place, offset)
    records = await polled(reader, 1, _FIRST_MS_MAX)
    return from_ms(records[0].timestamp) if records else None
