"""Deciding from the originals what the log no longer has: after an older casebook was restored.

The log of a flow begins after a secret that was deleted from it (erase.py). A casebook from before
that gets what it lacks from the originals topic, in the same order, at the same times, with the
secret's note in its place: so it comes to the same ledger, and sends the same bytes again, which
every reader knows by their ids.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from aiokafka import TopicPartition

from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import start_consumer
from schemas.errors import Broken
from schemas.topics import ORIGINALS
from services.casebook.progress import Place
from services.casebook.store import Casebook
from services.exchange.batch import run_batch, take_batch
from services.exchange.gap import LostBefore
from services.exchange.intake import Intake
from services.exchange.kept_keys import opened, restore_keys
from services.exchange.log_order import NONE_LOST, lost_from
from services.exchange.originals import Kept, lay_at
from services.exchange.portions import portions
from services.exchange.reading import records_until
from services.exchange.recorded import Remembers
from services.exchange.secret import noted
from services.exchange.shelf import Shelf

Gap = tuple[int, int]  # the casebook's progress, the log's begin
_READ_MAX: Final = 500


async def recover(
    settings: Settings,
    login: Credentials,
    casebook: Casebook,
    shelf: Shelf,
    gaps: Mapping[Place, Gap],
    remembers: Remembers,
    lost: Mapping[Place, LostBefore] = MappingProxyType({}),
) -> None:
    """Bring the casebook's progress to the log's begin in each of the partitions.

    `lost`: gaps that were passed in the life before are passed again. Raises Broken log.gap, before
    anything is decided, when the originals have another hole there; Broken originals.unreadable,
    Unavailable kafka.unreachable.
    """
    reader = await start_consumer(settings, login, (), group=None, client_id="exchange-recover")
    try:
        await restore_keys(settings, login, casebook)
        for place, gap in gaps.items():
            async for _ in _missing(reader, casebook, place, gap, lost.get(place, NONE_LOST)):
                pass  # all there: only now is anything decided
        for place, gap in gaps.items():
            batch: list[Kept] = []
            async for record in _missing(reader, casebook, place, gap, lost.get(place, NONE_LOST)):
                batch.append(record)
                if len(batch) >= settings.exchange.batch_max:
                    decide_kept(casebook, shelf, batch, remembers)
                    batch = []
            decide_kept(casebook, shelf, batch, remembers)
    finally:
        await reader.stop()


def decide_kept(
    casebook: Casebook, shelf: Shelf, batch: Sequence[Kept], remembers: Remembers
) -> None:
    """Decide what the originals gave, in portions. Raises what `take_batch` and `run_batch` do."""
    for portion in portions(judge_kept(casebook, shelf, batch)):
        run_batch(casebook, shelf, portion, remembers)


def judge_kept(casebook: Casebook, shelf: Shelf, batch: Sequence[Kept]) -> list[Intake]:
    """Return what the exchange made of each, by its note, or makes of it now."""
    records = [record.incoming for record in batch if record.note is None]
    taken = iter(take_batch(casebook, shelf, records))
    return [
        next(taken) if record.note is None else noted(record.note, record.incoming)
        for record in batch
    ]


async def _missing(
    reader: Any,  # noqa: ANN401 - aiokafka ships no types
    casebook: Casebook,
    place: Place,
    gap: Gap,
    lost: LostBefore,
) -> AsyncIterator[Kept]:
    """Yield the records from the casebook's progress to the log's begin, each once, in order."""
    topic, partition = place
    next_offset, begin = gap
    for gone in lost_from(next_offset, lost):
        yield gone
        next_offset = gone.incoming.position.offset + 1
    source = TopicPartition(ORIGINALS, partition)
    reader.assign([source])
    end = (await reader.end_offsets([source]))[source]
    await reader.seek_to_beginning(source)
    async for records in records_until(reader, source, end, _READ_MAX):
        wanted = []
        for record in records:  # only what is wanted is opened
            lay = lay_at(record.headers)
            in_turn = lay.first <= next_offset <= lay.position.offset and next_offset < begin
            if in_turn and lay.position.place == place:
                next_offset = lay.position.offset + 1
                wanted.append(record)
            if next_offset in lost:
                for found_again in opened(casebook, wanted):
                    yield found_again
                wanted = []
                for gone in lost_from(next_offset, lost):
                    yield gone
                    next_offset = gone.incoming.position.offset + 1
        for found_again in opened(casebook, wanted):
            yield found_again
        if next_offset >= begin:
            return
    if next_offset < begin:
        raise Broken("log.gap", detail=f"{topic}/{partition}: {next_offset} < {begin}")
