"""How much is taken at one time of what a client has fetched."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from services.exchange.reading import LOOK_BYTES_MAX, look

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
