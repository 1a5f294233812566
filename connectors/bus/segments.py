"""When a topic's segments are closed: a setting that its login may change while the bus runs."""

from typing import Final

from connectors.bus.admin import connect
from connectors.bus.changes import SetConfig
from connectors.bus.home import Credentials, Settings
from connectors.bus.layout import SEGMENT_MS
from connectors.bus.librdkafka import alterations, asked

_SECONDS_MAX: Final = 10.0  # of connecting, and of the request


def set_segment_ms(settings: Settings, credentials: Credentials, topic: str, ms: int) -> None:
    """Have the topic's segments closed after so long, at the next record; its other settings stay.

    Blocks. Raises Unavailable kafka.unreachable, UserError kafka.forbidden or kafka.refused.
    """
    client = connect(settings, credentials, _SECONDS_MAX)
    wanted = alterations([SetConfig(topic, SEGMENT_MS, "", str(ms))])
    for future in client.incremental_alter_configs(wanted, request_timeout=_SECONDS_MAX).values():
        asked(future.result, topic)
