"""A restored casebook is brought to where its flows begin, by what the originals have of each."""

import asyncio
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any
from unittest.mock import AsyncMock

import pytest
from aiokafka import TopicPartition
from pydantic import SecretStr

from connectors.bus.home import Credentials, Settings
from connectors.bus.sections import ExchangeSection
from schemas.errors import Broken
from services.casebook.store import Casebook
from services.exchange import recover as recovering
from services.exchange.gap import Found, Gap, Passed, by_place, in_its_place
from services.exchange.incoming import Incoming
from services.exchange.originals import Copied, original
from services.exchange.recorded import nothing
from services.exchange.recover import recover
from services.exchange.shelf import Shelf
from tests.batches import of_one_partition
from tests.history import MONDAY
from tests.marked import copies
from tests.office import Log, NewCasebook, everything, office, run

GAPS = {("copies", 0): (0, 3), ("leads", 0): (0, 3)}


class Originals:
    """A partition of the originals topic, as a consumer sees it."""

    def __init__(self, records: Sequence[Copied]) -> None:
        self.records, self.at = records, 0

    def assign(self, places: Sequence[TopicPartition]) -> None:
        """That partition alone."""
        assert list(places) == [TopicPartition("originals", 0)]

    async def end_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Where it ends."""
        return dict.fromkeys(places, len(self.records))

    async def seek_to_beginning(self, *_: TopicPartition) -> None:
        """Go there."""
        self.at = 0

    async def position(self, _: TopicPartition) -> int:
        """How far it is."""
        return self.at

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Copied]]:
        """Return two."""
        self.at += 2
        return {TopicPartition("originals", 0): list(self.records[self.at - 2 : self.at])}

    async def stop(self) -> None:
        """Nothing to do."""


def recovered(
    casebook: Casebook,
    kept: Sequence[Copied],
    monkeypatch: pytest.MonkeyPatch,
    gaps: Any = MappingProxyType(GAPS),
    lost: Any = MappingProxyType({}),
    batch_max: int = 500,
) -> None:
    monkeypatch.setattr(recovering, "start_consumer", AsyncMock(return_value=Originals(kept)))
    monkeypatch.setattr(recovering, "restore_keys", AsyncMock())
    login = Credentials("exchange", SecretStr(""))
    shelf = Shelf(office())
    settings = Settings(exchange=ExchangeSection(batch_max=batch_max))
    asyncio.run(recover(settings, login, casebook, shelf, gaps, nothing, lost))


def of_two_flows() -> tuple[list[Incoming], list[Copied]]:
    """Records of two flows' partitions of one number; the originals have them alternately."""
    log = Log()
    leads = [log.put(each, MONDAY) for each in of_one_partition(3)]
    others = [log.put(each, MONDAY) for each in copies(3)]
    mixed = [each for pair in zip(leads, others, strict=True) for each in pair]
    again = [mixed[0], *mixed]  # an eraser that died has copied one twice
    return [*others, *leads], [original(each, None) for each in again]


@pytest.mark.parametrize("batch_max", [2, 3, 500], ids="batches of {}".format)
def test_of_partitions_that_share_the_originals_each_gets_its_own_records_once(
    casebook: Casebook, new_casebook: NewCasebook, monkeypatch: pytest.MonkeyPatch, batch_max: int
) -> None:
    records, kept = of_two_flows()
    run(casebook, records)
    with new_casebook() as older:
        recovered(older, kept, monkeypatch, batch_max=batch_max)
        assert everything(older) == everything(casebook)


def test_a_hole_that_somebody_answered_for_is_gone_over_in_its_place(
    casebook: Casebook, new_casebook: NewCasebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads, log = of_one_partition(3), Log()
    first = log.put(leads[0], MONDAY)
    log.next_offset["leads", 0] += 2
    second = log.put(leads[1], MONDAY)
    log.next_offset["leads", 0] += 1
    passed = [
        Passed(Found(Gap("leads", 0, *span), MONDAY, None), "王某", "停机", MONDAY)
        for span in ((1, 2), (4, 4))
    ]
    run(casebook, [first, in_its_place(passed[0]), second, in_its_place(passed[1])])
    kept = [original(each, None) for each in (first, second)]
    gaps = {("leads", 0): (0, 5)}
    with new_casebook() as older:
        recovered(older, kept, monkeypatch, gaps, by_place(passed))
        assert everything(older) == everything(casebook)
    with new_casebook() as older:
        run(older, [first])
        gaps = {("leads", 0): (1, 5)}
        recovered(older, kept, monkeypatch, gaps, by_place(passed))
        assert everything(older) == everything(casebook)
    with new_casebook() as older, pytest.raises(Broken, match=r"log\.gap leads/0: 4 < 5"):
        recovered(older, kept, monkeypatch, {("leads", 0): (0, 5)}, by_place(passed[:1]))


def test_a_hole_stops_the_exchange_before_anything_is_decided(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(casebook)
    _, kept = of_two_flows()
    with pytest.raises(Broken, match=r"log\.gap leads/0: 2 < 3"):
        recovered(casebook, [*kept[:-2], kept[-1]], monkeypatch)
    assert everything(casebook) == before
