"""What the doctor sees of an agency's own home: modes, login, keys, schema ids. Changes nothing."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.bus.agency import Agency, ConnectorConfig
from connectors.bus.home import Home
from connectors.bus.stores import LOGIN
from connectors.database.app import DatabaseConfig
from schemas.codec import current
from schemas.errors import UserError
from schemas.topics import RECORDS, Author
from services.cli.doctor_finding import Symptom, doubtful, of_error, wrong
from services.cli.doctor_home import PrivateFile, judge_modes
from services.rulebook.finding import Severity

CONNECTORS: Final = "connectors/*"  # of a home: what each of its connectors keeps (agency.py)
_SECRETS: Final = (
    "keys/*.pem",
    "keys/*.key",
    "credentials/*.toml",
    "tls/*.key",
    "tls/*.store.pem",
    "casebook.sqlite",
)
_NAMED_MAX: Final = 5


def look_at_modes(home: Home, config: ConnectorConfig, path: Path) -> Iterator[Symptom]:
    """Warn of what others can read, where it is there: keys, logins, and a file with a password.

    A warning: the bus stands, and some file systems keep no modes; whose it is has to look.
    """
    alias, keys = config.organ, home.key(config.organ).parent
    passphrase = config.key_passphrase or home.settings().keys.passphrase_file
    private = [
        home.path,
        config.credentials or home.credentials_file(alias),
        home.credentials_file(LOGIN),
        config.key or home.key(alias),
        *sorted(keys.glob(f"{alias}.encryption*.pem")),
        *([passphrase.expanduser()] if passphrase else []),
        *([path] if isinstance(config, DatabaseConfig) else []),  # it may hold a password
    ]
    there = [each for each in private if each.exists()]
    found = [PrivateFile(str(each), stat.S_IMODE(each.stat().st_mode)) for each in there]
    yield from (replace(each, severity=Severity.WARNING) for each in judge_modes(found))


def look_at_surplus(home: Home, alias: str) -> Iterator[Symptom]:
    """Warn of secrets that no connector of this home needs, as where a county's home was copied.

    Who has another organ's key can speak as that organ. Other organs may have their connectors in
    this home, too: such a one has a folder of its own.
    """
    ours = {alias, LOGIN, *(path.name for path in home.path.glob(CONNECTORS))}
    found = [
        path.relative_to(home.path).as_posix()
        for pattern in _SECRETS
        for path in sorted(home.path.glob(pattern))
        if path.name.partition(".")[0] not in ours
    ]
    if found:
        shown = ", ".join(found[:_NAMED_MAX])
        more = f" +{len(found) - _NAMED_MAX}" if len(found) > _NAMED_MAX else ""
        yield doubtful("home.secrets_of_others", str(home.path), f"{len(found)}: {shown}{more}")


def judge_agency(agency: Agency, home: Home, now: datetime) -> Iterator[Symptom]:
    """Compare login, keys and schema ids with whose they have to be, and with keys.csv."""
    alias, keyring = agency.alias, agency.keyring
    username = agency.credentials.username
    if username != alias:
        yield wrong("login.of_another", f"credentials/{alias}.toml", username)
    if not agency.may_send():
        yield wrong("key.not_in_force", f"keys/{alias}.pem", agency.signer.kid)
    opener = home.opener(alias).relative_to(home.path).as_posix()
    listed = keyring.encryption_key(agency.organ, now)
    if listed is None or not agency.openers:
        yield doubtful("key.missing", opener)  # letters go both ways, files come from nobody
    elif listed.kid not in agency.openers:
        yield wrong("key.missing", opener, listed.kid)
    try:
        for record in RECORDS.values():
            if record.author is Author.ORGAN:
                keyring.id_for(current(record.name).fingerprint)
    except UserError as error:
        found = of_error(error)
        yield replace(found, where=found.where or home.schema_ids.name)
