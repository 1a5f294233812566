"""The seal: a detached JWS (RFC 7515, appendix F) over a message's canonical bytes (design D6).

    base64url(header) ".." base64url(signature)
    header: exactly {"alg", "kid", "schema", "typ": "yichuan-seal-1"}; schema is the SHA-256
            fingerprint of the writer's schema, so that the bytes cannot be read by another
    signed: ASCII(base64url(header) "." base64url(encoding with delivery and seal null))

The payload is the whole message: bus, case, sender and all else. What the seal does not cover,
delivery, only the exchange fills. There is no part of a header that could switch a check off.

A copy of which something is withheld or masked is no longer what its sender sealed. Until the
leaves have digests of their own, the exchange vouches for it with the bus's key: the same form with
`"typ": "yichuan-copy-1"`, over the copy with its delivery, so that whom it is for and what is not
shown cannot be changed either. One type is never taken for the other: no flow takes a vouched copy.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol

from schemas.codec import Codec, Opened, current, with_seal, without_seal
from schemas.errors import Refusal
from schemas.ids import BUS, OrganCode
from schemas.jwk import Signer, b64url, public_key, signature_is_valid, unb64url
from schemas.messages import Message
from schemas.parts import Envelope, Seal

TYPE: Final = "yichuan-seal-1"
COPY_TYPE: Final = "yichuan-copy-1"
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
    type: str


def seal_message(message: Message, signer: Signer) -> Sealed:
    """Seal a message by our own version of its schema; a seal that it had is replaced.

    Raises Broken message.unencodable for a message that was not checked.
    """
    codec = current(type(message).__name__)
    plain = codec.to_sign(message)
    jws = _jws(plain.signed_bytes, codec.fingerprint, signer, TYPE)
    envelope = replace(message.envelope, delivery=None, seal=Seal(jws))
    return Sealed(
        replace(message, envelope=envelope),
        with_seal(plain.signed_bytes, jws),
        plain.content_digest,
    )


def vouch(copy: Message, codec: Codec, signer: Signer) -> bytes:
    """Return the body of a redacted copy, its delivery filled, sealed as the exchange's word.

    `codec` is that of the writer's schema. Raises Broken message.unencodable.
    """
    plain = codec.encode(replace(copy, envelope=replace(copy.envelope, seal=None)))
    return with_seal(plain, _jws(plain, codec.fingerprint, signer, COPY_TYPE))


def verify(
    opened: Opened, keys: Callable[[str], KeyRecord | None], at: datetime
) -> VerifiedKey | Refusal:
    """Return the key that sealed the message, or why the seal does not hold.

    `keys` looks a kid up in the directory, `at` is the broker's time of the record. Refusals:
    seal.missing, seal.invalid, seal.key_unknown (also for a key not valid at that time).
    Raises Broken key.invalid when the directory's own entry is no key.
    """
    return _verified(opened, keys, at, TYPE)


def verify_copy(
    opened: Opened, keys: Callable[[str], KeyRecord | None], at: datetime, bus: str
) -> VerifiedKey | Refusal:
    """Return the key that sealed a value of an inbox, or why it is not to be trusted.

    Either the sender's seal holds for the whole of it; or something of it is withheld or masked,
    its delivery says what, and the exchange vouches for it. Refusals as `verify` and `check_sender`
    have them; seal.not_the_senders also for a vouched copy of which nothing is hidden: there the
    sender's own seal must stand.
    """
    envelope = opened.message.envelope
    carried = envelope.seal
    header = None
    if carried is not None and len(carried.jws) <= JWS_MAX_CHARACTERS:
        header = _header(carried.jws.partition("..")[0])
    if header is None or header.type != COPY_TYPE:
        key = _verified(opened, keys, at, TYPE)
        return key if isinstance(key, Refusal) else check_sender(envelope, key, bus) or key
    key = _verified(opened, keys, at, COPY_TYPE)
    if isinstance(key, Refusal):
        return key
    if envelope.bus != bus:
        return Refusal("seal.other_bus", where="envelope.bus")
    delivery = envelope.delivery
    if key.organ != BUS or delivery is None or not (delivery.withheld or delivery.masked):
        return Refusal("seal.not_the_senders", where="envelope.delivery")
    return key


def _verified(
    opened: Opened, keys: Callable[[str], KeyRecord | None], at: datetime, type_: str
) -> VerifiedKey | Refusal:
    carried = opened.message.envelope.seal
    if carried is None:
        return Refusal("seal.missing", where="envelope.seal")
    first, _, last = carried.jws.partition("..")
    header = _header(first) if len(carried.jws) <= JWS_MAX_CHARACTERS else None
    signature = unb64url(last)
    if header is None or signature is None:
        return Refusal("seal.invalid", where="envelope.seal")
    if (header.schema, header.type) != (opened.schema, type_):
        return Refusal("seal.invalid", where="envelope.seal")
    key = keys(header.kid)
    if key is None or at < key.valid_from or (key.valid_to is not None and at >= key.valid_to):
        return Refusal("seal.key_unknown", where="envelope.seal")
    if header.algorithm != key.algorithm or header.kid != key.kid:
        return Refusal("seal.invalid", where="envelope.seal")
    public = public_key(key.algorithm, key.x, key.y)
    payload = opened.signed_bytes
    if type_ == COPY_TYPE:
        payload = without_seal(opened.body, carried.jws)
    if not signature_is_valid(public, signature, _signing_input(first, payload)):
        return Refusal("seal.invalid", where="envelope.seal")
    return VerifiedKey(key.kid, key.organ)


def check_sender(envelope: Envelope, key: VerifiedKey, bus: str) -> Refusal | None:
    """Whether the verified key is the sender's and the message is for this bus."""
    if envelope.bus != bus:
        return Refusal("seal.other_bus", where="envelope.bus")
    if envelope.sender != key.organ:
        return Refusal("seal.not_the_senders", where="envelope.sender")
    return None


def _jws(signed_bytes: bytes, schema: str, signer: Signer, type_: str) -> str:
    header = {"alg": signer.algorithm, "kid": signer.kid, "schema": schema, "typ": type_}
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
    if set(members) != _MEMBERS or members["typ"] not in (TYPE, COPY_TYPE):
        return None
    if not all(isinstance(value, str) for value in members.values()):
        return None
    return _Header(members["alg"], members["kid"], members["schema"], members["typ"])


class _Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object with its duplicates, told apart from a JSON array."""

    __slots__ = ()


def _pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    return _Pairs(pairs)
