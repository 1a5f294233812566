"""Is the log the one that the casebook has decided? A flow may have been deleted and made anew.

The new log's records take the old one's offsets, and once they are past the casebook's progress
nothing about offsets tells the two apart. The broker's stamps do: what was decided was stamped no
later than the partition's clock, which is the greatest of them; whatever a new log holds was
written, and so stamped, after that. That holds for an older casebook, too, and for a log that a
broker lost the end of and others have written on.
"""

from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import explain, start_consumer
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
    lasts = {place: progress.next_offset - 1 for place, progress in known.items()}
    there = {place: at for place, at in lasts.items() if begins[place] <= at < ends[place]}
    found: list[tuple[str, str]] = []
    for record in await records_at(reader, there):
        stamp = from_ms(record.timestamp)
        clock = known[TopicPartition(record.topic, record.partition)].clock
        if is_stamped(record) and stamp > clock:
            told = f"{record.offset}, {stamp.isoformat()} > {clock.isoformat()}"
            found.append((f"{record.topic}/{record.partition}", told))
    return tuple(sorted(found))


async def find_replaced(
    settings: Settings, login: Credentials, progress: Mapping[Place, Progress]
) -> tuple[tuple[str, str], ...]:
    """Return the same of these partitions, for who only looks.

    Raises Unavailable kafka.unreachable, UserError kafka.forbidden.
    """
    known = {TopicPartition(*place): each for place, each in progress.items()}
    reader = await start_consumer(settings, login, (), group=None, client_id="exchange-replaced")
    try:
        begins = await reader.beginning_offsets(list(known))
        ends = await reader.end_offsets(list(known))
        return await replaced(reader, known, begins, ends)
    except KafkaError as error:
        raise explain(error, where=settings.bootstrap) from error
    finally:
        await reader.stop()
