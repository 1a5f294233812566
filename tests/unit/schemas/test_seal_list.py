"""schemas/seal_list.py: the digests that an export carries, and whose word they are."""

from dataclasses import replace

from schemas.codec import Opened, current
from schemas.ids import OrganCode
from schemas.parts import Delivery, Relation, Seal
from schemas.seal import copied, seal_message
from schemas.seal_list import are_the_senders, leaves
from tests.any_message import SENDER, SENT_AT, default_lead, key

LEAD = default_lead()
CODEC = current("LeadTransfer")
ENTRY, OTHER = key("ES256"), key("Ed25519")
ORIGINAL = CODEC.open(seal_message(LEAD, ENTRY.signer).body)
TO_SENDER = Delivery(SENDER, Relation.SENDER, "R-1", SENT_AT, withheld=("reason",))


def _copy(delivery: Delivery) -> Opened:
    return CODEC.open(copied(ORIGINAL, CODEC, delivery, replace(LEAD, reason=None)).body)


def test_an_original_and_a_copy_list_the_same_digests_those_of_what_is_hidden_too() -> None:
    listed = leaves(ORIGINAL)
    assert listed is not None
    assert {"reason", "envelope.sender", "parties[0].name"} <= set(listed)
    assert leaves(_copy(TO_SENDER)) == listed
    assert leaves(_copy(replace(TO_SENDER, withheld=()))) == listed


def test_without_a_seal_or_with_a_proof_of_another_form_nothing_is_listed() -> None:
    assert leaves(CODEC.open(CODEC.encode(LEAD))) is None
    copy = _copy(TO_SENDER).message
    seal = copy.envelope.seal
    assert seal is not None
    for wrong in (
        Seal(seal.jws),
        replace(seal, salts=("AAAA",)),
        replace(seal, digests=("AAAA",)),
        replace(seal, salts=()),
        replace(seal, digests=(*seal.digests, *seal.digests)),
    ):
        envelope = replace(copy.envelope, seal=wrong)
        assert leaves(CODEC.open(CODEC.encode(replace(copy, envelope=envelope)))) is None
    undelivered = replace(copy.envelope, delivery=None)
    assert leaves(CODEC.open(CODEC.encode(replace(copy, envelope=undelivered)))) is None


def test_the_digests_are_the_sender_s_word_as_long_as_none_is_changed() -> None:
    listed = leaves(ORIGINAL)
    assert listed is not None
    assert are_the_senders(listed, ORIGINAL, ENTRY.found)
    assert are_the_senders(listed, _copy(TO_SENDER), ENTRY.found)
    assert not are_the_senders({**listed, "reason": bytes(32)}, ORIGINAL, ENTRY.found)
    assert not are_the_senders({**listed, ".reason": bytes(32)}, ORIGINAL, ENTRY.found)
    assert not are_the_senders(listed, CODEC.open(CODEC.encode(LEAD)), ENTRY.found)


def test_digests_sealed_with_another_s_key_are_not_the_sender_s_word() -> None:
    stranger = replace(OTHER, organ=OrganCode("11520203YC0001063F"))
    sealed = CODEC.open(seal_message(LEAD, stranger.signer).body)
    listed = leaves(sealed)
    assert listed is not None
    assert not are_the_senders(listed, sealed, stranger.found)
