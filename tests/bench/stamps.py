"""When the broker had a record: its own stamps (LogAppendTime), read after the load is over.

A reader during the run would take processor time from what is measured, and add its own delays.
Stamps are whole milliseconds of one clock.
"""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from connectors.bus.clock import monotonic
from connectors.bus.home import Home
from connectors.bus.kafka import librdkafka_options
from connectors.bus.layout import INBOX_PREFIX
from connectors.bus.logins import ADMIN
from schemas.codec import unframe
from tests.bench.figures import p99
from tests.bench.running import Bus

SECONDS_MAX: Final = 120.0
AT_ONCE: Final = 1_000

Begins = Mapping[str, Mapping[int, int]]  # topic → partition → offset
Stamps = dict[bytes, int]  # key → milliseconds


def inboxes(bus: Bus) -> list[str]:
    """Return the topics that the exchange delivers to."""
    names = bus.watcher.list_topics(timeout=10).topics
    return sorted(name for name in names if name.startswith(INBOX_PREFIX))


def begins(bus: Bus, topics: Iterable[str]) -> Begins:
    """Return where the topics end now."""
    return {topic: bus.ends(topic) for topic in topics}


def stamps(bus: Bus, since: Begins, schema_id: int) -> Stamps:
    """Return when the first record of a schema came under each key, in any of these topics.

    A lead's key is its case, which no other lead has; its copy has the schema of the lead, the
    sender's receipt has another.
    """
    found: Stamps = {}
    for key, value, stamp in _records(bus.home, since, {name: bus.ends(name) for name in since}):
        if unframe(value)[0] == schema_id:
            found[key] = min(stamp, found.get(key, stamp))
    return found


def taken(ins: Stamps, outs: Stamps) -> list[int]:
    """Return milliseconds from each input to its output. AssertionError: an output is missing."""
    missing = len(ins.keys() - outs.keys())
    assert not missing, f"{missing} of {len(ins)} have no output"
    return [outs[key] - stamp for key, stamp in ins.items()]


def quantiles(times: Sequence[float]) -> dict[str, float]:
    """Return p50 and p99. StatisticsError: fewer than two times."""
    return {"p50_ms": round(statistics.median(times), 1), "p99_ms": round(p99(times), 1)}


def after(ins: Stamps, seconds: float) -> Stamps:
    """Return those that came later than so many seconds after the first."""
    first = min(ins.values())
    return {key: stamp for key, stamp in ins.items() if stamp >= first + seconds * 1_000}


def _records(home: Home, since: Begins, ends: Begins) -> Iterator[tuple[bytes, bytes, int]]:
    options: dict[str, Any] = librdkafka_options(home.settings(), home.credentials(ADMIN))
    own = {"group.id": f"{ADMIN}.stamps", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer(options | own)
    open_ends = {
        (topic, number): end
        for topic, own_ends in ends.items()
        for number, end in own_ends.items()
        if end > since[topic][number]
    }
    consumer.assign([TopicPartition(topic, n, since[topic][n]) for topic, n in open_ends])
    deadline = monotonic() + SECONDS_MAX
    try:
        while open_ends:
            assert monotonic() < deadline, f"not read within {SECONDS_MAX:g} s: {sorted(open_ends)}"
            for record in consumer.consume(AT_ONCE, timeout=0.5):
                if record.error() is not None:
                    raise KafkaException(record.error())
                place: Any = (record.topic(), record.partition())
                offset: Any = record.offset()
                yield record.key() or b"", record.value() or b"", record.timestamp()[1]
                if offset + 1 >= open_ends.get(place, offset + 2):
                    del open_ends[place]
    finally:
        consumer.close()
