"""The seal: a detached JWS (RFC 7515, appendix F) over a message's canonical bytes (design D6).

    base64url(header) ".." base64url(signature)
    header: exactly {"alg", "kid", "schema", "typ": "yichuan-seal-1"}; schema is the SHA-256
            fingerprint of the writer's schema, so that the bytes cannot be read by another
    signed: ASCII(base64url(header) "." base64url(encoding with delivery and seal null))

The payload is the whole message: bus, case, sender and all else. What the seal does not cover,
delivery, only the exchange fills. There is no part of a header that could switch a check off.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol

from schemas.codec import Opened, current, with_seal
from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.jwk import Signer, b64url, public_key, signature_is_valid, unb64url
from schemas.messages import Message
from schemas.parts import Envelope, Seal

TYPE: Final = "yichuan-seal-1"
JWS_MAX_CHARACTERS: Final = 1_000

_HEADERS_CACHED: Final = 4096  # one for each key and schema
_MEMBERS: Final = frozenset({"alg", "kid", "schema", "typ"})


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
        """ES256 or Ed25519."""

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


@dataclass(frozen=True, slots=True)
class VerifiedKey:
    """The key that a seal was verified with, and whose it is."""

    kid: str
    organ: OrganCode


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message with its seal, and the same as the bytes that go to the topic."""

    message: Message
    body: bytes
    content_digest: str


@dataclass(frozen=True, slots=True)
class _Header:
    algorithm: str
    kid: str
    schema: str


def seal_message(message: Message, signer: Signer) -> Sealed:
    """Seal a message by our own version of its schema; a seal that it had is replaced.

    Raises Broken message.unencodable for a message that was not checked.
    """
    codec = current(type(message).__name__)
    plain = codec.to_sign(message)
    jws = _jws(plain.signed_bytes, codec.fingerprint, signer)
    envelope = replace(message.envelope, delivery=None, seal=Seal(jws))
    return Sealed(
        replace(message, envelope=envelope),
        with_seal(plain.signed_bytes, jws),
        plain.content_digest,
    )


def verify(
    opened: Opened, keys: Callable[[str], KeyRecord | None], at: datetime
) -> VerifiedKey | Refusal:
    """Return the key that sealed the message, or why the seal does not hold.

    `keys` looks a kid up in the directory, `at` is the broker's time of the record. Refusals:
    seal.missing, seal.invalid, seal.key_unknown (also for a key not valid at that time).
    Raises Broken key.invalid when the directory's own entry is no key.
    """
    carried = opened.message.envelope.seal
    if carried is None:
        return Refusal("seal.missing", where="envelope.seal")
    first, _, last = carried.jws.partition("..")
    header = _header(first) if len(carried.jws) <= JWS_MAX_CHARACTERS else None
    signature = unb64url(last)
    if header is None or signature is None or header.schema != opened.schema:
        return Refusal("seal.invalid", where="envelope.seal")
    key = keys(header.kid)
    if key is None or at < key.valid_from or (key.valid_to is not None and at >= key.valid_to):
        return Refusal("seal.key_unknown", where="envelope.seal")
    if header.algorithm != key.algorithm or header.kid != key.kid:
        return Refusal("seal.invalid", where="envelope.seal")
    public = public_key(key.algorithm, key.x, key.y)
    if not signature_is_valid(public, signature, _signing_input(first, opened.signed_bytes)):
        return Refusal("seal.invalid", where="envelope.seal")
    return VerifiedKey(key.kid, key.organ)


def check_sender(envelope: Envelope, key: VerifiedKey, bus: str) -> Refusal | None:
    """Whether the verified key is the sender's and the message is for this bus."""
    if envelope.bus != bus:
        return Refusal("seal.other_bus", where="envelope.bus")
    if envelope.sender != key.organ:
        return Refusal("seal.not_the_senders", where="envelope.sender")
    return None


def _jws(signed_bytes: bytes, schema: str, signer: Signer) -> str:
    header = {"alg": signer.algorithm, "kid": signer.kid, "schema": schema, "typ": TYPE}
    first = b64url(json.dumps(header, separators=(",", ":"), sort_keys=True).encode())
    return f"{first}..{b64url(signer.sign(_signing_input(first, signed_bytes)))}"


def _signing_input(first: str, payload: bytes) -> bytes:
    return f"{first}.{b64url(payload)}".encode("ascii")


@lru_cache(maxsize=_HEADERS_CACHED)
def _header(segment: str) -> _Header | None:
    """Return the header of its base64url; None unless it has our four members, each once."""
    data = unb64url(segment)
    try:
        pairs = json.loads((data or b"").decode(), object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Pairs) or len(pairs) != len(_MEMBERS):
        return None
    members = dict(pairs)
    if set(members) != _MEMBERS or members["typ"] != TYPE:
        return None
    if not all(isinstance(value, str) for value in members.values()):
        return None
    return _Header(members["alg"], members["kid"], members["schema"])


class _Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object with its duplicates, told apart from a JSON array."""

    __slots__ = ()


def _pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    return _Pairs(pairs)
