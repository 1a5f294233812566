"""What lies in the folder that an agency is handed: the table of deploy/agency-it.md, no file more.

Nothing is copied by a folder's listing but the rulebook, whose files have all to be known: what
else lies in the home (admin's login, other organs' keys, the casebook's) has no way into it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from connectors.bus.home import Home, Settings
from connectors.bus.logins import login_text
from connectors.bus.stores import LOGIN, StorePlace, store_place
from connectors.bus.tls import trusting
from schemas.errors import UserError
from schemas.ids import is_reserved
from services.cli.doctor_finding import Symptom, doubtful
from services.cli.installation import Installation
from services.cli.kit_keys import keys_of, name_in
from services.cli.kit_texts import (
    CA,
    connector_text,
    is_of_this_machine,
    settings_text,
)
from services.rulebook.load import read_files
from services.rulebook.model import Organ


@dataclass(frozen=True, slots=True)
class Kit:
    """Files by name, and what whoever hands them over has to know."""

    files: Mapping[str, bytes]
    findings: Sequence[Symptom]


def is_secret(name: str) -> bool:
    """Whether a file of a kit is nobody's but the agency's."""
    return name.startswith(("credentials/", "keys/"))


def kit_of(of: Installation, organ: Organ, now: datetime, passphrase: bytes | None) -> Kit:
    """Return an organ's kit. Raises UserError for what is missing, or is another's."""
    home, settings = of.home, of.settings
    keys = keys_of(home, of.keyring, organ, now, passphrase)
    store = store_place(home)
    ca = _ca(settings)
    texts = {
        home.config.name: settings_text(settings, store, has_ca=ca is not None),
        "connector.toml": connector_text(organ.alias, is_locked=passphrase is not None),
    }
    files = {
        **_login(home, organ),
        **keys.files,
        **{
            f"{home.rulebook.name}/{name}": each for name, each in read_files(home.rulebook).items()
        },
        home.schema_ids.name: _bytes(home.schema_ids),
        **{name: text.encode() for name, text in texts.items()},
    }
    if ca is not None:
        files[CA] = ca
    if store.credentials:
        files[name_in(home, home.credentials_file(LOGIN))] = login_text(store.credentials).encode()
    return Kit(files, (*keys.findings, *_doubts(settings, store)))


def _login(home: Home, organ: Organ) -> dict[str, bytes]:
    """Return the organ's login, and nothing else that its file may hold.

    Raises UserError login.of_another: under the organ's name lies another's login.
    """
    path = home.credentials_file(organ.alias)
    login = home.credentials(organ.alias)
    if login.username != organ.alias or is_reserved(organ.alias):
        raise UserError("login.of_another", where=str(path), detail=login.username, exit_code=3)
    return {name_in(home, path): login_text(login).encode()}


def _ca(settings: Settings) -> bytes | None:
    """Return the CA's certificates, and nothing else that its file may hold; None: the system's.

    Raises Unavailable kafka.unreachable, UserError tls.ca_unreadable.
    """
    path = settings.kafka.ca_file
    if settings.kafka.security != "SASL_SSL" or not path:
        return None
    trusting(path, "kafka.unreachable")
    found = x509.load_pem_x509_certificates(_bytes(Path(path)))
    return b"".join(each.public_bytes(Encoding.PEM) for each in found)


def _doubts(settings: Settings, store: StorePlace) -> Iterator[Symptom]:
    if is_of_this_machine(settings):
        yield doubtful("kit.address_local", "yichuan.toml", settings.bootstrap)
    if store.unset:
        yield doubtful("attachment.store_unset", "yichuan.toml")
    if store.credentials:
        yield doubtful("kit.store_login_shared", f"credentials/{LOGIN}.toml")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError("file.unreadable", str(path), error.strerror, exit_code=3) from None
