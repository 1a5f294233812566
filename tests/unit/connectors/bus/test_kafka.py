import asyncio
import logging
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiokafka import errors
from pydantic import SecretStr

from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.kafka import (
    addresses,
    explain,
    librdkafka_options,
    ssl_context_of,
    start_consumer,
    start_producer,
)
from connectors.bus.layout import MESSAGE_BYTES_MAX
from connectors.bus.sections import KafkaSection
from deploy.local.tls import ensure_tls
from schemas.errors import Unavailable, UserError

LOGIN = Credentials("dewu", SecretStr("a-secret"))


def settings(**kafka: object) -> Settings:
    return Settings(kafka=KafkaSection.model_validate(kafka))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.SaslAuthenticationFailed("no"), "kafka.login_refused"),
        (errors.UnsupportedSaslMechanismError("no"), "kafka.login_refused"),
        (errors.TopicAuthorizationFailedError("journal"), "kafka.forbidden"),
        (errors.GroupAuthorizationFailedError("g"), "kafka.forbidden"),
        (errors.ClusterAuthorizationFailedError("c"), "kafka.forbidden"),
        (errors.UnknownTopicOrPartitionError("x"), "topics.missing"),
        (errors.KafkaConnectionError("away"), "kafka.unreachable"),
        (TimeoutError(), "kafka.unreachable"),
        (ssl.SSLCertVerificationError(), "tls.certificate_refused"),
        (ConnectionRefusedError(), "kafka.unreachable"),
        (ValueError("Server sent wrong signature!"), "kafka.unreachable"),
    ],
)
def test_each_failure_of_the_client_has_our_code(error: Exception, code: str) -> None:
    assert explain(error, where="there").code == code


def test_an_explanation_repeats_no_text_of_the_client() -> None:
    assert "a-secret" not in str(explain(errors.KafkaError("a-secret"), where="there"))


def test_plain_text_has_no_tls_and_sasl_ssl_verifies_the_broker() -> None:
    assert ssl_context_of(settings(security="SASL_PLAINTEXT")) is None
    context = ssl_context_of(settings(bootstrap="kafka.county:9093"))  # TLS unless it is declined
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_librdkafka_logs_in_as_asked_and_knows_the_ca(tmp_path: Path) -> None:
    ensure_tls(Home(tmp_path))
    ca_file = str(Home(tmp_path).tls.ca)
    options = librdkafka_options(
        settings(bootstrap="kafka.county:9093", security="SASL_SSL", ca_file=ca_file), LOGIN
    )
    assert options["bootstrap.servers"] == "kafka.county:9093"
    assert options["security.protocol"] == "SASL_SSL"
    assert (options["sasl.username"], options["sasl.password"]) == ("dewu", "a-secret")
    assert options["ssl.ca.location"] == ca_file


def test_bootstrap_is_a_list_of_hosts_in_its_order() -> None:
    assert addresses("b.county:9093,a.county,[::1]:9094") == (
        ("b.county", 9093),
        ("a.county", 9092),
        ("::1", 9094),
    )


def test_why_no_broker_answers_is_said_at_once_with_the_settings_that_may_be_wrong(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("kafka.unreachable", where="127.0.0.1:1")

    monkeypatch.setattr("connectors.bus.kafka._log_in", away)
    nobody = settings(bootstrap="127.0.0.1:1", security="SASL_PLAINTEXT")
    with pytest.raises(Unavailable, match=r"kafka\.unreachable"):
        asyncio.run(start_producer(nobody, LOGIN, client_id="c", seconds_max=1))
    (line,) = caplog.messages
    assert caplog.records[0].levelno >= logging.WARNING  # else an exchange's start shows nothing
    assert "kafka.unreachable 127.0.0.1:1; " in line
    assert "security = SASL_PLAINTEXT" in line
    assert "a-secret" not in line


def test_a_ca_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(b"0\x82not PEM")
    with pytest.raises(UserError) as found:
        ssl_context_of(settings(bootstrap="k:1", ca_file=str(ca_file)))
    assert (found.value.code, found.value.where) == ("tls.ca_unreadable", str(ca_file))


class Client:
    """Stands for one of aiokafka's: it starts at once, and says how it was made."""

    def __init__(self, *topics: str, **options: Any) -> None:
        self.topics, self.options = topics, options

    async def start(self) -> None:
        """Be there."""


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    async def log_in(*_asked: object) -> None:
        """Let everybody in."""

    monkeypatch.setattr("connectors.bus.kafka._log_in", log_in)
    for kind in ("AIOKafkaProducer", "AIOKafkaConsumer"):
        monkeypatch.setattr(f"connectors.bus.kafka.{kind}", Client)


@pytest.mark.usefixtures("no_broker")
def test_what_is_sent_counts_once_every_replica_in_sync_has_it_and_is_never_doubled() -> None:
    made: Any = asyncio.run(start_producer(settings(), LOGIN, client_id="x"))
    assert made.options["acks"] == "all"
    assert made.options["enable_idempotence"] is True
    assert made.options["max_request_size"] == MESSAGE_BYTES_MAX


@pytest.mark.usefixtures("no_broker")
def test_what_is_read_is_acknowledged_by_nobody_but_who_has_dealt_with_it() -> None:
    made: Any = asyncio.run(start_consumer(settings(), LOGIN, ["x"], group="g", client_id="c"))
    assert made.options["enable_auto_commit"] is False
    assert made.options["auto_offset_reset"] == "earliest"
    assert made.topics == ("x",)
