"""Before the first record: the casebook's progress is the truth, the group's offsets follow it.

A group that is ahead of the casebook (an older casebook was restored, or it is new) would skip
what was never decided: its offsets are set back, and what the journal tells of the life that was
lost is remembered (recall.py). A log that begins after the casebook's progress has lost records
that nobody decided; where a secret was deleted from it the originals topic has them, and they are
decided first (recover.py); else the exchange does not start until somebody answers for going on
(gap.py). Nor does it when the log ends before the casebook's progress, or was made anew and has
grown past it (replaced.py): that is another log, whose new records would be taken for decided ones.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.kafka import explain, partitions_of, start_consumer, start_producer
from connectors.bus.layout import EXCHANGE
from connectors.bus.stamps import stamped_by_writers
from schemas.errors import Broken
from schemas.parts import Flow
from services.casebook.progress import NEVER, begin_progress, lock_progress
from services.casebook.retry import patiently
from services.casebook.rows import Progress
from services.casebook.store import Casebook
from services.exchange.kept_keys import restore_keys
from services.exchange.office import Office
from services.exchange.opening import open_shelf
from services.exchange.recall import Recollection, recall
from services.exchange.recorded import Remembers
from services.exchange.recover import recover
from services.exchange.replaced import replaced
from services.exchange.shelf import Shelf

_SECONDS_MAX: Final = 60.0  # longer than a dead member's session
_PAUSE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Aligned:
    """What decides: the rulebooks, and what the journal remembers of a life that was lost."""

    shelf: Shelf
    remembers: Remembers


async def align(
    home: Home, settings: Settings, casebook: Casebook, office: Office, group: str
) -> Aligned:
    """Make the progress rows that are missing, and set the group back where it is ahead.

    Raises Broken log.unstamped, log.gap, log.shorter, log.replaced, originals.unreadable or
    rulebook.unknown, Unavailable kafka.unreachable, UserError kafka.forbidden.
    """
    login = home.credentials(EXCHANGE)
    await refuse_unstamped(settings, login)
    places = await _places(settings, login)
    consumer = await start_consumer(settings, login, (), group=group, client_id="exchange-align")
    try:
        begins = await consumer.beginning_offsets(places)
        # Read before the progress: both only grow, and the group's lags behind, also while other
        # workers are running.
        told = await asyncio.gather(*(consumer.committed(place) for place in places))
        committed = dict(zip(places, told, strict=True))
        known = patiently(_known, casebook, begins)
        ends = await consumer.end_offsets(places)  # after the progress: both grow
        if others := await replaced(consumer, known, begins, ends):
            raise Broken("log.replaced", detail="; ".join(map(": ".join, others)))
        wanted = _offsets(known)
        shelf = open_shelf(home, office, log_is_new=not any(ends.values()))
        gaps = {
            (place.topic, place.partition): (wanted[place], begin)
            for place, begin in begins.items()
            if wanted[place] < begin
        }
        is_behind = bool(gaps or _ahead(committed, wanted))
        remembers = await recall(consumer, casebook, is_behind=is_behind)
        consumer.assign(places)
        if gaps:
            lost = remembers.lost() if isinstance(remembers, Recollection) else {}
            await recover(settings, login, casebook, shelf, gaps, remembers, lost)
            wanted = _offsets(patiently(_known, casebook, begins))
            ends = await consumer.end_offsets(places)
        _refuse_shorter(wanted, ends)
        back = _ahead(committed, wanted)
        if back:  # an older casebook, or a new one
            await restore_keys(settings, login, casebook)
            await _set_back(consumer, back)
    except KafkaError as error:
        raise explain(error, where=settings.bootstrap) from error
    else:
        return Aligned(shelf, remembers)
    finally:
        await consumer.stop()


async def refuse_unstamped(settings: Settings, login: Credentials) -> None:
    """Nothing is begun, and no Tick written, while a flow takes its writers' time for the broker's.

    Raises Broken log.unstamped, Unavailable kafka.unreachable, UserError kafka.forbidden.
    """
    drifted = await stamped_by_writers(settings, login, [flow.value for flow in Flow])
    if drifted:
        raise Broken("log.unstamped", detail=", ".join(drifted))


async def _places(settings: Settings, login: Credentials) -> list[TopicPartition]:
    """Return every partition of every flow: as many as configured, for keys depend on it."""
    producer = await start_producer(settings, login, client_id="exchange-align")
    try:
        for flow in Flow:
            there = await partitions_of(producer, flow.value)
            if there != settings.kafka.partitions:
                detail = f"{flow.value}: {there}, not {settings.kafka.partitions}"
                raise Broken("topics.partitions_fixed", detail=detail)
    finally:
        await producer.stop()
    return [
        TopicPartition(flow.value, number)
        for flow in Flow
        for number in range(settings.kafka.partitions)
    ]


def _known(casebook: Casebook, begins: dict[TopicPartition, int]) -> dict[TopicPartition, Progress]:
    with casebook.engine.begin() as connection:
        rows = {(p.topic, p.partition): Progress(begin, NEVER) for p, begin in begins.items()}
        begin_progress(connection, rows)
        found = lock_progress(connection, rows)
    return {place: found[place.topic, place.partition] for place in begins}


def _offsets(known: dict[TopicPartition, Progress]) -> dict[TopicPartition, int]:
    return {place: progress.next_offset for place, progress in known.items()}


def _ahead(
    committed: dict[TopicPartition, int | None], wanted: dict[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Return where the group is further than the casebook, and how far that is."""
    return {
        place: wanted[place]
        for place, there in committed.items()
        if there is not None and there > wanted[place]
    }


def _refuse_shorter(wanted: dict[TopicPartition, int], ends: dict[TopicPartition, int]) -> None:
    """A log that ends before the casebook's progress has lost what the casebook knows."""
    for place, offset in wanted.items():
        if offset > ends[place]:
            detail = f"{place.topic}/{place.partition}: {ends[place]} < {offset}"
            raise Broken("log.shorter", detail=detail)


async def _set_back(consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
    """The broker takes this only while the group has no member: a dead one must time out first."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(KafkaError),
        stop=stop_after_delay(_SECONDS_MAX),
        wait=wait_fixed(_PAUSE_SECONDS),
        reraise=True,
    ):
        with attempt:
            await consumer.commit(offsets)
