"""The chapter of faults: a running bus under load, on real Kafka and PostgreSQL.

Each check is a run of tests.bench.load with a stack of its own, at the length that is promised.
"""

import json
import sys
from functools import cache
from typing import Any, Final

from tests.bench.processors import OTHERS
from tests.prove.chapter import Check, Ground

RUN_SECONDS_MAX: Final = 3 * 3_600.0
PASS_THROUGH_TIMES_MAX: Final = 5.0
WARM_TIMES_MAX: Final = 2.0
TWO_WORKERS_MIN: Final = 1.7
BUSY_MIN: Final = 0.95  # of the processors: nothing waits but for them
OTHERS_MAX: Final = (
    0.1  # cores that others have: with more, it was they who kept the second waiting
)
BACKLOG: Final = 20_000
SUSTAINED: Final = 1_200  # a second
SUSTAINED_SECONDS: Final = 600
IDLE_SECONDS: Final = 300
EXCHANGES: Final = ("--exchanges", "2")  # one for each core, where all that is asked is the rate

Line = dict[str, Any]


@cache
def _figures(ground: Ground, what: str, *options: str) -> tuple[Line, ...]:
    """Run one measure and return its figures; what several checks ask is measured once."""
    printed = ground.command(
        sys.executable,
        *("-m", "tests.bench.load", "--what", what, "--out", ground.scratch / "load"),
        *options,
        seconds_max=RUN_SECONDS_MAX,
    )
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return tuple(line["figure"] for line in lines if "figure" in line)


def _drained(ground: Ground) -> dict[int, Line]:
    figures = _figures(ground, "drain", "--backlog", str(BACKLOG))
    return {line["workers"]: line for line in figures}


def _highest(ground: Ground) -> Line:
    (line,) = _figures(ground, "rate", *EXCHANGES)
    return line


def latency_half_load(ground: Ground) -> str:
    """Hold p99 at half of the highest rate against a pass-through of the same rate."""
    highest = _highest(ground)["highest"]
    assert highest, "no rate held: nothing to take half of"
    bare, ours = _figures(ground, "latency", "--rate", f"{highest / 2:.0f}", *EXCHANGES)
    figure = (
        f"{ours['offered']:.0f}/s, half of {highest:.0f}/s: p50 {ours['p50_ms']} ms, p99"
        f" {ours['p99_ms']} ms; pass-through p50 {bare['p50_ms']} ms, p99 {bare['p99_ms']} ms;"
        f" p99 in turns: {ours['p99_to_pass_through']} of it"
    )
    assert ours["p99_to_pass_through"]["median"] <= PASS_THROUGH_TIMES_MAX, figure
    return figure


def after_idle(ground: Ground) -> str:
    """Hold the first message after a silence against those after it, silence by silence."""
    (line,) = _figures(ground, "idle", "--idle-seconds", str(IDLE_SECONDS))
    figure = (
        f"after {line['idle_seconds']:.0f} s: first {line['first_ms']} ms, first of each other"
        f" partition {line['first_of_partition_ms']} ms, warm {line['warm_ms']} ms; first to warm:"
        f" {line['first_to_warm']}"
    )
    assert line["first_to_warm"]["median"] <= WARM_TIMES_MAX, figure
    return figure


def two_workers(ground: Ground) -> str:
    """Hold two exchanges against one on the same backlog, or show that the processors are full."""
    one, two = (_drained(ground)[number] for number in (1, 2))
    figure = (
        f"one {one['per_second']}/s, two {two['per_second']}/s: {two['to_one']} times; processors"
        f" in use {one['busy']} and {two['busy']}; cores by process, one: {_cores(one)};"
        f" two: {_cores(two)}"
    )
    assert _scales(two) or _is_full(two), figure
    return figure


def _scales(two: Line) -> bool:
    return bool(two["to_one"]["median"] >= TWO_WORKERS_MIN)


def _is_full(two: Line) -> bool:
    """Whether nothing of the run waited but for the processors, and no stranger had them."""
    others = two["cores"][OTHERS]["median"]
    return bool(two["busy"]["median"] >= BUSY_MIN and others <= OTHERS_MAX)


def drain(ground: Ground) -> str:
    """Let one exchange drain a backlog."""
    line = _drained(ground)[1]
    return f"{BACKLOG} messages: {line['per_second']}/s; cores by process: {_cores(line)}"


def highest_rate(ground: Ground) -> str:
    """Seek the highest rate at which the lag does not grow."""
    line = _highest(ground)
    figure = f"{line['highest']}/s holds, {line['least_that_grew']}/s does not: {_told(line)}"
    assert line["highest"], figure
    return figure


def sustained(ground: Ground) -> str:
    """Offer 1,200 a second for ten minutes."""
    options = ("--sustained", str(SUSTAINED), "--sustained-seconds", str(SUSTAINED_SECONDS))
    (line,) = _figures(ground, "sustained", *options, *EXCHANGES)
    figure = f"{line['offered']:.0f}/s for {line['seconds']:.0f} s: {_told({'at_it': line})}"
    assert line["holds"], figure
    return figure


def _told(line: Line) -> str:
    at_it = line["at_it"]
    if at_it is None:
        return "nothing held"
    return (
        f"slope of the lag {at_it['slope']} messages a second (± {at_it['slope_error']}), in all"
        f" {at_it['growth']}; lag {at_it['lag']}; processors in use {at_it['busy']}; processor"
        f" seconds {at_it['cpu_seconds']}"
    )


def _cores(line: Line) -> dict[str, float]:
    return {name: spent["median"] for name, spent in line["cores"].items()}


CHECKS: Final = (
    Check("latency_half_load", latency_half_load),
    Check("after_idle", after_idle),
    Check("two_workers", two_workers),
    Check("drain", drain),
    Check("highest_rate", highest_rate),
    Check("sustained", sustained),
)
