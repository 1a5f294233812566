"""The X25519 keys by which an organ, or the bus, opens the keys of files (schemas/file_key.py).

`keys/<login>.encryption.pem` is the present one; `keys/<login>.encryption.<kid>.pem` are those of
before a rotation, kept because what was wrapped to them is still under way or stored.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from connectors.bus.fresh import Stamp, stamp_of
from connectors.bus.home import Home
from connectors.bus.private import write_private
from schemas.errors import Broken, UserError
from schemas.file_key import Openers, jwk_of_opener, new_opener, opener_from_pem, opener_to_pem
from schemas.jwk import Jwk

_Stamps = tuple[tuple[str, Stamp], ...]

OPENERS_MAX: Final = 100  # of one login: a rotation a month is eight years


def ensure_opener(path: Path, passphrase: bytes | None) -> Jwk:
    """Make the present key where there is none, and return its public half."""
    if not path.exists():
        write_private(path, opener_to_pem(new_opener(), passphrase))
    return jwk_of_opener(_read(path, passphrase))


def opener_paths(home: Home, login: str) -> list[Path]:
    """Return the files of a login's keys that are there, the present one last."""
    present = home.opener(login)
    older = sorted(present.parent.glob(f"{login}.encryption.*.pem"))[-OPENERS_MAX:]
    return [*older, *([present] if present.exists() else [])]


def load_openers(home: Home, login: str, passphrase: bytes | None) -> Openers:
    """Return all of a login's keys, by kid; none where it never had one.

    Raises UserError keys.unreadable, key.passphrase.
    """
    keys = [_read(path, passphrase) for path in opener_paths(home, login)]
    return {jwk_of_opener(key).kid: key for key in keys}


class FreshOpeners(Openers):
    """All of a login's keys, by kid; read again where a key is asked for that came since."""

    def __init__(self, home: Home, login: str, passphrase: bytes | None) -> None:
        """Read them. Raises UserError keys.unreadable, key.passphrase."""
        self._paths = partial(opener_paths, home, login)
        self._load = partial(load_openers, home, login, passphrase)
        self._stamp = self._looked()  # before they are read: what comes between is seen later
        self._keys = self._load()

    def __getitem__(self, kid: str) -> X25519PrivateKey:
        """Return a key. Raises KeyError.

        Where a file cannot be read, those that were read before stay: somebody may just be copying
        it here, and a letter that asks for a key must not end who reads it.
        """
        if kid not in self._keys and (stamp := self._looked()) != self._stamp:
            with suppress(UserError):  # which the next start tells, and doctor
                self._keys = self._load()
                self._stamp = stamp
        return self._keys[kid]

    def __iter__(self) -> Iterator[str]:
        """Iterate over those that were read."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Return how many were read."""
        return len(self._keys)

    def _looked(self) -> _Stamps:
        return tuple((path.name, stamp_of(path)) for path in self._paths())


def opener_kid(path: Path, passphrase: bytes | None) -> str:
    """Return the kid of the key in a file. Raises UserError keys.unreadable, key.passphrase."""
    return jwk_of_opener(_read(path, passphrase)).kid


def replace_opener(home: Home, login: str, passphrase: bytes | None) -> Jwk:
    """Put a new key in the place of the present one, which is kept under its kid."""
    present = home.opener(login)
    if present.exists():
        kid = jwk_of_opener(_read(present, passphrase)).kid
        present.replace(present.with_name(f"{login}.encryption.{kid}.pem"))
    return ensure_opener(present, passphrase)


def _read(path: Path, passphrase: bytes | None) -> X25519PrivateKey:
    try:
        return opener_from_pem(path.read_bytes(), passphrase)
    except OSError:
        raise UserError("keys.unreadable", where=str(path), exit_code=3) from None
    except Broken as error:
        code = "keys.unreadable" if error.code == "key.invalid" else error.code
        raise UserError(code, where=str(path), exit_code=3) from None
