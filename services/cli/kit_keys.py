"""The private keys of a kit: the organ's own, believed today, and opened by no passphrase of ours.

The home's passphrase opens every key that the county made: an agency that was given it could open
the others' too, wherever it came by them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV, kept_elsewhere, read_rows
from connectors.bus.keyring import Keyring
from connectors.bus.keys import private_pem, read_passphrase
from connectors.bus.openers import opener_paths
from schemas.errors import Broken, UserError
from schemas.file_key import jwk_of_opener, opener_from_pem, opener_to_pem
from schemas.jwk import key_from_pem, signer_of
from services.cli.doctor_finding import Symptom, remark
from services.rulebook.model import Organ

_ENCRYPTED: Final = b"ENCRYPTED PRIVATE KEY"

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Keys:
    """Key files by their name in a home, and what is to be said of those that are not here."""

    files: Mapping[str, bytes]
    findings: Sequence[Symptom]


def keys_of(
    home: Home, keyring: Keyring, organ: Organ, now: datetime, passphrase: bytes | None
) -> Keys:
    """Return an organ's key files, locked by `passphrase` where one is given.

    Raises UserError keys.none, keys.unreadable, key.passphrase, key.unlisted, key.not_in_force,
    key.of_another_organ, kit.passphrase_needed, file.unreadable.
    """
    rows = read_rows(home.rulebook / KEYS_CSV)
    lock = _Lock(read_passphrase(home.settings().keys.passphrase_file), passphrase)
    files: dict[str, bytes] = {}
    findings: list[Symptom] = []
    for path, for_files in ((home.key(organ.alias), False), (home.opener(organ.alias), True)):
        if path.exists():
            kid, files[name_in(home, path)] = (
                _opener(path, lock) if for_files else _seal(path, lock)
            )
            _refuse_unfit(keyring, organ, kid, now, path)
        elif kept_elsewhere(rows, organ.code, now, for_files=for_files):
            findings.append(remark("kit.key_kept_elsewhere", name_in(home, path)))
        else:
            raise UserError("keys.none", where=str(path), exit_code=3)
    for path in opener_paths(home, organ.alias):
        if path != home.opener(organ.alias):  # of before a rotation: what came then is opened yet
            _, files[name_in(home, path)] = _opener(path, lock)
    return Keys(files, findings)


@dataclass(frozen=True, slots=True)
class _Lock:
    """By which passphrase the home's keys are locked, and by which those of the kit are to be."""

    home: bytes | None
    kit: bytes | None


def _seal(path: Path, lock: _Lock) -> tuple[str, bytes]:
    key = _opened(key_from_pem, path, lock)
    return signer_of(key).kid, private_pem(key, lock.kit).encode()


def _opener(path: Path, lock: _Lock) -> tuple[str, bytes]:
    key = _opened(opener_from_pem, path, lock)
    return jwk_of_opener(key).kid, opener_to_pem(key, lock.kit).encode()


def _read(path: Path, lock: _Lock) -> bytes:
    try:
        pem = path.read_bytes()
    except OSError:
        raise UserError("keys.unreadable", where=str(path), exit_code=3) from None
    if _ENCRYPTED in pem and not lock.kit:
        raise UserError("kit.passphrase_needed", where=str(path))
    return pem


def _opened(load: Callable[[bytes, bytes | None], Key], path: Path, lock: _Lock) -> Key:
    """Open it by the home's passphrase, or by the one that is the agency's already."""
    pem = _read(path, lock)
    try:
        try:
            return load(pem, lock.home)
        except Broken as error:
            if error.code != "key.passphrase":
                raise
            return load(pem, lock.kit)
    except Broken as error:
        code = "keys.unreadable" if error.code == "key.invalid" else error.code
        raise UserError(code, where=str(path), exit_code=3) from None


def _refuse_unfit(keyring: Keyring, organ: Organ, kid: str, now: datetime, path: Path) -> None:
    """Raise UserError for a key that another has, or that nobody believes today."""
    listed = keyring.organ_of(kid)
    if listed is None:
        raise UserError("key.unlisted", where=str(path), detail=kid, exit_code=3)
    if listed != organ.code:
        raise UserError("key.of_another_organ", where=str(path), detail=listed, exit_code=3)
    if not keyring.is_believed(kid, now):
        raise UserError("key.not_in_force", where=str(path), detail=kid, exit_code=3)


def name_in(home: Home, path: Path) -> str:
    """Return the name that a file of the home has in the kit, too."""
    return path.relative_to(home.path).as_posix()
