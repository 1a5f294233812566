"""The chapter of faults: what a message and a duty cost, side by side in one run.

Ratios are judged by processor time where others use the machine too: wall clock then tells more of
them than of us. The figures show both.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.prove.chapter import Check, Ground

SECONDS_MAX: Final = 3 * 3_600.0
SIZES: Final = (10_000, 1_000_000, 10_000_000)
TICK_RATIO_MAX: Final = 1.2
WRITTEN_PER_SECOND_MIN: Final = 20_000
MEMORY_MB_MAX: Final = 512
BARE_PER_SECOND_MIN: Final = 2_000
OF_BARE_MIN: Final = 0.5
TEXTBOOK_MIN: Final = 4.0
MICROSECONDS: Final = 1e6

Line = dict[str, Any]


@cache
def _duties(ground: Ground) -> tuple[Line, ...]:
    sizes = map(str, SIZES)
    return _lines(
        ground, "tests.bench.duties", "--folder", ground.scratch / "duties", "--sizes", *sizes
    )


@cache
def _bus(ground: Ground) -> tuple[Line, ...]:
    return _lines(ground, "tests.bench.bus", "--out", ground.scratch / "bus")


def _lines(ground: Ground, module: str, *options: str | Path) -> tuple[Line, ...]:
    printed = ground.command(sys.executable, "-m", module, *options, seconds_max=SECONDS_MAX)
    return tuple(json.loads(line) for line in printed.splitlines())


def duties_at_scale(ground: Ground) -> str:
    """Fire the same thousand duties among ever more, the casebook being cold."""
    lines = _duties(ground)
    ratios = [line for line in lines if "ratio" in line and line["duties"] == SIZES[-1]]
    (memory,) = (line["greatest_mb"] for line in lines if line["what"] == "memory")
    told = "; ".join(
        f"{r['on']}: {r['ratio']}, {r['ms']} ms; pages read: {r['pages_ratio']}, {r['pages']}"
        for r in ratios
    )
    figure = f"among {SIZES[-1]} against {SIZES[0]}: {told}; memory at most {memory} MB"
    assert all(r["pages_ratio"]["median"] <= TICK_RATIO_MAX for r in ratios), figure
    assert all(r["ratio"]["median"] <= TICK_RATIO_MAX for r in ratios), figure
    assert memory <= MEMORY_MB_MAX, figure
    return figure


def duties_written(ground: Ground) -> str:
    """Register and close duties among ten million."""
    found = [each for each in _duties(ground) if each["what"] == "written"]
    told = [
        (each["on"], each["registered_per_cpu_second"], each["closed_per_cpu_second"])
        for each in found
        if each["duties"] == SIZES[-1]
    ]
    clock = [
        (each["on"], each["registered_per_second"], each["closed_per_second"])
        for each in found
        if each["duties"] == SIZES[-1]
    ]
    figure = (
        f"registered, closed among {SIZES[-1]}, a second of our processor time: {told};"
        f" by the clock: {clock}"
    )
    assert all(min(rates) >= WRITTEN_PER_SECOND_MIN for _, *rates in told), figure
    return figure


def bench_ratio(ground: Ground) -> str:
    """Hold the full path against the bare-work limit."""
    lines = [line for line in _bus(ground) if "cpu_us" in line]
    bare = [line for line in lines if line["name"] == "bare"]
    figure = "; ".join(f"{b['on']}: {b['cpu_us']} µs bare, {_of(lines, b)} of it" for b in bare)
    assert all(MICROSECONDS / b["cpu_us"]["median"] >= BARE_PER_SECOND_MIN for b in bare), figure
    assert all(_of(lines, b) >= OF_BARE_MIN for b in bare), figure
    return figure


def bench_textbook(ground: Ground) -> str:
    """Hold Faust and FastStream by the book, with the same functions, against the full path."""
    lines = [line for line in _bus(ground) if line["name"] in {"faust", "faststream"}]
    rivals = [line for line in lines if "cpu_us" in line]
    figure = "; ".join(
        f"{each['name']} on {each['on']}: the exchange is {each['exchange_to_it_by_cpu']} by"
        f" processor time, {each['exchange_to_it']} by the clock"
        for each in rivals
    )
    least = min(each["exchange_to_it_by_cpu"]["median"] for each in rivals)
    assert least >= TEXTBOOK_MIN, figure
    return figure


def _of(lines: list[Line], bare: Line) -> float:
    ours = next(x for x in lines if (x["name"], x["on"]) == ("exchange", bare["on"]))
    return round(float(bare["cpu_us"]["median"] / ours["cpu_us"]["median"]), 2)


CHECKS: Final = (
    Check("duties_at_scale", duties_at_scale),
    Check("duties_written", duties_written),
    Check("bench_ratio", bench_ratio),
    Check("bench_textbook", bench_textbook),
)
