"""Finding what neither the log nor the originals have, and going on behind it in one step."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unittest.mock import AsyncMock

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from pydantic import SecretStr

from connectors.bus.home import Credentials, Settings
from schemas.errors import Unavailable
from services.casebook.progress import progress_now
from services.casebook.rows import Progress, from_ms, to_ms
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from services.exchange import gaps as finding
from services.exchange.batch import run_batch
from services.exchange.gap import Found, Gap, Passed
from services.exchange.gaps import find_gaps, pass_gaps
from services.exchange.originals import Copied, original
from services.exchange.recall import Recollection
from services.exchange.shelf import Shelf
from tests.batches import LATER, of_one_partition
from tests.history import MONDAY
from tests.office import Log, office, rows, run

LEADS, COPIES = TopicPartition("leads", 0), TopicPartition("copies", 0)
ORIGINALS = TopicPartition("originals", 0)
LOGIN = Credentials("exchange", SecretStr(""))


@dataclass
class Stamped:
    """A record of which only the stamp matters."""

    timestamp: int
    key: bytes | None = None
    value: bytes | None = None


class Broker:
    """Flows by where they begin and end, and a partition of the originals, as a consumer sees."""

    def __init__(
        self, spans: dict[TopicPartition, tuple[int, int]], kept: Sequence[Copied] = ()
    ) -> None:
        self.spans, self.kept = spans, kept
        self.place, self.at, self.is_away = LEADS, 0, False

    def assign(self, places: Sequence[TopicPartition]) -> None:
        """One of them."""
        (self.place,) = places
        self.at = 0

    def seek(self, _: TopicPartition, offset: int) -> None:
        """Go there."""
        self.at = offset

    async def seek_to_beginning(self, _: TopicPartition) -> None:
        """Go there."""
        self.at = 0

    async def position(self, _: TopicPartition) -> int:
        """How far it is."""
        return self.at

    async def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[Any, int]:
        """Where flows begin."""
        if self.is_away:
            raise KafkaConnectionError
        return {place: self.spans[place][0] for place in places}

    async def end_offsets(self, places: Sequence[TopicPartition]) -> dict[Any, int]:
        """Where they end."""
        ends = {place: end for place, (_, end) in self.spans.items()} | {ORIGINALS: len(self.kept)}
        return {place: ends[place] for place in places}

    async def getmany(self, **_: Any) -> dict[TopicPartition, Sequence[Any]]:
        """One record."""
        if self.place == ORIGINALS:
            found: Sequence[Any] = self.kept[self.at : self.at + 1]
        else:
            found = [Stamped(to_ms(LATER))]
        self.at += 1
        return {self.place: found}

    async def stop(self) -> None:
        """Nothing to do."""


def found(
    monkeypatch: pytest.MonkeyPatch, broker: Broker, **next_offsets: int
) -> tuple[Found, ...]:
    monkeypatch.setattr(finding, "start_consumer", AsyncMock(return_value=broker))
    progress = {(topic, 0): Progress(at, MONDAY) for topic, at in next_offsets.items()}
    return asyncio.run(find_gaps(Settings(), LOGIN, progress))


def test_what_begins_behind_the_progress_is_a_gap_and_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker({LEADS: (7, 9), COPIES: (4, 9)})
    assert found(monkeypatch, broker, leads=3, copies=4) == (
        Found(Gap("leads", 0, 3, 6), MONDAY, LATER),
    )


def test_of_a_log_that_is_empty_nothing_lies_behind_and_of_a_new_one_nothing_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker({LEADS: (7, 7)})
    monkeypatch.setattr(finding, "start_consumer", AsyncMock(return_value=broker))
    progress = {("leads", 0): Progress(0, from_ms(0))}
    gaps = asyncio.run(find_gaps(Settings(), LOGIN, progress))
    assert gaps == (Found(Gap("leads", 0, 0, 6), None, None),)


def test_what_the_originals_have_is_no_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    kept = [original(log.put(each, MONDAY), None) for each in of_one_partition(4)]
    spans = {LEADS: (6, 9), COPIES: (4, 4)}
    assert found(monkeypatch, Broker(spans, kept), leads=2, copies=1) == (
        Found(Gap("copies", 0, 1, 3), MONDAY, None),
        Found(Gap("leads", 0, 4, 5), MONDAY, LATER),
    )
    assert found(monkeypatch, Broker({LEADS: (4, 9)}, kept), leads=2) == ()


def test_a_broker_that_is_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker({LEADS: (7, 9)})
    broker.is_away = True
    with pytest.raises(Unavailable, match=r"kafka\.unreachable"):
        found(monkeypatch, broker, leads=3)


def passed(topic: str, first: int, last: int) -> Passed:
    return Passed(Found(Gap(topic, 0, first, last), MONDAY, None), "王某", "停机", LATER)


def test_all_gaps_are_passed_in_one_transaction_or_none(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in of_one_partition(2)])
    with casebook.engine.connect() as connection:
        progress = progress_now(connection) | {("copies", 0): Progress(0, from_ms(0))}
    every = [passed("leads", 2, 6), passed("copies", 0, 3)]
    written: list[int] = []

    def counted(*arguments: Any) -> Any:
        written.append(len(arguments[2]))
        return run_batch(*arguments)

    monkeypatch.setattr(finding, "run_batch", counted)
    asyncio.run(pass_gaps(Settings(), LOGIN, casebook, Shelf(office()), progress, every))
    assert written == [2]
    with casebook.engine.connect() as connection:
        after = {place: each.next_offset for place, each in progress_now(connection).items()}
    assert after == {("leads", 0): 7, ("copies", 0): 4}


def test_what_the_originals_have_before_it_is_decided_first_as_the_journal_remembers_it(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    leads, done = of_one_partition(2), list[Any]()
    log, remembered = Log(), Recollection()
    records = [log.put(each, MONDAY) for each in leads]

    async def recovered(*arguments: Any) -> None:
        done.append(arguments[-2:])
        run(casebook, records)

    monkeypatch.setattr(finding, "start_consumer", AsyncMock(return_value=Broker({})))
    monkeypatch.setattr(finding, "recall", AsyncMock(return_value=remembered))
    monkeypatch.setattr(finding, "recover", recovered)
    progress = {("leads", 0): Progress(0, from_ms(0))}
    gap = [passed("leads", 2, 4)]
    asyncio.run(pass_gaps(Settings(), LOGIN, casebook, Shelf(office()), progress, gap))
    assert done == [({("leads", 0): (0, 2)}, remembered)]
    assert [row.offset for row in rows(casebook, DECISIONS)] == [0, 1, 4]
