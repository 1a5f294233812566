"""The running demo that the checks of a run share, and how a client of any login reaches it."""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from pydantic import SecretStr

from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from connectors.bus.private import write_private
from connectors.bus.sections import CasebookSection
from deploy.local.ports import is_free
from tests.postgresql import postgresql
from tests.prove.chapter import Ground

DEMO_SECONDS_MAX: Final = 8 * 60
DOWN_SECONDS_MAX: Final = 120
COMMAND_SECONDS_MAX: Final = 90
READ_SECONDS_MAX: Final = 60.0
POLL_SECONDS: Final = 0.1
# Away from a stack that somebody has running, and from bus_clone's; `make prove PORT_BASE=…`.
FIRST_BASE: Final = int(os.environ.get("YICHUAN_PORTS__BASE", "27120"))
LAST_BASE: Final = 31_000
PORTS_OF_A_STACK: Final = 60
WORKERS: Final = 2  # exchanges of a stand on PostgreSQL
FIRST_NUMBER: Final = 90_001  # of documents; the demo's own are far below

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """A stack with everything on it that `yichuan demo` leaves running."""

    ground: Ground
    home: Home
    settings: Settings
    printed: str  # what the demo printed
    serials: Iterator[int] = field(default_factory=lambda: itertools.count(FIRST_NUMBER))

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to find this stand."""
        return _environment(self.home, self.settings)

    def yichuan(self, *argv: str | Path, exit_code: int = 0) -> str:
        """Run the real command as a process; return stdout."""
        return self.ground.command(
            *self.command(*argv),
            env=self.environment,
            exit_code=exit_code,
            seconds_max=COMMAND_SECONDS_MAX,
        )

    def command(self, *argv: str | Path) -> tuple[str | Path, ...]:
        """Return the words of the real command, to be run with `environment`."""
        return (beside("yichuan"), *argv)

    def objects(self, *argv: str | Path, exit_code: int = 0) -> list[dict[str, Any]]:
        """Run the real command with --json; return its lines."""
        printed = self.yichuan(*argv, "--json", exit_code=exit_code)
        return [json.loads(line) for line in printed.splitlines()]

    def client(self, login: str) -> dict[str, Any]:
        """Return how a librdkafka client logs in, in that client's own words."""
        credentials = self.home.credentials(login)
        return {
            "bootstrap.servers": self.settings.bootstrap,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self.home.tls.ca),
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": credentials.username,
            "sasl.password": credentials.password.get_secret_value(),
            "log_level": 0,  # what matters comes back as an error; a closing client talks a lot
        }


@cache
def on_postgresql(ground: Ground) -> Ground:
    """Return the ground whose stands have their casebook in PostgreSQL and two exchanges each.

    What a check shows on one ground it shows on the other: it takes its stand from the ground.
    """
    return replace(ground, server=ground.ends.enter_context(postgresql()))


def new_home(ground: Ground, name: str, more: str = "") -> tuple[Home, Settings]:
    """Make a home with free ports, and with the casebook that the ground's stands have.

    `more`: further TOML of `[exchange]`.
    """
    base = free_base()
    places = (ground.scratch / f"{name}-{base}-{number}" for number in itertools.count())
    home = Home(next(place for place in places if not place.exists()))  # not that of one before
    casebook, exchange = CasebookSection(), f"[exchange]\n{more}"
    if ground.server is not None:
        casebook = CasebookSection(url=SecretStr(ground.server.url(ground.server.new())))
        exchange += f"workers = {WORKERS}\n"
    url = json.dumps(casebook.url.get_secret_value())
    kafka = f"[kafka]\nreplication = {ground.brokers}\n"
    text = f"[ports]\nbase = {base}\n[casebook]\nurl = {url}\n{kafka}{exchange}"
    write_private(home.config, text)
    return home, home.settings()


@cache
def demo(ground: Ground) -> Stand:
    """Run `yichuan demo` once for all checks; it goes on until the end of the run."""
    home, settings = new_home(ground, "stand")
    environment = _environment(home, settings)

    def command(verb: str, seconds_max: float) -> str:
        return ground.command(beside("yichuan"), verb, env=environment, seconds_max=seconds_max)

    ground.ends.callback(command, "down", DOWN_SECONDS_MAX)
    return Stand(ground, home, settings, command("demo", DEMO_SECONDS_MAX))


def python() -> str:
    """Return this interpreter, which has product and tests."""
    return sys.executable


def free_base() -> int:
    """Return a port base of which every port is free. Raises AssertionError where there is none."""
    for base in range(FIRST_BASE, LAST_BASE, PORTS_OF_A_STACK):
        if all(is_free(base + offset) for offset in range(PORTS_OF_A_STACK)):
            return base
    wanted = f"{PORTS_OF_A_STACK} free ports between {FIRST_BASE} and {LAST_BASE}"
    message = f"there are no {wanted}: give another PORT_BASE="
    raise AssertionError(message)


def wait_until(
    look: Callable[[], Found | None], seconds_max: float, missed: str | Callable[[], str]
) -> Found:
    """Return what `look` finds as soon as it finds something; else say what was missed."""
    deadline = monotonic() + seconds_max
    while True:
        found = look()
        if found:
            return found
        if monotonic() > deadline:
            told = missed if isinstance(missed, str) else missed()
            message = f"{told}: not within {seconds_max:g} s"
            raise AssertionError(message)
        time.sleep(POLL_SECONDS)


def ends_of(stand: Stand, login: str, topic: str) -> dict[int, int]:
    """Return the offset behind the last record of each partition."""
    consumer = _reader(stand, login)
    try:
        return {
            number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)[1]
            for number in consumer.list_topics(topic, timeout=10).topics[topic].partitions
        }
    finally:
        consumer.close()


def records(
    stand: Stand, login: str, topic: str, begins: Mapping[int, int] | None = None
) -> list[Message]:
    """Return every record of a topic from these offsets (None: the first) to the present end."""
    ends = ends_of(stand, login, topic)
    begins = begins or dict.fromkeys(ends, 0)
    open_ends = {number for number, end in ends.items() if end > begins[number]}
    if not open_ends:
        return []
    consumer = _reader(stand, login)
    found: list[Message] = []
    deadline = monotonic() + READ_SECONDS_MAX
    try:
        consumer.assign([TopicPartition(topic, number, begins[number]) for number in open_ends])
        while open_ends:
            assert monotonic() < deadline, f"{topic}: not read within {READ_SECONDS_MAX:g} s"
            for message in consumer.consume(500, timeout=0.5):
                if message.error() is not None:
                    raise KafkaException(message.error())
                found.append(message)
                number, offset = message.partition(), message.offset()
                if offset is not None and number is not None and offset + 1 >= ends[number]:
                    open_ends.discard(number)
    finally:
        consumer.close()
    return found


def _reader(stand: Stand, login: str) -> Consumer:
    """Return a consumer that leaves no trace: assigned by hand, it commits nothing."""
    return Consumer(
        stand.client(login)
        | {
            "group.id": f"{login}.look",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )


def _environment(home: Home, settings: Settings) -> dict[str, str]:
    return {
        "YICHUAN_HOME": str(home.path),
        "YICHUAN_PORTS__BASE": str(settings.ports.base),
    }


def beside(name: str) -> Path:
    """Return a command of this very environment."""
    return Path(sys.executable).with_name(name)
