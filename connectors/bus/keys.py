"""The organs' key pairs; the public halves are listed in `keys.csv` (key_rows.py).

Each login also has an X25519 key that files are encrypted to (openers.py).

A private key is P-256 (RFC 7518, ES256) unless another is asked for, as PKCS 8 PEM readable by its
owner only, encrypted where [keys] passphrase_file names a passphrase; its `kid` is the thumbprint
of the public JWK (RFC 7638).
"""

from collections.abc import Iterable
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
from connectors.bus.key_rows import (
    KEYS_CSV,
    Row,
    kept_elsewhere,
    overlaid,
    read_rows,
    row_of,
    write_rows,
)
from connectors.bus.openers import ensure_opener
from connectors.bus.private import write_private
from schemas.errors import Broken, UserError
from schemas.ids import BUS, Alias, OrganCode
from schemas.jwk import (
    ED25519,
    ES256,
    Jwk,
    PrivateKeyObject,
    SoftwareSigner,
    signer_from_pem,
)
from schemas.sm2 import SM2_SM3, Sm2Key, generated

BUS_LOGIN: Final = "bus"  # the name of its key file
PASSPHRASE_MAX_BYTES: Final = 1_024


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
    found = read_rows(home.rulebook / KEYS_CSV)
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
        write_rows(home, rows.values())
    return tuple(changed)


def new_private_key(algorithm: str, passphrase: bytes | None) -> str:
    """Make a private key, as PKCS 8 PEM."""
    if algorithm == SM2_SM3:
        return private_pem(generated(), passphrase)
    key = ed25519.Ed25519PrivateKey.generate() if algorithm == ED25519 else _p256()
    return private_pem(key, passphrase)


def private_pem(key: PrivateKeyObject, passphrase: bytes | None) -> str:
    """Return a private key as PKCS 8 PEM, encrypted where there is a passphrase."""
    if isinstance(key, Sm2Key):
        return key.to_pem(passphrase).decode()
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


def load_signer(path: Path, passphrase: bytes | None) -> SoftwareSigner:
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


def _p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
