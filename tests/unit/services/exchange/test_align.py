"""Before the first record: progress, group and log are compared, also while others are deciding."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import AsyncMock, Mock

import pytest
from aiokafka import TopicPartition

from connectors.bus.home import Home, Settings
from connectors.bus.private import write_private
from schemas.errors import Broken
from schemas.parts import Flow
from services.casebook.progress import lock_progress
from services.casebook.rows import Progress, from_ms
from services.casebook.store import Casebook
from services.casebook.tables import PROGRESS
from services.casebook.work import Work
from services.exchange import align as aligning
from services.exchange.gap import Found, Gap, Passed, by_place, rows_of
from services.exchange.recall import Recollection
from services.exchange.recorded import Remembers, nothing
from services.exchange.shelf import Shelf
from tests.empty_casebook import empty_casebook
from tests.office import office, rows

PLACE = TopicPartition("leads", 0)
BY_THE_WRITER, BY_THE_BROKER = 0, 1  # as Kafka numbers them
Told = TypeVar("Told")
ASKED_OF_THE_BROKER = aligning._places
STEP = 5  # records that come and are decided between two looks


@dataclass
class Log:
    """A partition and its group, as a consumer sees them; others may go on between two looks."""

    casebook: Casebook
    begin: int = 0
    end: int = 0
    committed_at: int | None = None
    lives: bool = False
    set_back: list[int] = field(default_factory=list)
    keys_restored: int = 0
    recalled: list[bool] = field(default_factory=list)  # whether the casebook was behind
    stamps: dict[int, int] = field(default_factory=dict)  # in milliseconds, by offset
    stamped_by: int = BY_THE_BROKER
    at: int = 0  # what is read next

    def decided(self, offset: int, clock_ms: int = 0) -> None:
        """Let the casebook be so far."""
        with self.casebook.engine.begin() as connection:
            work = Work(connection)
            work.advance(PLACE.topic, PLACE.partition, Progress(offset, from_ms(clock_ms)))
            work.flush()

    def assign(self, _places: Sequence[TopicPartition]) -> None:
        """Nothing to do."""

    def seek(self, _: TopicPartition, offset: int) -> None:
        """Read from there."""
        self.at = offset

    async def position(self, _: TopicPartition) -> int:
        """What is read next."""
        return self.at

    async def getmany(self, *_: TopicPartition, **__: int) -> dict[TopicPartition, list[Any]]:
        """Read one record, or none where compaction left none."""
        offset, self.at = max(self.at, self.begin), max(self.at, self.begin) + 1
        if offset not in self.stamps:
            return {}
        stamp, by = self.stamps[offset], self.stamped_by
        found = Mock(topic=PLACE.topic, partition=PLACE.partition, offset=offset)
        found.configure_mock(timestamp=stamp, timestamp_type=by)
        return {PLACE: [found]}

    async def stop(self) -> None:
        """Nothing to do."""

    async def beginning_offsets(self, _: Any) -> dict[TopicPartition, int]:
        """Where the log begins."""
        return self._told({PLACE: self.begin})

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        """Where the log ends."""
        return self._told({PLACE: self.end})

    async def committed(self, _: TopicPartition) -> int | None:
        """How far the group is."""
        return self._told(self.committed_at)

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Note where the group is set to."""
        self.set_back.append(offsets[PLACE])

    def _told(self, found: Told) -> Told:
        """Let the running workers decide and commit some more after each look."""
        if self.lives:
            self.end += STEP
            self.decided(self.end)
            self.committed_at = self.end
        return found


async def nothing_kept(*arguments: Any) -> None:
    """Say what recovering says when the originals have nothing of the gap."""
    ((place, (progress, begin)),) = arguments[4].items()
    raise Broken("log.gap", detail=f"{place[0]}/{place[1]}: {progress} < {begin}")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    found = Log(empty_casebook(tmp_path / "casebook.sqlite"))

    async def consumer(*_: Any, **__: Any) -> Log:
        return found

    async def places(*_: Any) -> list[TopicPartition]:
        return [PLACE]

    monkeypatch.setattr(aligning, "start_consumer", consumer)
    monkeypatch.setattr(aligning, "_places", places)
    monkeypatch.setattr(aligning, "open_shelf", lambda _, first, **__: Shelf(first))
    monkeypatch.setattr(aligning, "recover", nothing_kept)

    async def restored(*_: Any) -> None:
        found.keys_restored += 1

    async def recalled(*_: Any, is_behind: bool) -> Remembers:
        found.recalled.append(is_behind)
        return nothing

    async def none(*_: Any) -> tuple[str, ...]:
        return ()

    monkeypatch.setattr(aligning, "stamped_by_writers", none)
    monkeypatch.setattr(aligning, "restore_keys", restored)
    monkeypatch.setattr(aligning, "recall", recalled)
    yield found
    found.casebook.close()


def align(log: Log, tmp_path: Path) -> int:
    """Align, and return how far the casebook is."""
    home = Home(tmp_path)
    write_private(home.credentials_file("exchange"), 'username = "exchange"\npassword = "x"\n')
    asyncio.run(aligning.align(home, Settings(), log.casebook, office(), "group"))
    place = (PLACE.topic, PLACE.partition)
    with log.casebook.engine.begin() as connection:
        return lock_progress(connection, [place])[place].next_offset


def test_a_new_casebook_begins_where_the_log_begins(log: Log, tmp_path: Path) -> None:
    log.begin, log.end = 7, 9
    assert align(log, tmp_path) == 7
    assert log.set_back == []


def test_a_worker_that_joins_while_others_decide_finds_nothing_wrong(
    log: Log, tmp_path: Path
) -> None:
    log.lives = True
    log.decided(0)
    align(log, tmp_path)
    assert log.end == 3 * STEP  # it looked thrice, and each time they went on
    assert log.set_back == []


def test_a_group_that_is_behind_or_level_is_left(log: Log, tmp_path: Path) -> None:
    log.end = 9
    log.decided(6)
    for there in (None, 2, 6):
        log.committed_at = there
        assert align(log, tmp_path) == 6
    assert (log.set_back, log.keys_restored) == ([], 0)
    assert log.recalled == [False] * 3


def test_a_group_that_is_ahead_of_the_casebook_is_set_back(log: Log, tmp_path: Path) -> None:
    log.end = log.committed_at = 9
    log.decided(4)
    assert align(log, tmp_path) == 4
    assert log.set_back == [4]
    assert log.keys_restored == 1  # it may lack keys, or have some that were erased
    assert log.recalled == [True]


def test_a_log_that_begins_after_the_progress_is_refused(log: Log, tmp_path: Path) -> None:
    log.begin, log.end = 7, 9
    log.decided(6)
    with pytest.raises(Broken, match=r"log\.gap leads/0: 6 < 7"):
        align(log, tmp_path)


def test_what_the_journal_tells_of_gaps_goes_along(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.begin, log.end = 7, 9
    log.decided(6)
    place = (PLACE.topic, PLACE.partition)
    passed = Passed(Found(Gap(*place, 6, 6), None, None), "王某", "停机", from_ms(0))
    remembered, given = Recollection(), list[Any]()
    remembered.note([rows_of(passed, "r")[0].entry])

    async def recalled(*_: Any, **__: Any) -> Remembers:
        return remembered

    async def recovered(*arguments: Any) -> None:
        given.append(arguments[-1])
        log.decided(7)

    monkeypatch.setattr(aligning, "recall", recalled)
    monkeypatch.setattr(aligning, "recover", recovered)
    assert align(log, tmp_path) == 7
    assert given == [by_place([passed])]


def test_a_log_that_ends_before_the_progress_is_refused(log: Log, tmp_path: Path) -> None:
    log.end = 5
    log.decided(6)
    with pytest.raises(Broken, match=r"log\.shorter leads/0: 5 < 6"):
        align(log, tmp_path)


NOON = 43_200_000


@pytest.mark.parametrize("behind", [0, 2])  # the casebook that is the newest, and an older one
def test_a_log_that_was_made_anew_and_grew_past_the_progress_is_refused(
    log: Log, tmp_path: Path, behind: int
) -> None:
    log.end, log.committed_at = 20, 20
    log.stamps = {offset: NOON + 10 + offset for offset in range(20)}
    log.decided(9 - behind, NOON - behind)
    with pytest.raises(Broken, match=rf"log\.replaced leads/0: {8 - behind}, 1970-01-01T12:00:00"):
        align(log, tmp_path)
    assert (log.set_back, log.recalled) == ([], [])  # and nothing was done before


def test_the_log_of_the_casebook_is_known_by_its_stamps(log: Log, tmp_path: Path) -> None:
    log.end, log.committed_at = 20, 20
    log.stamps = {offset: NOON + offset for offset in range(20)}
    log.decided(9, NOON + 8)
    assert align(log, tmp_path) == 9
    log.stamps[8] = NOON  # the leader after it was some seconds slow: the clock is the greatest
    assert align(log, tmp_path) == 9


def test_a_record_that_is_gone_or_bears_its_writer_s_time_tells_nothing(
    log: Log, tmp_path: Path
) -> None:
    log.end, log.committed_at = 20, 20
    log.stamps = {offset: NOON + offset for offset in range(20) if offset != 8}
    log.decided(9, NOON)
    assert align(log, tmp_path) == 9  # 8 is no record: 9 is the next one
    log.begin = 9
    assert align(log, tmp_path) == 9  # deleted in its time
    log.begin, log.stamps[8], log.stamped_by = 0, NOON + 8, BY_THE_WRITER
    assert align(log, tmp_path) == 9


def test_while_a_flow_takes_its_writers_time_nothing_is_begun(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def drifted(_settings: Any, _login: Any, topics: list[str]) -> tuple[str, ...]:
        asked.extend(topics)
        return ("copies", "leads")

    monkeypatch.setattr(aligning, "stamped_by_writers", drifted)
    log.decided(7)
    log.end, log.committed_at = 9, 9
    with pytest.raises(Broken, match=r"log\.unstamped.*copies, leads"):
        align(log, tmp_path)
    assert sorted(asked) == ["copies", "leads", "notifications", "requests", "transfers"]
    assert log.set_back == []


@pytest.mark.parametrize("there", [1, 3, 5])
def test_a_flow_of_another_number_of_partitions_than_its_keys_were_spread_over_is_refused(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: int
) -> None:
    """A case's later letters would lie in another partition than those of before."""
    numbers = dict.fromkeys(Flow, Settings().kafka.partitions) | {Flow.REQUESTS: there}

    async def partitions(_: Any, topic: str) -> int:
        return numbers[Flow(topic)]

    monkeypatch.setattr(aligning, "_places", ASKED_OF_THE_BROKER)
    monkeypatch.setattr(aligning, "start_producer", AsyncMock())
    monkeypatch.setattr(aligning, "partitions_of", partitions)
    with pytest.raises(Broken, match=rf"topics\.partitions_fixed.*requests: {there}, not 4"):
        align(log, tmp_path)
    assert rows(log.casebook, PROGRESS) == []
