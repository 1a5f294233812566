"""What a seal signs and how it travels: payload, seed, salts and digests (schemas/SEAL.md, 6)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from schemas.ids import CaseId, MessageId, OrganCode
from schemas.jwk import b64url, unb64url
from schemas.jws import canonical
from schemas.parts import Delivery, Envelope, Seal
from schemas.seal_proof import Proof
from schemas.seal_tree import DIGEST_BYTES, SALT_BYTES

TYPE: Final = "yichuan-seal-2"

_PACK_BYTES: Final = 48_000  # of salts or digests in one string: 64,000 characters


def payload_of(envelope: Envelope, root: bytes) -> bytes:
    """Return what the sender's signature is over."""
    return payload(envelope.bus, envelope.case_id, envelope.message_id, root, envelope.sender)


def payload(bus: str, case: CaseId, message: MessageId, root: bytes, sender: OrganCode) -> bytes:
    """Return the same, from what it names."""
    return canonical(
        {"bus": bus, "case": case, "message": message, "root": b64url(root), "sender": sender}
    )


def seed_of(seal: Seal) -> bytes | None:
    """Return the seed; None where there is none, or none of ours."""
    seed = unb64url(seal.seed or "")
    return seed if seed is not None and len(seed) == SALT_BYTES else None


def received_at(envelope: Envelope) -> datetime:
    """Return when the exchange had the message, else when its sender says that it sent it."""
    return envelope.delivery.at if envelope.delivery else envelope.sent_at


def proof_of(seal: Seal, delivery: Delivery) -> Proof | None:
    """Return what a copy carries in place of the seed; None where that has not our form."""
    salts, digests = _unpacked(seal.salts, SALT_BYTES), _unpacked(seal.digests, DIGEST_BYTES)
    if salts is None or digests is None or seal.seed is not None:
        return None
    return Proof(salts, digests, (*delivery.withheld, *delivery.masked))


def packed(values: Sequence[bytes]) -> tuple[str, ...]:
    """Return salts or digests as a seal carries them."""
    whole = b"".join(values)
    return tuple(
        b64url(whole[begin : begin + _PACK_BYTES]) for begin in range(0, len(whole), _PACK_BYTES)
    )


def _unpacked(texts: Sequence[str], size: int) -> tuple[bytes, ...] | None:
    whole = b""
    for text in texts:
        part = unb64url(text)
        if part is None or len(part) % size:
            return None
        whole += part
    return tuple(whole[begin : begin + size] for begin in range(0, len(whole), size))
