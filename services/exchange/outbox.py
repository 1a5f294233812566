"""Publishing what has been decided, in order, and taking it out of the outbox.

A destination that fails stops only itself: its rows stay and are tried with the next batch or
Tick. A repeat carries the same bytes, and readers drop it by its message id.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import Engine, Row, bindparam, select, tuple_

from services.casebook.retry import patiently
from services.casebook.statements import delete_published
from services.casebook.tables import OUTBOX
from services.casebook.write import headers_from_text

PAGE_MAX: Final = 2_000  # rows read and sent at once

# Made once: this is asked for after every batch.
_NEXT: Final = (
    select(OUTBOX)
    .where(
        tuple_(OUTBOX.c.source_topic, OUTBOX.c.source_partition).in_(
            bindparam("sources", expanding=True)
        ),
        OUTBOX.c.seq > bindparam("after"),
    )
    .order_by(OUTBOX.c.seq)
    .limit(PAGE_MAX)
)


@dataclass(frozen=True, slots=True)
class Published:
    """What one round did."""

    sent: int
    failed: tuple[str, ...]  # destinations whose rows stayed


async def publish(
    engine: Engine,
    producer: AIOKafkaProducer,
    sources: Iterable[tuple[str, int]],
) -> Published:
    """Publish all rows of the given source partitions, oldest first; an earlier life's included.

    Raises Unavailable casebook.unavailable. Two workers that both believe to have a partition send
    the same rows in the same order.
    """
    wanted = sorted(set(sources))
    sent, after, failed = 0, 0, dict[str, None]()
    while True:
        rows = patiently(_page, engine, wanted, after)
        if not rows:
            return Published(sent, tuple(failed))
        after = rows[-1].seq
        done = await _send(producer, [row for row in rows if row.topic not in failed], failed)
        patiently(_delete, engine, done)
        sent += len(done)


def _page(
    engine: Engine, sources: Sequence[tuple[str, int]], after: int
) -> Sequence[Row[tuple[object, ...]]]:
    with engine.connect() as connection:
        return connection.execute(_NEXT, {"sources": sources, "after": after}).all()


def _delete(engine: Engine, seqs: list[int]) -> None:
    with engine.begin() as transaction:
        delete_published(transaction, OUTBOX, seqs)


async def _send(
    producer: AIOKafkaProducer, rows: Sequence[Row[tuple[object, ...]]], failed: dict[str, None]
) -> list[int]:
    """Send the rows; note the destinations that fail; return the rows that the broker has."""
    under_way: list[tuple[Row[tuple[object, ...]], asyncio.Future[object]]] = []
    for row in rows:
        if row.topic in failed:
            continue
        try:
            future = await producer.send(
                row.topic,
                row.value,
                key=row.key,
                headers=list(headers_from_text(row.headers)),
            )
        except KafkaError:
            failed[row.topic] = None
            continue
        under_way.append((row, future))
    results = await asyncio.gather(*(future for _, future in under_way), return_exceptions=True)
    done: list[int] = []
    for (row, _), result in zip(under_way, results, strict=True):
        if isinstance(result, KafkaError):
            failed[row.topic] = None
        elif isinstance(result, BaseException):
            raise result
        elif row.topic not in failed:
            done.append(row.seq)
    return done
