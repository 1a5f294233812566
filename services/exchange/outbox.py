"""Publishing what has been decided, in order, and taking it out of the outbox.

A destination that fails stops only itself: its rows stay, and after a while one is tried again with
a batch or a Tick. A repeat carries the same bytes, and readers drop it by its message id.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber

from connectors.bus.clock import monotonic
from schemas.topics import DEAD_LETTERS, JOURNAL
from services.casebook.journal_mark import know_journal
from services.casebook.letters import LOCKED
from services.casebook.progress import Place
from services.casebook.retry import patiently
from services.casebook.rows import Unsent
from services.casebook.statements import delete_published
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX
from services.exchange.refusing import Refusing
from services.exchange.waiting import last_shut, numbered, pages

if TYPE_CHECKING:
    from aiokafka.structs import RecordMetadata

# aiokafka counts what the broker refused (a right that was missing) as sent: once it is allowed,
# the broker waits for a number that was given away, and refuses all that follows.
_OUT_OF_STEP: Final = (OutOfOrderSequenceNumber,)

# A dead letter without its bytes has headers only, and aiokafka takes no record without key and
# value: it raises, and the exchange would stop at it again and again.
NO_KEY: Final = b""


@dataclass(frozen=True, slots=True)
class Published:
    """What one round did."""

    sent: int
    failed: tuple[str, ...]  # all destinations that refuse, whichever partition's rows wait
    is_out_of_step: bool = False  # broker and producer count differently: only a new one helps


@dataclass(frozen=True, slots=True)
class _There:
    """What the broker has: rows, and where the journal's next line will lie."""

    seqs: tuple[int, ...]
    journal_end: int | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """The first row that a destination did not take, and why."""

    seq: int
    error: BaseException


async def publish(
    casebook: Casebook,
    producer: AIOKafkaProducer,
    sources: Iterable[Place],
    lately: Sequence[Unsent] = (),
    refusing: Refusing | None = None,
) -> Published:
    """Publish all rows of the given source partitions, oldest first; an earlier life's included.

    `lately`: what a batch of these partitions has just stored; where nothing older waits it need
    not be read again. `refusing`: which destinations refused lately; their rows stay, whatever the
    partition. Raises Unavailable casebook.unavailable. Two workers that both believe to have a
    partition send the same rows in the same order.
    """
    wanted = sorted(set(sources))
    refusing = Refusing() if refusing is None else refusing
    sending = _Sending(casebook, producer, refusing)
    await sending.ask()
    last = patiently(last_shut, casebook, wanted, refusing) if refusing.topics else {}
    waiting = pages(casebook, wanted, lately, refusing)
    while rows := waiting.next():
        await sending.page(rows)
    refusing.pass_over(last)
    lost = any(isinstance(each.error, _OUT_OF_STEP) for each in sending.failed.values())
    return Published(sending.sent, refusing.topics, lost)


@dataclass(slots=True)
class _Sending:
    """One round of it."""

    casebook: Casebook
    producer: AIOKafkaProducer
    refusing: Refusing
    sent: int = 0
    failed: dict[str, _Failure] = field(default_factory=dict)

    async def ask(self) -> None:
        """Try destinations that refused, each with the row that it did not take.

        If another worker, who has its partition now, has sent that one, it takes them again.
        """
        due = self.refusing.due(monotonic())
        if due:
            await self.page(patiently(numbered, self.casebook, due.values()))
        for topic in due.keys() - self.failed.keys():
            self.refusing.takes(topic)

    async def page(self, rows: Sequence[Unsent]) -> None:
        """Send rows, and take out of the outbox what the broker has."""
        there = await _send(self.producer, rows, self.failed)
        for topic in {row.topic for row in rows} & self.failed.keys():
            self.refusing.refused(topic, self.failed[topic].seq, monotonic())
        patiently(_clear, self.casebook, there)
        self.sent += len(there.seqs)


def _clear(casebook: Casebook, there: _There) -> None:
    with casebook.engine.begin() as transaction:
        delete_published(transaction, OUTBOX, there.seqs)
        if there.journal_end is not None:
            know_journal(transaction, there.journal_end)


async def _send(
    producer: AIOKafkaProducer, rows: Sequence[Unsent], failed: dict[str, _Failure]
) -> _There:
    """Send the rows; note the destinations that fail; return what the broker has."""
    under_way: list[tuple[Unsent, asyncio.Future[RecordMetadata]]] = []
    for row in rows:
        if row.topic in failed:
            continue
        try:
            future = await _handed_over(producer, row)
        except KafkaError as error:
            failed[row.topic] = _Failure(row.seq, error)
            continue
        under_way.append((row, future))
    results = await asyncio.gather(*(future for _, future in under_way), return_exceptions=True)
    done: list[int] = []
    journal_end: int | None = None
    for (row, _), result in zip(under_way, results, strict=True):
        first = failed.get(row.topic)
        if isinstance(result, KafkaError):
            if first is None or row.seq < first.seq:
                failed[row.topic] = _Failure(row.seq, result)
        elif isinstance(result, BaseException):
            raise result
        elif first is None or row.seq < first.seq:
            done.append(row.seq)
            if row.topic == JOURNAL:
                journal_end = result.offset + 1
    return _There(tuple(done), journal_end)


async def _handed_over(producer: AIOKafkaProducer, row: Unsent) -> "asyncio.Future[RecordMetadata]":
    """Give the client a row. A dead letter that no topic can take is sent without its bytes.

    One of an earlier release, which kept what a codec had made small: it would stop all behind it
    for good. Raises KafkaError.
    """
    try:
        return await _given(producer, row)
    except MessageSizeTooLargeError:
        if row.topic != DEAD_LETTERS:
            raise
        headers = tuple((name, value) for name, value in row.headers if name != LOCKED)
        return await _given(producer, replace(row, key=None, value=None, headers=headers))


async def _given(producer: AIOKafkaProducer, row: Unsent) -> "asyncio.Future[RecordMetadata]":
    future: asyncio.Future[RecordMetadata] = await producer.send(
        row.topic,
        row.value,
        key=NO_KEY if row.key is None and row.value is None else row.key,
        headers=list(row.headers),
    )
    return future
