"""schemas/seal_tree.py, seal_proof.py: a message's digests, and what a copy proves by them."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.avro_reader import Schema
from schemas.avro_values import write_long
from schemas.codec import current
from schemas.inline import schema_of
from schemas.messages import Message
from schemas.parts import Seal
from schemas.seal_leaf import leaf_reader
from schemas.seal_list import leaves_of, leaves_of_copy, root_of_leaves
from schemas.seal_proof import Proof, prove, root_of_copy
from schemas.seal_tree import compiled_tree
from schemas.topics import RECORDS
from tests.any_message import default_lead, default_message, messages

SEED = bytes(range(16))
# A message of any record takes long to make; how long is no matter of these tests.
unhurried = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
any_message = st.sampled_from(sorted(RECORDS)).flatmap(messages)


@unhurried
@given(any_message)
def test_the_leaves_of_any_message_lead_to_its_root(message: Message) -> None:
    codec = current(type(message).__name__)
    data = codec.encode(message)
    leaves = leaves_of(codec.tree, data, SEED)
    assert root_of_leaves(leaves) == codec.tree.root(data, SEED)
    assert not any(path.startswith(("envelope.seal", "envelope.delivery")) for path in leaves)


@unhurried
@given(any_message, st.data())
def test_what_is_masked_anywhere_leaves_the_root_as_it_was(
    message: Message, data: st.DataObject
) -> None:
    codec = current(type(message).__name__)
    body = codec.encode(message)
    leaves = leaves_of(codec.tree, body, SEED)
    hidden = data.draw(st.lists(st.sampled_from(sorted(leaves)), max_size=4, unique=True))
    proof = prove(codec.tree, body, SEED, hidden)
    assert sorted(proof.hidden) == sorted(hidden)
    assert root_of_copy(codec.tree, body, proof, ()) == codec.tree.root(body, SEED)
    assert leaves_of_copy(codec.tree, body, proof, ()) == leaves


two_of_a_record = st.sampled_from(sorted(RECORDS)).flatmap(
    lambda record: st.tuples(messages(record), messages(record))
)


@unhurried
@given(two_of_a_record)
def test_two_messages_of_a_record_have_one_root_only_if_they_are_one(
    both: tuple[Message, Message],
) -> None:
    one, other = both
    roots = [
        current(type(each).__name__).tree.root(current(type(each).__name__).encode(each), SEED)
        for each in (one, other)
    ]
    unsealed = [_plain(each) for each in (one, other)]
    assert (roots[0] == roots[1]) is (unsealed[0] == unsealed[1])


def _plain(message: Message) -> bytes:
    return current(type(message).__name__).to_sign(message).signed_bytes


def test_a_copy_and_a_proof_that_do_not_fit_have_no_leaves() -> None:
    codec = current("Withdrawal")
    body = codec.encode(default_message("withdrawal"))
    proof = prove(codec.tree, body, SEED, ["reason"])
    assert leaves_of_copy(codec.tree, body, proof, ()) is not None
    for wrong in (
        Proof(proof.salts, (), proof.hidden),
        Proof(proof.salts[1:], proof.digests, proof.hidden),
        Proof((*proof.salts, bytes(16)), proof.digests, proof.hidden),
        Proof(proof.salts, proof.digests, ()),
    ):
        assert leaves_of_copy(codec.tree, body, wrong, ()) is None
    assert leaves_of_copy(codec.tree, body, proof, ["reason"]) is None  # it is there


@pytest.mark.parametrize(
    "more",
    [
        "a.b",  # below a leaf
        "b",  # above one
        "b.c.d",
        ".a",  # other words for one that is there
        "a.",
        "[a]",
        "b..c",
        "b[c]",
        "d.0",
        "d[00]",
        "d[0].",
        "d[0]]",
        "d[]",
        "d[-1]",
        "d[\u0660]",  # a nought of another script
        "é",
        "",
        " a",
        "a\n",
    ],
)
def test_a_path_that_no_message_has_beside_the_others_leads_to_no_root(more: str) -> None:
    leaves = {"a": bytes(32), "b.c": bytes(32), "d[0]": bytes(32)}
    assert root_of_leaves(leaves) is not None
    assert root_of_leaves({**leaves, more: bytes(32)}) is None
    assert root_of_leaves({more: bytes(32), **leaves}) is None


def test_salts_of_a_part_follow_from_that_of_the_whole_and_differ() -> None:
    codec = current("LeadTransfer")
    body = codec.encode(default_lead())
    assert len(set(leaves_of(codec.tree, body, SEED).values())) == len(
        leaves_of(codec.tree, body, SEED)
    )
    other = leaves_of(codec.tree, body, bytes(16))
    assert not set(other.values()) & set(leaves_of(codec.tree, body, SEED).values())


@pytest.mark.parametrize(
    ("schema", "data", "text"),
    [
        ("boolean", b"\x00", b"false"),
        ("boolean", b"\x01", b"true"),
        ("long", 2**53 - 1, b"9007199254740991"),
        ("long", 2**53, b'"9007199254740992"'),
        ("long", -(2**53), b'"-9007199254740992"'),
        ("int", -1, b"-1"),
        ({"type": "int", "logicalType": "date"}, -719162, b'"0001-01-01"'),
        ({"type": "long", "logicalType": "timestamp-millis"}, 0, b'"1970-01-01T00:00:00.000Z"'),
        ({"type": "long", "logicalType": "timestamp-millis"}, -1, b'"1969-12-31T23:59:59.999Z"'),
        ({"type": "string", "avro.java.string": "String"}, b"\x02a", b'"a"'),
    ],
)
def test_a_leaf_is_its_json(schema: Schema, data: bytes | int, text: bytes) -> None:
    if isinstance(data, int):
        out = bytearray()
        write_long(data, out)
        data = bytes(out)
    assert leaf_reader(schema)(data, 0) == (text, len(data))


def test_a_long_text_is_read_whole() -> None:
    out = bytearray()
    write_long(1_000, out)
    assert leaf_reader("string")(bytes(out) + b"x" * 1_000, 0)[0] == b'"' + b"x" * 1_000 + b'"'


def test_every_schema_has_a_tree_of_what_is_sealed() -> None:
    for record in RECORDS:
        tree = compiled_tree(schema_of(record))
        envelope = tree.parts[-1].node
        assert tree.parts[-1].name == b"envelope"
        names = {part.name for part in envelope.parts}
        assert names.isdisjoint({b"delivery", b"seal"})
        assert b"sender" in names
    assert re.fullmatch(r"[A-Za-z0-9_-]*", Seal("").jws)
