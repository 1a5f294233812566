"""schemas/sm2.py: SM2 with SM3 by OpenSSL's library; tests/contract asks the command."""

import ctypes

import pytest

from schemas import sm2
from schemas.codec import current
from schemas.errors import Broken
from schemas.jwk import b64url, jwk_of, signer_of
from schemas.seal import VerifiedKey, seal_message, verify
from tests.any_message import SENDER, SENT_AT, Key, default_lead

KEY = sm2.generated()


def test_a_signature_is_good_for_its_data_its_key_and_nothing_else() -> None:
    public = sm2.public_from_point(KEY.point())
    assert public is not None
    signature = KEY.sign(b"data")
    assert len(signature) == 64
    assert public.verifies(signature, b"data")
    assert not public.verifies(signature, b"date")
    assert not sm2.generated().verifies(signature, b"data")
    assert not public.verifies(bytes(64), b"data")
    assert not public.verifies(b"\xff" * 64, b"data")


def test_what_is_no_point_of_the_curve_is_no_key() -> None:
    assert sm2.public_from_point(bytes(64)) is None
    assert sm2.public_from_point(b"") is None


def test_a_pem_of_nothing_or_locked_is_none_and_nobody_is_asked_at_the_terminal() -> None:
    assert sm2.private_from_pem(b"", None) is None
    assert sm2.private_from_pem(KEY.to_pem(b"secret"), None) is None
    opened = sm2.private_from_pem(KEY.to_pem(b"secret"), b"secret")
    assert opened is not None
    assert opened.point() == KEY.point()


def test_a_key_without_its_private_half_signs_nothing() -> None:
    public = sm2.public_from_point(KEY.point())
    assert public is not None
    with pytest.raises(Broken, match=r"key\.invalid"):
        public.sign(b"data")


def test_without_the_library_it_is_said_and_nothing_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere(_name: str) -> None:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", nowhere)
    with pytest.raises(Broken, match=r"key\.sm2_unavailable"):
        sm2._lib.__wrapped__()


def test_a_message_that_an_sm2_key_sealed_verifies() -> None:
    jwk = jwk_of(KEY)
    entry = Key(signer_of(KEY), jwk.kid, SENDER, jwk.algorithm, jwk.x, jwk.y, SENT_AT, None)
    sealed = seal_message(default_lead(), entry.signer)
    found = verify(current("LeadTransfer").open(sealed.body), entry.found, SENT_AT)
    assert found == VerifiedKey(jwk.kid, SENDER)
    assert jwk.algorithm == "SM2-SM3"
    assert b64url(KEY.point()[:32]) == jwk.x
