"""The records of logs in the order in which they are decided anew. Pure."""

from collections.abc import Iterable, Iterator
from heapq import merge

from schemas.errors import Broken
from services.casebook.progress import Place
from services.exchange.originals import Kept


def in_log_order(streams: Iterable[Iterator[Kept]]) -> Iterator[Kept]:
    """Yield the records of all partitions by the broker's stamp, each partition in its order."""
    return merge(*streams, key=lambda record: record.incoming.stamped_at)


def whole(records: Iterable[Kept], place: Place, begin: int, end: int) -> Iterator[Kept]:
    """Yield a partition's records from one offset to before another. Raises Broken log.gap."""
    reached = begin
    for record in in_turn(records, place, begin, end):
        reached = record.incoming.position.offset + 1
        yield record
    if reached < end:
        topic, partition = place
        raise Broken("log.gap", detail=f"{topic}/{partition}: {reached} < {end}")


def in_turn(records: Iterable[Kept], place: Place, begin: int, end: int) -> Iterator[Kept]:
    """Yield a partition's records from one offset to before another, each once, in order.

    What a second copy or another partition's record is, is passed over; a hole ends it.
    """
    for record in records:
        position = record.incoming.position
        if begin >= end:
            return
        if position.place == place and record.incoming.first <= begin <= position.offset:
            begin = position.offset + 1
            yield record
