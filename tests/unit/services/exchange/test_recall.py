"""An older casebook is restored: what the journal tells of the lost life is decided so again."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from aiokafka import TopicPartition

from schemas.ids import CaseId, MessageId
from services.casebook.journal_mark import begin_journal, know_journal
from services.casebook.progress import begin_progress
from services.casebook.rows import Position, Progress, from_ms
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from services.exchange.batch import run_batch, take_batch
from services.exchange.incoming import Incoming
from services.exchange.outbox import publish
from services.exchange.recall import Recollection, recall
from services.exchange.recorded import Remembers, nothing
from services.exchange.shelf import Shelf
from tests.batches import partition_of
from tests.history import MONDAY, SENDER, message
from tests.office import Log, NewCasebook, Stored, office, rows, run

JOURNAL = TopicPartition("journal", 0)
_NEVER = Progress(0, from_ms(0))


def lines(casebook: Casebook) -> list[str]:
    """What the casebook's life wrote into the journal."""
    return [row.entry for row in rows(casebook, DECISIONS)]


def remembered(told: Sequence[str]) -> Recollection:
    found = Recollection()
    found.note(told)
    return found


def of_one_number(log: Log) -> list[Incoming]:
    """Two leads of one document number in two partitions: whichever comes first has it."""
    leads = [message("lead_transfer", SENDER, f"lead-{number}") for number in range(20)]
    other = next(each for each in leads if partition_of(each) != partition_of(leads[0]))
    return [log.put(each, MONDAY) for each in (leads[0], other)]


def of_another_number(log: Log, count: int) -> list[Incoming]:
    """Leads that have nothing to do with those."""
    numbers = ({"document_number": f"案移〔2026〕9{number}号"} for number in range(count))
    leads = [message("lead_transfer", SENDER, str(each), envelope=each) for each in numbers]
    return [log.put(each, MONDAY) for each in leads]


def again(casebook: Casebook, records: Sequence[Incoming], remembers: Remembers) -> None:
    shelf = Shelf(office())
    for record in records:
        run_batch(casebook, shelf, take_batch(casebook, shelf, [record]), remembers)


def test_the_second_life_writes_the_lines_of_the_first_whichever_partition_comes_first(
    new_casebook: NewCasebook,
) -> None:
    records = of_one_number(Log())
    with new_casebook() as lost, new_casebook() as forgetful, new_casebook() as restored:
        run(lost, records)
        told = lines(lost)
        assert [json.loads(line)["outcome"] for line in told] == ["accepted", "rejected"]
        again(forgetful, records[::-1], nothing)
        assert set(lines(forgetful)) != set(told)
        again(restored, records[::-1], remembered(told))
        assert set(lines(restored)) == set(told)


def test_what_the_lost_life_did_not_reach_is_decided_for_the_first_time() -> None:
    place = {"topic": "leads", "partition": 1}
    told = {"message": "m", "case": "c", "facts": {"handles": True}, "outcome": "accepted"}
    entry: dict[str, Any] = {**told, "code": None, "effects": []}
    found = remembered([json.dumps({**entry, **place, "offset": 7}), "no line of ours"])
    asked = MessageId("m"), CaseId("c"), False
    assert found(Position("leads", 1, 7), *asked).facts == {"handles": True}
    assert found(Position("leads", 1, 7), *asked).has_unsent is True
    assert found(Position("leads", 1, 6), *asked).facts == {}
    for beyond in (Position("leads", 1, 8), Position("leads", 0, 7)):
        assert found(beyond, *asked) == nothing()


def test_of_a_defect_that_was_met_again_the_last_word_is_remembered() -> None:
    place = {"topic": "leads", "partition": 1, "offset": 7, "message": "m", "case": "c"}
    failed = {**place, "facts": {"resumed": True}, "outcome": "dead", "code": "case.defect"}
    mended = {**failed, "outcome": "accepted", "code": None}
    found = remembered([json.dumps({**each, "effects": []}) for each in (failed, mended)])
    asked = Position("leads", 1, 7), MessageId("m"), CaseId("c")
    assert not found(*asked, is_resumed=True).has_failed
    assert found(*asked, is_resumed=False).facts == {}


@dataclass
class Reader:
    """A consumer of the journal; its first fetch brings nothing."""

    told: Sequence[str]
    at: int = 0
    fetches: int = 0

    async def end_offsets(self, _: Any) -> dict[TopicPartition, int]:
        """Where the journal ends."""
        return {JOURNAL: len(self.told)}

    def assign(self, places: Sequence[TopicPartition]) -> None:
        """The journal alone."""
        assert list(places) == [JOURNAL]

    def seek(self, _: TopicPartition, offset: int) -> None:
        """Go there."""
        self.at = offset

    async def position(self, _: TopicPartition) -> int:
        """How far it is."""
        return self.at

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Any]]:
        """Return one line."""
        if self.at >= len(self.told):
            return {}
        self.fetches += 1
        if self.fetches == 1:
            return {}
        self.at += 1
        return {JOURNAL: [_Line(self.told[self.at - 1].encode())]}


@dataclass
class _Line:
    value: bytes
    key: bytes | None = None


def recalled(casebook: Casebook, told: Sequence[str], *, is_behind: bool) -> Reader:
    reader = Reader(told)
    asyncio.run(recall(cast("Any", reader), casebook, is_behind=is_behind))
    return reader


def test_only_what_the_casebook_does_not_know_of_the_journal_is_read(casebook: Casebook) -> None:
    with casebook.engine.begin() as connection:
        assert begin_journal(connection, 1) == 1
        know_journal(connection, 3)
        know_journal(connection, 2)  # another worker's, later
        assert begin_journal(connection, 0) == 3
    assert recalled(casebook, ["{}"] * 5, is_behind=False).fetches == 3
    assert recalled(casebook, ["{}"] * 3, is_behind=True).fetches == 0


def test_a_casebook_without_a_mark_is_held_against_all_of_it_when_it_is_behind(
    new_casebook: NewCasebook,
) -> None:
    for is_behind, fetches in ((False, 0), (True, 4)):
        with new_casebook() as older:
            assert recalled(older, ["{}"] * 3, is_behind=is_behind).fetches == fetches


@dataclass
class Broker:
    """Whom the second life writes to: behind what the first one has left in the journal."""

    journal: list[str]

    async def send(self, topic: str, value: bytes, **_: Any) -> "asyncio.Future[Stored]":
        """Take a record."""
        if topic == JOURNAL.topic:
            self.journal.append(value.decode())
        done = asyncio.get_running_loop().create_future()
        done.set_result(Stored(len(self.journal) - 1))
        return done


def started(casebook: Casebook, broker: Broker) -> Remembers:
    """Start an exchange: what it remembers."""
    reader: Any = Reader([*broker.journal])
    return asyncio.run(recall(reader, casebook, is_behind=True))


def decided(casebook: Casebook, record: Incoming, remembers: Remembers, broker: Any) -> None:
    again(casebook, [record], remembers)
    asyncio.run(publish(casebook, broker, {record.position.place}))


def restored_before(records: Sequence[Incoming], casebook: Casebook) -> None:
    """Let it be as it was when nothing of the records had been decided."""
    with casebook.engine.begin() as connection:
        begin_progress(connection, {each.position.place: _NEVER for each in records})
        begin_journal(connection, 0)


def test_what_the_lost_life_decided_is_remembered_by_who_starts_amid_the_second(
    new_casebook: NewCasebook,
) -> None:
    log = Log()
    other, first, second = *of_another_number(log, 1), *of_one_number(log)
    with new_casebook() as lost, new_casebook() as restored:
        run(lost, [other, first, second])
        told = lines(lost)
        broker = Broker([*told])
        restored_before([other, first, second], restored)
        for record in (other, second, first):  # and each time it dies
            decided(restored, record, started(restored, broker), broker)
        assert set(lines(restored)) == set(told)


def test_once_the_second_life_has_come_so_far_the_mark_moves_again(
    new_casebook: NewCasebook,
) -> None:
    log = Log()
    first, second = of_one_number(log)
    later = of_another_number(log, 2)
    with new_casebook() as lost, new_casebook() as restored:
        run(lost, [first, second])
        broker = Broker(lines(lost))
        restored_before([first, second, *later], restored)
        remembers = started(restored, broker)
        marks = []
        for record in (second, first, *later):
            decided(restored, record, remembers, broker)
            with restored.engine.begin() as connection:
                marks.append(begin_journal(connection, 0))
        assert marks[:2] == [0, 0]
        assert marks[-1] == len(broker.journal)
        assert started(restored, broker) is nothing


def test_lines_that_a_crash_had_published_twice_do_not_bring_the_end_of_the_lost_life_nearer(
    casebook: Casebook,
) -> None:
    log = Log()
    run(casebook, of_another_number(log, 6))
    told = lines(casebook)
    once = remembered(told).ends()
    assert remembered([*told, *told[:3]]).ends() == once
    assert any(end > 1 for end in once.values())
