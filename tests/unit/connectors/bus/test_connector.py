"""The connector's loops without a broker: what it remembers of what failed, and for how long."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

from connectors.bus.connector import Connector
from connectors.bus.desk import Desk
from connectors.bus.quarantine import Record
from schemas.errors import Unavailable
from tests.agency_home import County, accepted, document
from tests.agency_sides import Side

SECONDS_MAX: Final = 60.0
PAUSE_SECONDS: Final = 0.01


class Unheard:
    """Writes to a broker that takes everything and answers nothing."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def publish(self, topic: str, key: bytes, value: bytes) -> None:
        """Take the value; nobody knows it."""
        del key
        self.taken.append(value)
        raise Unavailable("kafka.unreachable", where=topic)

    async def renew(self) -> None:
        """Nothing is better then."""


class Given:
    """An inbox of what is put into it."""

    def __init__(self) -> None:
        self.records: deque[Record] = deque()

    async def fetch(self) -> Sequence[Record]:
        """Return what is there."""
        await asyncio.sleep(PAUSE_SECONDS)
        return [self.records.popleft()] if self.records else []

    async def commit(self, next_offset: int) -> None:
        """Nothing is kept."""

    def lag(self) -> int:
        """Nothing is behind."""
        return 0


async def until(fact: Callable[[], bool]) -> None:
    """Wait for a fact; the test's own limit ends it."""
    for _ in count():
        if fact():
            return
        await asyncio.sleep(PAUSE_SECONDS)


def test_what_the_bus_had_after_all_is_not_called_failing_for_ever(
    county: County, side: Side
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    publisher, inbox = Unheard(), Given()
    agency = county.agency()
    connector = Connector(
        agency.alias, lambda: Desk(agency, side.system()), publisher, inbox, PAUSE_SECONDS
    )
    seen: list[str] = []

    async def run() -> None:
        task = asyncio.create_task(connector.run())
        async with asyncio.timeout(SECONDS_MAX):
            await until(lambda: bool(connector.vitals.failing))
            seen.extend(connector.vitals.ready().reasons)
            inbox.records.append(county.said(accepted(county.opened(publisher.taken[0])), 0))
            await until(lambda: not connector.vitals.failing)
            connector.stop()
            await task

    asyncio.run(run())
    assert seen == ["publish: kafka.unreachable"]
    assert connector._later == {}
    assert side.state("a") == "accepted"
