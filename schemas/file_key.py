"""A file's key, wrapped to the bus or to a recipient: HPKE (RFC 9180), base mode, one shot.

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. `info` binds the wrapped key to its message,
sender, file and receiver: put into another message, or beside another file, it does not open. So
nobody who saw a wrapped key can have it opened for somebody else.

    wrapped = kid "." base64url(encapsulated key (32) ‖ encrypted file key (48))

`kid` is the thumbprint of the public key that it is wrapped to (RFC 7638, crv X25519).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from schemas.errors import Broken
from schemas.file_cipher import KEY_BYTES
from schemas.ids import BUS, MessageId, OrganCode
from schemas.jwk import X25519, Jwk, b64url, thumbprint, unb64url
from schemas.jws import KeyRecord, canonical
from schemas.parts import Attachment, Envelope

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_FORM: Final = "yichuan-file-key-1"
_PUBLIC_BYTES: Final = 32

Key = TypeVar("Key", bound=KeyRecord)
Openers = Mapping[str, X25519PrivateKey]  # by kid: of now, and of before the last rotations


@dataclass(frozen=True, slots=True)
class Claim:
    """One attachment of one message: what its wrapped key is bound to."""

    bus: str
    sender: OrganCode
    message_id: MessageId
    blob: str  # SHA-256 of the encrypted file, hex
    sha256: str  # of the file, hex
    size_bytes: int

    def info(self, to: OrganCode) -> bytes:
        """Return what binds the key when it is wrapped to an organ, or to the bus."""
        return canonical(
            {
                "form": _FORM,
                "bus": self.bus,
                "from": self.sender,
                "message": self.message_id,
                "blob": self.blob,
                "sha256": self.sha256,
                "bytes": self.size_bytes,
                "to": to,
            }
        )


def claim_of(envelope: Envelope, attachment: Attachment) -> Claim | None:
    """Return the claim of an attachment; None where it is a manifest alone, or not shown."""
    if attachment.blob is None or attachment.sha256 is None or attachment.size_bytes is None:
        return None
    return Claim(
        bus=envelope.bus,
        sender=envelope.sender,
        message_id=envelope.message_id,
        blob=attachment.blob,
        sha256=attachment.sha256,
        size_bytes=attachment.size_bytes,
    )


def encryption_key(keys: Iterable[Key], organ: OrganCode, at: datetime) -> Key | None:
    """Return the key that a file's key is wrapped to for an organ at a time: its newest then.

    Never one that somebody else may have by now, though nobody had it then: a letter that waited
    is delivered long after.
    """
    valid = [
        key
        for key in keys
        if key.organ == organ
        and key.algorithm == X25519
        and key.valid_from <= at
        and (key.valid_to is None or at < key.valid_to)
        and key.compromised_since is None
    ]
    return max(valid, key=lambda key: (key.valid_from, key.kid), default=None)


def wrap(file_key: bytes, claim: Claim, to: OrganCode, kid: str, x: str) -> str:
    """Return the file's key wrapped to an organ's public key, `x` as in its JWK.

    Raises Broken key.invalid where the directory's own entry is no key.
    """
    raw = unb64url(x) or b""
    if len(raw) != _PUBLIC_BYTES:
        raise Broken("key.invalid", detail="x is not 32 bytes of base64url")
    sealed = _SUITE.encrypt(file_key, X25519PublicKey.from_public_bytes(raw), claim.info(to))
    return f"{kid}.{b64url(sealed)}"


def unwrap(wrapped: str, claim: Claim, to: OrganCode, openers: Openers) -> bytes | None:
    """Return the file's key; None: it is not of that claim, or not wrapped to a key of ours."""
    kid, _, sealed = wrapped.partition(".")
    opener, data = openers.get(kid), unb64url(sealed)
    if opener is None or data is None:
        return None
    try:
        key = _SUITE.decrypt(data, opener, claim.info(to))
    except (InvalidTag, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def rewrapped(wrapped: str, claim: Claim, openers: Openers, to: KeyRecord) -> str | None:
    """Return a key that was wrapped to the bus wrapped to an organ; None: it does not open."""
    key = unwrap(wrapped, claim, BUS, openers)
    return None if key is None else wrap(key, claim, to.organ, to.kid, to.x)


def new_opener() -> X25519PrivateKey:
    """Return a fresh private key, by which an organ opens what is wrapped to it."""
    return X25519PrivateKey.generate()


def opener_to_pem(key: X25519PrivateKey, passphrase: bytes | None) -> str:
    """Return a private key as PKCS 8 PEM."""
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    return pem.decode()


def opener_from_pem(pem: bytes, passphrase: bytes | None) -> X25519PrivateKey:
    """Return the private key of a PKCS 8 PEM. Raises Broken key.invalid, key.passphrase."""
    is_encrypted = b"ENCRYPTED PRIVATE KEY" in pem
    if is_encrypted and not passphrase:
        raise Broken("key.passphrase")
    try:
        key = serialization.load_pem_private_key(pem, passphrase if is_encrypted else None)
    except (ValueError, TypeError):
        raise Broken("key.passphrase" if is_encrypted else "key.invalid") from None
    if not isinstance(key, X25519PrivateKey):
        raise Broken("key.invalid", detail="no X25519 key")
    return key


def jwk_of_opener(key: X25519PrivateKey) -> Jwk:
    """Return the public half, as keys.csv has it."""
    x = b64url(key.public_key().public_bytes_raw())
    return Jwk(thumbprint(X25519, x, ""), X25519, x, "")
