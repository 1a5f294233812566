"""Reading an inbox ends: with what lies there, or with a broker that says nothing more."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError

from schemas.errors import Refusal, Unavailable
from services.cli import mailbox as module
from services.cli.mailbox import FOR_EVER, SILENT_SECONDS_MAX, Mailbox

PLACE = TopicPartition("inbox.mugang", 0)


class Broker:
    """A consumer whose broker gives so many of five records, and then nothing."""

    def __init__(self, given: int, clock: list[float]) -> None:
        self._given, self._clock, self._next = given, clock, 0
        self.fails = False

    async def end_offsets(self, _: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Five records."""
        return {PLACE: 5}

    async def beginning_offsets(self, _: list[TopicPartition]) -> dict[TopicPartition, int]:
        """All of them are there."""
        if self.fails:
            raise KafkaTimeoutError
        return {PLACE: 0}

    def seek(self, _: TopicPartition, offset: int) -> None:
        """Read on from there."""
        self._next = offset

    async def getmany(self, _: TopicPartition, *, timeout_ms: int) -> dict[Any, Any]:
        """One record, or nothing."""
        self._clock[0] += timeout_ms / 1_000
        if self._next >= self._given:
            return {}
        record = SimpleNamespace(offset=self._next, timestamp=0, value=b"x")
        self._next += 1
        return {PLACE: [record]}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: at[0])
    return at


def opened(broker: Broker) -> Mailbox:
    keyring = SimpleNamespace(open=lambda *_: Refusal("seal.invalid"))
    place: Any = SimpleNamespace(keyring=keyring)
    return Mailbox(place, broker, PLACE.topic)


async def offsets(mailbox: Mailbox, newest: int) -> list[int]:
    return [letter.offset async for letter in mailbox.present(newest)]


def test_the_newest_that_lie_there_are_read_and_then_it_ends(clock: list[float]) -> None:
    assert asyncio.run(offsets(opened(Broker(5, clock)), 3)) == [2, 3, 4]
    assert clock[0] < SILENT_SECONDS_MAX


def test_a_broker_that_goes_away_in_between_is_told_and_not_waited_for_for_ever(
    clock: list[float],
) -> None:
    with pytest.raises(Unavailable) as found:
        asyncio.run(offsets(opened(Broker(2, clock)), 5))
    assert (found.value.code, found.value.where) == ("kafka.unreachable", PLACE.topic)
    assert SILENT_SECONDS_MAX < clock[0] < SILENT_SECONDS_MAX + 3


def test_one_that_does_not_say_where_its_log_begins_is_told(clock: list[float]) -> None:
    broker = Broker(5, clock)
    broker.fails = True
    with pytest.raises(Unavailable, match=r"kafka\.unreachable"):
        asyncio.run(offsets(opened(broker), 5))


def test_who_follows_waits_however_long_nothing_comes(clock: list[float]) -> None:
    async def followed() -> list[int]:
        letters = opened(Broker(2, clock)).following(0, 100 * SILENT_SECONDS_MAX)
        return [letter.offset async for letter in letters]

    assert asyncio.run(followed()) == [0, 1]
    assert FOR_EVER > clock[0] >= 100 * SILENT_SECONDS_MAX
