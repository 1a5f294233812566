"""A server whose certificate is not what it should be: told by one code, and with the reason."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from connectors.bus.admin import connect
from connectors.bus.clock import now
from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.kafka import start_producer
from connectors.bus.private import write_private
from connectors.bus.registry import registry_of
from connectors.bus.sections import KafkaSection, RegistrySection
from deploy.local import tls
from schemas.errors import Unavailable
from services.cli.doctor_tls import ask_certificates

LOGIN: Final = Credentials("dewu", SecretStr("a-secret"))
Serve = Callable[[Home], int]


def made(path: Path) -> Home:
    tls.ensure_tls(Home(path))
    return Home(path)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Shake hands by a home's certificate, and say no more; return the port."""
    listening: list[socket.socket] = []

    def start(home: Home) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(home.tls.server, home.tls.server_key)
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)
        threading.Thread(target=answer, args=(server, context), daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in listening:
        server.close()


def answer(server: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):  # closed: the test is at its end
        while True:
            client, _ = server.accept()
            with suppress(OSError), client, context.wrap_socket(client, server_side=True) as line:
                line.recv(1)


def settings(port: int, trusted: Home) -> Settings:
    ca_file = str(trusted.tls.ca)
    bootstrap, url = f"127.0.0.1:{port}", f"https://127.0.0.1:{port}"
    return Settings(
        kafka=KafkaSection(bootstrap=bootstrap, security="SASL_SSL", ca_file=ca_file),
        registry=RegistrySection(url=url, ca_file=ca_file),
    )


def of_another_ca(tmp_path: Path, patch: pytest.MonkeyPatch) -> tuple[Home, Home]:
    del patch
    return made(tmp_path / "here"), made(tmp_path / "another")


def of_another_name(tmp_path: Path, patch: pytest.MonkeyPatch) -> tuple[Home, Home]:
    patch.setattr(tls, "LOOPBACK", "127.0.0.9")
    return (made(tmp_path / "here"),) * 2


def of_another_time(tmp_path: Path, patch: pytest.MonkeyPatch) -> tuple[Home, Home]:
    patch.setattr(tls, "now", lambda: now() - timedelta(days=tls.SERVER_DAYS + 1))
    return (made(tmp_path / "here"),) * 2


WRONG: Final = (
    pytest.param(of_another_ca, "certificate", id="CA"),
    pytest.param(of_another_name, "mismatch", id="name"),
    pytest.param(of_another_time, "expired", id="time"),
)
Spoilt = Callable[[Path, pytest.MonkeyPatch], tuple[Home, Home]]


@pytest.mark.parametrize(("spoilt", "why"), WRONG)
def test_a_certificate_that_is_refused_has_a_code_and_its_reason(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    serve: Serve,
    spoilt: Spoilt,
    why: str,
) -> None:
    server, trusted = spoilt(tmp_path, monkeypatch)
    place = settings(serve(server), trusted)

    async def registry() -> None:
        async with registry_of(place, LOGIN) as opened:
            await opened.subjects()

    with pytest.raises(Unavailable) as as_admin:
        connect(place, LOGIN)
    with pytest.raises(Unavailable) as as_client:
        asyncio.run(start_producer(place, LOGIN, client_id="test"))
    with pytest.raises(Unavailable) as as_reader:
        asyncio.run(registry())
    found = [each.value for each in (as_admin, as_client, as_reader)]
    assert [error.code for error in found] == ["tls.certificate_refused"] * 3
    assert "certificate verify failed" in str(found[0].detail)
    assert all(why in str(error.detail) for error in found[1:]), found
    for symptom in ask_certificates(place, now()):  # one server stands for both
        assert (symptom.code, symptom.where) == ("tls.certificate_refused", place.bootstrap)
        assert why in symptom.detail
    assert capfd.readouterr().err == ""


def test_a_broker_that_is_not_there_is_told_once_with_the_reason(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    with pytest.raises(Unavailable) as found:
        connect(settings(port, made(tmp_path)), LOGIN, seconds_max=0.5)
    assert found.value.code == "kafka.unreachable"
    assert "Connection refused" in str(found.value.detail)
    assert capfd.readouterr().err == ""


def authority(name: str, by: tuple[str, ec.EllipticCurvePrivateKey] | None, days: int) -> Any:
    """A CA's certificate and key; signed by another's, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, signer = by or (name, key)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, issuer)]
    certificate = (
        tls._begun(names[0], names[1], key.public_key(), now(), days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(tls._usage(signs_certificates=True), critical=True)
        .sign(signer, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode(), key


def with_one_between(home: Home, *, days: int) -> Home:
    """A server whose certificate was signed by one that the CA has signed."""
    root, root_key = authority("root", None, 3_000)
    between, key = authority("in between", ("root", root_key), days)
    write_private(home.tls.ca, between)
    write_private(home.tls.ca_key, tls._pem(key))
    tls._make_server(home, now())  # it shows the one in between, too
    write_private(home.tls.ca, root)
    return home


@pytest.mark.parametrize(("days", "found"), [(31, []), (20, ["warning"] * 2), (2, ["error"] * 2)])
def test_the_doctor_sees_how_long_the_certificates_of_both_servers_hold(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    serve: Serve,
    days: int,
    found: list[str],
) -> None:
    monkeypatch.setattr(tls, "now", lambda: now() - timedelta(days=tls.SERVER_DAYS - days))
    home = made(tmp_path)
    kafka, registry = settings(serve(home), home), settings(serve(home), home)
    told = list(ask_certificates(kafka.model_copy(update={"registry": registry.registry}), now()))
    assert [(s.severity.value, s.code) for s in told] == [
        (severity, "tls.certificate_ends") for severity in found
    ]
    assert len({symptom.where for symptom in told}) == len(found)


def test_a_ca_that_ends_before_the_certificate_it_signed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    monkeypatch.setattr(tls, "CA_DAYS", 20)
    home = made(tmp_path)
    place = settings(serve(home), home).model_copy(update={"registry": RegistrySection()})
    (found,) = ask_certificates(place, now())
    assert (found.severity.value, found.code) == ("warning", "tls.ca_ends")
    assert found.where == "CN=Yichuan local stack CA"


def test_a_certificate_in_between_that_ends_is_told(tmp_path: Path, serve: Serve) -> None:
    home = with_one_between(Home(tmp_path), days=3)
    place = settings(serve(home), home).model_copy(update={"registry": RegistrySection()})
    (found,) = ask_certificates(place, now())
    assert (found.severity.value, found.code) == ("error", "tls.ca_ends")
    assert found.where == "CN=in between"


def test_an_old_ca_beside_the_one_that_is_needed_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    home = made(tmp_path / "home")
    monkeypatch.setattr(tls, "now", lambda: now() - timedelta(days=tls.CA_DAYS + 1))
    old = made(tmp_path / "old")
    home.tls.ca.write_text(home.tls.ca.read_text() + old.tls.ca.read_text())
    place = settings(serve(home), home).model_copy(update={"registry": RegistrySection()})
    (found,) = ask_certificates(place, now())
    assert (found.severity.value, found.code) == ("warning", "tls.ca_ends")


def test_of_servers_that_are_away_or_plain_or_trusted_by_no_file_the_doctor_says_what_it_knows(
    tmp_path: Path,
) -> None:
    assert list(ask_certificates(settings(9, made(tmp_path)), now())) == []
    plain = Settings(registry=RegistrySection(url="http://127.0.0.1:9"))
    assert list(ask_certificates(plain, now())) == []
    lost = settings(9, Home(tmp_path / "none"))
    detail = "没有这个 CA 文件 | no such CA file"
    assert [(s.code, s.detail) for s in ask_certificates(lost, now())] == [
        ("kafka.unreachable", detail),
        ("registry.unreachable", detail),
    ]
