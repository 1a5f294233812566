"""One agency sends 100 times its share: how long the others' letters take, with it and without.

    python -m tests.faults.flood [--rounds 3] [--seconds 30] [--share 1.5] [--by connector client]

In turns without and with, on one stand, so that whatever else the machine does meets both alike.
The one hands over at once, every few seconds, what it should not: thousands of files in its outbox,
or, as somebody with a client of its own, everything straight to the flow. Its letters go to the
same departments as the others'.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaError, Producer

from connectors.bus.clock import monotonic
from connectors.bus.home import Home
from schemas.topics import flow_partition
from services.rulebook.load import load
from tests.bench.china_rulebook import code_of
from tests.bench.figures import p99
from tests.bench.letters import BUSINESS
from tests.faults.agencies import DatabaseAgency, Document, FolderAgency
from tests.faults.county import County, folder_of
from tests.faults.judge import Expected, judge
from tests.faults.traffic import ACCEPTED, ORDER, Traffic
from tests.prove.chapter import REPO, Ground, forget_settings
from tests.prove.kill_stand import stack as new_stack
from tests.prove.letters import message, partitions, sealed_value
from tests.prove.stand import Stand, wait_until

OTHERS: Final = ("yanjiao", "mugang")
FLOODER: Final = "langdai"  # with a connector
STRANGER: Final = "zangke"  # with a client of its own
DEPARTMENTS: Final = ("liuzhi-cgj", "liuzhi-scjg")
TIMES: Final = 100  # its share
ROUNDS: Final = 3
SECONDS: Final = 30.0  # of one period, without or with
SHARE: Final = 1.5  # letters a second of each agency
BURST_SECONDS: Final = 10.0  # so much is handed over at once
LOOK_SECONDS: Final = 0.03
START_SECONDS_MAX: Final = 120.0
DRAIN_SECONDS_MAX: Final = 900.0
FLUSH_SECONDS_MAX: Final = 600.0
RATIO_MAX: Final = 1.5
RUNS: Final = ("常", "洪", "涌")  # the others', the flood's, the client's
LETTERS_MAX: Final = 300_000  # of each; a party's code has six digits for them
QUEUED_MAX: Final = 1_000_000  # in the client's own queue

Burst = Callable[[], None]  # hands over what was made before, at once


class By(StrEnum):
    """How it floods."""

    CONNECTOR = "connector"
    CLIENT = "client"


class Unlike(Traffic):
    """Leads that have no party in common: likeness is not what is measured."""

    def _lead(self, township: object, department: object, number: int) -> Document:
        document = super()._lead(township, department, number)  # type: ignore[arg-type]
        serial = RUNS.index(self.run) * LETTERS_MAX + number
        named = {"name": f"六枝特区示例{serial}号", "uscc": code_of("520203", serial, BUSINESS)}
        document["parties"][0] |= named
        document["violations"][0]["place_text"] = f"示例街{serial}号"
        return document


@dataclass(slots=True)
class Yard:
    """The stand with its agencies, and the letters that are under way."""

    stand: Stand
    county: County
    others: Unlike
    flood: Unlike
    direct: Unlike
    departments: Sequence[DatabaseAgency]
    handed_over: dict[str, float] = field(default_factory=dict)  # 文号 → when, of the others
    arrived: dict[str, float] = field(default_factory=dict)  # 文号 → when, of all

    @property
    def plan(self) -> list[Expected]:
        """All that was or is to be handed over."""
        return [*self.others.plan, *self.flood.plan, *self.direct.plan]

    def look(self) -> None:
        """See what has come."""
        at = monotonic()
        for department in self.departments:
            for got in department.new():
                if got.record == ORDER[0] and got.document_number:
                    self.arrived[got.document_number] = at

    @property
    def owed(self) -> int:
        """How many letters have not come yet."""
        return sum(each.about not in self.arrived for each in self.plan)

    def drained(self) -> float:
        """Wait until all has come; return the seconds."""
        began = monotonic()

        def look() -> bool:
            self.look()
            return self.owed == 0

        wait_until(look, DRAIN_SECONDS_MAX, lambda: f"{self.owed} letters to come")
        return monotonic() - began

    def expect(self, traffic: Unlike, sender: str, holder: str, document: Document) -> None:
        """Note a letter of a flood before it is handed over."""
        about = document["envelope"]["document_number"]
        traffic.plan.append(Expected(holder, traffic._code(sender), ORDER[0], about))

    def period(self, seconds: float, share: float, bursts: Sequence[Burst]) -> list[float]:
        """Let the others send their share for so long; return how long each letter took."""
        with ThreadPoolExecutor(max(len(bursts), 1)) as pool:
            done, begun = self._period(seconds, share, bursts, pool.submit)
            while not all(each.done() for each in begun):  # the broker makes the flood wait
                self.look()
                time.sleep(LOOK_SECONDS)
            for each in begun:
                each.result()
        self.drained()
        return [self.arrived[each] - self.handed_over[each] for each in done]

    def _period(
        self,
        seconds: float,
        share: float,
        bursts: Sequence[Burst],
        begin: Callable[[Burst], Future[None]],
    ) -> tuple[list[str], list[Future[None]]]:
        began, numbers, begun = monotonic(), list[str](), list[Future[None]]()
        while (at := monotonic() - began) < seconds:
            if len(begun) < len(bursts) and at >= len(begun) * BURST_SECONDS:
                begun.append(begin(bursts[len(begun)]))
            while len(numbers) < at * share * len(OTHERS):
                self.others.feed(1)
                numbers.append(self.others.plan[-1].about)
                self.handed_over[numbers[-1]] = monotonic()
            self.look()
            time.sleep(LOOK_SECONDS)
        return numbers, begun


@dataclass(frozen=True, slots=True)
class Found:
    """What the others' letters took, in seconds."""

    by: By
    without: tuple[tuple[float, ...], ...]  # by round
    flooded: tuple[tuple[float, ...], ...]
    drains: tuple[float, ...]  # how long the flood went on after its period

    @property
    def ratio(self) -> float:
        """The p99 with the flood to that without, of all rounds together."""
        return p99(sum(self.flooded, ())) / p99(sum(self.without, ()))

    def __str__(self) -> str:
        """Say the p99 of each, and the ratios of the rounds."""
        pairs = zip(self.flooded, self.without, strict=True)
        ratios = sorted(p99(a) / p99(b) for a, b in pairs)
        told = f"{ratios[0]:.2f}, {statistics.median(ratios):.2f}, {ratios[-1]:.2f}"
        return (
            f"by a {self.by}: p99 {p99(sum(self.without, ())):.2f} s without, "
            f"{p99(sum(self.flooded, ())):.2f} s with, {self.ratio:.2f} times "
            f"(rounds: least, median, greatest {told}; {len(sum(self.without, ()))} letters each; "
            f"median {statistics.median(sum(self.without, ())):.2f} and "
            f"{statistics.median(sum(self.flooded, ())):.2f} s; "
            f"the flood was through {statistics.median(self.drains):.0f} s later)"
        )


def flooded(
    ground: Ground,
    ways: Sequence[By] = tuple(By),
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    share: float = SHARE,
) -> tuple[list[Found], str]:
    """Measure each way of flooding; return what was found, and what the judge says of all of it."""
    yard = _yard(ground)
    found = [_measured(yard, by, rounds, seconds, share) for by in ways]
    return found, _judged(yard)


def _measured(yard: Yard, by: By, rounds: int, seconds: float, share: float) -> Found:
    without, with_it, drains = [], [], []
    bursts = ceil(seconds / BURST_SECONDS)
    count = round(TIMES * share * seconds / bursts)
    yard.period(min(seconds, BURST_SECONDS), share, ())  # warm
    for _ in range(rounds):
        without.append(tuple(yard.period(seconds, share, ())))
        made = [_MADE[by](yard, count) for _ in range(bursts)]
        began = monotonic()
        with_it.append(tuple(yard.period(seconds, share, made)))
        drains.append(max(0.0, monotonic() - began - seconds))
    return Found(by, tuple(without), tuple(with_it), tuple(drains))


def _files(yard: Yard, count: int) -> Burst:
    """Make documents for the outbox of who has a connector."""
    traffic, things = yard.flood, list[tuple[str, str, Document]]()
    for _ in range(count):
        sender, department, name, document = traffic._next()
        yard.expect(traffic, sender.alias, department.alias, document)
        traffic.fates.setdefault(sender.alias, {})[name] = ACCEPTED
        things.append((name, ORDER[0], document))
    return lambda: traffic.townships[0].put(things)


def _values(yard: Yard, count: int) -> Burst:
    """Make sealed values for the client of who has no connector."""
    stand, traffic = yard.stand, yard.direct
    things = list[tuple[str, bytes, bytes, int]]()
    for _ in range(count):
        sender, department, _, document = traffic._next()
        yard.expect(traffic, sender.alias, department.alias, document)
        plain = message(stand, document, sender.alias)
        key = plain.envelope.case_id.encode()
        value = sealed_value(stand, plain, sender.alias)
        partition = flow_partition(key, partitions(stand))
        things.append((plain.envelope.flow.value, value, key, partition))
    return lambda: _write(stand, things)


def _write(stand: Stand, things: Sequence[tuple[str, bytes, bytes, int]]) -> None:
    """Write as fast as the broker lets."""
    errors: list[KafkaError] = []
    options = {"acks": "all", "queue.buffering.max.messages": QUEUED_MAX, "linger.ms": 5}
    producer = Producer(stand.client(STRANGER) | options)
    for topic, value, key, partition in things:
        told = lambda error, _: errors.append(error) if error else None  # noqa: E731 - one line
        producer.produce(topic, value, key, partition, on_delivery=told)
    assert producer.flush(FLUSH_SECONDS_MAX) == 0, "not acknowledged in time"
    assert not errors, errors[0].name()


_MADE: Final = {By.CONNECTOR: _files, By.CLIENT: _values}


def _yard(ground: Ground) -> Yard:
    home, settings = new_stack(ground)
    townships = [FolderAgency(alias, folder_of(home, alias)) for alias in (*OTHERS, FLOODER)]
    departments = [DatabaseAgency(alias, _tables(home, alias)) for alias in DEPARTMENTS]
    county = County(home, settings, [*townships, *departments])
    ground.ends.callback(county.stop)
    rulebook = load(home.rulebook)
    others = Unlike(rulebook, townships[:-1], departments, RUNS[0])
    flood = Unlike(rulebook, townships[-1:], departments, RUNS[1])
    direct = Unlike(rulebook, [FolderAgency(STRANGER, Path())], departments, RUNS[2])
    county.start()
    there = lambda: all(each.has_tables for each in departments)  # noqa: E731 - one line
    wait_until(there, START_SECONDS_MAX, "the exchange tables")
    return Yard(Stand(ground, home, settings, ""), county, others, flood, direct, departments)


def _tables(home: Home, alias: str) -> Path:
    return home.path / f"{alias}.agency.sqlite"


def _judged(yard: Yard) -> str:
    """Everything came, once; who sent it was told so."""
    plan = yard.plan
    wanted = yard.others.fates | yard.flood.fates
    agencies = [each for each in yard.county.agencies if each.alias in wanted]

    def is_told() -> bool:
        found = {each.alias: each.fates() for each in agencies}
        return all(found[alias] == ends for alias, ends in wanted.items())

    wait_until(is_told, DRAIN_SECONDS_MAX, "who sent it is told of all")
    held = {each.alias: each.everything() for each in yard.county.agencies}
    fates = {each.alias: each.fates() for each in agencies}
    verdict = judge(plan, held, ORDER, wanted, fates)
    assert verdict.clean, str(verdict)
    return f"{len(plan)} letters: {verdict}"


def main(argv: Sequence[str]) -> int:
    """Measure; print a line for each way, and return the exit code."""
    parser = argparse.ArgumentParser(prog="flood", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--share", type=float, default=SHARE)
    parser.add_argument("--by", type=By, nargs="+", default=tuple(By))
    options = parser.parse_args(argv)
    forget_settings()
    with ExitStack() as ends:
        scratch = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="yichuan-flood-")))
        ground = Ground(REPO, scratch, ends)
        found, told = flooded(ground, options.by, options.rounds, options.seconds, options.share)
    print(*found, told, sep="\n")
    return 0 if all(each.ratio <= RATIO_MAX for each in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
