"""A marked record on the real broker: gone for every login, and nothing else is lost with it."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import TopicPartition
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka import TopicPartition as Partition

from connectors.bus.home import Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.truncate import delete_below
from schemas.errors import Broken, Unavailable, UserError
from schemas.messages import Message
from services.casebook.progress import begin_progress
from services.casebook.rows import Position, Progress, from_ms
from services.casebook.store import Casebook, open_sqlite
from services.casebook.tables import COPIED, SECRETS, SETTINGS
from services.cli.main import main
from services.exchange import erase
from services.exchange.erase import Eraser
from services.exchange.incoming import Incoming
from services.exchange.recorded import nothing
from services.exchange.recover import recover
from services.exchange.shelf import Shelf
from tests.integration.loops import within
from tests.marked import CANARY, PARTITION, copies
from tests.office import everything, office, rows, run, sealed

PLACE: Final = ("copies", PARTITION)
AGENCY: Final = "yanjiao"
SECONDS_MAX: Final = 30.0


class Bench:
    """The broker with the demo's topics; the log of one partition from where a test begins."""

    def __init__(self, home: Home, settings: Settings, folder: Path) -> None:
        self.home, self.settings, self._folder = home, settings, folder
        self.begin = self.span()[1]
        self.key_file = home.casebook_key  # all casebooks of this log have one key
        self._open: list[Casebook] = []

    def casebook(self, name: str) -> Casebook:
        """Return a new casebook that knows the log up to where the test begins."""
        found = open_sqlite(self._folder / f"{name}.sqlite", self.key_file)
        with found.engine.begin() as connection:
            begin_progress(connection, {PLACE: Progress(self.begin, from_ms(0))})
        self._open.append(found)
        return found

    def backup(self, casebook: Casebook, name: str) -> Casebook:
        """Return what a backup of this moment holds."""
        source = sqlite3.connect(str(casebook.engine.url.database))
        target = sqlite3.connect(self._folder / f"{name}.sqlite")
        source.backup(target)
        source.close()
        target.close()
        found = open_sqlite(self._folder / f"{name}.sqlite", self.key_file)
        self._open.append(found)
        return found

    def write(self, messages: Sequence[Message]) -> None:
        """Write them as an agency does that goes past its connector: all in one batch."""
        options = librdkafka_options(self.settings, self.home.credentials(AGENCY))
        producer = Producer(options | {"linger.ms": 500, "acks": "all"})
        for message in messages:
            key = message.envelope.case_id.encode()
            producer.produce("copies", sealed(message), key, PARTITION)
        assert producer.flush(SECONDS_MAX) == 0

    def records(self, login: str = "exchange", topic: str = "copies") -> list[Incoming]:
        """Return what a login reads of the partition from offset 0 on."""
        begin, end = self.span(topic)
        consumer = self._consumer(login)
        found: list[Incoming] = []
        try:
            consumer.assign([Partition(topic, PARTITION, 0)])
            while begin + len(found) < end:
                for message in consumer.consume(500, timeout=0.5):
                    if message.error() is not None:
                        raise KafkaException(message.error())
                    position = Position(topic, PARTITION, message.offset() or 0)
                    stamp = from_ms(message.timestamp()[1])
                    found.append(Incoming(position, message.key(), message.value(), stamp))
        finally:
            consumer.close()
        return found

    def new(self) -> list[Incoming]:
        """Return what was written since the test began, as the exchange reads it."""
        return [each for each in self.records() if each.position.offset >= self.begin]

    def span(self, topic: str = "copies") -> tuple[int, int]:
        """Return where the partition's log begins and ends."""
        consumer = self._consumer("admin")
        try:
            found: Any = consumer.get_watermark_offsets(
                Partition(topic, PARTITION), timeout=SECONDS_MAX
            )
        finally:
            consumer.close()
        return found[0], found[1]

    def step(self, casebook: Casebook) -> tuple[Any, ...]:
        """Let the exchange go on erasing."""
        login = self.home.credentials("exchange")
        left: tuple[Any, ...] = within(Eraser(self.settings, login, casebook).step([PLACE]))
        return left

    def recover(self, older: Casebook, progress: int) -> None:
        """Let an exchange start with an older casebook."""
        gaps = {PLACE: (progress, self.span()[0])}
        login = self.home.credentials("exchange")
        within(recover(self.settings, login, older, Shelf(office()), gaps, nothing))

    def close(self) -> None:
        """Close the casebooks."""
        for casebook in self._open:
            casebook.close()

    def _consumer(self, login: str) -> Consumer:
        options = librdkafka_options(self.settings, self.home.credentials(login))
        more = {"group.id": f"{login}.look", "auto.offset.reset": "earliest"}
        return Consumer(options | more | {"enable.auto.commit": False})


@pytest.fixture(scope="module")
def applied(stack: tuple[Home, Settings]) -> tuple[Home, Settings]:
    assert main(["topics", "apply", "--home", str(stack[0].path)]) == 0
    return stack


@pytest.fixture
def bench(applied: tuple[Home, Settings], tmp_path: Path) -> Iterator[Bench]:
    made = Bench(*applied, tmp_path)
    yield made
    made.close()


def carries(records: Sequence[Incoming]) -> bool:
    return any(CANARY.encode() in (each.value or b"") for each in records)


def ledger(casebook: Casebook) -> dict[str, list[Any]]:
    """Every table but the keys: a recovery takes over those of the other tests, too."""
    found = everything(casebook)
    del found["case_keys"]
    return found


def test_no_login_reads_it_any_more_and_what_lay_below_is_in_the_originals(bench: Bench) -> None:
    bench.write(copies(5, 1, 3))
    written = bench.new()
    assert carries(bench.records("admin"))
    casebook = bench.casebook("now")
    run(casebook, written)
    assert bench.step(casebook) == ()
    assert bench.span() == (bench.begin + 5, bench.begin + 5)
    for login in ("admin", "exchange"):
        assert not carries(bench.records(login))
        assert not carries(bench.records(login, "originals"))
    kept = [each.value for each in bench.records("exchange", "originals")][-5:]
    for place in (0, 2, 4):  # locked; test_an_older_casebook… opens them
        assert kept[place] is not None
        assert (written[place].value or b"")[5:60] not in (kept[place] or b"")
    assert rows(casebook, SECRETS) == []


def test_a_batch_that_is_half_decided_is_not_cut(bench: Bench) -> None:
    bench.write(copies(6, 1))
    written = bench.new()
    assert len({each.stamped_at for each in written}) == 1
    casebook = bench.casebook("now")
    run(casebook, written[:3])
    assert bench.step(casebook) == (PLACE,)
    assert bench.span()[0] <= bench.begin
    run(casebook, written[3:])
    assert bench.step(casebook) == ()
    assert bench.span()[0] == bench.begin + 6


def test_an_older_casebook_comes_to_the_same_ledger(bench: Bench) -> None:
    bench.write(copies(6, 1, 4))
    written = bench.new()
    casebook = bench.casebook("now")
    run(casebook, written[:2])
    older = bench.backup(casebook, "older")
    run(casebook, written[2:])
    expected = ledger(casebook)
    assert bench.step(casebook) == ()
    bench.recover(older, bench.begin + 2)
    found = ledger(older)
    assert found.pop("secrets") == expected.pop("secrets")
    assert found == expected
    assert bench.step(older) == ()
    assert rows(older, SECRETS) == []


def test_killed_before_the_deletion_it_is_finished_by_the_next_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(copies(4, 2))
    casebook = bench.casebook("now")
    run(casebook, bench.new())

    async def away(*_: Any) -> None:
        raise Unavailable("kafka.unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(erase, "delete_below", away)
        assert bench.step(casebook) == (PLACE,)
    assert carries(bench.records("admin"))
    before = bench.span("originals")
    assert bench.step(casebook) == ()
    assert not carries(bench.records("admin"))
    assert bench.span("originals") == before  # copied once


def test_after_a_failure_the_partition_s_batches_do_not_wait_for_it_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(copies(2, 0))
    casebook = bench.casebook("now")
    run(casebook, bench.new())
    tried: list[Any] = []

    async def away(*_: Any) -> None:
        tried.append(None)
        raise Unavailable("kafka.unreachable")

    eraser = Eraser(bench.settings, bench.home.credentials("exchange"), casebook)
    with monkeypatch.context() as patch:
        patch.setattr(erase, "delete_below", away)
        assert [within(eraser.step([PLACE])) for _ in range(3)] == [(PLACE,)] * 3
        assert len(tried) == 1
        patch.setattr(erase, "PAUSE_SECONDS", 0.0)
        eraser._later.clear()
        assert [within(eraser.step([PLACE])) for _ in range(2)] == [(PLACE,)] * 2
        assert len(tried) == 3
    assert within(eraser.step([PLACE])) == ()


def test_killed_before_the_copy_is_noted_it_is_copied_again_and_counts_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(copies(3))  # of before; what other tests left there is as old
    bench.begin = bench.span()[1]
    bench.write(copies(4, 2))
    written = bench.new()
    casebook, older = bench.casebook("now"), bench.casebook("older")
    run(casebook, written)
    first, end = bench.span()
    before = bench.span("originals")[1]

    def killed(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Eraser, "_note_copied", killed)
        with pytest.raises(ZeroDivisionError):
            bench.step(casebook)
    assert carries(bench.records("admin"))
    assert bench.step(casebook) == ()
    assert bench.span("originals")[1] == before + 2 * (end - first)
    bench.recover(older, bench.begin)
    with casebook.engine.begin() as one, older.engine.begin() as other:
        for connection in (one, other):
            connection.execute(SECRETS.delete())
            connection.execute(COPIED.delete())
            # the closing of its segment: only who deleted it asks for that
            connection.execute(SETTINGS.delete().where(SETTINGS.c.key != "version"))
    assert ledger(older) == ledger(casebook)


def test_killed_after_the_deletion_it_only_ticks_off(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write(copies(3, 0))
    casebook = bench.casebook("now")
    run(casebook, bench.new())

    def killed(*_: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Eraser, "_note_lost", killed)
        with pytest.raises(ZeroDivisionError):
            bench.step(casebook)
    assert not carries(bench.records("admin"))
    assert bench.step(casebook) == ()
    assert rows(casebook, SECRETS) == []


def test_a_large_partition_takes_several_steps(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase, "STEP_RECORDS_MAX", 2)
    monkeypatch.setattr(erase, "_READ_MAX", 2)
    bench.write(copies(7, 6))
    casebook = bench.casebook("now")
    run(casebook, bench.new())
    steps = 1
    while bench.step(casebook):
        assert carries(bench.records("admin"))
        steps += 1
    assert steps >= 3
    assert not carries(bench.records("admin"))


def test_a_hole_in_the_originals_stops_before_anything_is_decided(bench: Bench) -> None:
    bench.write(copies(6, 4))
    written = bench.new()
    place, exchange = TopicPartition(*PLACE), bench.home.credentials("exchange")
    within(delete_below(bench.settings, exchange, place, bench.begin + 6))
    older = bench.casebook("older")
    run(older, written[:2])
    before = ledger(older)
    with pytest.raises(Broken, match=r"log\.gap"):
        bench.recover(older, bench.begin + 2)
    assert ledger(older) == before


@pytest.mark.parametrize(
    ("login", "topic"),
    [(AGENCY, "copies"), ("exchange", "originals"), ("exchange", "inbox.yanjiao")],
)
def test_nobody_else_deletes_and_the_exchange_nothing_else(
    bench: Bench, login: str, topic: str
) -> None:
    credentials = bench.home.credentials(login)
    with pytest.raises(UserError, match=r"kafka\.forbidden"):
        within(delete_below(bench.settings, credentials, TopicPartition(topic, 0), 0))


@pytest.mark.parametrize("action", ["read", "write"])
def test_no_agency_reaches_the_originals(bench: Bench, action: str) -> None:
    options = librdkafka_options(bench.settings, bench.home.credentials(AGENCY))
    if action == "write":
        errors: list[Any] = []
        producer = Producer(options)
        producer.produce("originals", b"x", on_delivery=lambda error, _: errors.append(error))
        producer.flush(SECONDS_MAX)
        assert [error.name() for error in errors] == ["TOPIC_AUTHORIZATION_FAILED"]
        return
    consumer = Consumer(options | {"group.id": f"{AGENCY}.look"})
    consumer.subscribe(["originals"])
    message = consumer.poll(SECONDS_MAX)
    consumer.close()
    assert message is not None
    error = message.error()
    assert error is not None
    assert error.name() == "TOPIC_AUTHORIZATION_FAILED"
