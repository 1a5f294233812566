"""What a broker that stamps records makes of its bounds on a writer's time: nothing.

So `message.timestamp.before.max.ms` and `message.timestamp.after.max.ms` are watched by nobody
(connectors/bus/layout.py); who stamps is.
"""

import asyncio
from typing import Final

from aiokafka.errors import InvalidTimestampError
from confluent_kafka.admin import NewTopic

from connectors.bus.admin import carry_out, connect
from connectors.bus.changes import SetConfig
from connectors.bus.clock import now
from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import start_producer
from connectors.bus.layout import STAMPED_BY, THE_BROKER
from connectors.bus.logins import ADMIN
from tests.integration.conftest import Stack
from tests.prove.stand import wait_until

TOPIC: Final = "bounds"
NARROWEST: Final = {
    "message.timestamp.before.max.ms": "0",
    "message.timestamp.after.max.ms": "0",
}
TEN_YEARS_MS: Final = 3650 * 86_400_000
SECONDS_MAX: Final = 60.0
WAIT_SECONDS_MAX: Final = 30.0


async def _stamp_of(settings: Settings, login: Credentials, off_ms: int) -> int | None:
    """Write a record whose time is so far off; return the time that it has then, or None."""
    producer = await start_producer(settings, login, client_id="test")
    at = int(now().timestamp() * 1000) + off_ms
    try:
        written = await asyncio.wait_for(
            producer.send_and_wait(TOPIC, b"v", timestamp_ms=at), WAIT_SECONDS_MAX
        )
    except InvalidTimestampError:
        return None
    finally:
        await producer.stop()
    return int(written.timestamp)


def test_bounds_on_a_writers_time_refuse_nothing_where_the_broker_stamps(stack: Stack) -> None:
    home, settings = stack
    login = home.credentials(ADMIN)
    client = connect(settings, login)
    topic = NewTopic(TOPIC, 1, 1, config=NARROWEST | {STAMPED_BY: "CreateTime"})
    client.create_topics([topic])[TOPIC].result(WAIT_SECONDS_MAX)

    def stamp_of(off_ms: int) -> int | None:
        return asyncio.run(_stamp_of(settings, login, off_ms))

    assert [stamp_of(-TEN_YEARS_MS), stamp_of(TEN_YEARS_MS)] == [None, None]
    carry_out(client, home, settings, [SetConfig(TOPIC, STAMPED_BY, "", THE_BROKER)])
    wait_until(lambda: stamp_of(-TEN_YEARS_MS) is not None, SECONDS_MAX, "the broker's stamp")
    for off_ms in (-TEN_YEARS_MS, TEN_YEARS_MS):
        stamp = stamp_of(off_ms)
        assert stamp is not None
        assert abs(stamp - now().timestamp() * 1000) < SECONDS_MAX * 1000
