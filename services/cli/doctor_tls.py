"""What certificates the servers show to the doctor. Shakes hands, and says no more."""

import socket
import ssl
import sys
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
    """Judge what brokers and registry show, and the CAs: is one refused, does one end soon."""
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
    trusted = _loaded(context, ca_file)
    for host, port in servers:
        where = f"{host}:{port}"
        try:
            chain = _chain_of(host, port, context)
        except ssl.SSLCertVerificationError as error:
            yield wrong("tls.certificate_refused", where, why_refused(error))
        except OSError:
            continue  # who asks it for more says that it does not answer
        else:
            trusted -= set(chain)
            yield from judge_certificates([_seen(raw, where) for raw in chain[:1]], now)
            yield from judge_certificates([_seen(raw) for raw in chain[1:]], now)
    # Beside one that a chain needs an old CA may lie, or the one that comes: nobody is cut off.
    yield from judge_certificates([_seen(raw, is_spare=True) for raw in sorted(trusted)], now)


def _loaded(context: ssl.SSLContext, ca_file: str) -> set[bytes]:
    """Return the CAs of the file; those of the system are its own matter."""
    return set(context.get_ca_certs(binary_form=True)) if ca_file else set()


def _seen(raw: bytes, server: str | None = None, *, is_spare: bool = False) -> Certificate:
    found = x509.load_der_x509_certificate(raw)
    where = server or found.subject.rfc4514_string()
    return Certificate(where, found.not_valid_after_utc, server is None, is_spare)


def _chain_of(host: str, port: int, context: ssl.SSLContext) -> list[bytes]:
    """Return the chain that was verified, the server's own first. Raises OSError."""
    with (
        socket.create_connection((host, port), _ANSWER_SECONDS_MAX) as line,
        context.wrap_socket(line, server_hostname=host) as secured,
    ):
        if sys.version_info >= (3, 13):
            return list(secured.get_verified_chain())
        # Before that it is there under no name of its own.
        chain = secured._sslobj.get_verified_chain()  # type: ignore[attr-defined] # noqa: SLF001
        return [each.public_bytes(ssl._ssl.ENCODING_DER) for each in chain]  # type: ignore[attr-defined] # noqa: SLF001
