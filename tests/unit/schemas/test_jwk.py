"""schemas/jwk.py: public keys, thumbprints, signatures as JWS writes them."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Broken
from schemas.jwk import (
    PrivateKeyObject,
    b64url,
    jwk_of,
    public_key,
    signature_is_valid,
    signer_from_pem,
    signer_of,
    thumbprint,
    unb64url,
)
from schemas.sm2 import Sm2Key, generated

KEYS: list[PrivateKeyObject] = [
    ec.derive_private_key(7, ec.SECP256R1()),
    ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)),
    generated(),
]
by_key = pytest.mark.parametrize("private", KEYS, ids=["ES256", "Ed25519", "SM2-SM3"])


def _pem(private: PrivateKeyObject | rsa.RSAPrivateKey, password: bytes | None = None) -> bytes:
    if isinstance(private, Sm2Key):
        return private.to_pem(password)
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        locked = serialization.BestAvailableEncryption(password)
    form = serialization.PrivateFormat.PKCS8
    return private.private_bytes(serialization.Encoding.PEM, form, locked)


def test_the_thumbprint_is_that_of_rfc_8037_appendix_a_3() -> None:
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert thumbprint("Ed25519", x, "") == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@by_key
def test_a_public_key_comes_back_from_its_jwk(private: PrivateKeyObject) -> None:
    jwk = jwk_of(private.public_key())
    assert jwk_of(public_key(jwk.algorithm, jwk.x, jwk.y)) == jwk
    assert jwk.kid == thumbprint(jwk.algorithm, jwk.x, jwk.y)


@by_key
def test_a_signer_from_its_file_signs_what_its_public_key_verifies(
    private: PrivateKeyObject,
) -> None:
    signer = signer_from_pem(_pem(private))
    signature = signer.sign(b"data")
    assert len(signature) == 64
    assert signature_is_valid(private.public_key(), signature, b"data")
    assert not signature_is_valid(private.public_key(), signature, b"date")
    assert not signature_is_valid(private.public_key(), signature + b"\0", b"data")
    assert not signature_is_valid(private.public_key(), bytes(64), b"data")


@by_key
def test_a_signer_does_not_show_its_key(private: PrivateKeyObject) -> None:
    assert repr(signer_of(private)).startswith("SoftwareSigner(kid=")
    assert "Private" not in repr(signer_of(private))


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        _pem(ec.derive_private_key(7, ec.SECP384R1())),
        _pem(rsa.generate_private_key(65537, 2048)),
    ],
    ids=["nothing", "no key", "another curve", "RSA"],
)
def test_what_is_no_key_of_ours_is_refused(pem: bytes) -> None:
    with pytest.raises(Broken, match=r"key\.invalid"):
        signer_from_pem(pem)


# secp160r1, of which the library knows nothing.
UNKNOWN_CURVE = b"""-----BEGIN PRIVATE KEY-----
MGECAQAwEAYHKoZIzj0CAQYFK4EEAAgESjBIAgEBBBUAwvTa7MWigvlmIJWvrLzK
CV3tmL2hLAMqAATWYYMQ1h8BfDBUMvgPvfSocFsl44eAiWJ5JrtKjoA9jF3e8OYp
js+v
-----END PRIVATE KEY-----
"""


def test_a_curve_that_nobody_here_knows_is_refused() -> None:
    with pytest.raises(Broken, match=r"key\.invalid"):
        signer_from_pem(UNKNOWN_CURVE)


@by_key
def test_a_key_with_a_passphrase_opens_by_that_and_by_no_other(private: PrivateKeyObject) -> None:
    locked = _pem(private, b"secret")
    assert signer_from_pem(locked, b"secret").kid == signer_of(private).kid
    for wrong in (None, b"", b"another"):
        with pytest.raises(Broken, match=r"key\.passphrase"):
            signer_from_pem(locked, wrong)
    assert signer_from_pem(_pem(private), b"needless").kid == signer_of(private).kid


@by_key
def test_each_seed_is_another(private: PrivateKeyObject) -> None:
    signer = signer_of(private)
    assert len({signer.seed(b"the same") for _ in range(5)}) == 5
    assert len(signer.seed(b"")) == 16
    assert signer.jwk.kid == signer.kid


GOOD = jwk_of(KEYS[0].public_key())
OTHER = b64url(bytes(32))


@pytest.mark.parametrize(
    ("algorithm", "x", "y"),
    [
        ("ES256", GOOD.x, OTHER),
        ("ES256", GOOD.x, ""),
        ("ES256", GOOD.x + "=", GOOD.y),
        ("ES256", GOOD.x[:-1], GOOD.y),
        ("Ed25519", GOOD.x, GOOD.y),
        ("Ed25519", "", ""),
        ("Ed25519", "密" * 43, ""),
        ("RS256", GOOD.x, ""),
        ("RS256", GOOD.x, GOOD.y),
        ("SM2-SM3", GOOD.x, GOOD.y),
        ("SM2-SM3", GOOD.x, ""),
        ("none", GOOD.x, ""),
    ],
)
def test_members_that_are_no_key_are_refused(algorithm: str, x: str, y: str) -> None:
    with pytest.raises(Broken, match=r"key\.invalid"):
        public_key(algorithm, x, y)


def test_a_thumbprint_of_another_algorithm_is_refused() -> None:
    with pytest.raises(Broken, match=r"key\.invalid"):
        thumbprint("RS256", GOOD.x, GOOD.y)


@given(st.binary(max_size=100))
def test_base64url_comes_back(data: bytes) -> None:
    assert unb64url(b64url(data)) == data


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "+/8A", "AA\nAA", "A A A", "密密"])
def test_base64url_in_any_other_form_is_none(text: str) -> None:
    assert unb64url(text) is None
