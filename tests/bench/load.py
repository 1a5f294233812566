"""A running bus under load: `make bench`, or part of it by itself.

    python -m tests.bench.load [--what drain rate sustained latency idle] [--on postgresql] …

The stack, the exchange and its ticker run as they are started; letters are sealed beforehand and
written by a process of their own. Prints JSON lines, and writes load.json into the folder.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from connectors.bus.clock import now
from tests.bench import drain, idle, latency, rates
from tests.bench.running import Bus, bus
from tests.bench.sealed import Letters, sealing

Line = dict[str, Any]
Run = tuple[Bus, Letters, argparse.Namespace]


def main(argv: Sequence[str]) -> int:
    """Bring up a bus, put it under load, say what was found."""
    options = _options(argv)
    lines: list[Line] = []
    with ExitStack() as ends:
        scratch = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="yichuan-load-")))
        running = ends.enter_context(bus(scratch, options.on, options.exchange))
        letters = ends.enter_context(sealing(running.home, scratch))
        for what in options.what:
            for line in MEASURES[what]((running, letters, options)):
                lines.append(line)
                print(json.dumps(line), flush=True)
    found = [line for kind in FIGURES for line in kind(lines)]
    for line in found:
        print(json.dumps({"figure": line}), flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    document: Line = {"when": now().isoformat(timespec="seconds"), "cores": os.cpu_count()}
    document |= {"on": options.on, "figures": found, "runs": lines}
    text = json.dumps(document, indent=1) + "\n"
    (options.out / "load.json").write_text(text, encoding="utf-8")
    return 0


def _drain(run: Run) -> Iterator[Line]:
    running, letters, options = run
    workers = options.workers if running.server else [1]  # on SQLite there is one
    yield from drain.in_turns(running, letters, options.backlog, workers, options.rounds)


def _rate(run: Run) -> Iterator[Line]:
    running, letters, options = run
    running.run(options.exchanges)
    yield from rates.sought(running, letters, options.backlog, options.seconds, options.steps)


def _sustained(run: Run) -> Iterator[Line]:
    running, letters, options = run
    running.run(options.exchanges)
    rate, seconds = options.sustained, options.sustained_seconds
    yield rates.offered(running, letters, rate, seconds, "sustained")


def _latency(run: Run) -> Iterator[Line]:
    """Where no rate was given: half of what a backlog is drained with, for that is the most."""
    running, letters, options = run
    running.run(options.exchanges)
    rate = options.rate
    if rate is None:
        most = {
            **drain.drained(running, letters, options.backlog, running.workers),
            "what": "backlog",
        }
        yield most
        rate = float(round(most["per_second"] / 2))
    yield from latency.in_turns(running, letters, rate, options.seconds, options.rounds)


def _idle(run: Run) -> Iterator[Line]:
    running, letters, options = run
    running.run(options.exchanges)
    yield from idle.rounds(running, letters, options.idle_seconds, options.rounds)


def _of(what: str, told: Callable[[Sequence[Line]], Iterator[Line]]) -> Callable[..., Any]:
    return lambda lines: told([line for line in lines if line["what"] == what])


MEASURES: Final[dict[str, Callable[[Run], Iterator[Line]]]] = {
    "drain": _drain,
    "rate": _rate,
    "sustained": _sustained,
    "latency": _latency,
    "idle": _idle,
}
FIGURES: Final = (
    _of("drain", drain.figures),
    rates.figures,
    _of("latency", latency.figures),
    _of("idle", idle.figures),
)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="load", description=__doc__)
    add = parser.add_argument
    add("--what", nargs="+", default=list(MEASURES), choices=list(MEASURES))
    add("--on", default="postgresql", choices=["postgresql", "sqlite"])
    add("--rounds", type=int, default=5, help="of what is measured in turns")
    add("--backlog", type=int, default=20_000, help="messages that are drained")
    add("--workers", type=int, nargs="+", default=[1, 2], help="that drain it, in turns")
    add("--exchanges", type=int, default=1, help="that run, but for the backlog in turns")
    add("--seconds", type=float, default=60.0, help="of a rate offered, of a turn of latency")
    add("--steps", type=int, default=6, help="of the search for the highest rate")
    add("--rate", type=float, help="of the latency, a second; else half of the highest")
    add("--sustained", type=float, default=1_200.0, help="rate, a second")
    add("--sustained-seconds", type=float, default=600.0)
    add("--idle-seconds", type=float, default=300.0)
    add("--exchange", default="", help='further TOML of [exchange]: "batch_max = 200"')
    add("--out", type=Path, default=Path("build/bench"))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
