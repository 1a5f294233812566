from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from schemas.errors import Broken
from schemas.file_cipher import KEY_BYTES
from schemas.file_key import (
    Claim,
    claim_of,
    encryption_key,
    jwk_of_opener,
    new_opener,
    opener_from_pem,
    opener_to_pem,
    rewrapped,
    unwrap,
    wrap,
)
from schemas.ids import BUS, CaseId, MessageId, OrganCode
from schemas.jwk import b64url
from schemas.parts import Attachment, Envelope, Flow

SENDER, RECEIVER = OrganCode("A" * 18), OrganCode("B" * 18)
CLAIM = Claim("liuzhi-demo", SENDER, MessageId("m-1"), "1" * 64, "2" * 64, 5)
FILE_KEY = bytes(range(32))
AT = datetime(2026, 9, 21, tzinfo=UTC)
OPENER, OTHER = new_opener(), new_opener()
KID, X = jwk_of_opener(OPENER).kid, jwk_of_opener(OPENER).x
OPENERS = {KID: OPENER}


@dataclass(frozen=True)
class Listed:
    """A row of keys.csv."""

    kid: str
    organ: OrganCode = RECEIVER
    algorithm: str = "X25519"
    x: str = ""
    y: str = ""
    valid_from: datetime = AT - timedelta(days=9)
    valid_to: datetime | None = None
    compromised_since: datetime | None = None


def test_whom_a_key_is_wrapped_to_opens_it_and_nobody_else() -> None:
    wrapped = wrap(FILE_KEY, CLAIM, BUS, KID, X)
    assert unwrap(wrapped, CLAIM, BUS, OPENERS) == FILE_KEY
    assert unwrap(wrapped, CLAIM, BUS, {}) is None
    assert unwrap(wrapped, CLAIM, BUS, {KID: OTHER}) is None
    assert wrap(FILE_KEY, CLAIM, BUS, KID, X) != wrapped


@pytest.mark.parametrize(
    "other",
    [
        replace(CLAIM, bus="another"),
        replace(CLAIM, sender=RECEIVER),
        replace(CLAIM, message_id=MessageId("m-2")),
        replace(CLAIM, blob="3" * 64),
        replace(CLAIM, sha256="3" * 64),
        replace(CLAIM, size_bytes=6),
    ],
)
def test_a_wrapped_key_opens_for_its_own_message_sender_and_file_alone(other: Claim) -> None:
    wrapped = wrap(FILE_KEY, CLAIM, BUS, KID, X)
    assert unwrap(wrapped, other, BUS, OPENERS) is None


def test_what_is_wrapped_to_the_bus_does_not_open_as_a_recipients() -> None:
    wrapped = wrap(FILE_KEY, CLAIM, BUS, KID, X)
    assert unwrap(wrapped, CLAIM, RECEIVER, OPENERS) is None


@pytest.mark.parametrize("wrapped", ["", "x", "KID", "KID.", "KID.AAAA", "KID.!", "KID.中"])
def test_what_is_no_wrapped_key_does_not_open(wrapped: str) -> None:
    assert unwrap(wrapped.replace("KID", KID), CLAIM, BUS, OPENERS) is None


def test_what_is_wrapped_and_no_key_of_a_file_does_not_count() -> None:
    assert unwrap(wrap(b"short", CLAIM, BUS, KID, X), CLAIM, BUS, OPENERS) is None


def test_the_bus_wraps_a_key_anew_without_changing_it() -> None:
    recipient = jwk_of_opener(OTHER)
    to = Listed(recipient.kid, x=recipient.x)
    again = rewrapped(wrap(FILE_KEY, CLAIM, BUS, KID, X), CLAIM, OPENERS, to)
    assert again is not None
    assert unwrap(again, CLAIM, RECEIVER, {recipient.kid: OTHER}) == FILE_KEY
    assert rewrapped("no key", CLAIM, OPENERS, to) is None


@pytest.mark.parametrize("x", ["", "AAAA", "no base64url"])
def test_a_directory_s_entry_that_is_no_key_is_ours_to_mend(x: str) -> None:
    with pytest.raises(Broken, match=r"key\.invalid"):
        wrap(FILE_KEY, CLAIM, BUS, KID, x)


def test_the_newest_key_that_is_valid_then_is_an_organ_s() -> None:
    older, newer = Listed("a"), Listed("b", valid_from=AT - timedelta(days=1))
    others = [
        Listed("c", organ=SENDER),
        Listed("d", algorithm="ES256"),
        Listed("e", valid_from=AT + timedelta(seconds=1)),
        Listed("f", valid_from=AT, valid_to=AT),
        Listed("g", valid_from=AT, compromised_since=AT),
    ]
    assert encryption_key([older, newer, *others], RECEIVER, AT) is newer
    ended = replace(newer, valid_to=AT + timedelta(days=1))
    assert encryption_key([older, ended, *others], RECEIVER, AT) is ended
    stolen = replace(ended, compromised_since=AT + timedelta(days=1))
    assert encryption_key([older, stolen, *others], RECEIVER, AT) is older
    assert encryption_key(others, RECEIVER, AT) is None


def test_only_an_attachment_that_is_stored_and_shown_has_a_claim() -> None:
    envelope = Envelope(
        "liuzhi-demo", MessageId("m-1"), CaseId("c"), Flow.LEADS, "Copy", SENDER, AT
    )
    stored = Attachment("a", "b", 5, "2" * 64, "1" * 64, "key")
    assert claim_of(envelope, stored) == CLAIM
    for lacking in ("size_bytes", "sha256", "blob"):
        assert claim_of(envelope, replace(stored, **{lacking: None})) is None


@pytest.mark.parametrize("passphrase", [None, b"a passphrase"])
def test_a_private_key_is_kept_as_pem(passphrase: bytes | None) -> None:
    pem = opener_to_pem(OPENER, passphrase).encode()
    assert jwk_of_opener(opener_from_pem(pem, passphrase)).kid == KID


def test_a_locked_key_needs_its_passphrase() -> None:
    pem = opener_to_pem(OPENER, b"a passphrase").encode()
    for wrong in (None, b"another"):
        with pytest.raises(Broken, match=r"key\.passphrase"):
            opener_from_pem(pem, wrong)


def test_what_is_no_x25519_key_is_refused() -> None:
    other = Ed25519PrivateKey.generate()
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for wrong in (pem, b"no PEM"):
        with pytest.raises(Broken, match=r"key\.invalid"):
            opener_from_pem(wrong, None)


def test_a_public_key_is_named_by_its_thumbprint() -> None:
    jwk = jwk_of_opener(OPENER)
    assert (jwk.algorithm, jwk.y, len(jwk.x)) == ("X25519", "", 43)
    assert jwk.x == b64url(OPENER.public_key().public_bytes_raw())
    assert len(FILE_KEY) == KEY_BYTES


def test_a_claim_is_bound_by_the_text_of_the_specification() -> None:
    """schemas/ATTACHMENTS.md, section 2."""
    expected = (
        f'{{"blob":"{"1" * 64}","bus":"liuzhi-demo","bytes":5,"form":"yichuan-file-key-1",'
        f'"from":"{SENDER}","message":"m-1","sha256":"{"2" * 64}","to":"BUS"}}'
    )
    assert CLAIM.info(BUS) == expected.encode()
