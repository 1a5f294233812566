"""The records of logs in the order in which they are decided anew. Pure."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain
from types import MappingProxyType
from typing import Final

from schemas.errors import Broken
from services.casebook.progress import Place
from services.exchange.gap import LostBefore
from services.exchange.originals import Kept

NONE_LOST: Final[LostBefore] = MappingProxyType({})


def in_log_order(streams: Iterable[Iterator[Kept]]) -> Iterator[Kept]:
    """Yield the records of all partitions by the broker's stamp, each partition in its order."""
    return merge(*streams, key=lambda record: record.incoming.stamped_at)


def whole(
    records: Iterable[Kept], place: Place, begin: int, end: int, lost: LostBefore = NONE_LOST
) -> Iterator[Kept]:
    """Yield a partition's records from one offset to before another. Raises Broken log.gap."""
    reached = begin
    for record in in_turn(records, place, begin, end, lost):
        reached = record.incoming.position.offset + 1
        yield record
    if reached < end:
        topic, partition = place
        raise Broken("log.gap", detail=f"{topic}/{partition}: {reached} < {end}")


def in_turn(
    records: Iterable[Kept], place: Place, begin: int, end: int, lost: LostBefore = NONE_LOST
) -> Iterator[Kept]:
    """Yield a partition's records from one offset to before another, each once, in order.

    What a second copy or another partition's record is, is passed over; a hole ends it, but one of
    which what is decided in its place is among the `lost`.
    """
    for record in chain((None,), records):
        if record is not None:
            position = record.incoming.position
            if position.place == place and record.incoming.first <= begin <= position.offset:
                begin = position.offset + 1
                yield record
        for gone in lost_from(begin, lost):
            begin = gone.incoming.position.offset + 1
            yield gone
        if begin >= end:
            return


def lost_from(begin: int, lost: LostBefore) -> Iterator[Kept]:
    """Yield what is decided in place of the records that are gone from an offset on."""
    while (gone := lost.get(begin)) is not None:
        begin = gone.incoming.position.offset + 1
        yield gone
