"""Who is in the exchanges' group, as the broker tells, and how long one that has ended is in it."""

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from confluent_kafka.admin import AdminClient

from connectors.bus.clock import monotonic
from connectors.bus.librdkafka import asked_until_led
from services.exchange.workers import GROUP, SESSION_SECONDS

_LIMIT: Final = {"request_timeout": 20.0}  # seconds
# The broker takes an ended worker, who is to come back under his number, for a member until then.
_LEAVING_SECONDS_MAX: Final = SESSION_SECONDS + 2.0
_PAUSE_SECONDS: Final = 0.5

Found = TypeVar("Found")


def group_now(client: AdminClient) -> Any:  # noqa: ANN401 - librdkafka's description, untyped
    """Return the group's state and members. Raises YichuanError."""

    def described() -> Any:  # noqa: ANN401 - as above
        return client.describe_consumer_groups([GROUP], **_LIMIT)[GROUP].result()

    return asked_until_led(described, GROUP)


def still_there(look: Callable[[], Found]) -> Found:
    """Return what is seen still when whoever has ended would have left; nothing once it is gone."""
    deadline = monotonic() + _LEAVING_SECONDS_MAX
    while (found := look()) and monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    return found
