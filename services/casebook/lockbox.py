"""What is kept unredacted is kept locked: AES-256-GCM (NIST SP 800-38D) under its case's key. Pure.

Whatever is locked is bound to where it belongs (the associated data): a row or a record that was
put in another's place does not open. A case's key is itself locked, under the one key of the
exchange; without the case's key nothing of the case opens, wherever it lies. That is how a case is
erased (services/casebook/case_keys.py).
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import Broken

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12  # drawn at random; a case has far fewer than the 2**32 that is safe for
_VERSION: Final = b"\x01"
_NONE: Final = b"\xff\xff\xff\xff"  # the length of what is not there
_LENGTH_BYTES: Final = 4
_ID_DIGITS: Final = 16
_BOUND: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

Bound = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class WrappingKey:
    """The exchange's own key, which the cases' keys are locked with.

    `others`: those that were it before, or after, where an older casebook was put back.
    """

    secret: bytes = field(repr=False)
    others: tuple["WrappingKey", ...] = field(default=(), repr=False, compare=False)

    @property
    def id(self) -> str:
        """What tells it from another; nothing can be learnt of it from this."""
        named = hashlib.sha256(b"yichuan casebook key\0" + self.secret).hexdigest()
        return named[:_ID_DIGITS]

    def wrap(self, name: str, key: bytes, nonce: bytes) -> bytes:
        """Return a case's key, locked."""
        return lock(self.secret, nonce, key, ("case-key", name))

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Return a case's key. Raises Broken casebook.unreadable."""
        return unlock(self.secret, wrapped, ("case-key", name))

    def renewed(self, name: str, wrapped: bytes, nonce: bytes) -> bytes:
        """Return what another of them has locked, locked by this one; its own as it is.

        Raises Broken casebook.unreadable where none of them opens it.
        """
        for each in (self, *self.others):
            try:
                key = each.unwrap(name, wrapped)
            except Broken:
                continue
            return wrapped if each is self else self.wrap(name, key, nonce)
        raise Broken("casebook.unreadable", detail="case-key")


def lock(key: bytes, nonce: bytes, plain: bytes, bound: Bound) -> bytes:
    """Return the bytes locked, and bound to what `bound` says. No nonce twice under one key."""
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, _associated(bound))


def unlock(key: bytes, locked: bytes, bound: Bound) -> bytes:
    """Return what was locked. Raises Broken casebook.unreadable: another's, changed, or cut."""
    begin = len(_VERSION) + NONCE_BYTES
    try:
        if not locked.startswith(_VERSION) or len(locked) < begin:
            raise Broken("casebook.unreadable", detail=str(bound[0]))
        nonce = locked[len(_VERSION) : begin]
        return AESGCM(key).decrypt(nonce, locked[begin:], _associated(bound))
    except InvalidTag:
        raise Broken("casebook.unreadable", detail=str(bound[0])) from None


def pack(key: bytes | None, value: bytes | None) -> bytes:
    """Return a record's key and value as one piece, either of which may be missing."""
    length = _NONE if key is None else len(key).to_bytes(_LENGTH_BYTES, "big")
    return length + (b"\0" if value is None else b"\1") + (key or b"") + (value or b"")


def unpack(packed: bytes) -> tuple[bytes | None, bytes | None]:
    """Return key and value again."""
    length, has_value = packed[:_LENGTH_BYTES], packed[_LENGTH_BYTES] == 1
    rest = packed[_LENGTH_BYTES + 1 :]
    end = 0 if length == _NONE else int.from_bytes(length, "big")
    return (None if length == _NONE else rest[:end]), (rest[end:] if has_value else None)


def _associated(bound: Bound) -> bytes:
    """JSON: no two lists of parts have the same bytes."""
    return _BOUND.encode(bound).encode()
