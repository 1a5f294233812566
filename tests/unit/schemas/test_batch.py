"""schemas/batch.py: one signature for many values, each of which stands alone."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from schemas.batch import BATCH_MAX, value_digest, verify_vouched, vouch_for
from schemas.errors import Refusal
from schemas.jwk import b64url
from schemas.jws import VerifiedKey
from tests.any_message import SENT_AT, Key, key

ENTRY = key("Ed25519")
DIGESTS = [value_digest("ab" * 32, bytes([number])) for number in range(20)]


def _found(word: str, digest: bytes, bus: str = "county", entry: Key = ENTRY) -> str | None:
    found = verify_vouched(word, digest, bus, entry.found, SENT_AT, SENT_AT)
    return found.code if isinstance(found, Refusal) else None


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 20])
def test_each_value_of_a_batch_of_any_size_is_vouched_for_and_no_other(size: int) -> None:
    digests = DIGESTS[:size]
    words = vouch_for(digests, "county", ENTRY.signer)
    assert len({word.partition("~")[0] for word in words}) == 1
    for index, word in enumerate(words):
        codes = [_found(word, digest) for digest in DIGESTS]
        assert codes[index] is None
        assert codes.count("seal.invalid") == len(DIGESTS) - 1


def test_a_root_of_two_is_that_of_rfc_9162() -> None:
    words = vouch_for(DIGESTS[:2], "county", ENTRY.signer)
    root = b64url(sha256(b"\x01" + DIGESTS[0] + DIGESTS[1]).digest())
    alone = vouch_for([sha256(b"\x01" + DIGESTS[0] + DIGESTS[1]).digest()], "county", ENTRY.signer)
    assert words[0].endswith(f"~0~2~{b64url(DIGESTS[1])}")
    assert root  # one value alone, of the same root, is another batch: the size is signed
    assert alone[0].partition("~")[0] != words[0].partition("~")[0]


def test_a_batch_is_of_its_bus_and_its_key() -> None:
    (word,) = vouch_for(DIGESTS[:1], "county", ENTRY.signer)
    found = verify_vouched(word, DIGESTS[0], "county", ENTRY.found, SENT_AT, SENT_AT)
    assert found == VerifiedKey(ENTRY.kid, ENTRY.organ)
    assert _found(word, DIGESTS[0], bus="city") == "seal.invalid"
    assert _found(word, DIGESTS[0], entry=key("ES256")) == "seal.key_unknown"


def test_the_key_may_have_ended_since_but_not_have_been_stolen() -> None:
    (word,) = vouch_for(DIGESTS[:1], "county", ENTRY.signer)
    later = SENT_AT + timedelta(days=500)
    for entry, code in (
        (ENTRY, None),
        (replace(ENTRY, compromised_since=later), "seal.key_compromised"),
        (replace(ENTRY, compromised_since=later + timedelta(seconds=1)), None),
    ):
        found = verify_vouched(word, DIGESTS[0], "county", entry.found, SENT_AT, later)
        assert (found.code if isinstance(found, Refusal) else None) == code


@pytest.mark.parametrize(
    "change",
    [
        "",
        "~",
        "{jws}~0~2",
        "{jws}~0~2~{way}~",
        "{jws}~1~2~{way}",
        "{jws}~00~2~{way}",
        "{jws}~-0~2~{way}",
        "{jws}~\u0660~2~{way}",
        "{jws}~0~3~{way}",
        "{jws}~0~1~{way}",
        "{jws}~2~2~{way}",
        "{jws}~0~2~",
        "{jws}~0~2~{way}{way}",
        "{jws}~0~2~{way}=",
        "{jws}~0~2~{half}",
        "{jws}~0~" + str(BATCH_MAX + 1) + "~{way}",
        "{jws}~0~123456789~{way}",
        "{jws}~0~2~{way}" + " " * 3_000,
        "a..b~0~2~{way}",
        "{jws}.~0~2~{way}",
    ],
)
def test_a_word_in_any_other_form_is_no_word(change: str) -> None:
    word = vouch_for(DIGESTS[:2], "county", ENTRY.signer)[0]
    jws, _, _, way = word.split("~")
    assert _found(word, DIGESTS[0]) is None
    changed = change.format(jws=jws, way=way, half=way[:20])
    assert _found(changed, DIGESTS[0]) == "seal.invalid"
