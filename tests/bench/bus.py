"""The exchange's full path beside the bare-work limit and the textbook, in turns, in one run.

    python -m tests.bench.bus [--messages 2500] [--rounds 5] [--on sqlite] [--out FOLDER]

All read the same leads from the same broker, with the same durability, each with an empty casebook
of its own, and are measured once they are warm. Wall clock tells what was had on this machine at
that time, processor time what it cost: on a machine that others use too, believe the second. Prints
JSON lines, and writes bus.json and bus.svg into the folder.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

from aiokafka import TopicPartition

from connectors.bus.clock import now
from connectors.bus.home import Home
from connectors.bus.kafka import start_consumer, start_producer
from connectors.bus.layout import EXCHANGE
from schemas.codec import current
from services.exchange.opening import open_office
from tests.bench.contest import LEADS, WARM
from tests.bench.figures import spread
from tests.bench.letters import leads
from tests.bench.picture import drawn
from tests.bench.sealed import sealed_pair
from tests.postgresql import Server, postgresql
from tests.prove.stand import beside

CONTESTANTS: Final = ("pass-through", "bare", "exchange", "plain", "faust", "faststream")
RUN_SECONDS_MAX: Final = 600
UP_SECONDS_MAX: Final = 400
SEND_MAX: Final = 500  # on their way at one time


def main(argv: Sequence[str]) -> int:
    """Bring up a stack, write the leads, let each run in turn, say what was found."""
    parser = argparse.ArgumentParser(prog="bus", description=__doc__)
    parser.add_argument("--messages", type=int, default=2_500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--on", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument(
        "--home", type=Path, help="of a stack that is up and applied, on which nothing else runs"
    )
    parser.add_argument("--names", nargs="+", default=CONTESTANTS)
    options = parser.parse_args(argv)
    if options.messages <= 2 * WARM:  # the first batch may hold as many again
        parser.error(f"--messages: more than {2 * WARM}")
    with ExitStack() as ends:
        scratch = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="yichuan-bench-")))
        home = Home(options.home) if options.home else _stack(scratch / "home", ends)
        options.begins = asyncio.run(_write(home, options.messages))
        server = ends.enter_context(postgresql()) if "postgresql" in options.on else None
        lines = []
        for line in _turns(home, scratch, server, options):
            lines.append(line)
            print(json.dumps(line), flush=True)
    found = [*_figures(lines)]
    for line in found:
        print(json.dumps(line), flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {
        "when": now().isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
    }
    document |= {"messages": options.messages, "figures": found, "runs": lines}
    (options.out / "bus.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (options.out / "bus.svg").write_text(drawn(found), encoding="utf-8")
    return 0


def _stack(path: Path, ends: ExitStack) -> Home:
    env = {**os.environ, "YICHUAN_HOME": str(path)}
    path.mkdir()

    def yichuan(*words: str) -> None:
        subprocess.run(
            [beside("yichuan"), *words],
            env=env,
            check=True,
            timeout=UP_SECONDS_MAX,
            stdout=subprocess.DEVNULL,
        )

    ends.callback(yichuan, "down")
    for words in (("up",), ("topics", "apply"), ("schemas", "apply")):
        yichuan(*words)
    return Home(path)


async def _write(home: Home, messages: int) -> list[int]:
    """Write the leads, sealed by their senders; return where they begin in each partition."""
    settings, office = home.settings(), open_office(home, home.settings())
    schema_id = office.id_of(current("LeadTransfer").fingerprint)
    producer = await start_producer(settings, home.credentials(EXCHANGE), client_id="bench-write")
    begins = await _ends(home)
    every = leads(sum(begins) + 1, now())
    while part := list(islice(every, min(SEND_MAX, messages))):
        pairs = [sealed_pair(home.path, schema_id, each) for each in part]
        sends = [await producer.send(LEADS, value, key=key) for key, value in pairs]
        await asyncio.gather(*sends)
        messages -= len(part)
    await producer.stop()
    return begins


async def _ends(home: Home) -> list[int]:
    login = home.credentials(EXCHANGE)
    consumer = await start_consumer(home.settings(), login, (), group=None, client_id="bench-ends")
    places = [TopicPartition(LEADS, n) for n in range(home.settings().kafka.partitions)]
    ends = await consumer.end_offsets(places)
    await consumer.stop()
    return [ends[place] for place in places]


def _turns(
    home: Home, scratch: Path, server: Server | None, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    numbers = count()
    for turn in range(options.rounds):
        for kind in options.on:
            # Another order each time: who runs after whom is no advantage of anybody's.
            names = [*options.names[turn % len(options.names) :], *options.names]
            for name in dict.fromkeys(names):
                number = next(numbers)
                if kind == "sqlite" or server is None:
                    url = f"sqlite:///{scratch / f'casebook-{number}.sqlite'}"
                else:
                    url = server.url(server.new())
                group = f"exchange.bench-{os.getpid()}-{number}"
                argv = (name, home.path, str(options.messages), group, json.dumps(options.begins))
                done = _run(argv, url)
                yield {"on": kind, "turn": turn, **done}


def _run(words: Sequence[str | Path], url: str) -> dict[str, Any]:
    argv = (sys.executable, "-m", "tests.bench.contestants", *words)
    done = subprocess.run(
        argv,
        env={**os.environ, "YICHUAN_CASEBOOK__URL": url},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    found = re.findall(r"^[^{]*({.*})", done.stdout, re.MULTILINE)  # Faust hides the cursor before
    assert found, f"{words[0]}: exit {done.returncode}: {done.stderr[-2000:]}"
    line: dict[str, Any] = json.loads(found[-1])
    return line


def _figures(lines: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield for each contestant the rates, and the ratios to the exchange in the same turn."""
    for kind in dict.fromkeys(line["on"] for line in lines):
        here = [line for line in lines if line["on"] == kind]
        ours = {line["turn"]: line for line in here if line["name"] == "exchange"}
        for name in dict.fromkeys(line["name"] for line in here):
            own = [line for line in here if line["name"] == name]
            yield {
                "on": kind,
                "name": name,
                "per_second": spread([1 / _each(line, "seconds") for line in own]),
                "cpu_us": spread([_each(line, "cpu_seconds") * 1e6 for line in own]),
                "exchange_to_it": _ratios(own, ours, "seconds"),
                "exchange_to_it_by_cpu": _ratios(own, ours, "cpu_seconds"),
            }


def _each(line: dict[str, Any], what: str) -> float:
    """Return what one message took: how many were left once it was warm is each one's own."""
    return float(line[what] / line["messages"])


def _ratios(
    own: Sequence[dict[str, Any]], ours: Mapping[int, dict[str, Any]], what: str
) -> dict[str, float]:
    return spread([_each(line, what) / _each(ours[line["turn"]], what) for line in own if ours], 2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
