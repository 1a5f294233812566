"""schemas/seal_open.py: an opened field against the old seal, and what must not pass for one."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.codec import Codec, current
from schemas.errors import Refusal
from schemas.ids import BUS, OrganCode
from schemas.jwk import b64url
from schemas.messages import Message
from schemas.oversight import FieldsOpened, OpenedField, SealedPart
from schemas.parts import Delivery, Relation
from schemas.seal import VerifiedKey, copied, said, seal_message, verify_copy, vouched
from schemas.seal_form import seed_of
from schemas.seal_list import leaves, leaves_of, root_of_leaves
from schemas.seal_open import extract, sealed_parts, verify_opened
from schemas.seal_tree import leaf_digest
from schemas.topics import RECORDS
from tests.any_message import SENDER, SENT_AT, Key, default_lead, default_message, key, messages

SEED = bytes(range(16))
LEAD = default_lead()
CODEC = current("LeadTransfer")
ENTRY = key("ES256")
BUS_KEY = replace(key("Ed25519"), organ=BUS)
ORIGINAL = CODEC.open(seal_message(LEAD, ENTRY.signer).body)
PHONE, PARTY = "parties[0].name", "parties[0]"
unhurried = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
any_message = st.sampled_from(sorted(RECORDS)).flatmap(messages)


def _keys(kid: str) -> Key | None:
    return ENTRY.found(kid) or BUS_KEY.found(kid)


def opened(*paths: str) -> FieldsOpened:
    """The fields of the lead, as the bus sends them."""
    seal = ORIGINAL.message.envelope.seal
    assert seal is not None
    found = extract(ORIGINAL.tree, ORIGINAL.body, seed_of(seal) or b"", paths)
    told = default_message("fields_opened")
    assert isinstance(told, FieldsOpened)
    return replace(
        told,
        message=LEAD.envelope.message_id,
        author=SENDER,
        message_case=LEAD.envelope.case_id,
        received_at=SENT_AT,
        schema=ORIGINAL.schema,
        fields=tuple(
            OpenedField(each.path, each.value, b64url(each.salt)) for each in found.leaves
        ),
        parts=sealed_parts(found.parts),
        jws=seal.jws,
        envelope=replace(told.envelope, bus=LEAD.envelope.bus, sender=OrganCode(BUS)),
    )


def _code(message: FieldsOpened) -> str | None:
    found = verify_opened(message, _keys)
    return found.code if isinstance(found, Refusal) else None


@pytest.mark.parametrize("path", [PHONE, PARTY, "parties", "violations[0].number", "reason"])
def test_an_opened_field_proves_itself_against_the_seal_that_its_sender_gave(path: str) -> None:
    message = opened(path)
    assert verify_opened(message, _keys) == VerifiedKey(ENTRY.kid, SENDER)
    assert message.fields
    assert all(field.path.startswith(path) for field in message.fields)


def test_it_tells_the_value_and_nothing_of_what_stays_withheld() -> None:
    message = opened("parties[0].uscc")
    assert message.fields is not None
    assert LEAD.parties is not None
    assert [json.loads(field.value or "") for field in message.fields] == [LEAD.parties[0].uscc]
    codec = current("FieldsOpened")
    raw = codec.encode(replace(message, envelope=replace(message.envelope, seal=None)))
    for hidden in (LEAD.parties[0].name, LEAD.reason, LEAD.parties[0].address):
        assert hidden is not None
        assert hidden.encode() not in raw


@unhurried
@given(any_message, st.data())
def test_any_leaves_of_any_message_lead_to_its_root(message: Message, data: st.DataObject) -> None:
    codec = current(type(message).__name__)
    body = codec.encode(message)
    digests = leaves_of(codec.tree, body, SEED)
    paths = data.draw(st.lists(st.sampled_from(sorted(digests)), min_size=1, max_size=4))
    found = extract(codec.tree, body, SEED, [*paths, "nothing.here"])
    assert {leaf.path for leaf in found.leaves} == set(paths)
    assert {path: found.parts[path] for path in paths} == {path: digests[path] for path in paths}
    assert root_of_leaves(found.parts) == codec.tree.root(body, SEED)
    whole = extract(codec.tree, body, SEED, [path.partition(".")[0] for path in paths])
    assert root_of_leaves(whole.parts) == codec.tree.root(body, SEED)


def test_a_path_below_what_is_empty_opens_nothing_and_the_root_stands() -> None:
    lead = replace(LEAD, items=(), disposals=())
    body = CODEC.encode(lead)
    found = extract(CODEC.tree, body, SEED, ["items[0].name", "disposals[3].method"])
    assert found.leaves == ()
    assert root_of_leaves(found.parts) == CODEC.tree.root(body, SEED)


def _fields(message: FieldsOpened, **changes: object) -> FieldsOpened:
    assert message.fields
    field = replace(message.fields[0], **changes)  # type: ignore[arg-type]
    return replace(message, fields=(field, *message.fields[1:]))


def _parts(message: FieldsOpened, *more: SealedPart, less: int = 0) -> FieldsOpened:
    assert message.parts
    return replace(message, parts=(*message.parts[less:], *more))


def _forged(path: str) -> Callable[[FieldsOpened], FieldsOpened]:
    """A field that nobody sealed, with a digest that hangs below, or beside, a sealed one."""

    def forge(message: FieldsOpened) -> FieldsOpened:
        salt = bytes(16)
        digest = leaf_digest(salt, path.encode(), b'"forged"')
        field = OpenedField(path, '"forged"', b64url(salt))
        assert message.fields
        forged = replace(message, fields=(*message.fields, field))
        return _parts(forged, SealedPart(path, b64url(digest)))

    return forge


def _hidden_behind(path: str, other: str) -> Callable[[FieldsOpened], FieldsOpened]:
    """A forged leaf under the path, and the true digest under another word for its place."""

    def forge(message: FieldsOpened) -> FieldsOpened:
        salt, value = bytes(16), '"forged"'
        ours = b64url(leaf_digest(salt, path.encode(), value.encode()))
        parts = [
            part
            for each in message.parts or ()
            for part in (
                (SealedPart(path, ours), replace(each, path=other))
                if each.path == path
                else (each,)
            )
        ]
        assert len(parts) == len(message.parts or ()) + 1
        return _fields(replace(message, parts=tuple(parts)), value=value, salt=b64url(salt))

    return forge


CHANGES: dict[str, Callable[[FieldsOpened], FieldsOpened]] = {
    "another value": lambda m: _fields(m, value='"另一值"'),
    "another path": lambda m: _fields(m, path="parties[0].phone"),
    "another salt": lambda m: _fields(m, salt=b64url(bytes(16))),
    "no salt": lambda m: _fields(m, salt=None),
    "a short salt": lambda m: _fields(m, salt="AAAA"),
    "no value": lambda m: _fields(m, value=None),
    "no field": lambda m: replace(m, fields=()),
    "no part": lambda m: replace(m, parts=None),
    "a part less": lambda m: _parts(m, less=1),
    "a part twice": lambda m: _parts(m, (m.parts or ())[0]),
    "no digest": lambda m: _parts(m, SealedPart("more", "!")),
    "a field below a sealed part": _forged("reason.more"),
    "a field that nobody sealed": _forged("more"),
    "a leaf behind a dot": _hidden_behind(PHONE, f".{PHONE}"),
    "a leaf behind a position": _hidden_behind(PHONE, PHONE.replace("[0]", ".0")),
    "a leaf behind a nought": _hidden_behind(PHONE, PHONE.replace("[0]", "[00]")),
    "another message": lambda m: replace(m, message=m.envelope.message_id),
    "another case": lambda m: replace(m, message_case=m.envelope.case_id),
    "another schema": lambda m: replace(m, schema="0" * 64),
    "no seal": lambda m: replace(m, jws=None),
    "another author": lambda m: replace(m, author=OrganCode("11520203YC0001063F")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_does_not_pass_for_the_sender_s(name: str) -> None:
    assert _code(CHANGES[name](opened(PHONE))) == "seal.invalid"


def test_the_sender_s_key_is_judged_when_the_bus_received_the_original() -> None:
    message = opened(PHONE)
    early = replace(message, received_at=SENT_AT - timedelta(days=4000))
    assert _code(early) == "seal.key_unknown"
    other = replace(ENTRY, organ=OrganCode("11520203YC0001063F"))
    found = verify_opened(message, other.found)
    assert isinstance(found, Refusal)
    assert found.code == "seal.not_the_senders"


def _in_inbox(message: FieldsOpened) -> tuple[Codec, bytes]:
    codec = current("FieldsOpened")
    (body,) = vouched([said(message)], LEAD.envelope.bus, BUS_KEY.signer)
    return codec, body


def test_an_inbox_takes_opened_fields_only_with_both_seals() -> None:
    codec, body = _in_inbox(opened(PHONE))
    found = verify_copy(codec.open(body), _keys, SENT_AT, LEAD.envelope.bus)
    assert found == VerifiedKey(BUS_KEY.kid, BUS)
    codec, body = _in_inbox(CHANGES["another value"](opened(PHONE)))
    found = verify_copy(codec.open(body), _keys, SENT_AT, LEAD.envelope.bus)
    assert isinstance(found, Refusal)  # the bus itself cannot say it in the sender's name
    assert (found.code, found.where) == ("seal.invalid", "fields[0]")


def test_the_opened_digest_is_the_one_that_stood_on_the_redacted_copy() -> None:
    delivery = Delivery(
        OrganCode("11520203YC0001063F"), Relation.COPY_RECIPIENT, None, SENT_AT, ("reason",)
    )
    copy = copied(ORIGINAL, CODEC, delivery, replace(LEAD, reason=None))
    (body,) = vouched([copy], LEAD.envelope.bus, BUS_KEY.signer)
    on_the_copy = leaves(CODEC.open(body))
    assert on_the_copy is not None
    message = opened("reason")
    parts = {part.path: part.digest for part in message.parts or ()}
    assert b64url(on_the_copy["reason"]) == parts["reason"]
