"""One inbox refuses: what waits for it waits in order, and makes nothing else wait."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError

from schemas.messages import Message
from services.casebook.locked import outbox_value
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX
from services.exchange import outbox, waiting
from services.exchange.incoming import Incoming
from services.exchange.outbox import Published, publish
from services.exchange.refusing import RETRY_SECONDS, Refusing
from tests.batches import lead, of_one_partition, partition_of
from tests.history import HANDLER, MONDAY, SENDER
from tests.office import Log, Stored, rows, run

SHUT = f"inbox.{SENDER}"  # one receipt for each lead
PLACE = ("leads", 0)


@dataclass
class Producer:
    """Takes everything but what goes to inboxes that are shut, or shut so many times."""

    shut: tuple[str, ...] = (SHUT,)
    times: int | None = None
    gives_up: bool = False  # the client itself, before the broker is asked
    refused: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)  # topic, case

    async def send(self, topic: str, _: Any, *, key: bytes, **__: Any) -> "asyncio.Future[Stored]":
        """Give one record to the broker."""
        done = asyncio.get_running_loop().create_future()
        if topic in self.shut and self.refused != self.times:
            self.refused += 1
            if self.gives_up:
                raise KafkaTimeoutError
            done.set_exception(TopicAuthorizationFailedError(topic))
        else:
            self.taken.append((topic, key.decode()))
            done.set_result(Stored(len(self.taken)))
        return done


@dataclass
class Bench:
    """One process: what it has met of refusals, and its clock."""

    casebook: Casebook
    at: float = 1_000.0
    opened: int = 0  # rows that were read
    producer: Producer = field(default_factory=Producer)
    refusing: Refusing = field(default_factory=Refusing)

    def batch(self, *records: Incoming, from_memory: bool = True) -> Published:
        """Decide and publish."""
        unsent = run(self.casebook, records).unsent if records else []
        return self.published({each.position.place for each in records}, unsent * from_memory)

    def published(
        self, sources: set[tuple[str, int]], lately: Sequence[Any] = (), *, later: float = 0.0
    ) -> Published:
        """Publish what these partitions have, as at a Tick; so many seconds later."""
        self.at += later
        self.opened = self.producer.refused = 0
        producer = cast("Any", self.producer)
        return asyncio.run(publish(self.casebook, producer, sources, lately, self.refusing))

    def left(self) -> list[tuple[str, str]]:
        """What waits: its destination and case."""
        return [(row.topic, row.key.decode()) for row in rows(self.casebook, OUTBOX)]


def bench_of(casebook: Casebook, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return one. No fixture: the tests take a casebook, and so are run on PostgreSQL, too."""
    made = Bench(casebook)

    def counted(*row: Any) -> Any:
        made.opened += 1
        return outbox_value(*row)

    monkeypatch.setattr(outbox, "monotonic", lambda: made.at)
    monkeypatch.setattr(waiting, "outbox_value", counted)
    return made


def receipts(leads: Sequence[Message]) -> list[tuple[str, str]]:
    return [(SHUT, str(each.envelope.case_id)) for each in leads]


def test_what_waits_for_it_is_neither_read_nor_tried_with_each_batch(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(casebook, monkeypatch)
    log, leads = Log(), of_one_partition(6)
    records = [log.put(each, MONDAY) for each in leads]
    assert bench.batch(*records[:3]).failed == (SHUT,)
    for number in (3, 4, 5):
        done = bench.batch(records[number])
        assert (done.failed, bench.opened, bench.producer.refused) == ((SHUT,), 0, 0)
        assert bench.left() == receipts(leads[: number + 1])
    done = bench.published({PLACE})
    assert (done.sent, bench.opened, bench.producer.refused) == (0, 0, 0)
    assert bench.refusing.seen(PLACE) == rows(bench.casebook, OUTBOX)[-1].seq


def test_after_a_while_it_is_asked_with_one_row(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(casebook, monkeypatch)
    log, leads = Log(), of_one_partition(3)
    bench.batch(*(log.put(each, MONDAY) for each in leads))
    for _ in range(2):
        bench.published({PLACE}, later=RETRY_SECONDS - 0.1)
        assert (bench.opened, bench.producer.refused) == (0, 0)
        done = bench.published({PLACE}, later=0.1)
        assert (done.failed, bench.opened, bench.producer.refused) == ((SHUT,), 1, 1)
    assert bench.left() == receipts(leads)


@pytest.mark.parametrize("from_memory", [True, False])
def test_once_it_takes_them_all_go_in_their_order_and_none_before_those_that_waited(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, *, from_memory: bool
) -> None:
    bench = bench_of(casebook, monkeypatch)
    log, leads = Log(), of_one_partition(5)
    records = [log.put(each, MONDAY) for each in leads]
    for number in range(4):
        bench.batch(records[number], from_memory=from_memory)
    bench.producer.shut, bench.at = (), bench.at + RETRY_SECONDS
    done = bench.batch(records[4], from_memory=from_memory)
    assert [each for each in bench.producer.taken if each[0] == SHUT] == receipts(leads)
    assert (done.failed, bench.left()) == ((), [])


def test_what_another_partition_has_for_it_goes_with_that_one_s_next_batch(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(casebook, monkeypatch)
    log, here = Log(), of_one_partition(1)[0]
    there = next(each for each in map(lead, range(20)) if partition_of(each) == 1)
    bench.batch(log.put(here, MONDAY))
    bench.batch(log.put(there, MONDAY))
    bench.producer.shut = ()
    bench.published({("leads", 1)}, later=RETRY_SECONDS)
    assert bench.left() == []


def test_what_an_earlier_life_left_for_others_goes_past_what_waits_for_it(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(casebook, monkeypatch)
    log, leads = Log(), of_one_partition(3)
    records = [log.put(each, MONDAY) for each in leads]
    bench.batch(records[0])
    run(bench.casebook, [records[1]])  # and another one died before it could publish
    bench.batch(records[2])
    assert bench.left() == receipts(leads)
    others = [case for topic, case in bench.producer.taken if topic == "journal"]
    assert others == [each.envelope.case_id for each in leads]


def test_rows_that_get_the_numbers_of_rows_that_are_gone_are_sent_too(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(casebook, monkeypatch)
    log, leads = Log(), of_one_partition(5)
    for each in leads:  # on SQLite a number is free again with the last row that had it
        bench.batch(log.put(each, MONDAY), from_memory=False)
    assert bench.left() == receipts(leads)


def test_a_row_that_another_worker_has_sent_shows_that_it_takes_them_again(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(casebook, monkeypatch)
    log, leads = Log(), of_one_partition(2)
    bench.batch(log.put(leads[0], MONDAY))
    with bench.casebook.engine.begin() as connection:
        connection.execute(OUTBOX.delete())
    bench.producer.shut, bench.at = (), bench.at + RETRY_SECONDS
    assert bench.batch(log.put(leads[1], MONDAY)).failed == ()
    assert bench.left() == []


@pytest.mark.parametrize("from_memory", [True, False])
def test_what_the_broker_took_behind_a_row_that_it_refused_waits_with_that_one(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, *, from_memory: bool
) -> None:
    bench = bench_of(casebook, monkeypatch)
    bench.producer.times = 1
    log, leads = Log(), of_one_partition(3)
    done = bench.batch(*(log.put(each, MONDAY) for each in leads), from_memory=from_memory)
    assert [each for each in bench.producer.taken if each[0] == SHUT] == receipts(leads[1:])
    assert (done.failed, bench.left()) == ((SHUT,), receipts(leads))
    bench.producer.shut = ()
    bench.published({PLACE}, later=RETRY_SECONDS)
    assert [each for each in bench.producer.taken if each[0] == SHUT][2:] == receipts(leads)
    assert bench.left() == []


def test_what_waits_for_one_that_takes_again_goes_though_another_one_still_refuses(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(casebook, monkeypatch)
    other = f"inbox.{HANDLER}"
    bench.producer.shut = (SHUT, other)
    log, leads = Log(), of_one_partition(3)
    for each in leads:
        bench.batch(log.put(each, MONDAY))
    bench.producer.shut = (other,)
    done = bench.published({PLACE}, later=RETRY_SECONDS)
    assert [each for each in bench.producer.taken if each[0] == SHUT] == receipts(leads)
    assert done.failed == (other,)
    assert {topic for topic, _ in bench.left()} == {other}


def test_what_the_client_gives_up_is_one_row_and_none_goes_out_behind_it(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits its time for each that it is given: a page of them would stop the exchange."""
    bench = bench_of(casebook, monkeypatch)
    bench.producer.gives_up, bench.producer.times = True, 1
    log, leads = Log(), of_one_partition(3)
    done = bench.batch(*(log.put(each, MONDAY) for each in leads))
    assert (done.failed, bench.producer.refused) == ((SHUT,), 1)
    assert SHUT not in {topic for topic, _ in bench.producer.taken}
    assert bench.left() == receipts(leads)


def test_what_is_no_word_of_the_broker_is_raised_and_nothing_of_the_page_is_gone(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = bench_of(casebook, monkeypatch)
    run(casebook, [Log().put(lead(0), MONDAY)])
    before = bench.left()

    async def send(*_: Any, **__: Any) -> "asyncio.Future[Stored]":
        done = asyncio.get_running_loop().create_future()
        done.set_exception(ArithmeticError())
        return done

    monkeypatch.setattr(bench.producer, "send", send)
    with pytest.raises(ArithmeticError):
        bench.published({("leads", partition) for partition in range(4)})
    assert bench.left() == before
