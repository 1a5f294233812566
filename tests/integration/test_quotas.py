"""On the real broker: an organ that asks for more than its quota is made to wait."""

from typing import Any, Final

import pytest
from confluent_kafka import Producer

from connectors.bus.home import Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.layout import ORGAN_QUOTA
from connectors.bus.quotas import read_quotas, set_quotas
from schemas.errors import UserError
from services.cli.main import main

AGENCY: Final = "yanjiao"
OTHER: Final = "langdai"
SECONDS_MAX: Final = 60.0
RECORDS: Final = 40


@pytest.fixture(scope="module")
def applied(stack: tuple[Home, Settings]) -> tuple[Home, Settings]:
    assert main(["topics", "apply", "--home", str(stack[0].path)]) == 0
    return stack


def throttled(home: Home, settings: Settings, login: str) -> list[float]:
    """Write some records; return how long the broker made the login wait, each time (seconds)."""
    waits: list[float] = []

    def note(event: Any) -> None:
        waits.append(event.throttle_time)

    options = librdkafka_options(settings, home.credentials(login))
    producer = Producer(options | {"throttle_cb": note, "linger.ms": 0, "acks": "all"})
    for _ in range(RECORDS):
        producer.produce("leads", b"\x01 no message" * 100, b"key", 0)
        producer.poll(0.01)
    assert producer.flush(SECONDS_MAX) == 0
    producer.poll(0)
    return [wait for wait in waits if wait > 0]


def test_every_organ_has_its_quota_and_who_exceeds_it_waits(
    applied: tuple[Home, Settings],
) -> None:
    home, settings = applied
    admin = home.credentials("admin")
    found = read_quotas(settings, admin)
    assert found[AGENCY] == found[OTHER] == dict(ORGAN_QUOTA)
    assert "exchange" not in found
    set_quotas(settings, admin, {AGENCY: {"producer_byte_rate": 1024.0}})
    assert read_quotas(settings, admin)[AGENCY] == {**ORGAN_QUOTA, "producer_byte_rate": 1024.0}
    assert throttled(home, settings, AGENCY)
    assert throttled(home, settings, OTHER) == []
    assert main(["topics", "apply", "--home", str(home.path)]) == 0
    assert read_quotas(settings, admin) == found


def test_no_organ_sets_or_reads_quotas(applied: tuple[Home, Settings]) -> None:
    home, settings = applied
    login = home.credentials(AGENCY)
    with pytest.raises(UserError, match=r"kafka\.forbidden"):
        set_quotas(settings, login, {AGENCY: {"producer_byte_rate": 1e12}})
    with pytest.raises(UserError, match=r"kafka\.forbidden"):
        read_quotas(settings, login)
