"""The seal: whose a message is, to the leaf, on the original and on every copy (design D6).

schemas/SEAL.md is the specification. The sender signs the root of its message's digests
(schemas/seal_tree.py) with the names of bus, case, message and sender. An original carries the seed
that all salts follow from; a copy of which something is hidden carries the salts of what it shows
and the digests of what it does not (schemas/seal_proof.py), so the sender's own signature stands on
it. What only the exchange can say, whom a copy is for and what stands in place of a masked value,
it vouches for over the whole copy (schemas/batch.py). One is never taken for the other: no flow
takes a vouched copy, no connector takes an unvouched one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from schemas.batch import value_digest, verify_vouched, vouch_for
from schemas.codec import Codec, Opened, Tail, current, with_vouched, without_vouched
from schemas.errors import Refusal
from schemas.ids import BUS
from schemas.jwk import Signer, b64url
from schemas.jws import SEAL, KeyRecord, Keys, VerifiedKey, signed, verified
from schemas.messages import Message
from schemas.oversight import FieldsOpened
from schemas.parts import Delivery, Envelope, Seal
from schemas.seal_form import TYPE, packed, payload_of, proof_of, seed_of
from schemas.seal_open import verify_opened
from schemas.seal_proof import prove, root_of_copy

__all__ = [
    "KeyRecord",
    "Keys",
    "Sealed",
    "Unvouched",
    "VerifiedKey",
    "check_sender",
    "copied",
    "said",
    "seal_message",
    "verify",
    "verify_copy",
    "vouched",
]

_OWN_WORD: Final = Tail(None, Seal(""))


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message with its seal, and the same as the bytes that go to the topic."""

    message: Message
    body: bytes
    content_digest: str


@dataclass(frozen=True, slots=True)
class Unvouched:
    """A body for an inbox that the exchange has still to vouch for."""

    schema: str  # fingerprint of its writer's schema
    body: bytes


def seal_message(message: Message, signer: Signer) -> Sealed:
    """Seal a message by our own version of its schema; a seal that it had is replaced.

    Raises Broken message.unencodable for a message that was not checked.
    """
    codec = current(type(message).__name__)
    plain = codec.to_sign(message)
    seed = signer.seed(plain.signed_bytes)
    root = codec.tree.root(plain.signed_bytes, seed)
    jws = signed(payload_of(message.envelope, root), signer, TYPE, codec.fingerprint)
    seal = Seal(jws, b64url(seed))
    sealed = replace(message, envelope=replace(message.envelope, delivery=None, seal=seal))
    body = codec.with_tail(plain.signed_bytes, Tail(None, seal))
    return Sealed(sealed, body, plain.content_digest)


def copied(
    opened: Opened, codec: Codec, delivery: Delivery, shown: Message | None = None
) -> Unvouched:
    """Return the copy of a verified original; `shown` is what its delivery leaves to be seen.

    `codec` is that of the writer's schema. What the delivery lists without positions, or though the
    sender did not give it, is listed as it is there. Raises Broken message.unencodable.
    """
    seal = opened.message.envelope.seal
    hidden = (*delivery.withheld, *delivery.masked)
    if hidden and seal is not None:
        proof = prove(opened.tree, opened.body, seed_of(seal) or b"", hidden)
        delivery = _as_found(delivery, proof.hidden)
        seal = Seal(seal.jws, None, packed(proof.salts), packed(proof.digests))
        hidden = proof.hidden
    if not hidden or shown is None:
        whole = Tail(delivery, opened.message.envelope.seal)
        body = codec.with_tail(opened.signed_bytes, whole)
    else:
        body = codec.encode_with(shown, Tail(delivery, seal))
    return Unvouched(codec.fingerprint, body)


def said(message: Message) -> Unvouched:
    """Return what the bus itself says into an inbox: its word is the seal.

    Raises Broken message.unencodable.
    """
    codec = current(type(message).__name__)
    return Unvouched(codec.fingerprint, codec.encode_with(message, _OWN_WORD))


def vouched(values: Sequence[Unvouched], bus: str, signer: Signer) -> tuple[bytes, ...]:
    """Return the bodies as the exchange delivers them, all under one signature."""
    if not values:
        return ()
    words = vouch_for([value_digest(each.schema, each.body) for each in values], bus, signer)
    return tuple(with_vouched(value.body, word) for value, word in zip(values, words, strict=True))


def verify(opened: Opened, keys: Keys, at: datetime) -> VerifiedKey | Refusal:
    """Return the key that sealed an original, or why the seal does not hold.

    `keys` looks a kid up in the directory, `at` is the broker's time of the record. Refusals:
    seal.missing, seal.invalid, seal.key_unknown (also for a key not valid at that time),
    seal.key_compromised. Raises Broken key.invalid when the directory's own entry is no key.
    """
    seal = opened.message.envelope.seal
    if seal is None:
        return Refusal("seal.missing", where=SEAL)
    if seal.vouched is not None:
        return Refusal("seal.invalid", where=SEAL)
    return _verified_whole(opened, seal, keys, at)


def verify_copy(opened: Opened, keys: Keys, at: datetime | None, bus: str) -> VerifiedKey | Refusal:
    """Return the key that sealed a value of an inbox, or why it is not to be trusted.

    The exchange vouches for the whole of it; and it is the bus's own word, or its sender's seal
    holds for every leaf that is not masked. `at` is the broker's time of the record; None: nobody
    knows it. The sender's key is judged at the time that the delivery tells, when the exchange had
    the original. The exchange vouched for the copy between the two, maybe long after the one (a
    letter was held) or before the other (an inbox took nothing): its key is to be valid in between,
    and not compromised by `at`. Refusals as `verify` and `check_sender` have them, and
    seal.not_vouched.
    """
    envelope = opened.message.envelope
    seal, delivery = envelope.seal, envelope.delivery
    if seal is None:
        return Refusal("seal.missing", where=SEAL)
    if seal.vouched is None:
        return Refusal("seal.not_vouched", where=SEAL)
    if envelope.bus != bus:
        return Refusal("seal.other_bus", where="envelope.bus")
    received = envelope.sent_at if delivery is None else delivery.at
    digest = value_digest(opened.schema, without_vouched(opened.body, seal.vouched))
    word = verify_vouched(seal.vouched, digest, bus, keys, received, at)
    if isinstance(word, Refusal):
        return word
    if word.organ != BUS:
        return Refusal("seal.not_the_senders", where=SEAL)
    if delivery is None:
        is_own = replace(seal, vouched=None) == Seal("") and envelope.sender == BUS
        if not is_own:
            return Refusal("seal.not_the_senders", where="envelope.delivery")
        if isinstance(opened.message, FieldsOpened):  # the bus's word, on what another has sealed
            theirs = verify_opened(opened.message, keys)
            return theirs if isinstance(theirs, Refusal) else word
        return word
    hidden = (*delivery.withheld, *delivery.masked)
    if hidden:
        key = _verified_parts(opened, seal, keys, delivery)
    else:
        key = _verified_whole(opened, seal, keys, delivery.at)
    return key if isinstance(key, Refusal) else check_sender(envelope, key, bus) or key


def check_sender(envelope: Envelope, key: VerifiedKey, bus: str) -> Refusal | None:
    """Whether the verified key is the sender's and the message is for this bus."""
    if envelope.bus != bus:
        return Refusal("seal.other_bus", where="envelope.bus")
    if envelope.sender != key.organ:
        return Refusal("seal.not_the_senders", where="envelope.sender")
    return None


def _verified_whole(opened: Opened, seal: Seal, keys: Keys, at: datetime) -> VerifiedKey | Refusal:
    seed = seed_of(seal)
    if seed is None or seal.salts or seal.digests:
        return Refusal("seal.invalid", where=SEAL)
    root = opened.tree.root(opened.body, seed)
    payload = payload_of(opened.message.envelope, root)
    return verified(seal.jws, payload, keys, at, type_=TYPE, schema=opened.schema)


def _verified_parts(
    opened: Opened, seal: Seal, keys: Keys, delivery: Delivery
) -> VerifiedKey | Refusal:
    proof = proof_of(seal, delivery)
    if proof is None:
        return Refusal("seal.invalid", where=SEAL)
    root = root_of_copy(opened.tree, opened.body, proof, delivery.withheld)
    if root is None:
        return Refusal("seal.invalid", where=SEAL)
    payload = payload_of(opened.message.envelope, root)
    return verified(seal.jws, payload, keys, delivery.at, type_=TYPE, schema=opened.schema)


def _as_found(delivery: Delivery, found: Sequence[str]) -> Delivery:
    """Return the delivery with what is hidden listed as it is there."""
    there = frozenset(found)
    masked = tuple(path for path in delivery.masked if path in there)
    those = frozenset(masked)
    withheld = tuple(path for path in found if path not in those)
    return replace(delivery, withheld=withheld, masked=masked)
