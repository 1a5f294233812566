import ssl
from pathlib import Path

import pytest
from aiokafka import errors
from pydantic import SecretStr

from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.kafka import addresses, explain, librdkafka_options, ssl_context_of
from connectors.bus.sections import KafkaSection
from deploy.local.tls import ensure_tls

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
    assert ssl_context_of(settings()) is None
    context = ssl_context_of(settings(security="SASL_SSL"))
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
