"""The organs' key pairs and `keys.csv`, the public half, which is part of the rulebook's copy.

A private key that we make is P-256 (RFC 7518, ES256), as PKCS 8 PEM readable by its owner only;
its `kid` is the thumbprint of the public JWK (RFC 7638). One that was put there may be Ed25519.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from connectors.bus.home import Home, write_private
from schemas.errors import Broken, UserError
from schemas.ids import BUS, Alias, OrganCode
from schemas.jwk import Jwk, PrivateKeyObject, jwk_of

KEYS_CSV: Final = "keys.csv"
BUS_LOGIN: Final = "bus"  # the name of its key file
COLUMNS: Final = ("kid", "organ", "algorithm", "x", "y", "valid_from", "valid_to")


Row = Mapping[str, str]


def ensure_keys(
    home: Home,
    organs: Iterable[tuple[OrganCode, Alias]],
    now: datetime,
    listed: Iterable[Row] = (),
) -> tuple[str, ...]:
    """Make the key pairs that are missing, list the public ones, and return the logins concerned.

    Rows that are there stay, so that a seal made under an older key still verifies; `listed` are
    rows of the rulebook that was chosen, which win over the home's. Raises UserError
    keys.unreadable.
    """
    table = home.rulebook / KEYS_CSV
    found = read_rows(table)
    rows = {row["kid"]: row for row in (*found, *listed)}
    changed: list[str] = []
    for organ, login in ((BUS, BUS_LOGIN), *sorted(organs)):
        path = home.key(login)
        if not path.exists():
            write_private(path, _new_private_key())
        key = _public_half(path)
        if key.kid not in rows:
            rows[key.kid] = _row(organ, key, now)
            changed.append(login)
    if tuple(rows.values()) != found:
        table.parent.mkdir(parents=True, exist_ok=True)
        write_private(table, as_csv(rows.values()))
    return tuple(changed)


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read keys.csv; none when there is no such file."""
    if not path.exists():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def as_csv(rows: Iterable[Row]) -> str:
    """Return keys.csv's text: the same rows always give the same bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["organ"], row["valid_from"], row["kid"])))
    return text.getvalue()


def _row(organ: OrganCode, key: Jwk, now: datetime) -> Row:
    return {
        "kid": key.kid,
        "organ": organ,
        "algorithm": key.algorithm,
        "x": key.x,
        "y": key.y,
        # Whole seconds, rounded down: a seal made in this very second is within the validity.
        "valid_from": now.replace(microsecond=0).isoformat(),
        "valid_to": "",
    }


def _new_private_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_half(path: Path) -> Jwk:
    unreadable = UserError("keys.unreadable", where=str(path), exit_code=3)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, PrivateKeyObject):
            raise unreadable
        return jwk_of(key.public_key())
    except (ValueError, TypeError, Broken):  # no PEM; one with a password; another curve
        raise unreadable from None
