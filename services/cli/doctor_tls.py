"""What certificates the servers show to the doctor. Shakes hands, and says no more."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from connectors.bus.home import Settings
from connectors.bus.kafka import addresses
from connectors.bus.tls import trusting, why_refused
from schemas.errors import Unavailable
from services.cli.doctor_finding import Symptom, of_error, wrong
from services.cli.doctor_host import Certificate, judge_certificates

_HTTPS_PORT: Final = 443
_ANSWER_SECONDS_MAX: Final = 5.0
_SERVERS_MAX: Final = 20

Address = tuple[str, int]


def ask_certificates(settings: Settings, now: datetime) -> Iterator[Symptom]:
    """Judge the certificates of brokers and registry: is one refused, does one end soon."""
    yield from ask_brokers_certificates(settings, now)
    registry = urlsplit(settings.registry_url)
    if registry.scheme == "https" and registry.hostname:
        server = (registry.hostname, registry.port or _HTTPS_PORT)
        yield from _judged((server,), settings.registry.ca_file, "registry.unreachable", now)


def ask_brokers_certificates(settings: Settings, now: datetime) -> Iterator[Symptom]:
    """Judge those of the brokers: an agency asks no registry."""
    kafka = settings.kafka
    if kafka.security == "SASL_SSL":
        brokers = addresses(settings.bootstrap)[:_SERVERS_MAX]
        yield from _judged(brokers, kafka.ca_file, "kafka.unreachable", now)


def _judged(
    servers: tuple[Address, ...], ca_file: str, code: str, now: datetime
) -> Iterator[Symptom]:
    try:
        context = trusting(ca_file, code)
    except Unavailable as error:
        yield of_error(error)
        return
    for host, port in servers:
        where = f"{host}:{port}"
        try:
            ends_at = _end_of(host, port, context)
        except ssl.SSLCertVerificationError as error:
            yield wrong("tls.certificate_refused", where, why_refused(error))
        except OSError:
            continue  # who asks it for more says that it does not answer
        else:
            yield from judge_certificates([Certificate(where, ends_at)], now)


def _end_of(host: str, port: int, context: ssl.SSLContext) -> datetime:
    """Return when the certificate ends that the server shows. Raises OSError."""
    with (
        socket.create_connection((host, port), _ANSWER_SECONDS_MAX) as line,
        context.wrap_socket(line, server_hostname=host) as secured,
    ):
        shown = secured.getpeercert(binary_form=True)
    assert shown is not None  # noqa: S101 - the context verifies one
    return x509.load_der_x509_certificate(shown).not_valid_after_utc
