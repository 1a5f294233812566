"""Segments of the real broker: the exchange has a flow's closed, and nobody else does."""

from pathlib import Path
from typing import Final

import pytest
from confluent_kafka import Producer

from connectors.bus.admin import connect, read
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.layout import FLOW_SEGMENT_MS, SEGMENT_MS, layout
from connectors.bus.segments import set_segment_ms
from deploy.local.kafka import DATA
from schemas.errors import UserError
from schemas.ids import Alias
from services.cli.main import main

FLOW: Final = "notifications"
AGENCY: Final = "yanjiao"
SECONDS_MAX: Final = 30.0


def write(home: Home, settings: Settings) -> None:
    """Write something into each partition of the flow, one after another."""
    producer = Producer(librdkafka_options(settings, home.credentials("exchange")))
    for partition in range(settings.kafka.partitions):
        producer.produce(FLOW, b"x", b"k", partition)
    assert producer.flush(SECONDS_MAX) == 0


def segments(folder: Path) -> int:
    return len(list(folder.glob(f"{FLOW}-*/*.log")))


def config(home: Home, settings: Settings) -> dict[str, str]:
    """What the broker has of the flow's settings."""
    wanted = layout((Alias(AGENCY),), partitions=settings.kafka.partitions, replication=1)
    found = read(connect(settings, home.credentials("admin")), home, settings, wanted)
    return dict(found.topics[FLOW].config)


def test_the_exchange_closes_segments_and_changes_nothing_else(
    stack: tuple[Home, Settings],
) -> None:
    home, settings = stack
    assert main(["topics", "apply", "--home", str(home.path)]) == 0
    exchange, folder = home.credentials("exchange"), home.path / DATA
    before = config(home, settings)
    assert before[SEGMENT_MS] == str(FLOW_SEGMENT_MS)
    write(home, settings)
    write(home, settings)
    there = segments(folder)
    with pytest.raises(UserError, match=r"kafka\.forbidden"):
        set_segment_ms(settings, home.credentials(AGENCY), FLOW, 1)
    set_segment_ms(settings, exchange, FLOW, 1)
    write(home, settings)
    assert segments(folder) >= there + settings.kafka.partitions
    set_segment_ms(settings, exchange, FLOW, FLOW_SEGMENT_MS)
    assert config(home, settings) == before
    there = segments(folder)
    write(home, settings)
    assert segments(folder) <= there
