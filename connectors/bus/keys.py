"""The organs' key pairs and `keys.csv`, the public half, which is part of the rulebook's copy.

Each login also has an X25519 key that files are encrypted to (openers.py).

A private key is P-256 (RFC 7518, ES256) unless another is asked for, as PKCS 8 PEM readable by its
owner only, encrypted where [keys] passphrase_file names a passphrase; its `kid` is the thumbprint
of the public JWK (RFC 7638).
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from connectors.bus.home import Home
from connectors.bus.openers import ensure_opener
from connectors.bus.private import write_private
from schemas.errors import Broken, UserError
from schemas.ids import BUS, Alias, OrganCode
from schemas.jwk import ED25519, ES256, X25519, Jwk, SoftwareSigner, signer_from_pem
from schemas.sm2 import SM2_SM3, generated

KEYS_CSV: Final = "keys.csv"
BUS_LOGIN: Final = "bus"  # the name of its key file
COLUMNS: Final = (
    "kid",
    "organ",
    "algorithm",
    "x",
    "y",
    "valid_from",
    "valid_to",
    "compromised_since",
)
PASSPHRASE_MAX_BYTES: Final = 1_024


Row = Mapping[str, str]


def ensure_keys(
    home: Home,
    organs: Iterable[tuple[OrganCode, Alias]],
    now: datetime,
    listed: Iterable[Row] = (),
) -> tuple[str, ...]:
    """Make the key pairs that are missing, list the public ones, and return the logins concerned.

    None is missing of an organ that keeps its private key itself, and whose public one is good.
    A second one, which the organ has not, would be what its attachments are encrypted to.
    Rows that are there stay, so that a seal made under an older key still verifies; `listed` are
    rows of the rulebook that was chosen, which win over the home's. Raises UserError
    keys.unreadable, file.unreadable.
    """
    table = home.rulebook / KEYS_CSV
    found = read_rows(table)
    rows = overlaid(found, listed)
    changed: dict[str, None] = {}  # in order, each once
    passphrase = read_passphrase(home.settings().keys.passphrase_file)
    for organ, login in ((BUS, BUS_LOGIN), *sorted(organs)):
        path, opener = home.key(login), home.opener(login)
        here: list[Jwk] = []
        if path.exists() or not kept_elsewhere(rows.values(), organ, now):
            if not path.exists():
                write_private(path, new_private_key(ES256, passphrase))
            here.append(load_signer(path, passphrase).jwk)
        if opener.exists() or not kept_elsewhere(rows.values(), organ, now, for_files=True):
            here.append(ensure_opener(opener, passphrase))
        for key in here:
            if key.kid not in rows:
                rows[key.kid] = row_of(organ, key, now)
                changed[login] = None
    if tuple(rows.values()) != found:
        write_private(table, as_csv(rows.values()))
    return tuple(changed)


def kept_elsewhere(
    rows: Iterable[Row], organ: OrganCode, now: datetime, *, for_files: bool = False
) -> bool:
    """Whether an organ, not the bus, has a good key among the rows: to seal, or for files."""
    return organ != BUS and any(
        row["organ"] == organ
        and (row["algorithm"] == X25519) is for_files
        and not row.get("compromised_since")
        and not (row.get("valid_to") and datetime.fromisoformat(row["valid_to"]) <= now)
        for row in rows
    )


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read keys.csv; none when there is no such file. Raises UserError file.unreadable.

    An editor may have put a byte order mark before it; a row that was cut off, or has more fields
    than there are columns, is none.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            found = frozenset(reader.fieldnames or COLUMNS)
            wrong = sorted((frozenset(COLUMNS[:-1]) - found) | (found - frozenset(COLUMNS)))
            if wrong:  # the last one is of a later release
                raise unreadable(path, f"1: {wrong[0]}")
            return tuple(_whole(row, path, reader.line_num) for row in reader)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise unreadable(path, error.strerror) from None
    except UnicodeDecodeError:
        raise unreadable(path, "not UTF-8") from None
    except csv.Error as error:
        raise unreadable(path, str(error)) from None


def _whole(row: dict[str, str], path: Path, line: int) -> Row:
    if not all(isinstance(each, str) for pair in row.items() for each in pair):
        raise unreadable(path, f"{line}: columns")
    return row


def unreadable(path: Path, why: str | None) -> UserError:
    """Return the error that names a file that cannot be read, and why."""
    return UserError("file.unreadable", str(path), why, exit_code=3)


def as_csv(rows: Iterable[Row]) -> str:
    """Return keys.csv's text: the same rows always give the same bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["organ"], row["valid_from"], row["kid"])))
    return text.getvalue()


def row_of(organ: OrganCode, key: Jwk, now: datetime) -> Row:
    """Return the row of a key that is good from now on."""
    return {
        "kid": key.kid,
        "organ": organ,
        "algorithm": key.algorithm,
        "x": key.x,
        "y": key.y,
        # Whole seconds, rounded down: a seal made in this very second is within the validity.
        "valid_from": now.replace(microsecond=0).isoformat(),
        "valid_to": "",
        "compromised_since": "",
    }


def overlaid(found: Iterable[Row], listed: Iterable[Row]) -> dict[str, Row]:
    """Return the rows by kid, those listed winning; but what was compromised stays so."""
    rows = {row["kid"]: row for row in found}
    for row in listed:
        since = rows.get(row["kid"], {}).get("compromised_since") or ""
        is_silent = bool(since) and not row.get("compromised_since")
        rows[row["kid"]] = {**row, "compromised_since": since} if is_silent else row
    return rows


def rotated(rows: Iterable[Row], new: Row, ends: datetime) -> tuple[Row, ...]:
    """Return the rows with a new key of an organ; its others end at `ends`, or when they did.

    Keys that seal and keys that files are encrypted to follow each other apart.
    """
    return (*(_ended(row, ends) if _is_followed(row, new) else row for row in rows), new)


def revoked(
    rows: Iterable[Row], kid: str, ends: datetime, compromised_since: datetime | None
) -> tuple[Row, ...]:
    """Return the rows with a key ended, and from when on it is not to be believed, if ever."""
    since = {} if compromised_since is None else {"compromised_since": _second(compromised_since)}
    return tuple({**_ended(row, ends), **since} if row["kid"] == kid else row for row in rows)


def write_rows(home: Home, rows: Iterable[Row]) -> None:
    """Write keys.csv of the rulebook's copy."""
    write_private(home.rulebook / KEYS_CSV, as_csv(rows))


def new_private_key(algorithm: str, passphrase: bytes | None = None) -> str:
    """Make a private key, as PKCS 8 PEM."""
    if algorithm == SM2_SM3:
        return generated().to_pem(passphrase).decode()
    key = ed25519.Ed25519PrivateKey.generate() if algorithm == ED25519 else _p256()
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def read_passphrase(path: Path | None) -> bytes | None:
    """Return a passphrase's file without its line end. Raises UserError key.passphrase."""
    if path is None:
        return None
    try:
        with path.expanduser().open("rb") as file:
            text = file.read(PASSPHRASE_MAX_BYTES + 1).rstrip(b"\r\n")
    except OSError:
        raise UserError("key.passphrase", where=str(path), exit_code=3) from None
    if not 0 < len(text) <= PASSPHRASE_MAX_BYTES:
        raise UserError("key.passphrase", where=str(path), exit_code=3)
    return text


def load_signer(path: Path, passphrase: bytes | None = None) -> SoftwareSigner:
    """Return the signer of a key file.

    Raises UserError keys.none, keys.unreadable, key.passphrase, key.sm2_unavailable.
    """
    try:
        return signer_from_pem(path.read_bytes(), passphrase)
    except FileNotFoundError:
        raise UserError("keys.none", where=str(path), exit_code=3) from None
    except OSError:
        raise UserError("keys.unreadable", where=str(path), exit_code=3) from None
    except Broken as error:
        code = "keys.unreadable" if error.code == "key.invalid" else error.code
        raise UserError(code, where=str(path), exit_code=3) from None


def home_signer(home: Home, login: str) -> SoftwareSigner:
    """Return the signer of a login whose key lies in the home. Raises as `load_signer`."""
    return load_signer(home.key(login), read_passphrase(home.settings().keys.passphrase_file))


def _is_followed(row: Row, new: Row) -> bool:
    same_use = (row["algorithm"] == X25519) == (new["algorithm"] == X25519)
    return same_use and row["organ"] == new["organ"] and row["kid"] != new["kid"]


def _ended(row: Row, ends: datetime) -> Row:
    before = row["valid_to"]
    is_earlier = bool(before) and datetime.fromisoformat(before) <= ends
    return row if is_earlier else {**row, "valid_to": _second(ends)}


def _second(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()


def _p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
