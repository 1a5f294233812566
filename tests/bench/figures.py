"""How figures are told: least, median, greatest; a slope with its error; the 99th percentile."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

ERRORS: Final = 2.0  # standard errors on each side of a slope: some 95 of 100
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through points: what y gains for each of x, and the error of that."""

    slope: float
    error: float  # standard error of the slope

    @property
    def most(self) -> float:
        """The slope that it may be at most."""
        return self.slope + ERRORS * self.error


def spread(found: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Return least, median and greatest."""
    return {
        "least": round(min(found), digits),
        "median": round(statistics.median(found), digits),
        "greatest": round(max(found), digits),
    }


def fitted(points: Sequence[tuple[float, float]]) -> Line:
    """Return the line of least squares. StatisticsError: fewer than two points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    slope, height = statistics.linear_regression(xs, ys)
    middle = statistics.fmean(xs)
    off = sum((y - height - slope * x) ** 2 for x, y in points)
    wide = sum((x - middle) ** 2 for x in xs)
    return Line(slope, (off / max(1, len(points) - 2) / wide) ** 0.5)


def p99(times: Iterable[float]) -> float:
    """Return what 99 of 100 are within. StatisticsError: fewer than two times."""
    return statistics.quantiles(times, n=_PERCENT, method="inclusive")[-1]
