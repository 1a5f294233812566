"""Deleting the beginning of a partition (Kafka's DeleteRecords): no login reads it again."""

import asyncio
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import client_options, explain
from schemas.errors import Unavailable

_DELETE_MS_MAX: Final = 15_000
_SECONDS_MAX: Final = 30.0


async def delete_below(
    settings: Settings, credentials: Credentials, place: TopicPartition, offset: int
) -> None:
    """Return when no replica gives out a record of the partition below the offset any more.

    Kafka gives out whole batches: an offset inside one would leave its beginning readable to a
    client that does not look away. The caller gives the first offset of a batch, or the log's end.
    Raises Unavailable kafka.unreachable, UserError kafka.forbidden.
    """
    admin = AIOKafkaAdminClient(**client_options(settings, credentials, "exchange-erase"))
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            await admin.start()
            begins = await admin.delete_records(
                {place: RecordsToDelete(offset)}, timeout_ms=_DELETE_MS_MAX
            )
    except (KafkaError, OSError, TimeoutError) as error:
        raise explain(error, where=place.topic) from error
    finally:
        await admin.close()
    if begins[place] < offset:
        raise Unavailable("kafka.unreachable", where=place.topic, detail=f"{begins[place]}")
