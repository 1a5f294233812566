"""Which rate holds: letters written evenly, and whether the lag grows.

A rate holds when what the slope of the lag (least squares, without the beginning) makes of
the whole time is no more than what one transaction takes, and no more than a hundredth of what
was offered: then it is the noise of batches.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from connectors.bus.clock import monotonic
from tests.bench.drain import drained
from tests.bench.figures import fitted, spread
from tests.bench.processors import over
from tests.bench.running import Bus, finished
from tests.bench.sealed import Letters

Line = dict[str, Any]
GROWTH_MAX: Final = 500  # messages over the whole time: [exchange] batch_max
GROWTH_SHARE_MAX: Final = 0.01  # of what was offered: a short time must not hold by itself
BEGINNING: Final = 0.1  # of the time: not looked at
LOOK_SECONDS: Final = 0.5
OFFERED_MIN: Final = 0.99  # of the rate: a writer that is slower offers less than it says
_LEAST, _MOST = 0.5, 1.1  # of the rate of the backlog: between them the highest is sought

Look = tuple[float, float]  # seconds, lag


def offered(bus: Bus, letters: Letters, rate: float, seconds: float, what: str = "rate") -> Line:
    """Write at a rate for so long, and look at the lag; then wait until all is done."""
    file = letters.part(round(rate * seconds))
    spent, writer, began = over(bus.pids()), bus.writer(file, rate), monotonic()
    looks: list[Look] = []
    while writer.poll() is None:
        looks.append((monotonic() - began, float(bus.lag())))
        time.sleep(LOOK_SECONDS)
    told, said = spent(), finished(writer)
    ended = monotonic()
    bus.settle()
    file.unlink()
    begin = seconds * BEGINNING
    line = {
        "what": what,
        "offered": rate,
        **said,
        **judged([x for x in looks if x[0] >= begin], rate),
    }
    line["holds"] &= said["written"] >= OFFERED_MIN * rate * said["writer_seconds"]
    return {**line, "rest_seconds": round(monotonic() - ended, 1), **told}


def judged(looks: Sequence[Look], rate: float) -> Line:
    """Return the slope of the lag in messages a second, its standard error, and whether it holds.

    StatisticsError: fewer than two looks.
    """
    line = fitted(looks)
    seconds = looks[-1][0] - looks[0][0]
    growth = line.slope * seconds
    return {
        "slope": round(line.slope, 3),
        "slope_error": round(line.error, 3),
        "growth": round(growth),
        "lag": spread([lag for _, lag in looks], 0),
        "holds": growth <= min(GROWTH_MAX, GROWTH_SHARE_MAX * rate * seconds),
    }


def sought(bus: Bus, letters: Letters, backlog: int, seconds: float, steps: int) -> Iterator[Line]:
    """Yield a line for the backlog that tells where to begin, and one for each rate offered."""
    first = {**drained(bus, letters, backlog, workers=bus.workers), "what": "backlog"}
    yield first
    low, high = (first["per_second"] * share for share in (_LEAST, _MOST))
    yield from bisected(low, high, steps, lambda rate: offered(bus, letters, rate, seconds))


def bisected(low: float, high: float, steps: int, tried: Callable[[float], Line]) -> Iterator[Line]:
    """Yield what was found of each rate, half way between what held and what did not."""
    for _ in range(steps):
        middle = float(round((low + high) / 2))
        line = tried(middle)
        low, high = (middle, high) if line["holds"] else (low, middle)
        yield line


def figures(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the highest rate that held, and the least that did not."""
    tried = [line for line in lines if line["what"] == "rate"]
    held = [line for line in tried if line["holds"]]
    best = max(held, key=lambda line: line["offered"], default=None)
    failed = [line["offered"] for line in tried if not line["holds"]]
    if tried:
        line = {"what": "rate", "highest": best["offered"] if best else None}
        yield {**line, "least_that_grew": min(failed, default=None), "at_it": best}
    yield from (line for line in lines if line["what"] == "sustained")
