"""The stack's own CA: its keys are the owner's, its certificate is for this host and is renewed."""

import ipaddress
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from connectors.bus.clock import now
from connectors.bus.home import Home
from connectors.bus.kafka import ssl_context_of
from deploy.local import tls
from schemas.errors import Unavailable

LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    tls.ensure_tls(made)
    return made


def chain(home: Home) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(home.tls.server.read_bytes())


def authority(home: Home) -> x509.Certificate:
    return x509.load_pem_x509_certificate(home.tls.ca.read_bytes())


def test_the_certificate_is_this_hosts_by_this_ca_and_no_other(home: Home, tmp_path: Path) -> None:
    verifier = PolicyBuilder().store(Store([authority(home)])).build_server_verifier(LOOPBACK)
    assert verifier.verify(chain(home)[0], [])[-1] == authority(home)
    elsewhere = x509.IPAddress(ipaddress.ip_address("127.0.0.2"))
    other = Home(tmp_path / "other")
    tls.ensure_tls(other)
    for store, subject in ((authority(home), elsewhere), (authority(other), LOOPBACK)):
        verifier = PolicyBuilder().store(Store([store])).build_server_verifier(subject)
        with pytest.raises(VerificationError):
            verifier.verify(chain(home)[0], [])


def test_every_file_is_the_owners_alone(home: Home) -> None:
    files = sorted((home.path / "tls").iterdir())
    assert [file.name for file in files] == [
        "ca.key",
        "ca.pem",
        "server.key",
        "server.pem",
        "server.store.pem",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store = home.tls.server_store.read_text("ascii")
    assert store == home.tls.server_key.read_text("ascii") + home.tls.server.read_text("ascii")


def test_again_it_changes_nothing(home: Home) -> None:
    before = {file: file.read_bytes() for file in (home.path / "tls").iterdir()}
    tls.ensure_tls(home)
    assert {file: file.read_bytes() for file in (home.path / "tls").iterdir()} == before


def test_a_certificate_that_ends_soon_is_renewed_by_the_same_ca(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, ca = chain(home)[0], home.tls.ca.read_bytes()
    later = now() + timedelta(days=tls.SERVER_DAYS - tls.RENEWED_DAYS + 1)
    monkeypatch.setattr(tls, "now", lambda: later)
    tls.ensure_tls(home)
    after = chain(home)[0]
    assert after.serial_number != before.serial_number
    assert after.not_valid_after_utc > later + timedelta(days=tls.RENEWED_DAYS)
    assert home.tls.ca.read_bytes() == ca


def test_a_lost_ca_is_made_anew_with_its_certificate(home: Home) -> None:
    before = authority(home)
    home.tls.ca_key.unlink()
    tls.ensure_tls(home)
    assert authority(home) != before
    verifier = PolicyBuilder().store(Store([authority(home)])).build_server_verifier(LOOPBACK)
    assert verifier.verify(chain(home)[0], [])


def test_clients_of_the_local_stack_trust_its_ca_only(home: Home) -> None:
    settings = home.settings()
    assert (settings.kafka.security, settings.kafka.ca_file) == ("SASL_SSL", str(home.tls.ca))
    assert settings.registry.ca_file == str(home.tls.ca)
    assert settings.registry_url.startswith("https://127.0.0.1:")
    context = ssl_context_of(settings)
    assert context is not None
    assert [each["subject"] for each in context.get_ca_certs()] == [
        ((("commonName", "Yichuan local stack CA"),),)
    ]


def test_before_the_stack_was_ever_up_it_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"kafka\.unreachable"):
        ssl_context_of(Home(tmp_path).settings())


def test_what_runs_elsewhere_is_as_it_is_configured_its_ca_seen_from_the_home(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    home.config.write_text(
        '[kafka]\nbootstrap = "kafka:9093"\nsecurity = "SASL_SSL"\nca_file = "county.pem"\n'
        '[registry]\nurl = "https://127.0.0.1:8443"\n'
    )
    settings = home.settings()
    ours = str(tmp_path / "county.pem")
    assert (settings.kafka.ca_file, settings.registry.ca_file) == (ours, "")
