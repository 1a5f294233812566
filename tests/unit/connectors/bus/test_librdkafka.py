"""What the broker cannot say yet is asked again; what it refuses is told at once."""

from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, KafkaException

from connectors.bus import librdkafka
from connectors.bus.librdkafka import Heard, asked_until_led, explain
from schemas.errors import UserError


def refusing(code: int, times: int) -> Callable[[], str]:
    """A request that fails so many times before it is answered."""
    left = [times]

    def call() -> str:
        if left[0] > 0:
            left[0] -= 1
            raise KafkaException(KafkaError(code))
        return "answer"

    return call


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it paused, in no time."""
    taken: list[float] = []
    monkeypatch.setattr("connectors.bus.librdkafka.time.sleep", taken.append)
    return taken


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    ],
)
def test_a_group_that_nobody_leads_yet_is_asked_about_again(code: int, pauses: list[float]) -> None:
    assert asked_until_led(refusing(code, 3), "groups") == "answer"
    assert len(pauses) == 3


def test_what_the_broker_refuses_is_told_at_once(pauses: list[float]) -> None:
    with pytest.raises(UserError, match=r"kafka\.forbidden"):
        asked_until_led(refusing(KafkaError.GROUP_AUTHORIZATION_FAILED, 1), "groups")
    assert pauses == []


def test_it_does_not_ask_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(librdkafka, "COORDINATOR_SECONDS_MAX", 0.0)
    with pytest.raises(UserError, match=r"kafka\.refused"):
        asked_until_led(refusing(KafkaError.NOT_COORDINATOR, 2), "groups")


@pytest.mark.parametrize(
    ("code", "says", "refusal"),
    [
        (KafkaError._TRANSPORT, "Connection refused", ""),
        (KafkaError._AUTHENTICATION, "invalid credentials", "kafka.login_refused"),
        (KafkaError._SSL, "error:1: certificate verify failed: …", "tls.certificate_refused"),
        (KafkaError._TRANSPORT, "error:1: certificate verify failed", "tls.certificate_refused"),
    ],
)
def test_what_a_client_says_is_kept_as_the_reason(code: int, says: str, refusal: str) -> None:
    heard = Heard()
    heard(KafkaError(code, says))
    heard(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
    assert (heard.reason, heard.refusal) == (says, refusal)


def test_nobody_answers_and_here_is_why() -> None:
    away = KafkaException(KafkaError(KafkaError._TRANSPORT))
    assert explain(away, "k1:9092", "Connection refused").detail == "_TRANSPORT Connection refused"
    assert explain(away, "k1:9092").detail == "_TRANSPORT"
