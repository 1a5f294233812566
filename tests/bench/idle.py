"""What the first message after a long silence takes, beside one that comes while others do.

A round is the silence (only Ticks), then a message into each partition, the first of which
is the first of all, then single messages one after the other: warm. Another partition, and so
another organ's letter, is first each time.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from confluent_kafka import Producer

from schemas.topics import flow_partition
from tests.bench.figures import p99, spread
from tests.bench.running import LEADS, Bus
from tests.bench.sealed import Letters, Pair, read
from tests.bench.stamps import begins, inboxes, stamps, taken
from tests.bench.writer import producer_of

WARM: Final = 40  # single messages of a round
# No multiple of anything that the exchange waits: each comes at another moment of its batches.
GAP_SECONDS: Final = 0.313
FLUSH_SECONDS_MAX: Final = 30.0

Line = dict[str, Any]


def rounds(bus: Bus, letters: Letters, idle_seconds: float, turns: int) -> Iterator[Line]:
    """Yield a line for each silence."""
    producer = producer_of(bus.home)
    producer.list_topics(LEADS, FLUSH_SECONDS_MAX)
    _sent(producer, _pairs(bus, letters, 0, 1))  # so that the silence is after something
    for turn in range(turns):
        partitions = bus.settings.kafka.partitions
        pairs = _pairs(bus, letters, turn, partitions + WARM)
        bus.settle()
        came, went = begins(bus, [LEADS]), begins(bus, inboxes(bus))
        time.sleep(idle_seconds)
        _sent(producer, pairs)
        bus.settle()
        ins, outs = (stamps(bus, each, letters.schema_id) for each in (came, went))
        first, *others, warm = [
            taken({key: ins[key] for key, _ in some}, outs)
            for some in (pairs[:1], *((pair,) for pair in pairs[1:partitions]), pairs[partitions:])
        ]
        line = {"what": "idle", "turn": turn, "idle_seconds": idle_seconds}
        yield {
            **line,
            "partition": turn % partitions,
            "first_ms": first[0],
            "first_of_partition_ms": [each[0] for each in others],
            "warm_ms": spread(warm),
            "warm_p99_ms": round(p99(warm), 1),
        }


def figures(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield what the first ones took, the warm ones, and the ratio within each round."""
    if not lines:
        return
    firsts = [line["first_ms"] for line in lines]
    yield {
        "what": "idle",
        "idle_seconds": lines[0]["idle_seconds"],
        "first_ms": spread(firsts),
        "first_of_partition_ms": spread(
            [took for line in lines for took in line["first_of_partition_ms"]]
        ),
        "warm_ms": spread([line["warm_ms"]["median"] for line in lines]),
        "first_to_warm": spread(
            [line["first_ms"] / line["warm_ms"]["median"] for line in lines], 2
        ),
    }


def _pairs(bus: Bus, letters: Letters, turn: int, count: int) -> list[Pair]:
    """Return leads of one partition after the other, from that whose turn it is on."""
    partitions = bus.settings.kafka.partitions
    wanted = [(turn + number) % partitions for number in range(count)]
    found: dict[int, list[Pair]] = {number: [] for number in range(partitions)}
    while any(len(found[number]) < wanted.count(number) for number in found):
        file = letters.part(count)
        for pair in read(file):
            found[flow_partition(pair[0], partitions)].append(pair)
        file.unlink()
    return [found[number].pop() for number in wanted]


def _sent(producer: Producer, pairs: Sequence[Pair]) -> None:
    """Send one after the other, each alone on its way."""
    for key, value in pairs:
        producer.produce(LEADS, value, key)
        left = producer.flush(FLUSH_SECONDS_MAX)
        assert not left, f"not acknowledged within {FLUSH_SECONDS_MAX:g} s"
        time.sleep(GAP_SECONDS)
