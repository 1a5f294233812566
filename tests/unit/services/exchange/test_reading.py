"""How much is taken at one time of what a client has fetched."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pytest
from aiokafka import TopicPartition

from schemas.errors import Unavailable
from services.exchange import reading
from services.exchange.reading import LOOK_BYTES_MAX, look, records_at

MEGABYTE: Final = 1 << 20
STEP: Final = 8


class Record(NamedTuple):
    """A record, as far as it is looked at."""

    offset: int
    value: bytes | None
    key: bytes | None = None


@dataclass
class Fetched:
    """A client that holds records of two partitions."""

    size: int
    left: int
    asked: list[tuple[int, bool]] = field(default_factory=list)

    async def take(self, number: int, waits: bool) -> Mapping[Any, list[Any]]:  # noqa: FBT001
        """Give so many, of each partition in turn."""
        self.asked.append((number, waits))
        given = min(number, self.left)
        self.left -= given
        place = len(self.asked) % 2
        return {place: [Record(n, bytes(self.size)) for n in range(given)]} if given else {}


def looked(fetched: Fetched, records_max: int) -> dict[int, int]:
    found = asyncio.run(look(fetched.take, records_max))
    return {place: len(records) for place, records in found.items()}


def test_as_many_as_are_wanted_are_taken_in_steps() -> None:
    fetched = Fetched(size=100, left=100)
    assert looked(fetched, 20) == {1: STEP + 4, 0: STEP}
    assert fetched.asked == [(STEP, True), (STEP, False), (4, False)]


def test_what_is_there_is_taken_and_waited_for_once() -> None:
    fetched = Fetched(size=100, left=3)
    assert looked(fetched, 500) == {1: 3}
    assert fetched.asked == [(STEP, True), (STEP, False)]


def test_large_ones_are_taken_until_they_are_enough() -> None:
    assert looked(Fetched(size=MEGABYTE, left=500), 500) == {1: STEP}
    quarter = Fetched(size=LOOK_BYTES_MAX // (2 * STEP), left=500)
    assert sum(looked(quarter, 500).values()) == 2 * STEP


def test_a_record_without_value_has_no_length() -> None:
    async def take(number: int, waits: bool) -> Mapping[Any, list[Any]]:  # noqa: FBT001
        return {0: [Record(0, None, None)] * number} if waits else {}

    assert len(asyncio.run(look(take, 500))[0]) == STEP


@dataclass
class Logs:
    """A client of partitions that answer one at a time, each with what is left of its log."""

    offsets: dict[int, list[int]]  # by partition; those before the last may be no more
    at: dict[int, int] = field(default_factory=dict)
    asked: int = 0

    def assign(self, places: list[TopicPartition]) -> None:
        """Read these."""
        assert {place.partition for place in places} == self.offsets.keys()

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Read on from there."""
        self.at[place.partition] = offset

    async def position(self, place: TopicPartition) -> int:
        """Return what is read next."""
        return self.at[place.partition]

    async def getmany(
        self, *places: TopicPartition, **_: int
    ) -> dict[TopicPartition, list[Record]]:
        """Return all that one of the partitions has."""
        self.asked += 1
        place = places[0]
        given = [Record(n, b"") for n in self.offsets[place.partition] if n >= self.at[place[1]]]
        if given:
            self.at[place.partition] = given[-1].offset + 1
        return {place: given}


def at(logs: Logs, offset: int) -> list[int]:
    offsets = {TopicPartition("leads", number): offset for number in logs.offsets}
    return [each.offset for each in asyncio.run(records_at(logs, offsets))]


def test_one_record_of_each_partition_is_read_and_what_is_no_more_is_left_out() -> None:
    logs = Logs({0: [6, 7, 8], 1: [5, 9], 2: [7]})
    assert at(logs, 7) == [7, 7]
    assert logs.asked == 3
    assert at(Logs({}), 7) == []


def test_a_partition_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_SILENT_SECONDS_MAX", -1.0)
    with pytest.raises(Unavailable, match=r"kafka\.unreachable leads"):
        at(Logs({0: []}), 7)
