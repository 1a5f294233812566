"""How long a record takes from the flow to the inbox at a given rate, beside a bare pass-through.

Both run all the time and have nothing to do while the other has its turn. Begin and end are the
broker's stamps of the record and of its copy.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from confluent_kafka.admin import AdminClient, NewTopic

from connectors.bus.home import Home
from connectors.bus.kafka import librdkafka_options, start_consumer, start_producer
from connectors.bus.logins import ADMIN
from tests.bench.figures import spread
from tests.bench.processors import over
from tests.bench.running import LEADS, Bus, finished
from tests.bench.sealed import Letters
from tests.bench.stamps import after, begins, inboxes, quantiles, stamps, taken
from tests.prove.chapter import REPO
from tests.prove.stand import wait_until

IN, OUT = "bench-in", "bench-out"
EXCHANGE, PASS_THROUGH = "exchange", "pass-through"
BATCH: Final = 500  # records in one poll of the pass-through, as in one of the exchange
WARM_SECONDS: Final = 5.0  # at the beginning of a turn: not counted
OUT_SECONDS_MAX: Final = 60.0
STOP_SECONDS_MAX: Final = 20.0

Line = dict[str, Any]


def in_turns(
    bus: Bus, letters: Letters, rate: float, seconds: float, rounds: int
) -> Iterator[Line]:
    """Yield a line for each turn of the exchange and of the pass-through."""
    ways: dict[str, Callable[[], Line]] = {
        EXCHANGE: lambda: _exchange(bus, letters, rate, seconds),
        PASS_THROUGH: lambda: _passed(bus, letters, rate, seconds),
    }
    with _passing(bus):
        for turn in range(rounds):
            names = sorted(ways, reverse=bool(turn % 2))
            for name in names:
                line = {"what": "latency", "name": name, "turn": turn, "offered": rate}
                yield {**line, **ways[name]()}


def figures(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield p50 and p99 of both, and what ours are of the other's in the same turn."""
    bare = {line["turn"]: line for line in lines if line["name"] == PASS_THROUGH}
    for name in (PASS_THROUGH, EXCHANGE):
        own = [line for line in lines if line["name"] == name]
        if not own:
            continue
        yield {
            "what": "latency",
            "name": name,
            "offered": own[0]["offered"],
            "busy": spread([line["busy"] for line in own], 3),
            **{key: spread([line[key] for line in own]) for key in ("p50_ms", "p99_ms")},
            **{
                f"{key}_to_pass_through": spread(
                    [line[f"{key}_ms"] / bare[line["turn"]][f"{key}_ms"] for line in own], 2
                )
                for key in ("p50", "p99")
            },
        }


def _exchange(bus: Bus, letters: Letters, rate: float, seconds: float) -> Line:
    return _turn(bus, letters, rate, seconds, LEADS, inboxes(bus), bus.settle)


def _passed(bus: Bus, letters: Letters, rate: float, seconds: float) -> Line:
    target = sum(bus.ends(OUT).values()) + round(rate * seconds)

    def settle() -> None:
        told = f"the pass-through's {target} records"
        wait_until(lambda: sum(bus.ends(OUT).values()) >= target, OUT_SECONDS_MAX, told)

    return _turn(bus, letters, rate, seconds, IN, [OUT], settle)


def _turn(
    bus: Bus,
    letters: Letters,
    rate: float,
    seconds: float,
    source: str,
    outputs: list[str],
    settle: Callable[[], None],
) -> Line:
    file = letters.part(round(rate * seconds))
    came, went = begins(bus, [source]), begins(bus, outputs)
    spent = over(bus.pids())
    said = finished(bus.writer(file, rate, source))
    told = spent()
    settle()
    file.unlink()
    ins = after(stamps(bus, came, letters.schema_id), min(WARM_SECONDS, seconds / 4))
    times = taken(ins, stamps(bus, went, letters.schema_id))
    return {**said, **quantiles(times), "greatest_ms": max(times), **told}


@contextmanager
def _passing(bus: Bus) -> Iterator[None]:
    client = AdminClient(librdkafka_options(bus.settings, bus.home.credentials(ADMIN)))
    form = {"message.timestamp.type": "LogAppendTime"}
    partitions = bus.settings.kafka.partitions
    topics = [NewTopic(name, partitions, 1, config=form) for name in (IN, OUT)]
    for made in client.create_topics(topics).values():
        made.result()
    words = [sys.executable, "-m", "tests.bench.latency", str(bus.home.path)]
    process = subprocess.Popen(words, cwd=REPO, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline(), "the pass-through did not start"
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)


async def _pass_through(home: Home) -> None:
    """Write each record on and acknowledge; clients and durability are the exchange's."""
    settings, login = home.settings(), home.credentials(ADMIN)
    producer = await start_producer(settings, login, client_id="bench")
    consumer = await start_consumer(
        settings, login, [IN], group=f"{ADMIN}.bench-pass", client_id="bench", records_max=BATCH
    )
    print("ready", flush=True)
    while True:
        for records in (await consumer.getmany(timeout_ms=500, max_records=BATCH)).values():
            sends = [await producer.send(OUT, each.value, key=each.key) for each in records]
            await asyncio.gather(*sends)
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(_pass_through(Home(Path(sys.argv[1]))))
