"""A bus that runs under load: its stack, its database, its exchanges, and how far these are behind.

Everything is as `yichuan up` and the exchange's own command start it, the ticker included.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, func, select

from connectors.bus.home import Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.logins import ADMIN
from connectors.bus.private import write_private
from connectors.bus.sections import CasebookSection
from deploy.local import processes
from deploy.local.artifacts import KAFKA
from services.casebook.tables import OUTBOX, PROGRESS
from services.exchange.workers import GROUP, name_of
from tests.postgresql import Server, postgresql
from tests.prove.chapter import REPO
from tests.prove.stand import beside, free_base, wait_until

LEADS: Final = "leads"
WORKERS_MAX: Final = 2
UP_SECONDS_MAX: Final = 900
WRITER_SECONDS_MAX: Final = 3_600
START_SECONDS_MAX: Final = 120.0
STOP_SECONDS_MAX: Final = 60.0
DRAIN_SECONDS_MAX: Final = 1_800.0
LOG_CHARACTERS_MAX: Final = 1_000  # of a process that ended, shown with the failure
_ASK_SECONDS_MAX: Final = 20.0
# What a broker that has just begun, or is busy, says of a group.
_NOT_YET: Final = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError._TIMED_OUT,
        KafkaError.REQUEST_TIMED_OUT,
    }
)


@dataclass(slots=True)
class Bus:
    """The running parts. One casebook for the whole run: it grows as a real one does."""

    home: Home
    settings: Settings
    server: Server | None
    engine: Engine
    watcher: Consumer
    workers: int = 0

    def run(self, workers: int) -> None:
        """Let so many exchanges run, each with its share of `leads`, and nothing left to do."""
        for number in range(workers, self.workers):
            processes.stop(self.home, name_of(number), STOP_SECONDS_MAX)
        for number in range(self.workers, workers):
            argv = (sys.executable, "-m", "services.exchange", "--home", str(self.home.path))
            words = (*argv, "--worker", str(number))
            processes.start(self.home, name_of(number), words, os.environ, cwd=REPO)
        self.workers = workers
        wait_until(self._is_shared, START_SECONDS_MAX, f"{workers} exchanges with partitions")
        self.settle()

    def settle(self) -> None:
        """Wait until all that was written is decided, stored and published."""
        wait_until(self._is_done, DRAIN_SECONDS_MAX, lambda: f"a lag of 0, still {self.lag()}")

    def lag(self) -> int:
        """Return how many records of `leads` are not yet decided and stored."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(PROGRESS.c.partition, PROGRESS.c.next_offset).where(
                    PROGRESS.c.topic == LEADS
                )
            ).all()
        # Asked after the progress: both grow, and a lag is never told too small.
        return sum(self.end(LEADS, row.partition) - row.next_offset for row in rows)

    def end(self, topic: str, partition: int) -> int:
        """Return the offset behind a partition's last record."""
        place = TopicPartition(topic, partition)
        return int(self.watcher.get_watermark_offsets(place, _ASK_SECONDS_MAX)[1])

    def ends(self, topic: str) -> dict[int, int]:
        """Return it of each partition of a topic."""
        found = self.watcher.list_topics(topic, _ASK_SECONDS_MAX).topics[topic].partitions
        return {number: self.end(topic, number) for number in found}

    def pids(self) -> dict[str, int]:
        """Return whose processor time is told: exchanges, broker, database."""
        names = [*(name_of(number) for number in range(self.workers)), KAFKA]
        found = {name: processes.running(self.home, name) for name in names}
        missing = [name for name, process in found.items() if process is None]
        assert not missing, f"not running: {', '.join(missing)}"
        pids = {name: process.pid for name, process in found.items() if process is not None}
        if self.server is not None:
            pids["postgresql"] = self.server.pid
        return pids

    def writer(self, file: Path, rate: float, topic: str = LEADS) -> "subprocess.Popen[str]":
        """Return a process that has begun to write a file of leads."""
        words = ("-m", "tests.bench.writer", self.home.path, topic, file, f"{rate:g}")
        writer = subprocess.Popen(
            [sys.executable, *map(str, words)], cwd=REPO, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        assert writer.stdout.readline(), "the writer did not begin"
        return writer

    def _is_shared(self) -> bool:
        self._refuse_ended()
        client = AdminClient(_options(self.home, self.settings))
        asked = client.describe_consumer_groups([GROUP], request_timeout=_ASK_SECONDS_MAX)
        try:
            members = asked[GROUP].result().members
        except KafkaException as error:
            if error.args[0].code() not in _NOT_YET:
                raise
            return False
        shares = [
            sum(place.topic == LEADS for place in member.assignment.topic_partitions)
            for member in members
            if member.assignment is not None
        ]
        return sorted(shares) == [self.settings.kafka.partitions // self.workers] * self.workers

    def _refuse_ended(self) -> None:
        names = [name_of(number) for number in range(self.workers)]
        ended = [name for name in names if processes.running(self.home, name) is None]
        logs = [processes.log_file(self.home, name).read_text(encoding="utf-8") for name in ended]
        assert not ended, f"{ended} ended: {logs[0][-LOG_CHARACTERS_MAX:]}"

    def _is_done(self) -> bool:
        self._refuse_ended()
        if self.lag():
            return False
        with self.engine.connect() as connection:
            return not connection.execute(select(func.count()).select_from(OUTBOX)).scalar_one()


def finished(writer: "subprocess.Popen[str]") -> dict[str, Any]:
    """Return what a writer says when it has written everything."""
    printed, _ = writer.communicate(timeout=WRITER_SECONDS_MAX)
    assert writer.returncode == 0, f"the writer ended with {writer.returncode}"
    line: dict[str, Any] = json.loads(printed)
    return line


@contextmanager
def bus(scratch: Path, on: str, more: str = "") -> Iterator[Bus]:
    """Bring up a stack, applied, on free ports; no exchange runs yet. `more`: of `[exchange]`."""
    with ExitStack() as ends:
        server = ends.enter_context(postgresql()) if on == "postgresql" else None
        home = Home(scratch / "home")
        # For this process and all that it starts: a port of the environment wins over the file.
        os.environ |= {
            "YICHUAN_HOME": str(home.path),
            "YICHUAN_PORTS__BASE": str(free_base()),
        }
        url = server.url(server.new()) if server else f"sqlite:///{home.casebook}"
        casebook = CasebookSection(url=SecretStr(url if server else ""))
        text = json.dumps(casebook.url.get_secret_value())
        exchange = f"workers = {WORKERS_MAX}\n" if server else ""
        write_private(home.config, f"[casebook]\nurl = {text}\n[exchange]\n{exchange}{more}")
        settings = home.settings()
        ends.callback(_yichuan, "down")
        for words in (("up",), ("topics", "apply"), ("schemas", "apply")):
            _yichuan(*words)
        engine = create_engine(url, pool_size=1)
        ends.callback(engine.dispose)
        options = _options(home, settings) | {"group.id": f"{ADMIN}.bench"}
        watcher = Consumer(options | {"enable.auto.commit": False})
        ends.callback(watcher.close)
        running = Bus(home, settings, server, engine, watcher)
        ends.callback(_stop, running)
        yield running


def _stop(running: Bus) -> None:
    for number in range(running.workers):
        processes.stop(running.home, name_of(number), STOP_SECONDS_MAX)


def _options(home: Home, settings: Settings) -> dict[str, Any]:
    return librdkafka_options(settings, home.credentials(ADMIN)) | {"log_level": 0}


def _yichuan(*words: str) -> None:
    subprocess.run(
        [beside("yichuan"), *words], check=True, timeout=UP_SECONDS_MAX, stdout=subprocess.DEVNULL
    )
