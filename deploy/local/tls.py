"""The stack's own small CA and its one server certificate (RFC 5280), made by `up` in the home.

Every listener of the stack speaks TLS; every client of the home trusts this CA and no other. The
certificate names 127.0.0.1 and localhost only: the stack listens nowhere else.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from connectors.bus.clock import now
from connectors.bus.home import Home
from connectors.bus.private import write_private
from deploy.local.ports import LOOPBACK

CA_DAYS: Final = 20 * 366
SERVER_DAYS: Final = 2 * 366
RENEWED_DAYS: Final = 366  # with less than this left, `up` makes a new one when it starts the stack
_SKEW: Final = timedelta(hours=1)  # of a clock that was set back


def ensure_tls(home: Home) -> None:
    """Make the CA and the certificate that are missing, and renew the one that ends soon."""
    at = now()
    if not (home.tls.ca.exists() and home.tls.ca_key.exists()):
        _make_ca(home, at)
        home.tls.server.unlink(missing_ok=True)
    if not home.tls.server.exists() or _ends_soon(home, at):
        _make_server(home, at)


def _make_ca(home: Home, at: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Yichuan local stack CA")])
    certificate = (
        _begun(name, name, key.public_key(), at, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_private(home.tls.ca_key, _pem(key))
    write_private(home.tls.ca, certificate.public_bytes(Encoding.PEM).decode())


def _make_server(home: Home, at: datetime) -> None:
    """One file for Kafka (key, then chain), and two for the registry."""
    authority = x509.load_pem_x509_certificate(home.tls.ca.read_bytes())
    signer = load_pem_private_key(home.tls.ca_key.read_bytes(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101 - we made it
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Yichuan local stack")])
    names = [x509.IPAddress(ipaddress.ip_address(LOOPBACK)), x509.DNSName("localhost")]
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _begun(name, authority.subject, key.public_key(), at, SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    chain = certificate.public_bytes(Encoding.PEM).decode() + home.tls.ca.read_text("ascii")
    write_private(home.tls.server_key, _pem(key))
    write_private(home.tls.server_store, _pem(key) + chain)
    write_private(home.tls.server, chain)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, at: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _SKEW)
        .not_valid_after(at + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _ends_soon(home: Home, at: datetime) -> bool:
    found = x509.load_pem_x509_certificate(home.tls.server.read_bytes())
    return found.not_valid_after_utc < at + timedelta(days=RENEWED_DAYS)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
