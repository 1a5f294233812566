"""schemas/seal.py: what lies in an inbox, redacted or not, and what must not pass for it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas import seal
from schemas.codec import current
from schemas.errors import Malformed, Refusal
from schemas.ids import BUS, OrganCode
from schemas.messages import LeadTransfer, Message, SignedFor
from schemas.parts import Delivery, Relation, Seal
from schemas.seal import (
    Unvouched,
    VerifiedKey,
    copied,
    said,
    seal_message,
    verify,
    verify_copy,
    vouched,
)
from tests.any_message import SENDER, SENT_AT, Key, default_lead, default_message, key

LEAD = default_lead()
CODEC = current("LeadTransfer")
BUS_NAME = LEAD.envelope.bus
ENTRY = key("ES256")
BUS_KEY = replace(key("Ed25519"), organ=BUS)
OPENED = CODEC.open(seal_message(LEAD, ENTRY.signer).body)
TO = OrganCode("11520203YC0001063F")
HIDES = Delivery(
    TO,
    Relation.COPY_RECIPIENT,
    "R-1",
    SENT_AT,
    withheld=("reason", "envelope.officers[1].certificate"),
    masked=("parties[0].name", "parties[0].uscc"),
)
WHOLE = replace(HIDES, withheld=(), masked=())


def _keys(kid: str) -> Key | None:
    return ENTRY.found(kid) or BUS_KEY.found(kid)


def _shown(**changes: Any) -> LeadTransfer:
    """The lead as the delivery above leaves it."""
    assert LEAD.parties
    assert LEAD.envelope.officers
    party = replace(LEAD.parties[0], name="王**", uscc="9252****")
    officers = (LEAD.envelope.officers[0], replace(LEAD.envelope.officers[1], certificate=None))
    envelope = replace(LEAD.envelope, officers=officers)
    return replace(
        LEAD, reason=None, parties=(party, *LEAD.parties[1:]), envelope=envelope, **changes
    )


def _vouched(copy: Unvouched, signer: Key = BUS_KEY, bus: str = BUS_NAME) -> bytes:
    return vouched([copy], bus, signer.signer)[0]


def _redacted(delivery: Delivery = HIDES, shown: Message | None = None) -> Unvouched:
    return copied(OPENED, CODEC, delivery, shown or _shown())


def _judged(body: bytes, bus: str = BUS_NAME, at: timedelta = timedelta(0)) -> str | None:
    found = verify_copy(CODEC.open(body), _keys, SENT_AT + at, bus)
    return found.code if isinstance(found, Refusal) else None


def test_a_redacted_copy_proves_its_sender_s_word_on_what_it_shows() -> None:
    body = _vouched(_redacted())
    assert verify_copy(CODEC.open(body), _keys, SENT_AT, BUS_NAME) == VerifiedKey(ENTRY.kid, SENDER)
    seal = CODEC.decode(body).envelope.seal
    assert seal is not None
    assert seal.seed is None
    assert OPENED.message.envelope.seal is not None
    assert seal.jws == OPENED.message.envelope.seal.jws
    assert (LEAD.reason or "?").encode() not in body


def test_a_copy_that_shows_all_is_the_sender_s_bytes_with_seed() -> None:
    copy = copied(OPENED, CODEC, WHOLE)
    assert copy.body.startswith(OPENED.signed_bytes[:-2])
    assert _judged(_vouched(copy)) is None


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "redacted"])
def test_every_bit_of_a_copy_counts(whole: bool) -> None:  # noqa: FBT001 - a parameter of the test
    signed_for = default_message("signed_for")
    codec = current("SignedFor")
    opened = codec.open(seal_message(signed_for, replace(ENTRY, organ=SENDER).signer).body)
    sender = opened.message.envelope.sender
    entry = replace(ENTRY, organ=sender)
    delivery = WHOLE if whole else replace(WHOLE, withheld=("signed_by",))
    assert isinstance(opened.message, SignedFor)
    shown = replace(opened.message, signed_by=None)
    body = _vouched(copied(opened, codec, delivery, None if whole else shown))

    def keys(kid: str) -> Key | None:
        return entry.found(kid) or BUS_KEY.found(kid)

    assert isinstance(verify_copy(codec.open(body), keys, SENT_AT, BUS_NAME), VerifiedKey)
    for position in range(len(body)):
        for bit in range(8):
            changed = bytearray(body)
            changed[position] ^= 1 << bit
            try:
                found = verify_copy(codec.open(bytes(changed)), keys, SENT_AT, BUS_NAME)
            except Malformed:
                continue
            assert isinstance(found, Refusal), (position, bit)


@pytest.mark.parametrize(
    ("delivery", "shown"),
    [
        (HIDES, _shown(legal_basis="另有其据")),
        (HIDES, _shown(violations=())),
        (HIDES, _shown(violations=None)),
        (HIDES, replace(LEAD, parties=None)),
        (HIDES, LEAD),
        (HIDES, replace(_shown(), parties=(_shown().parties or ()) * 2)),
    ],
    ids=["another word", "a list emptied", "a list gone", "parties gone", "all shown", "one more"],
)
def test_the_exchange_itself_cannot_change_what_a_copy_shows(
    delivery: Delivery, shown: Message
) -> None:
    assert _judged(_vouched(_redacted(delivery, shown))) == "seal.invalid"


def _relisted(**changes: Any) -> bytes:
    """A copy whose delivery is another than that by which it was made, vouched for all the same."""
    opened = CODEC.open(_vouched(_redacted()))
    seal = opened.message.envelope.seal
    assert seal is not None
    assert opened.message.envelope.delivery is not None
    seal_changes = {
        name: changes.pop(name) for name in ("seed", "salts", "digests") if name in changes
    }
    delivery = replace(opened.message.envelope.delivery, **changes)
    envelope = replace(
        opened.message.envelope,
        delivery=delivery,
        seal=replace(seal, vouched=None, **seal_changes),
    )
    body = CODEC.encode(replace(opened.message, envelope=envelope))
    return _vouched(Unvouched(CODEC.fingerprint, body))


@pytest.mark.parametrize(
    "changes",
    [
        {"withheld": ("reason",)},
        {"withheld": (*HIDES.withheld, "legal_basis")},
        {"withheld": (*HIDES.withheld, "no_such_field")},
        {"withheld": (*HIDES.withheld, *HIDES.masked), "masked": ()},
        {"masked": ()},
        {"masked": (*HIDES.masked, "parties[0].kind.deeper")},
        {"withheld": (), "masked": ()},
        {"seed": "AAECAwQFBgcICQoLDA0ODw"},
        {"salts": ()},
        {"digests": ()},
        {"salts": ("AA",)},
        {"digests": ("+",)},
    ],
)
def test_a_copy_lists_exactly_what_it_does_not_show(changes: dict[str, Any]) -> None:
    assert _judged(_relisted()) is None
    assert _judged(_relisted(**changes)) == "seal.invalid"


def test_salts_and_digests_are_all_used() -> None:
    seal = CODEC.decode(_vouched(_redacted())).envelope.seal
    assert seal is not None
    for name in ("salts", "digests"):
        more = (*getattr(seal, name), "A" * 43 if name == "digests" else "A" * 21 + "A")
        assert _judged(_relisted(**{name: more})) == "seal.invalid"


def test_an_empty_list_that_is_withheld_shows_nothing() -> None:
    empty = replace(LEAD, violations=())
    opened = CODEC.open(seal_message(empty, ENTRY.signer).body)
    delivery = replace(WHOLE, withheld=("violations",))
    body = _vouched(copied(opened, CODEC, delivery, empty))
    assert _judged(body) is None


def test_what_is_listed_without_a_position_or_was_not_given_is_listed_as_it_is_there() -> None:
    parties = tuple(replace(each, address=None) for each in (LEAD.parties or ()) * 2)
    lead = replace(LEAD, parties=parties)
    opened = CODEC.open(seal_message(lead, ENTRY.signer).body)
    delivery = replace(WHOLE, withheld=("parties[].name", "parties[].address", "nothing.here"))
    shown = replace(lead, parties=tuple(replace(each, name=None) for each in parties))
    body = _vouched(copied(opened, CODEC, delivery, shown))
    assert _judged(body) is None
    found = CODEC.decode(body).envelope.delivery
    assert found is not None
    assert found.withheld == ("parties[0].name", "parties[1].name")
    gone = replace(WHOLE, withheld=("parties[].address",))
    whole = CODEC.decode(_vouched(copied(opened, CODEC, gone, lead)))
    assert whole.envelope.delivery is not None
    assert whole.envelope.delivery.withheld == ()


def test_twice_the_hidden_paths_are_no_more_than_twice_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work: list[int] = []

    def counted(paths: Iterable[str]) -> frozenset[str]:
        found = frozenset(paths)
        work.append(len(found))
        return found

    monkeypatch.setattr(seal, "frozenset", counted, raising=False)
    for many in (50, 100):
        parties = (LEAD.parties or ())[:1] * many
        lead = replace(LEAD, parties=parties)
        opened = CODEC.open(seal_message(lead, ENTRY.signer).body)
        masked = tuple(f"parties[{index}].name" for index in range(many))
        delivery = replace(WHOLE, masked=masked, withheld=("parties[].uscc",))
        shown = tuple(replace(each, name="王**", uscc=None) for each in parties)
        body = _vouched(copied(opened, CODEC, delivery, replace(lead, parties=shown)))
        assert _judged(body) is None
        assert sum(work) <= 4 * many
        work.clear()


def test_a_withheld_list_does_not_tell_how_much_there_was() -> None:
    sizes = set()
    for parties in (LEAD.parties, (LEAD.parties or ()) * 50):
        lead = replace(LEAD, parties=parties)
        opened = CODEC.open(seal_message(lead, ENTRY.signer).body)
        delivery = replace(WHOLE, withheld=("parties",))
        copy = copied(opened, CODEC, delivery, replace(lead, parties=None))
        assert _judged(_vouched(copy)) is None
        seal = CODEC.decode(copy.body).envelope.seal
        assert seal is not None
        sizes.add((len(seal.salts[0]), len(seal.digests[0])))
    assert len(sizes) == 1


def test_only_the_bus_vouches_and_for_its_own_bus() -> None:
    assert _judged(_vouched(_redacted(), ENTRY)) == "seal.not_the_senders"
    assert _judged(_vouched(_redacted(), bus="another")) == "seal.invalid"
    found = verify_copy(CODEC.open(_vouched(_redacted())), _keys, SENT_AT, "another")
    assert found == Refusal("seal.other_bus", where="envelope.bus")
    assert _judged(_redacted().body) == "seal.not_vouched"
    assert _judged(CODEC.encode(LEAD)) == "seal.missing"


def test_nobody_else_s_seal_stands_on_a_copy() -> None:
    other = CODEC.open(seal_message(LEAD, BUS_KEY.signer).body)
    body = _vouched(copied(other, CODEC, WHOLE))
    assert _judged(body) == "seal.not_the_senders"


def test_what_the_exchange_delivers_is_no_message_for_a_flow_and_the_other_way_round() -> None:
    body = _vouched(copied(OPENED, CODEC, WHOLE))
    found = verify(CODEC.open(body), _keys, SENT_AT)
    assert isinstance(found, Refusal)
    assert found.code == "seal.invalid"
    assert _judged(OPENED.body) == "seal.not_vouched"
    original = Unvouched(CODEC.fingerprint, OPENED.body)
    assert _judged(_vouched(original)) == "seal.not_the_senders"  # without a delivery


def test_what_the_bus_says_stands_by_its_own_word() -> None:
    receipt = default_message("accepted")
    codec = current("Accepted")
    (body,) = vouched([said(receipt)], receipt.envelope.bus, BUS_KEY.signer)
    found = verify_copy(codec.open(body), _keys, SENT_AT, receipt.envelope.bus)
    assert found == VerifiedKey(BUS_KEY.kid, BUS)
    opened = codec.open(body)
    as_another = replace(opened.message.envelope, sender=SENDER, seal=Seal(""))
    forged = codec.encode(replace(opened.message, envelope=as_another))
    (body,) = vouched([Unvouched(codec.fingerprint, forged)], receipt.envelope.bus, BUS_KEY.signer)
    refused = verify_copy(codec.open(body), _keys, SENT_AT, receipt.envelope.bus)
    assert isinstance(refused, Refusal)


def test_a_copy_is_judged_as_of_when_the_exchange_had_it_but_never_by_a_compromised_word() -> None:
    body = _vouched(_redacted())
    late = timedelta(days=400)  # both keys ended after a year
    assert _judged(body, at=late) is None
    stolen = replace(BUS_KEY, compromised_since=SENT_AT + timedelta(days=10))

    def keys(kid: str) -> Key | None:
        return ENTRY.found(kid) or stolen.found(kid)

    for after, code in ((timedelta(days=9), None), (timedelta(days=10), "seal.key_compromised")):
        found = verify_copy(CODEC.open(body), keys, SENT_AT + after, BUS_NAME)
        assert (found.code if isinstance(found, Refusal) else None) == code


def test_values_of_one_batch_carry_one_signature_and_stand_alone() -> None:
    copies = [copied(OPENED, CODEC, WHOLE), _redacted(), said(default_lead())]
    bodies = vouched(copies, BUS_NAME, BUS_KEY.signer)
    words = [CODEC.decode(body).envelope.seal for body in bodies]
    assert len({word.vouched.partition("~")[0] for word in words if word and word.vouched}) == 1
    assert [_judged(body) for body in bodies[:2]] == [None, None]
    assert vouched([], BUS_NAME, BUS_KEY.signer) == ()
