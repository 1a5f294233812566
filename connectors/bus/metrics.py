"""Every metric of the bus, once: a closed list, so that a misspelt name is a type error.

Names are `yichuan_<thing>_<unit>[_total]`; units are seconds, bytes, or what is counted. Labels
are bounded: flow, record, organ's alias, outcome, stage, duty, code, partition; never an id.
tests/unit holds every one against that.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from math import nan
from typing import Final, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from connectors.bus import clock
from connectors.bus.build import VERSION, code

# A second series per counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call] # the client left it without types

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)  # process_resident_memory_bytes and its like
_Labels = TypeVar("_Labels", bound=tuple[str, ...])
UNKNOWN: Final = "unknown"  # the record of a message that could not be decoded


class Stage(StrEnum):
    """The steps of a message's way through the exchange, each timed by itself."""

    VERIFY = "verify"
    STORE = "store"
    PUBLISH = "publish"


class Outcome(StrEnum):
    """What became of a message that the exchange read."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    HELD = "held"
    WAITING = "waiting"  # behind a held message or in a frozen case
    DUPLICATE = "duplicate"
    DEAD_LETTERED = "dead_lettered"


# From a tenth of a millisecond, one signature, to the ten seconds between two ticks.
_SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(f"yichuan_{name}", text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(f"yichuan_{name}", text, labels, registry=REGISTRY)


def _seconds(name: str, text: str, *labels: str) -> Histogram:
    return Histogram(f"yichuan_{name}_seconds", text, labels, registry=REGISTRY, buckets=_SECONDS)


# The exchange.
MESSAGES: Final = _counter(
    "exchange_messages", "Messages read from the flows, by outcome", "flow", "record", "outcome"
)
STAGE_SECONDS: Final = _seconds("exchange_stage", "Time of one batch in one stage", "stage")
BATCH_SECONDS: Final = _seconds("exchange_batch", "Time of one batch, read to acknowledged")
OPEN_DUTIES: Final = _gauge(
    "open_duties", "Duties that have begun and are not closed, guidance too", "duty", "organ"
)
OVERDUE_DUTIES: Final = _gauge(
    "overdue_duties",
    "Open duties past their due time; not while suspended, on a provisional day, or if the case"
    " froze before",
    "duty",
    "organ",
)
HELD_MESSAGES: Final = _gauge("held_messages", "Messages held now, by the reason's code", "code")
HELD_AGE: Final = _gauge("held_age_seconds", "How long the longest held of them waits", "code")
FROZEN_CASES: Final = _gauge("frozen_cases", "Cases frozen by a defect, until settled")
DEAD_LETTERS: Final = _counter("dead_letter_messages", "Messages to the dead letters", "code")
DEAD_LETTERS_KEPT: Final = _gauge(
    "dead_letters_kept_messages", "Dead letters since the casebook began", "code"
)
OUTBOX_MESSAGES: Final = _gauge("outbox_messages", "Decided, committed and not yet published")
OUTBOX_AGE: Final = _gauge(
    "outbox_age_seconds", "How long the oldest of them waits, since this process began at most"
)
CASEBOOK_AGE: Final = _gauge(
    "casebook_look_age_seconds", "Since the gauges above, from duties on, were counted"
)
LAST_BACKUP: Final = _gauge(
    "last_backup_timestamp_seconds",
    "When the last backup that ended well had begun, since 1970; 0: there was none; NaN: not asked",
)
LAST_BACKUP.set(nan)  # a connector never asks, and an exchange not before its first look
LAG_MESSAGES: Final = _gauge(
    "lag_messages", "Messages in the flow that are not decided yet", "flow", "partition"
)
LAG_SECONDS: Final = _gauge(
    "lag_seconds", "Age now of the newest decided message; Ticks keep it small", "flow", "partition"
)
PROGRESS_SECONDS: Final = _gauge(
    "progress_age_seconds", "Since the last committed batch, ticks included", "flow", "partition"
)
TICKS: Final = _counter("clock_ticks", "Ticks written into a partition", "flow", "partition")

# The connectors.
CONNECTOR_READ: Final = _counter("connector_read_messages", "Taken from the source", "organ")
CONNECTOR_SENT: Final = _counter("connector_sent_messages", "Acknowledged by the broker", "organ")
CONNECTOR_RESENT: Final = _counter(
    "connector_resent_messages", "Lost by the log before the bus answered, sent again", "organ"
)
CONNECTOR_REFUSED: Final = _counter(
    "connector_refused_messages", "Given back at the source, by code", "organ", "code"
)
CONNECTOR_DELIVERED: Final = _counter(
    "connector_delivered_messages", "Written into the agency's system", "organ"
)
CONNECTOR_SPOOLED: Final = _gauge(
    "connector_spooled_messages", "Checked and waiting to be sent", "organ"
)
CONNECTOR_SPOOL_AGE: Final = _gauge(
    "connector_spool_age_seconds", "How long the oldest of them waits", "organ"
)
CONNECTOR_QUARANTINED: Final = _gauge(
    "connector_quarantined_messages", "From the inbox, unreadable or unverified, kept", "organ"
)
CONNECTOR_ATTACHMENTS: Final = _counter(
    "connector_attachment_files", "Attachments carried, by way: up or down", "organ", "way"
)
CONNECTOR_ATTACHMENTS_REFUSED: Final = _counter(
    "connector_attachment_refused_files",
    "Attachments that could not be had, by code",
    "organ",
    "code",
)
CONNECTOR_LAG: Final = _gauge("connector_lag_messages", "In the inbox, not yet read", "organ")
CONNECTOR_ERRORS: Final = _counter(
    "connector_errors", "Attempts that failed and are tried again, by code", "organ", "code"
)

# Every process.
BUILD: Final = Info(
    "yichuan_build",
    "What runs: part, version, digest of the code; an exchange's rulebook and casebook step",
    registry=REGISTRY,
)
UNREADY: Final = _gauge(
    "unready_reasons", "Reasons of /healthz as it is asked, by their first word", "probe", "reason"
)


@cache
def messages(flow: str, record: str, outcome: Outcome) -> Counter:
    """Return the counter of these labels, bound once. `record` is UNKNOWN if it did not decode."""
    return MESSAGES.labels(flow, record, outcome.value)


@cache
def stage(which: Stage) -> Histogram:
    """Return the histogram of a stage, bound once."""
    return STAGE_SECONDS.labels(which.value)


class Progress:
    """When a partition last moved on, and how far: both ages are computed when somebody looks.

    A number that was set with the last batch would stay small in an exchange that hangs.
    """

    __slots__ = ("_at", "_behind_seconds", "_place")

    def __init__(self, flow: str, partition: int) -> None:
        self._at = clock.monotonic()
        self._behind_seconds: float | None = None  # nothing was decided yet
        self._place = (flow, str(partition))
        PROGRESS_SECONDS.labels(*self._place).set_function(self.age_seconds)

    def made(self, behind_seconds: float) -> None:
        """A batch of the partition was committed, whose newest message was so old by then."""
        if self._behind_seconds is None:
            LAG_SECONDS.labels(*self._place).set_function(self.lag_seconds)
        self._at, self._behind_seconds = clock.monotonic(), behind_seconds

    def age_seconds(self) -> float:
        """Return the seconds since then."""
        return clock.monotonic() - self._at

    def lag_seconds(self) -> float:
        """Return how old the newest decided message is by now."""
        return (self._behind_seconds or 0.0) + self.age_seconds()


def forget_partition(flow: str, partition: int) -> None:
    """Drop the gauges of a partition that went to another worker: a frozen value would lie."""
    for gauge in (LAG_MESSAGES, LAG_SECONDS, PROGRESS_SECONDS):
        gauge.remove(flow, str(partition))


def tell_all(gauge: Gauge, values: Mapping[_Labels, float]) -> None:
    """Set these series and drop all others, one after the other: who looks amid it misses none."""
    before = {
        tuple(sample.labels[name] for name in gauge._labelnames)  # noqa: SLF001 - in their order
        for family in gauge.collect()
        for sample in family.samples
    }
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    for gone in before - values.keys():
        gauge.remove(*gone)


def tell_build(part: str, **more: str) -> None:
    """Say what runs."""
    BUILD.info({"part": part, "version": VERSION, "code": code(), **more})
