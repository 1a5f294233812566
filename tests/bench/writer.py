"""Writes a file of sealed leads at an even rate: python -m tests.bench.writer HOME TOPIC FILE RATE.

A process of its own, through librdkafka, that neither seals nor encodes. RATE in messages a second;
0: as fast as the broker takes them. Says a word when it begins, then in one line of JSON what it
wrote, how long that took, and how far it was behind at the worst: a late writer offers less than
it says.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaError, Message, Producer

from connectors.bus.clock import monotonic
from connectors.bus.home import Home
from connectors.bus.kafka import librdkafka_options
from connectors.bus.logins import ADMIN
from tests.bench.sealed import read

PAUSE_SECONDS: Final = 0.002  # between two looks at what is due: no burst is longer
FLUSH_SECONDS_MAX: Final = 60.0
_OPTIONS: Final = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 1,
    "partitioner": "murmur2_random",  # as every writer of the bus (D5)
    "log_level": 0,
}


def producer_of(home: Home) -> Producer:
    """Return a producer as the writer has it; of the login without a quota."""
    options = librdkafka_options(home.settings(), home.credentials(ADMIN))
    return Producer(options | _OPTIONS)


def written(producer: Producer, topic: str, file: Path, rate: float) -> dict[str, Any]:
    """Write all of a file. AssertionError: the broker did not take it."""
    errors: list[str] = []

    def note(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            errors.append(error.name())

    began, late, number = monotonic(), 0.0, 0
    cpu = time.process_time()
    for number, (key, value) in enumerate(read(file), 1):
        if rate:
            due = began + (number - 1) / rate
            while monotonic() < due:
                producer.poll(0)
                time.sleep(PAUSE_SECONDS)
            late = max(late, monotonic() - due)
        _produce(producer, topic, key, value, note)
    seconds = monotonic() - began
    left = producer.flush(FLUSH_SECONDS_MAX)
    assert not left, f"{left} of {number} not acknowledged within {FLUSH_SECONDS_MAX:g} s"
    assert not errors, f"{len(errors)} of {number} not taken: {errors[0]}"
    return {
        "written": number,
        "writer_seconds": round(seconds, 3),
        "writer_cpu_seconds": round(time.process_time() - cpu, 2),
        "late_ms": round(late * 1_000),
    }


def _produce(producer: Producer, topic: str, key: bytes, value: bytes, note: Any) -> None:
    while True:
        try:
            producer.produce(topic, value, key, on_delivery=note)
        except BufferError:  # librdkafka holds as many as it may
            producer.poll(PAUSE_SECONDS)
        else:
            producer.poll(0)
            return


def main(argv: Sequence[str]) -> None:
    """Write, and say what was written."""
    home, topic, file, rate = argv
    producer = producer_of(Home(Path(home)))
    producer.list_topics(topic, FLUSH_SECONDS_MAX)  # connected: what follows is writing alone
    print("ready", flush=True)
    print(json.dumps(written(producer, topic, Path(file), float(rate))))


if __name__ == "__main__":
    main(sys.argv[1:])
