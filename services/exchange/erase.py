"""What the secrecy gate refused is made unreadable on the broker, and nothing else is lost.

Kafka deletes the beginning of a partition only, so all that lies below a secret goes with it. In
this order, each step only when the one before it is acknowledged:

    1 the refusal is committed, and with it the row of `secrets` (the batch's transaction)
    2 the records below, locked, the secret's note in its place, are written to the originals topic
    3 the casebook notes how far that is (`copied`)
    4 the broker deletes
    5 the rows of `secrets` go; the segments are closed, so that it leaves the disk (closing.py)

Killed after 1, 2, 3 or 4 the next batch of the partition (a Tick comes every few seconds, and at
once after a start) goes on from the rows: copies made twice are told apart by their offset, and
deleting twice is deleting once. Nothing above the casebook's progress is ever deleted.

Kafka gives out whole batches, so the cut must be where one begins: where the log ends, or where the
broker's stamp changes, for all records of a batch bear one (LogAppendTime).
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from connectors.bus.clock import monotonic
from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import explain, start_consumer, start_producer
from connectors.bus.layout import ORIGINAL_BYTES_MAX
from connectors.bus.stamps import is_stamped
from connectors.bus.truncate import delete_below
from schemas.errors import Broken, YichuanError
from schemas.topics import ORIGINALS
from services.casebook import secrets
from services.casebook.progress import Place
from services.casebook.retry import patiently
from services.casebook.rows import Position
from services.casebook.secrets import Pending
from services.casebook.store import Casebook
from services.exchange.incoming import Incoming
from services.exchange.intake import Intake, is_tick
from services.exchange.kept_keys import keep_keys, locked
from services.exchange.originals import original
from services.exchange.reading import polled
from services.exchange.record_batches import incoming_of

STEP_RECORDS_MAX: Final = 5_000  # copied at one time; the rest with the next batch or Tick
STEP_BYTES_MAX: Final = 16 << 20
STEP_SECONDS_MAX: Final = 20.0
PAUSE_SECONDS: Final = 60.0  # after a failure: what waits for this partition's batches goes first
_READ_MAX: Final = 500  # records read, sent and noted together
_READ_MS_MAX: Final = 500

LOG: Final = logging.getLogger("yichuan.exchange")


class Eraser:
    """Makes unreadable what is on the casebook's list."""

    def __init__(self, settings: Settings, login: Credentials, casebook: Casebook) -> None:
        self._settings, self._login = settings, login
        self._casebook, self._engine = casebook, casebook.engine
        self._later: dict[Place, float] = {}  # when one that failed is tried again
        self._unfinished: set[Place] = set()

    def due(self, intakes: Sequence[Intake], secrets: Iterable[Place]) -> frozenset[Place]:
        """Return the partitions of a batch to go on with: what got a secret, and what has one left.

        And each at its Tick, so that nothing of an earlier life stays.
        """
        read = {intake.incoming.position.place for intake in intakes}
        ticked = {i.incoming.position.place for i in intakes if is_tick(i)}
        return frozenset(ticked | (self._unfinished & read) | set(secrets))

    async def step(self, places: Iterable[Place]) -> tuple[Place, ...]:
        """Go on with these partitions; return those in which something is readable still.

        Raises Unavailable casebook.unavailable, Broken. A broker that is away is no reason to
        stop: what is left stays on the list.
        """
        looked, left = set(places), list[Place]()
        for pending in patiently(self._pending, looked) if looked else ():
            if self._later.get(pending.place, 0.0) > monotonic():
                left.append(pending.place)
                continue
            try:
                async with asyncio.timeout(STEP_SECONDS_MAX):
                    is_done = await self._erase(pending)
            except (KafkaError, TimeoutError, YichuanError) as error:
                if isinstance(error, Broken):
                    raise
                told = error if isinstance(error, YichuanError) else explain(error, where=ORIGINALS)
                LOG.warning("secret.readable %s/%d: %s", *pending.place, told.code)
                self._later[pending.place] = monotonic() + PAUSE_SECONDS
                is_done = False
            if not is_done:
                left.append(pending.place)
        self._unfinished = (self._unfinished - looked) | set(left)
        return tuple(left)

    async def _erase(self, pending: Pending) -> bool:
        place = TopicPartition(*pending.place)
        reader = await start_consumer(
            self._settings, self._login, (), group=None, client_id="exchange-erase"
        )
        try:
            reader.assign([place])
            begin = (await reader.beginning_offsets([place]))[place]
            below: int | None = begin
            if begin <= max(pending.notes):
                end = (await reader.end_offsets([place]))[place]
                below = await self._copied(reader, pending, begin, end)
                if below is not None:
                    await delete_below(self._settings, self._login, place, below)
        finally:
            await reader.stop()
        if below is None:
            return False
        patiently(self._note_lost, pending.place, below)
        return True

    async def _copied(self, reader: Any, pending: Pending, begin: int, end: int) -> int | None:  # noqa: ANN401 - aiokafka ships no types
        """Copy on; return where to cut, or None when that place is not reached yet."""
        producer = await start_producer(
            self._settings,
            self._login,
            client_id="exchange-erase",
            bytes_max=ORIGINAL_BYTES_MAX,
        )
        try:
            copy = _Copy(pending, max(begin, pending.copied_to), end)
            # One more to the left: whether a batch begins is seen at the stamp before.
            reader.seek(TopicPartition(*pending.place), max(begin, copy.next_offset - 1))
            while not copy.is_over:
                records = await polled(reader, _READ_MAX, _READ_MS_MAX)
                await self._send(producer, copy, copy.take(records))
                patiently(self._note_copied, pending.place, copy.next_offset)
        finally:
            await producer.stop()
        return copy.cut

    async def _send(
        self, producer: AIOKafkaProducer, copy: "_Copy", taken: Iterable[Incoming]
    ) -> None:
        notes, partition = copy.pending.notes, copy.pending.place[1]
        copies = [(each, original(each, notes.get(each.position.offset))) for each in taken]
        records, wrapped = locked(self._casebook, copies)
        await keep_keys(producer, wrapped)
        sends = []
        for record in records:
            copy.bytes += record.bytes
            sends.append(
                await producer.send(
                    ORIGINALS,
                    record.value,
                    key=record.key,
                    partition=partition,
                    headers=list(record.headers),
                )
            )
        await asyncio.gather(*sends)

    def _pending(self, places: Iterable[Place]) -> tuple[Pending, ...]:
        with self._engine.connect() as connection:
            return secrets.pending(connection, places)

    def _note_copied(self, place: Place, next_offset: int) -> None:
        with self._engine.begin() as transaction:
            secrets.note_copied(transaction, place, next_offset)

    def _note_lost(self, place: Place, below: int) -> None:
        with self._engine.begin() as transaction:
            secrets.note_lost(transaction, place, below)
            secrets.ask_to_close(transaction, place[0])


@dataclass(slots=True)
class _Copy:
    """One step through a partition: what is to be copied, and where the log may be cut."""

    pending: Pending
    next_offset: int  # every record below it is copied, or was before
    end: int  # of the log, when the step began
    records: int = 0
    bytes: int = 0
    cut: int | None = None
    stamp_ms: int | None = None  # the broker's, of the record before

    def __post_init__(self) -> None:
        self._look(None)

    @property
    def is_over(self) -> bool:
        """Whether the place to cut is found, or this step may do no more."""
        return (
            self.cut is not None
            or self.next_offset >= self.pending.decided_to
            or self.records >= STEP_RECORDS_MAX
            or self.bytes >= STEP_BYTES_MAX
        )

    def take(self, records: Iterable[Any]) -> Iterable[Incoming]:
        """Return those to copy now, in order, up to where the log may be cut."""
        taken: list[Incoming] = []
        for record in records:
            # A writer's stamp changes within a batch, too: it tells of no place to cut.
            stamp_ms = record.timestamp if is_stamped(record) else None
            if record.offset >= self.next_offset:
                if self._look(stamp_ms) or record.offset >= self.pending.decided_to:
                    break
                position = Position(record.topic, record.partition, record.offset)
                taken.append(incoming_of(position, record, record.timestamp))
                self.next_offset = record.offset + 1
            self.stamp_ms = stamp_ms
        self.records += len(taken)
        if self.cut is None:
            self._look(None)
        return taken

    def _look(self, stamp_ms: int | None) -> bool:
        """Whether the log may be cut before `next_offset`; `stamp_ms` is of the record there."""
        behind_all = self.next_offset > max(self.pending.notes)
        begins = self.next_offset == self.end or (
            None not in (stamp_ms, self.stamp_ms) and stamp_ms != self.stamp_ms
        )
        if behind_all and begins and self.next_offset <= self.pending.decided_to:
            self.cut = self.next_offset
        return self.cut is not None
