"""Public keys as JWK (RFC 7517, 8037), their thumbprints (RFC 7638), and a signer in software.

Three algorithms: ES256 (P-256, RFC 7518), Ed25519 (RFC 9864) and SM2-SM3 (schemas/SEAL.md, 9). The
algorithm is the key's; what a message says of it only has to agree. Nothing here reads a file.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import Broken
from schemas.sm2 import SM2_SM3, Sm2Key, private_from_pem, public_from_point

ES256: Final = "ES256"
ED25519: Final = "Ed25519"
X25519: Final = "X25519"  # seals nothing: file keys are wrapped to it (schemas/file_key.py)

_KINDS: Final = "none of ES256, Ed25519, SM2-SM3"

_COORDINATE_BYTES: Final = 32  # of P-256, and of an Ed25519 key
_SEED_BITS: Final = 128
_SIGNATURE_BYTES: Final = 64  # of all: r and s, or R and S
_KEYS_CACHED: Final = 4096  # parsed public keys; one is about 1 kB
_SHA256: Final = ec.ECDSA(hashes.SHA256())

PublicKeyObject = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | Sm2Key
PrivateKeyObject = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | Sm2Key


class Signer(Protocol):
    """What seals: a key in software here, an SM2 key or a hardware module elsewhere."""

    @property
    def kid(self) -> str:
        """The thumbprint of its public key."""

    @property
    def algorithm(self) -> str:
        """The JWS name of its algorithm."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature as JWS writes it (ES256: r and s, 32 bytes each)."""

    def seed(self, data: bytes) -> bytes:
        """Return 16 bytes that nobody can guess, for the salts of the message that `data` is."""


@dataclass(frozen=True, slots=True)
class Jwk:
    """A public key as keys.csv holds it. `y` is empty for Ed25519."""

    kid: str
    algorithm: str
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class SoftwareSigner:
    """A signer whose private key lies in memory."""

    kid: str
    algorithm: str
    _key: PrivateKeyObject

    @property
    def jwk(self) -> Jwk:
        """The public half."""
        return jwk_of(self._key.public_key())

    def __repr__(self) -> str:
        return f"SoftwareSigner(kid={self.kid!r}, algorithm={self.algorithm!r})"

    def sign(self, data: bytes) -> bytes:
        """Return the signature as JWS writes it."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey | Sm2Key):
            return self._key.sign(data)
        r, s = utils.decode_dss_signature(self._key.sign(data, _SHA256))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")

    def seed(self, data: bytes) -> bytes:  # noqa: ARG002 - a module without chance derives it
        """Return 16 fresh bytes of the library's generator, as each ES256 signature draws them."""
        return AESGCM.generate_key(_SEED_BITS)


def signer_of(key: PrivateKeyObject) -> SoftwareSigner:
    """Return the signer of a private key. Raises Broken key.invalid for another curve."""
    jwk = jwk_of(key.public_key())
    return SoftwareSigner(jwk.kid, jwk.algorithm, key)


def signer_from_pem(pem: bytes, passphrase: bytes | None = None) -> SoftwareSigner:
    """Return the signer of a PKCS 8 PEM. Raises Broken key.invalid, key.passphrase."""
    return signer_of(key_from_pem(pem, passphrase))


def key_from_pem(pem: bytes, passphrase: bytes | None) -> PrivateKeyObject:
    """Return the private key of a PKCS 8 PEM. Raises Broken key.invalid, key.passphrase."""
    is_encrypted = b"ENCRYPTED PRIVATE KEY" in pem
    if is_encrypted and not passphrase:
        raise Broken("key.passphrase")
    given = passphrase if is_encrypted else None  # a key without one is taken as it is
    try:
        key = serialization.load_pem_private_key(pem, password=given)
    except UnsupportedAlgorithm:
        national = private_from_pem(pem, given)
        if national is None:
            raise Broken("key.invalid", detail=_KINDS) from None
        return national
    except (ValueError, TypeError):
        raise Broken("key.passphrase" if is_encrypted else "key.invalid") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise Broken("key.invalid", detail=_KINDS)
    return key


def jwk_of(key: PublicKeyObject) -> Jwk:
    """Return a public key in the form of keys.csv. Raises Broken key.invalid for another curve."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        x = b64url(raw)
        return Jwk(thumbprint(ED25519, x, ""), ED25519, x, "")
    if isinstance(key, Sm2Key):
        point = key.point()
        x, y = b64url(point[:_COORDINATE_BYTES]), b64url(point[_COORDINATE_BYTES:])
        return Jwk(thumbprint(SM2_SM3, x, y), SM2_SM3, x, y)
    if not isinstance(key.curve, ec.SECP256R1):
        raise Broken("key.invalid", detail="the curve is not P-256")
    numbers = key.public_numbers()
    x, y = (b64url(part.to_bytes(_COORDINATE_BYTES, "big")) for part in (numbers.x, numbers.y))
    return Jwk(thumbprint(ES256, x, y), ES256, x, y)


def thumbprint(algorithm: str, x: str, y: str) -> str:
    """Return the RFC 7638 thumbprint, base64url: the kid. Raises Broken key.invalid."""
    if algorithm == ES256:
        members = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    elif algorithm == SM2_SM3:
        members = f'{{"crv":"SM2","kty":"EC","x":"{x}","y":"{y}"}}'
    elif algorithm in (ED25519, X25519):
        members = f'{{"crv":"{algorithm}","kty":"OKP","x":"{x}"}}'  # RFC 8037, appendix A.3
    else:
        raise Broken("key.invalid", detail=_KINDS)
    return b64url(hashlib.sha256(members.encode()).digest())


@lru_cache(maxsize=_KEYS_CACHED)
def public_key(algorithm: str, x: str, y: str) -> PublicKeyObject:
    """Return the key of its JWK members. Raises Broken key.invalid for what is no such key."""
    point = [unb64url(part) for part in (x, y) if part]
    if [len(part or b"") for part in point] != [_COORDINATE_BYTES] * (2 - (algorithm == ED25519)):
        raise Broken("key.invalid", detail="x or y is not 32 bytes of base64url")
    raw = b"".join(part or b"" for part in point)
    try:
        if algorithm == ES256:
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)
        if algorithm == ED25519:
            return ed25519.Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise Broken("key.invalid", detail="no point of the curve") from None
    if algorithm != SM2_SM3:
        raise Broken("key.invalid", detail=_KINDS)
    national = public_from_point(raw)
    if national is None:
        raise Broken("key.invalid", detail="no point of the curve")
    return national


def signature_is_valid(key: PublicKeyObject, signature: bytes, data: bytes) -> bool:
    """Whether the signature, as JWS writes it, is the key's over the data."""
    if len(signature) != _SIGNATURE_BYTES:
        return False
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, data)
        elif isinstance(key, Sm2Key):
            return key.verifies(signature, data)
        else:
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.verify(utils.encode_dss_signature(r, s), data, _SHA256)
    except InvalidSignature:
        return False
    return True


def b64url(data: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes | None:
    """Return the bytes of canonical base64url without padding; None for any other text."""
    if not text.isascii():
        return None
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    # Else it has stray bits in the last character, or "+" and "/".
    return data if b64url(data) == text else None
