"""Connector processes on the real broker, killed and ended; the test itself is the exchange."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.broker import KafkaInbox, KafkaPublisher
from connectors.bus.clock import monotonic, now
from connectors.bus.connector import Connector
from connectors.bus.desk import Desk
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import start_consumer, start_producer
from connectors.bus.quarantine import Record
from connectors.bus.unanswered import LiesAt
from schemas.errors import Malformed, Unavailable
from schemas.ids import OrganCode
from schemas.load import default_example
from schemas.messages import Message
from schemas.parts import Flow
from schemas.topics import inbox_of
from services.cli.main import main
from tests.agency_home import County, accepted, lead, must, rejected
from tests.agency_sides import DatabaseSide, FolderSide, Side, until_states
from tests.history import merged, officers, organ
from tests.integration.loops import within

REPOSITORY = Path(__file__).parents[2]
SECONDS_MAX = 90.0
POLL_SECONDS = 0.05
EXIT_TERMINATED, EXIT_NOT_ALONE = 0, 3
CHUNKS = (1, 12, 24, 36, 47)  # how many of a chunk are on their way when the process is killed
CHUNK = 48
ALIASES = {"folder": "mugang", "database": "langdai"}


@dataclass(frozen=True, slots=True)
class Bench:
    """The stack with everything applied."""

    home: Home
    settings: Settings

    @property
    def county(self) -> County:
        """What the exchange writes."""
        return County(self.home, now())


@pytest.fixture(scope="module")
def bench(stack: Any) -> Bench:
    for noun in ("topics", "schemas"):
        assert main([noun, "apply", "--home", str(stack.home.path)]) == 0
    return Bench(stack.home, stack.settings)


@dataclass
class Process:
    """A connector as its own process, started again whenever it was ended."""

    bench: Bench
    kind: str
    config: Path
    log: Path
    child: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it, its output appended to the log."""
        argv = [sys.executable, "-m", f"connectors.{self.kind}", str(self.config)]
        argv += ["--home", str(self.bench.home.path)]
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(argv, cwd=REPOSITORY, stdout=log, stderr=log)

    def end(self, number: signal.Signals) -> int:
        """Send a signal, wait for the end, return the exit status."""
        assert self.child is not None
        assert self.child.poll() is None, self.log.read_text()[-2000:]
        self.child.send_signal(number)
        return self.child.wait(SECONDS_MAX)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition holds; the process must go on running."""
        assert self.child is not None
        until = monotonic() + SECONDS_MAX
        while not condition():
            assert self.child.poll() is None, self.log.read_text()[-2000:]
            assert monotonic() < until, f"{what}: {self.log.read_text()[-2000:]}"
            time.sleep(POLL_SECONDS)


@contextmanager
def running(bench: Bench, kind: str, side: Side, folder: Path) -> Iterator[Process]:
    where = (
        f'folder = "{side.root}"'
        if isinstance(side, FolderSide)
        else f'url = "sqlite:///{side.path}"'
        if isinstance(side, DatabaseSide)
        else ""
    )
    config = folder / "connector.toml"
    text = f'organ = "{ALIASES[kind]}"\nkind = "{kind}"\n[source]\n{where}\npoll_seconds = 0.1\n'
    config.write_text(text, encoding="utf-8")
    process = Process(bench, kind, config, folder / "log")
    process.start()
    try:
        yield process
    finally:
        if process.child is not None and process.child.poll() is None:
            process.child.kill()
            process.child.wait()


def side_of(kind: str, folder: Path) -> Side:
    folder.mkdir()
    return FolderSide(folder / "x") if kind == "folder" else DatabaseSide(folder / "x.db")


def document_of(alias: str, number: int) -> str:
    changes = {
        "envelope": {
            "document_number": f"试移〔2026〕{number}号",
            "officers": officers(organ(alias)),
        }
    }
    return json.dumps(merged(default_example("lead_transfer"), changes), ensure_ascii=False)


def say(bench: Bench, alias: str, records: Sequence[Record]) -> None:
    """Write values into an inbox, in order, as the exchange."""

    async def write() -> None:
        login = bench.home.credentials("exchange")
        producer = await start_producer(bench.settings, login, client_id="test")
        try:
            for record in records:
                await producer.send(inbox_of(alias), record.value)
            await producer.flush()
        finally:
            await producer.stop()

    within(write())


def flows(bench: Bench, sender: OrganCode) -> dict[str, set[bytes]]:
    """Return what lies on the flows of a sender: message id → its different values."""

    async def read() -> list[bytes]:
        login = bench.home.credentials("exchange")
        consumer = await start_consumer(
            bench.settings, login, list(Flow), group=None, client_id="test"
        )
        values: list[bytes] = []
        try:
            # To the present end, not to a pause: on a busy machine the first poll is one.
            ends = await consumer.end_offsets(consumer.assignment())
            assert len({place.topic for place in ends}) == len(Flow)
            async with asyncio.timeout(SECONDS_MAX):
                while [p for p, end in ends.items() if await consumer.position(p) < end]:
                    found = await consumer.getmany(timeout_ms=1_000)
                    values += [record.value for records in found.values() for record in records]
        finally:
            await consumer.stop()
        return values

    by_id: dict[str, set[bytes]] = {}
    for value in within(read()):
        message = opened(bench, value)
        if message is not None and message.envelope.sender == sender:
            by_id.setdefault(message.envelope.message_id, set()).add(value)
    return by_id


def opened(bench: Bench, value: bytes) -> Message | None:
    try:
        return bench.county.opened(value)
    except (Malformed, KeyError):
        return None  # another test's


@pytest.mark.parametrize("kind", ["folder", "database"])
def test_killed_five_times_it_loses_and_doubles_nothing(
    bench: Bench, tmp_path: Path, kind: str
) -> None:
    alias = ALIASES[kind]
    side = side_of(kind, tmp_path / kind)
    arriving = [lead(f"{kind} {number}") for number in range(len(CHUNKS) * CHUNK)]
    copies = [
        bench.county.copy(message, offset, organ(alias)) for offset, message in enumerate(arriving)
    ]
    names = [f"{number:04d}" for number in range(len(CHUNKS) * CHUNK)]
    taken: list[str] = []

    def moved_on(name: str, arrived: int) -> bool:
        taken.extend(side.take())
        return side.state(name) != "new" and len(taken) >= arrived

    with running(bench, kind, side, tmp_path) as process:
        for turn, moved in enumerate(CHUNKS):
            chunk = names[turn * CHUNK : (turn + 1) * CHUNK]
            for name in chunk:
                side.put(name, "lead_transfer", document_of(alias, int(name) + 1))
            say(bench, alias, copies[turn * CHUNK : (turn + 1) * CHUNK])
            wanted = turn * CHUNK + moved
            process.wait(lambda: moved_on(chunk[moved], wanted), "to be killed")  # noqa: B023 - called in this turn only
            process.end(signal.SIGKILL)
            process.start()
        process.wait(lambda: all(side.state(name) == "sent" for name in names), "all sent")
        process.wait(lambda: moved_on(names[0], len(arriving)), "all arrived")
        lives = len(CHUNKS) + 1
        process.wait(lambda: process.log.read_text().count("connected") == lives, "connected")
        assert process.end(signal.SIGTERM) == EXIT_TERMINATED
    taken += side.take()
    assert taken == [message.envelope.message_id for message in arriving]
    found = flows(bench, organ(alias))
    assert {len(values) for values in found.values()} == {1}, "a repeat is not the same bytes"
    envelopes = [must(opened(bench, value)).envelope for (value,) in found.values()]
    numbers = {envelope.document_number for envelope in envelopes if envelope.document_number}
    answered = Counter(envelope.in_reply_to for envelope in envelopes)
    assert {f"试移〔2026〕{int(name) + 1}号" for name in names} <= numbers
    assert {answered[message.envelope.message_id] for message in arriving} == {1}


def test_the_answer_of_the_bus_comes_back_to_where_the_source_lay(
    bench: Bench, tmp_path: Path
) -> None:
    alias = ALIASES["folder"]
    side = side_of("folder", tmp_path / "folder")
    with running(bench, "folder", side, tmp_path) as process:
        for name, number in (("good", 9_001), ("used", 9_002)):
            side.put(name, "lead_transfer", document_of(alias, number))
        side.put("bad", "lead_transfer", "{")
        process.wait(lambda: side.state("good") == side.state("used") == "sent", "sent")
        assert side.state("bad") == "message.invalid_json"
        by_number = {}
        for values in flows(bench, organ(alias)).values():
            message = must(opened(bench, *values))
            by_number[message.envelope.document_number] = message
        good, used = by_number["试移〔2026〕9001号"], by_number["试移〔2026〕9002号"]
        words = (accepted(good, organ(alias)), rejected(used, to=organ(alias)))
        say(bench, alias, [bench.county.said(word, 0) for word in words])
        process.wait(lambda: side.state("good") == "accepted", "accepted")
        process.wait(lambda: side.state("used") == "document_number.used", "refused")


def test_a_second_connector_of_the_same_organ_refuses_to_run(bench: Bench, tmp_path: Path) -> None:
    side = side_of("folder", tmp_path / "folder")
    with running(bench, "folder", side, tmp_path) as process:
        process.wait(lambda: "connected" in process.log.read_text(), "connected")
        second = Process(bench, "folder", process.config, tmp_path / "second.log")
        second.start()
        assert second.child is not None
        assert second.child.wait(SECONDS_MAX) == EXIT_NOT_ALONE
        assert "connector.already_running" in second.log.read_text()


def test_an_unreadable_inbox_value_is_kept_and_health_says_so(bench: Bench, tmp_path: Path) -> None:
    alias = ALIASES["database"]
    side = side_of("database", tmp_path / "database")
    sent = lead("after the bad one")
    with running(bench, "database", side, tmp_path) as process:
        say(bench, alias, [Record(0, 0, b"\0nonsense"), bench.county.copy(sent, 1, organ(alias))])
        process.wait(lambda: "on port" in process.log.read_text(), "serving")
        port = process.log.read_text().split("on port ")[1].split()[0]
        # Other tests may have left unreadable values in the same inbox: one or more.
        process.wait(
            lambda: re.search("quarantine: [1-9]", page(port, "healthz")) is not None, "told"
        )
        told = r'yichuan_connector_quarantined_messages\{organ="langdai"\} [1-9]'
        assert re.search(told, page(port, "metrics"))
        process.wait(lambda: sent.envelope.message_id in side.take(), "arrived")


def page(port: str, name: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.read().decode())


class OneCaseFails:
    """The real publisher, which cannot publish one case until it may."""

    def __init__(self, inner: KafkaPublisher) -> None:
        self._inner = inner
        self.failing: bytes | None = None
        self.failed = 0

    async def publish(self, topic: str, key: bytes, value: bytes) -> LiesAt:
        """Publish, unless it is of the one case."""
        if self.failing is None:
            self.failing = key
        if key == self.failing:
            self.failed += 1
            raise Unavailable("kafka.unreachable", where=topic)
        return await self._inner.publish(topic, key, value)

    async def renew(self) -> None:
        """As the real one."""
        await self._inner.renew()


def test_a_send_that_fails_stops_its_own_case_only(bench: Bench, tmp_path: Path) -> None:
    side = FolderSide(tmp_path / "x")
    agency = County(bench.home).agency("zangke")
    for number in range(5):
        side.put(str(number), "lead_transfer", document_of("zangke", 9_100 + number))

    async def run() -> list[str]:
        publisher, inbox = KafkaPublisher(agency), KafkaInbox(agency)
        wrapped = OneCaseFails(publisher)
        await publisher.open()
        await inbox.open()
        connector = Connector(
            agency.alias, lambda: Desk(agency, side.system()), wrapped, inbox, 0.05
        )
        task = asyncio.create_task(connector.run())
        try:
            states = await until_states(side, task, lambda seen: seen.count("sent") == 4)
            assert connector.vitals.ready().reasons == ("publish: kafka.unreachable",)
            wrapped.failing = b"none"
            await until_states(side, task, lambda seen: seen.count("sent") == 5)
            assert connector.vitals.ready().ok
            connector.stop()
            await task
        finally:
            task.cancel()
            await publisher.close()
            await inbox.close()
        return states

    assert sorted(within(run())) == ["sent"] * 4 + ["taken"]


def test_who_is_told_to_stop_publishes_first_what_is_in_the_spool(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = FolderSide(tmp_path / "x")
    agency = County(bench.home).agency("zangke")
    side.put("0", "lead_transfer", document_of("zangke", 9_200))

    async def run() -> list[str]:
        publisher, inbox = KafkaPublisher(agency), KafkaInbox(agency)
        publish, began, may_end = publisher.publish, asyncio.Event(), asyncio.Event()

        async def slowly(topic: str, key: bytes, value: bytes) -> LiesAt:
            began.set()
            await may_end.wait()
            return await publish(topic, key, value)

        monkeypatch.setattr(publisher, "publish", slowly)
        await publisher.open()
        await inbox.open()
        connector = Connector(
            agency.alias, lambda: Desk(agency, side.system()), publisher, inbox, 0.05
        )
        task = asyncio.create_task(connector.run())
        try:
            await asyncio.wait_for(began.wait(), SECONDS_MAX)
            for number in range(1, 5):
                side.put(str(number), "lead_transfer", document_of("zangke", 9_200 + number))
            await until_states(side, task, lambda seen: seen == ["taken"] * 5)
            connector.stop()
            may_end.set()
            await asyncio.wait_for(task, SECONDS_MAX)
        finally:
            task.cancel()
            await publisher.close()
            await inbox.close()
        return [side.state(str(number)) for number in range(5)]

    assert within(run()) == ["sent"] * 5
