"""Is the log the one that the casebook has decided? A flow may have been deleted and made anew.

The new log's records take the old one's offsets, and once they are past the casebook's progress
nothing about offsets tells the two apart. The broker's stamps do: what was decided was stamped no
later than the partition's clock, which is the greatest of them; whatever a new log holds was
written, and so stamped, after that. That holds for an older casebook, too, and for a log that a
broker lost the end of and others have written on.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition

from connectors.bus.stamps import is_stamped
from services.casebook.progress import Place
from services.casebook.rows import Progress, from_ms
from services.exchange.reading import records_at


async def replaced(
    reader: Any,  # noqa: ANN401 - aiokafka ships no types
    known: Mapping[TopicPartition, Progress],
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
) -> tuple[tuple[str, str], ...]:
    """Return where the last decided record is none that was decided: the partition, and why.

    Where the log has it no more (deleted in time, or a gap), it tells nothing. One that bears its
    writer's time does not either. Leaves the reader assigned to what was asked. Raises Unavailable
    kafka.unreachable, KafkaError.
    """
    found: list[tuple[str, str]] = []
    for record in await records_at(reader, last_decided(known, begins, ends)):
        clock = known[TopicPartition(record.topic, record.partition)].clock
        why = why_another(clock, record.offset, from_ms(record.timestamp))
        if why is not None and is_stamped(record):
            found.append((f"{record.topic}/{record.partition}", why))
    return tuple(sorted(found))


def last_decided(
    known: Mapping[Place, Progress], begins: Mapping[Place, int], ends: Mapping[Place, int]
) -> dict[Place, int]:
    """Return the offset of the last decided record of each partition whose log has it. Pure."""
    lasts = ((place, each.next_offset - 1) for place, each in known.items() if place in begins)
    return {place: at for place, at in lasts if begins[place] <= at < ends[place]}


def why_another(clock: datetime, offset: int, stamp: datetime) -> str | None:
    """Return why a record cannot be the one that was decided last; None: it can. Pure."""
    return f"{offset}, {stamp.isoformat()} > {clock.isoformat()}" if stamp > clock else None
