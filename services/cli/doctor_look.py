"""What the doctor sees of the home, its rulebook, keys and files. Reads, and changes nothing."""

import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.bus.agency import HEAD
from connectors.bus.home import Home, Settings
from connectors.bus.key_rows import KEYS_CSV
from connectors.bus.keyring import ListedKey, read_keys
from connectors.bus.keys import BUS_LOGIN, home_signer, read_passphrase
from connectors.bus.openers import opener_kid
from connectors.bus.scratch import left_over
from connectors.bus.toml_table import toml_table
from schemas.errors import UserError
from schemas.ids import BUS, OrganCode
from services.cli.doctor_finding import Symptom, of_error, wrong
from services.cli.doctor_home import (
    KeyFile,
    PrivateFile,
    judge_calendar,
    judge_keys,
    judge_modes,
    judge_rulebook,
)
from services.cli.topics import differs_from
from services.rulebook.calendar import local_date
from services.rulebook.finding import Severity
from services.rulebook.lint import lint
from services.rulebook.load import library_calendar, load, locate, read_files
from services.rulebook.model import Rulebook

_PRIVATE: Final = (
    "credentials/*.toml",
    "keys/*.pem",
    "keys/*.key",
    "casebook.sqlite*",
    "tls/*.key",
    "tls/*.store.pem",
)


def look_at_files(home: Home) -> Iterator[Symptom]:
    """Judge the modes of what is private, the home itself first; find what should be gone."""
    found = [home.path, *(path for glob in _PRIVATE for path in sorted(home.path.glob(glob)))]
    if _has_a_password(home.config):
        found.append(home.config)
    yield from judge_modes(
        [PrivateFile(_name(home, path), stat.S_IMODE(path.stat().st_mode)) for path in found]
    )
    for folder in left_over(home.run):
        yield wrong("scratch.left", _name(home, folder))


def look_at_rulebook(home: Home, settings: Settings, now: datetime) -> Iterator[Symptom]:
    """Judge the copy in force: lint, the calendar, and whether it is what was configured."""
    if not (home.rulebook / HEAD).exists():
        yield wrong("connector.rulebook_missing", str(home.rulebook))
        return
    today = local_date(now)
    try:
        findings = lint(read_files(home.rulebook), library_calendar(), today)
        differs = differs_from(home, locate(settings.bus.rulebook))
    except UserError as error:
        yield of_error(error)
        return
    yield from judge_rulebook(findings, differs=differs)
    if not any(finding.severity is Severity.ERROR for finding in findings):
        yield from judge_calendar(load(home.rulebook).calendar.known_until, today)


def look_at_keys(home: Home, rulebook: Rulebook | None, now: datetime) -> Iterator[Symptom]:
    """Judge the private keys against keys.csv; without a directory there is nothing to compare."""
    if rulebook is None:
        return
    try:
        listed: dict[str, ListedKey] = dict(read_keys(home.rulebook / KEYS_CSV))
    except UserError as error:
        yield of_error(error)
        return
    organs: dict[str, OrganCode] = {BUS_LOGIN: BUS}
    organs |= {organ.alias: organ.code for organ in rulebook.directory.organs.values()}
    files = [_key(home, path) for path in sorted(home.key(BUS_LOGIN).parent.glob("*.pem"))]
    yield from judge_keys(files, listed, organs, now)


def rulebook_in_force(home: Home, settings: Settings) -> Rulebook | None:
    """Return the copy in force, else the one configured; None when neither can be read."""
    return _readable(str(home.rulebook)) or _readable(settings.bus.rulebook)


def _has_a_password(config: Path) -> bool:
    """Whether yichuan.toml says where a database is; else everybody may know what it says."""
    return config.exists() and bool(toml_table(config).get("casebook", {}).get("url"))


def _readable(name_or_folder: str) -> Rulebook | None:
    try:
        return load(locate(name_or_folder))
    except UserError:
        return None  # look_at_rulebook says why


def _key(home: Home, path: Path) -> KeyFile:
    login, _, use = path.stem.partition(".")
    try:
        if not use:
            return KeyFile(login, home_signer(home, login).kid)
        passphrase = read_passphrase(home.settings().keys.passphrase_file)
        kid = opener_kid(path, passphrase)
        return KeyFile(login, kid, ".encryption", is_kept=path != home.opener(login))
    except UserError:
        return KeyFile(login, None, f".{use}" if use else "")


def _name(home: Home, path: Path) -> str:
    return str(path) if path == home.path else str(path.relative_to(home.path))
