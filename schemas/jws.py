"""The detached JWS of seals and of batches (RFC 7515, appendix F; schemas/SEAL.md, section 2).

    base64url(header) ".." base64url(signature)
    header: {"alg", "kid", "schema"?, "typ"}, each once and nothing else
    signed: ASCII(base64url(header) "." base64url(payload))

The payload is rebuilt by who verifies. The algorithm is the key's: what the header says only has to
agree. There is no part of a header that could switch a check off.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol

from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.jwk import X25519, Signer, b64url, public_key, signature_is_valid, unb64url

JWS_MAX_CHARACTERS: Final = 1_000

_HEADERS_CACHED: Final = 4096  # one for each key and schema
_SIGNATURES_CACHED: Final = 1_024  # about half a kB each
_REQUIRED: Final = frozenset({"alg", "kid", "typ"})
_ALLOWED: Final = _REQUIRED | {"schema"}

SEAL: Final = "envelope.seal"

# Made once: json.dumps makes one for each call.
_to_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


# Of keys.csv, the table of them: a rulebook's, and the home's copy of it.
KEY_COLUMNS: Final = (
    "kid",
    "organ",
    "algorithm",
    "x",
    "y",
    "valid_from",
    "valid_to",
    "compromised_since",
)


class KeyRecord(Protocol):
    """A public key of the directory (services/rulebook/model.py has the class)."""

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""

    @property
    def organ(self) -> OrganCode:
        """Whose it is."""

    @property
    def algorithm(self) -> str:
        """ES256, Ed25519 or SM2-SM3."""

    @property
    def x(self) -> str:
        """As in the JWK."""

    @property
    def y(self) -> str:
        """As in the JWK; empty for Ed25519."""

    @property
    def valid_from(self) -> datetime:
        """From this instant on."""

    @property
    def valid_to(self) -> datetime | None:
        """Not at this instant or later; None: no end is set."""

    @property
    def compromised_since(self) -> datetime | None:
        """Not at this instant or later, though it was valid: somebody else may have had it."""


Keys = Callable[[str], KeyRecord | None]  # of a kid


@dataclass(frozen=True, slots=True)
class VerifiedKey:
    """The key that a seal was verified with, and whose it is."""

    kid: str
    organ: OrganCode


@dataclass(frozen=True, slots=True)
class Header:
    """A header that has our members and no others."""

    algorithm: str
    kid: str
    type: str
    schema: str | None


def canonical(document: Mapping[str, str | int]) -> bytes:
    """Return the RFC 8785 JSON of a payload: names sorted, no blanks, UTF-8."""
    return _to_json(document).encode()


def signed(payload: bytes, signer: Signer, type_: str, schema: str | None = None) -> str:
    """Return the detached JWS over a payload."""
    header = {"alg": signer.algorithm, "kid": signer.kid, "typ": type_}
    if schema is not None:
        header["schema"] = schema
    first = b64url(canonical(header))
    return f"{first}..{b64url(signer.sign(_signing_input(first, payload)))}"


def header_of(jws: str) -> Header | None:
    """Return the header of a JWS; None unless the whole has our form."""
    first, dots, last = jws.partition("..")
    if len(jws) > JWS_MAX_CHARACTERS or not dots or unb64url(last) is None:
        return None
    return _header(first)


def verified(
    jws: str,
    payload: bytes,
    keys: Keys,
    at: datetime,
    *,
    type_: str,
    schema: str | None = None,
    until: datetime | None = None,
) -> VerifiedKey | Refusal:
    """Return the key that signed the payload, or why the signature does not hold.

    The key is to be valid at some moment from `at` to `until`, which is `at` if left out, and not
    compromised at `at`. Refusals: seal.invalid, seal.key_unknown (also for a key not valid then),
    seal.key_compromised. Raises Broken key.invalid when the directory's own entry is no key.
    """
    header = header_of(jws)
    if header is None or (header.type, header.schema) != (type_, schema):
        return Refusal("seal.invalid", where=SEAL)
    key = keys(header.kid)
    if key is not None and key.algorithm == X25519:  # it is an organ's, but it seals nothing
        key = None
    if key is None or (until or at) < key.valid_from or _has_ended(key, at):
        return Refusal("seal.key_unknown", where=SEAL)
    if is_compromised(key, at):
        return Refusal("seal.key_compromised", where=SEAL)
    if header.algorithm != key.algorithm or header.kid != key.kid:
        return Refusal("seal.invalid", where=SEAL)
    first, _, last = jws.partition("..")
    named = (key.algorithm, key.x, key.y)
    if not _holds(named, unb64url(last) or b"", _signing_input(first, payload)):
        return Refusal("seal.invalid", where=SEAL)
    return VerifiedKey(key.kid, key.organ)


def is_in_force(key: KeyRecord, at: datetime) -> bool:
    """Whether what the key seals at this moment is believed."""
    return key.valid_from <= at and not _has_ended(key, at) and not is_compromised(key, at)


def is_compromised(key: KeyRecord, at: datetime) -> bool:
    """Whether somebody else may have had the key by then."""
    return key.compromised_since is not None and at >= key.compromised_since


def _has_ended(key: KeyRecord, at: datetime) -> bool:
    return key.valid_to is not None and at >= key.valid_to


@lru_cache(maxsize=_SIGNATURES_CACHED)
def _holds(named: tuple[str, str, str], signature: bytes, data: bytes) -> bool:
    """Remembered, since the values of a batch come one behind the other under one signature."""
    return signature_is_valid(public_key(*named), signature, data)


def _signing_input(first: str, payload: bytes) -> bytes:
    return f"{first}.{b64url(payload)}".encode("ascii")


@lru_cache(maxsize=_HEADERS_CACHED)
def _header(segment: str) -> Header | None:
    """Return the header of its base64url; None unless it has our members, each once."""
    data = unb64url(segment)
    try:
        pairs = json.loads((data or b"").decode(), object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Pairs):
        return None
    members = dict(pairs)
    if len(members) != len(pairs) or not _REQUIRED <= set(members) <= _ALLOWED:
        return None
    if not all(isinstance(value, str) for value in members.values()):
        return None
    return Header(members["alg"], members["kid"], members["typ"], members.get("schema"))


class _Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object with its duplicates, told apart from a JSON array."""

    __slots__ = ()


def _pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    return _Pairs(pairs)
