"""Every metric of ours, as the client tells of it."""

from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram, Info

from connectors.bus import metrics


@dataclass(frozen=True)
class Row:
    """One metric, as the client tells of it."""

    name: str
    kind: str  # counter, gauge, histogram, info
    labels: tuple[str, ...]
    help: str


def row(metric: Counter | Gauge | Histogram | Info) -> Row:
    family = next(iter(metric.describe()))
    added = {"counter": "_total", "info": "_info"}.get(family.type, "")  # by the client
    return Row(family.name + added, family.type, tuple(metric._labelnames), family.documentation)


ROWS = [
    row(metric)
    for metric in vars(metrics).values()
    if isinstance(metric, Counter | Gauge | Histogram | Info)
]
