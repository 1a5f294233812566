"""Publishing what has been decided, in order, and taking it out of the outbox.

A destination that fails stops only itself: its rows stay and are tried with the next batch or
Tick. A repeat carries the same bytes, and readers drop it by its message id.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber

from schemas.topics import JOURNAL
from services.casebook.case_keys import CaseKeys
from services.casebook.headers import headers_from_text
from services.casebook.journal_mark import know_journal
from services.casebook.locked import outbox_value
from services.casebook.queries import UNSENT_BEFORE, UNSENT_BEHIND
from services.casebook.retry import patiently
from services.casebook.rows import Unsent
from services.casebook.statements import delete_published
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX

if TYPE_CHECKING:
    from aiokafka.structs import RecordMetadata

PAGE_MAX: Final = 2_000  # rows read and sent at once

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
    failed: tuple[str, ...]  # destinations whose rows stayed
    is_out_of_step: bool = False  # broker and producer count differently: only a new one helps


@dataclass(frozen=True, slots=True)
class _There:
    """What the broker has: rows, and where the journal's next line will lie."""

    seqs: tuple[int, ...]
    journal_end: int | None = None


async def publish(
    casebook: Casebook,
    producer: AIOKafkaProducer,
    sources: Iterable[tuple[str, int]],
    lately: Sequence[Unsent] = (),
) -> Published:
    """Publish all rows of the given source partitions, oldest first; an earlier life's included.

    `lately`: what a batch of these partitions has just stored; where nothing older waits it need
    not be read again. Raises Unavailable casebook.unavailable. Two workers that both believe to
    have a partition send the same rows in the same order.
    """
    wanted = sorted(set(sources))
    pages = _Pages(casebook, wanted)
    if lately and not patiently(_waits_before, casebook, wanted, lately[0].seq):
        pages.known = list(lately)
    sent, failed = 0, dict[str, BaseException]()
    while rows := pages.next():
        there = await _send(producer, [row for row in rows if row.topic not in failed], failed)
        patiently(_clear, casebook, there)
        sent += len(there.seqs)
    lost = any(isinstance(error, _OUT_OF_STEP) for error in failed.values())
    return Published(sent, tuple(failed), lost)


@dataclass(slots=True)
class _Pages:
    """What is to be sent, PAGE_MAX rows at a time."""

    casebook: Casebook
    sources: Sequence[tuple[str, int]]
    known: list[Unsent] | None = None  # all of it
    after: int = 0

    def next(self) -> list[Unsent]:
        """Return the next page; none: that was all."""
        if self.known is None:
            page = patiently(_page, self.casebook, self.sources, self.after)
        else:
            page, self.known = self.known[:PAGE_MAX], self.known[PAGE_MAX:]
        self.after = page[-1].seq if page else self.after
        return page


def _waits_before(casebook: Casebook, sources: Sequence[tuple[str, int]], first: int) -> bool:
    with casebook.engine.connect() as connection:
        values = {"sources": sources, "first": first}
        return connection.execute(UNSENT_BEFORE, values).first() is not None


def _page(casebook: Casebook, sources: Sequence[tuple[str, int]], after: int) -> list[Unsent]:
    with casebook.engine.connect() as connection:
        values = {"sources": sources, "after": after, "most": PAGE_MAX}
        rows = connection.execute(UNSENT_BEHIND, values).all()
        keys = CaseKeys(connection, casebook.key)
        keys.load(row.case_id for row in rows if row.case_id is not None)
        return [
            Unsent(
                row.seq, row.topic, row.key, outbox_value(keys, row), headers_from_text(row.headers)
            )
            for row in rows
        ]


def _clear(casebook: Casebook, there: _There) -> None:
    with casebook.engine.begin() as transaction:
        delete_published(transaction, OUTBOX, there.seqs)
        if there.journal_end is not None:
            know_journal(transaction, there.journal_end)


async def _send(
    producer: AIOKafkaProducer, rows: Sequence[Unsent], failed: dict[str, BaseException]
) -> _There:
    """Send the rows; note the destinations that fail; return what the broker has."""
    under_way: list[tuple[Unsent, asyncio.Future[RecordMetadata]]] = []
    for row in rows:
        if row.topic in failed:
            continue
        try:
            future = await producer.send(
                row.topic,
                row.value,
                key=NO_KEY if row.key is None and row.value is None else row.key,
                headers=list(row.headers),
            )
        except KafkaError as error:
            failed[row.topic] = error
            continue
        under_way.append((row, future))
    results = await asyncio.gather(*(future for _, future in under_way), return_exceptions=True)
    done: list[int] = []
    journal_end: int | None = None
    for (row, _), result in zip(under_way, results, strict=True):
        if isinstance(result, KafkaError):
            failed.setdefault(row.topic, result)
        elif isinstance(result, BaseException):
            raise result
        elif row.topic not in failed:
            done.append(row.seq)
            if row.topic == JOURNAL:
                journal_end = result.offset + 1
    return _There(tuple(done), journal_end)
