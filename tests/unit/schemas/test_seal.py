"""schemas/seal.py: what a seal proves, and everything that must not pass for one."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.codec import Tail, current
from schemas.errors import Broken, Malformed, Refusal
from schemas.ids import BUS, OrganCode
from schemas.jwk import b64url, unb64url
from schemas.jws import canonical
from schemas.messages import Message
from schemas.parts import Delivery, Relation, Seal
from schemas.seal import VerifiedKey, check_sender, seal_message, verify
from schemas.seal_tree import PATHS_KNOWN_MAX
from tests.any_message import (
    SENDER,
    SENT_AT,
    Key,
    SteadySigner,
    default_lead,
    default_message,
    key,
    with_delivery,
)

LEAD = default_lead()
CODEC = current("LeadTransfer")
SEED = bytes(range(16))
by_algorithm = pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])


def _verdict(body: bytes, entry: Key, record: str = "LeadTransfer") -> VerifiedKey | Refusal:
    return verify(current(record).open(body), entry.found, SENT_AT)


def _code(found: VerifiedKey | Refusal) -> str | None:
    return found.code if isinstance(found, Refusal) else None


@by_algorithm
def test_a_sealed_message_verifies_and_says_whose_it_is(algorithm: str) -> None:
    entry = key(algorithm)
    sealed = seal_message(LEAD, entry.signer)
    assert _verdict(sealed.body, entry) == VerifiedKey(entry.kid, SENDER)
    assert CODEC.decode(sealed.body) == sealed.message
    assert CODEC.open(sealed.body).content_digest == sealed.content_digest


@pytest.mark.guidance("附件1·16", "refusal seal.invalid")
@pytest.mark.guidance("附件2·14", "refusal seal.invalid")
@pytest.mark.guidance("附件3·7", "refusal seal.invalid")
@by_algorithm
def test_every_bit_of_a_sealed_message_counts(algorithm: str) -> None:
    entry = key(algorithm)
    body = seal_message(default_message("signed_for"), entry.signer).body
    codec = current("SignedFor")
    for position in range(len(body)):
        for bit in range(8):
            changed = bytearray(body)
            changed[position] ^= 1 << bit
            try:
                opened = codec.open(bytes(changed))
            except Malformed:
                continue
            assert isinstance(verify(opened, entry.found, SENT_AT), Refusal), (position, bit)


@pytest.mark.guidance("附件1·15", "refusal seal.missing", words="印章")
@pytest.mark.guidance("附件2·13", "refusal seal.missing", words="印章")
@pytest.mark.guidance("附件3·6", "refusal seal.missing", words="印章")
def test_a_message_without_a_seal_is_refused() -> None:
    assert _code(_verdict(CODEC.encode(LEAD), key("ES256"))) == "seal.missing"


def test_a_seal_does_not_fit_another_message() -> None:
    entry = key("ES256")
    other = replace(LEAD, reason="另有其故")
    assert _code(_verdict(_with(_jws(entry), other), entry)) == "seal.invalid"


def test_the_exchange_s_delivery_leaves_the_sender_s_seal_whole() -> None:
    entry = key("ES256")
    opened = CODEC.open(seal_message(LEAD, entry.signer).body)
    delivery = Delivery(SENDER, Relation.HANDLER, None, SENT_AT)
    assert isinstance(_verdict(with_delivery(CODEC, opened, delivery), entry), VerifiedKey)


def test_a_message_that_is_sealed_again_carries_the_new_seal_only() -> None:
    old, new = key("ES256"), key("Ed25519")
    again = seal_message(seal_message(LEAD, old.signer).message, new.signer)
    assert isinstance(_verdict(again.body, new), VerifiedKey)


def test_an_unknown_key_is_refused() -> None:
    sealed = seal_message(LEAD, key("ES256").signer)
    assert _code(_verdict(sealed.body, key("Ed25519"))) == "seal.key_unknown"


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (timedelta(0), None),
        (timedelta(milliseconds=-1), "seal.key_unknown"),
        (timedelta(days=365, milliseconds=-1), None),
        (timedelta(days=365), "seal.key_unknown"),
    ],
    ids=["its first instant", "before it", "its last instant", "after it"],
)
def test_a_key_is_good_from_its_first_instant_to_before_its_end(
    after: timedelta, code: str | None
) -> None:
    entry = key("ES256")
    opened = CODEC.open(seal_message(LEAD, entry.signer).body)
    assert _code(verify(opened, entry.found, SENT_AT + after)) == code


def test_a_key_without_an_end_goes_on() -> None:
    entry = replace(key("ES256"), valid_to=None)
    opened = CODEC.open(seal_message(LEAD, entry.signer).body)
    assert _code(verify(opened, entry.found, SENT_AT + timedelta(days=9999))) is None


def _jws(
    entry: Key, header: str | None = None, sign: Callable[[bytes], bytes] | None = None
) -> str:
    """Seal LEAD with any header, truly signed: only the header can be at fault."""
    members = {
        "alg": entry.algorithm,
        "kid": entry.kid,
        "schema": CODEC.fingerprint,
        "typ": "yichuan-seal-2",
    }
    first = b64url((header if header is not None else json.dumps(members)).encode())
    signed_bytes = CODEC.to_sign(LEAD).signed_bytes
    envelope = LEAD.envelope
    said_of_it = {
        "bus": envelope.bus,
        "case": envelope.case_id,
        "message": envelope.message_id,
        "root": b64url(CODEC.tree.root(signed_bytes, SEED)),
        "sender": envelope.sender,
    }
    payload = b64url(canonical(said_of_it))
    return f"{first}..{b64url((sign or entry.signer.sign)(f'{first}.{payload}'.encode()))}"


def _with(jws: str, message: Message = LEAD, **seal: Any) -> bytes:
    sealed = replace(message.envelope, seal=Seal(jws, **({"seed": b64url(SEED)} | seal)))
    return CODEC.encode(replace(message, envelope=sealed))


def test_the_order_and_blanks_of_a_header_are_free() -> None:
    entry = key("ES256")
    header = (
        f'{{ "typ": "yichuan-seal-2", "schema": "{CODEC.fingerprint}",'
        f' "alg": "ES256", "kid": "{entry.kid}" }}'
    )
    assert isinstance(_verdict(_with(_jws(entry, header)), entry), VerifiedKey)


def _header(**changes: object) -> str:
    members: dict[str, object] = {
        "alg": "ES256",
        "kid": key("ES256").kid,
        "schema": CODEC.fingerprint,
        "typ": "yichuan-seal-2",
    }
    merged = members | changes
    return json.dumps({name: value for name, value in merged.items() if value is not ...})


@pytest.mark.parametrize(
    "header",
    [
        _header(alg="none"),
        _header(alg="Ed25519"),
        _header(alg="ES256K"),
        _header(alg="es256"),
        _header(alg=None),
        _header(typ="JWT"),
        _header(typ=...),
        _header(schema=current("CaseTransfer").fingerprint),
        _header(schema=...),
        _header(kid=...),
        _header(kid=[key("ES256").kid]),
        _header(crit=["b64"], b64=False),
        _header(jwk={"kty": "EC"}),
        _header(x5u="a"),
        _header()[:-1] + ', "alg": "ES256"}',
        _header()[:-1] + ', "kid": "other"}',
        json.dumps([["alg", "ES256"], ["kid", "k"], ["schema", "s"], ["typ", "t"]]),
        json.dumps([1, 2, 3, 4]),
        '"alg"',
        "[" * 400,
        "",
        "{",
        "\ufeff" + _header(),
    ],
)
def test_a_header_of_other_members_is_refused_though_truly_signed(header: str) -> None:
    entry = key("ES256")
    assert _code(_verdict(_with(_jws(entry, header)), entry)) == "seal.invalid"


def _mangled(change: Callable[[str, str], str]) -> str:
    first, _, last = _jws(key("ES256")).partition("..")
    return change(first, last)


def _other_spare_bits(text: str) -> str:
    """The same bytes to a tolerant decoder: the last character's spare bits are not zero."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = text[:-1] + alphabet[alphabet.index(text[-1]) + 1]
    assert unb64url(changed) is None
    return changed


@pytest.mark.parametrize(
    "jws",
    [
        "",
        "..",
        "a..b",
        _mangled(lambda first, last: f"{first}.{last}"),
        _mangled(lambda first, last: f"{first}...{last}"),
        _mangled(lambda first, last: f"{first}..{last}.."),
        _mangled(lambda first, last: f"{first}..{last}=="),
        _mangled(lambda first, last: f"{first}=..{last}"),
        _mangled(lambda first, last: f"{first}..{_other_spare_bits(last)}"),
        _mangled(lambda first, last: f"{first}..{last[:-2]}"),
        _mangled(lambda first, last: f"{first}..{last}AAAA"),
        _mangled(lambda first, _: f"{first}.."),
        _mangled(lambda first, _: f"{first}..{b64url(bytes(64))}"),
        _mangled(lambda first, last: f" {first}..{last}"),
        _mangled(lambda first, last: f"{first}..{last}\n"),
        _mangled(lambda first, last: f"{first}..{last}" + "A" * 1000),
        "密..封",
        _jws(key("ES256"), sign=key("Ed25519").signer.sign),
    ],
)
def test_a_seal_in_any_other_form_is_refused(jws: str) -> None:
    assert _code(_verdict(_with(jws), key("ES256"))) == "seal.invalid"


def test_the_algorithm_is_the_key_s_not_the_message_s() -> None:
    ours, other = key("ES256"), key("Ed25519")
    claimed = replace(other, kid=ours.kid)
    assert _code(_verdict(_with(_jws(ours)), claimed)) == "seal.invalid"


def test_a_directory_that_answers_with_another_key_is_not_believed() -> None:
    entry = key("ES256")
    opened = CODEC.open(seal_message(LEAD, entry.signer).body)
    found = verify(opened, lambda _: replace(entry, kid="another"), SENT_AT)
    assert _code(found) == "seal.invalid"


@pytest.mark.guidance("附件1·15", "refusal seal.not_the_senders", words="行政机关名称")
@pytest.mark.guidance("附件2·13", "refusal seal.not_the_senders", words="行政机关名称")
@pytest.mark.guidance("附件3·6", "refusal seal.not_the_senders", words="行政机关名称")
def test_the_verified_key_must_be_the_sender_s_and_the_bus_ours() -> None:
    envelope = replace(LEAD.envelope, bus="county", seal=Seal("a..b"))
    owner = VerifiedKey("kid", SENDER)
    stranger = VerifiedKey("kid", OrganCode("11520203YC0002015P"))
    assert check_sender(envelope, owner, "county") is None
    assert _refused(check_sender(envelope, stranger, "county")) == "seal.not_the_senders"
    assert _refused(check_sender(envelope, owner, "city")) == "seal.other_bus"
    as_the_bus = replace(envelope, sender=BUS)
    assert _refused(check_sender(as_the_bus, owner, "county")) == "seal.not_the_senders"


def _refused(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


@pytest.mark.parametrize(
    "seal",
    [
        {"seed": None},
        {"seed": ""},
        {"seed": b64url(SEED[:15])},
        {"seed": b64url(bytes(16))},
        {"seed": "+" * 22},
        {"salts": (b64url(SEED),)},
        {"digests": (b64url(bytes(32)),)},
        {"vouched": "x"},
    ],
)
def test_an_original_has_its_own_seed_and_nothing_that_a_copy_has(seal: dict[str, Any]) -> None:
    assert _code(_verdict(_with(_jws(key("ES256"))), key("ES256"))) is None
    assert _code(_verdict(_with(_jws(key("ES256")), **seal), key("ES256"))) == "seal.invalid"


def test_a_key_is_refused_from_when_it_was_compromised() -> None:
    entry = key("ES256")
    opened = CODEC.open(seal_message(LEAD, entry.signer).body)
    for since, code in (
        (SENT_AT + timedelta(milliseconds=1), None),
        (SENT_AT, "seal.key_compromised"),
        (SENT_AT - timedelta(days=1), "seal.key_compromised"),
    ):
        stolen = replace(entry, compromised_since=since)
        assert _code(verify(opened, stolen.found, SENT_AT)) == code


def test_every_message_has_salts_of_its_own() -> None:
    signer = key("Ed25519").signer
    seeds = {CODEC.open(seal_message(LEAD, signer).body).message.envelope.seal for _ in range(3)}
    assert len({seal.seed for seal in seeds if seal}) == 3
    steady = SteadySigner(signer)
    assert seal_message(LEAD, steady).body == seal_message(LEAD, steady).body


def test_a_list_of_more_records_than_are_kept_ready_is_sealed_to_the_last() -> None:
    assert LEAD.violations is not None
    one, entry = LEAD.violations[0], key("ES256")
    many = tuple(replace(one, number=number) for number in range(1, PATHS_KNOWN_MAX + 3))
    sealed = seal_message(replace(LEAD, violations=many), entry.signer)
    assert _verdict(sealed.body, entry) == VerifiedKey(entry.kid, SENDER)
    last = replace(many[-1], number=many[-1].number + 1)
    envelope = sealed.message.envelope
    other = replace(LEAD, envelope=envelope, violations=(*many[:-1], last))
    assert _code(_verdict(CODEC.encode(other), entry)) == "seal.invalid"


def test_a_seal_that_no_byte_can_hold_is_never_written() -> None:
    plain = CODEC.to_sign(LEAD).signed_bytes
    with pytest.raises(Broken, match=r"message\.unencodable"):
        CODEC.with_tail(plain, Tail(None, Seal("\ud800", "")))
