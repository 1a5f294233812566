"""By whose clock a topic's records are stamped: the broker's, or that of whoever writes.

A login that may change a topic's settings may read them, too (Kafka: ALTER_CONFIGS implies
DESCRIBE_CONFIGS), so the exchange's needs no further right.
"""

import asyncio
from collections.abc import Collection
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import client_options, explain
from connectors.bus.layout import STAMPED_BY, THE_BROKER

_SECONDS_MAX: Final = 30.0
_LOG_APPEND_TIME: Final = 1  # what a client makes of the broker's stamp
_OF_RESOURCE: Final = 5  # error, its text, kind, name, entries: in every version of the answer


def is_stamped(record: Any) -> bool:  # noqa: ANN401 - Faust's or aiokafka's
    """Whether the time of a record is the broker's: also what it says of one that it has taken."""
    return bool(record.timestamp_type == _LOG_APPEND_TIME)


async def stamped_by_writers(
    settings: Settings, credentials: Credentials, topics: Collection[str]
) -> tuple[str, ...]:
    """Return those of the topics whose records bear their writers' time.

    Raises Unavailable kafka.unreachable or topics.missing, UserError kafka.forbidden.
    """
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name, {STAMPED_BY: ""}) for name in topics]
    admin = AIOKafkaAdminClient(**client_options(settings, credentials, "exchange-align"))
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            await admin.start()
            answers = await admin.describe_configs(wanted)
    except (KafkaError, OSError, TimeoutError) as error:
        raise explain(error, where=settings.bootstrap) from error
    finally:
        await admin.close()
    found: list[str] = []
    for each in (resource for answer in answers for resource in answer.resources):
        code, _, _, name, entries = each[:_OF_RESOURCE]
        if code:
            raise explain(for_code(code)(), where=name)
        found += [name for entry in entries if entry[0] == STAMPED_BY and entry[1] != THE_BROKER]
    return tuple(sorted(found))
