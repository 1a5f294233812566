"""The connector's loops without a broker: what it remembers of what failed, and for how long."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, cast
from unittest.mock import AsyncMock, Mock

import pytest

from connectors.bus import connector as connector_module
from connectors.bus import later
from connectors.bus.clock import monotonic
from connectors.bus.connector import OUTAGE_SECONDS_MAX, SILENT_SECONDS_MAX, Connector
from connectors.bus.desk import Desk
from connectors.bus.inbox_read import Span
from connectors.bus.quarantine import Record
from connectors.bus.unanswered import LiesAt
from schemas.errors import Unavailable
from schemas.ids import Alias
from tests.agency_home import County, accepted, document
from tests.agency_sides import Side

SECONDS_MAX: Final = 60.0
PAUSE_SECONDS: Final = 0.01


class Unheard:
    """Writes to a broker that takes everything and answers nothing."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.renewals = 0

    async def publish(self, topic: str, key: bytes, value: bytes) -> LiesAt:
        """Take the value; nobody knows it."""
        del key
        self.taken.append(value)
        raise Unavailable("kafka.unreachable", where=topic)

    async def renew(self) -> None:
        """Nothing is better then."""
        self.renewals += 1


class Given:
    """An inbox of what is put into it."""

    def __init__(self) -> None:
        self.records: deque[Record] = deque()
        self.silent = 0.0
        self.begin = 0

    def span(self) -> Span:
        """Return that of an inbox that nobody has read."""
        return Span(self.begin, self.begin, None)

    async def fetch(self) -> Sequence[Record]:
        """Return what is there."""
        await asyncio.sleep(PAUSE_SECONDS)
        return [self.records.popleft()] if self.records else []

    async def commit(self, next_offset: int) -> None:
        """Nothing is kept."""

    def lag(self) -> int:
        """Nothing is behind."""
        return 0

    async def spans(self, places: Any) -> dict[Any, Any]:
        """All that was published is still there."""
        return dict.fromkeys(places, (0, 1))

    def silent_seconds(self) -> float:
        """For how long the broker is away."""
        return self.silent


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


class Heard(Unheard):
    """Answers from the second try on."""

    async def publish(self, topic: str, key: bytes, value: bytes) -> LiesAt:
        """Take the value; of the first nobody knows."""
        if not self.taken:
            await super().publish(topic, key, value)
        return LiesAt(0, 0)


def test_what_could_not_be_published_and_then_was_is_not_called_failing_for_ever(
    county: County, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(later, "PAUSE_SECONDS_MIN", PAUSE_SECONDS)
    side.put("a", "lead_transfer", document("lead_transfer"))
    agency = county.agency()
    connector = Connector(
        agency.alias, lambda: Desk(agency, side.system()), Heard(), Given(), PAUSE_SECONDS
    )

    async def run() -> None:
        task = asyncio.create_task(connector.run())
        async with asyncio.timeout(SECONDS_MAX):
            await until(lambda: bool(connector.vitals.failing))
            await until(lambda: not connector.vitals.failing)
            connector.stop()
            await task

    asyncio.run(run())
    assert side.state("a") == "sent"


class Later:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return monotonic seconds."""
        return monotonic() + self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Later:
    made = Later()
    monkeypatch.setattr(connector_module, "monotonic", made)
    return made


def test_time_in_which_nothing_was_to_be_sent_is_no_outage_but_failing_for_as_long_is(
    county: County, side: Side, clock: Later
) -> None:
    publisher, agency = Unheard(), county.agency()
    connector = Connector(
        agency.alias, lambda: Desk(agency, side.system()), publisher, Given(), PAUSE_SECONDS
    )
    seen: list[int] = []

    async def run() -> None:
        task = asyncio.create_task(connector.run())
        async with asyncio.timeout(SECONDS_MAX):
            await until(lambda: not connector.vitals.started().reasons)
            clock.seconds += OUTAGE_SECONDS_MAX + 1
            side.put("a", "lead_transfer", document("lead_transfer"))
            await until(lambda: publisher.renewals > 0 or task.done())
            seen.append(publisher.renewals)
            clock.seconds += OUTAGE_SECONDS_MAX + 1
            await task

    with pytest.raises(Unavailable) as found:
        asyncio.run(run())
    assert seen == [1]
    assert found.value.code == "connector.outage"


def test_what_the_bus_had_after_all_ends_an_outage(
    county: County, side: Side, clock: Later
) -> None:
    side.put("a", "lead_transfer", document("lead_transfer"))
    publisher, inbox, agency = Unheard(), Given(), county.agency()
    connector = Connector(
        agency.alias, lambda: Desk(agency, side.system()), publisher, inbox, PAUSE_SECONDS
    )

    async def run() -> None:
        task = asyncio.create_task(connector.run())
        async with asyncio.timeout(SECONDS_MAX):
            await until(lambda: publisher.renewals > 0)
            inbox.records.append(county.said(accepted(county.opened(publisher.taken[0])), 0))
            await until(lambda: not connector.vitals.failing)
            clock.seconds += OUTAGE_SECONDS_MAX + 1
            before = publisher.renewals
            side.put("b", "lead_transfer", document("lead_transfer", 13))
            await until(lambda: publisher.renewals > before or task.done())
            connector.stop()
            await task

    asyncio.run(run())
    assert side.state("a") == "accepted"


def test_an_agency_that_only_receives_is_not_ready_while_the_broker_is_away(
    county: County, side: Side
) -> None:
    inbox, agency = Given(), county.agency()
    connector = Connector(
        agency.alias, lambda: Desk(agency, side.system()), Unheard(), inbox, PAUSE_SECONDS
    )

    async def run() -> None:
        task = asyncio.create_task(connector.run())
        async with asyncio.timeout(SECONDS_MAX):
            await until(lambda: connector.vitals.ready().ok)
            inbox.silent = SILENT_SECONDS_MAX + 1
            await until(lambda: not connector.vitals.ready().ok)
            assert connector.vitals.ready().reasons == ("inbox: kafka.unreachable",)
            inbox.silent = 0.0
            await until(lambda: connector.vitals.ready().ok)
            connector.stop()
            await task

    asyncio.run(run())


def test_letters_that_were_gone_before_they_were_read_are_told_of_until_their_note_is_removed(
    county: County, side: Side
) -> None:
    inbox, agency = Given(), county.agency()
    inbox.begin = 7
    connector = Connector(
        agency.alias, lambda: Desk(agency, side.system()), Unheard(), inbox, PAUSE_SECONDS
    )

    async def told(*reasons: str) -> None:
        await until(lambda: connector.vitals.ready().reasons == reasons)

    async def run() -> None:
        task = asyncio.create_task(connector.run())
        async with asyncio.timeout(SECONDS_MAX):
            await told("inbox.gap: 7")
            for note in (agency.folder / "inbox.gap").iterdir():
                note.unlink()
            await told()
            inbox.records.append(Record(9, 0, b"no message"))  # 7 and 8 went while it was running
            await told("quarantine: 1", "inbox.gap: 2")
            connector.stop()
            await task

    asyncio.run(run())
    (note,) = (agency.folder / "inbox.gap").iterdir()
    assert note.name == "000000000007-000000000008.txt"


@pytest.mark.parametrize(
    ("taken", "took", "paused"), [(0, 0.0, 1.0), (0, 5.0, 20.0), (1, 5.0, 1.0)]
)
def test_after_a_look_that_took_long_and_found_nothing_the_inbox_has_its_turn(
    monkeypatch: pytest.MonkeyPatch, clock: Later, taken: int, took: float, paused: float
) -> None:
    pauses: list[float] = []

    def take_out() -> int:
        clock.seconds += took
        return taken

    async def pause(_self: Connector, _event: asyncio.Event, seconds: float) -> None:
        pauses.append(seconds)
        connector.stop()

    monkeypatch.setattr(Connector, "_pause", pause)
    monkeypatch.setattr(Connector, "_look", AsyncMock())
    desk = cast("Any", Mock(take_out=take_out))

    async def run() -> None:
        await connector._take(desk)

    connector = Connector(Alias("yanjiao"), lambda: desk, cast("Any", None), cast("Any", None), 1.0)
    asyncio.run(run())
    assert pauses == [pytest.approx(paused, abs=2.0)]
