"""How figures are told: least, median, greatest."""

import statistics
from collections.abc import Sequence


def spread(found: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Return least, median and greatest."""
    return {
        "least": round(min(found), digits),
        "median": round(statistics.median(found), digits),
        "greatest": round(max(found), digits),
    }
