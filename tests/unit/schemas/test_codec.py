"""schemas/codec.py and the strict reader and writer below it: one message, one byte string."""

import copy
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import avro_values
from schemas.avro_values import ARRAY_MAX, STRING_MAX_BYTES, UNREADABLE, UNWRITABLE, write_long
from schemas.codec import BODY_MAX_BYTES, Codec, compiled, current, encode, frame, unframe
from schemas.errors import Broken, Malformed
from schemas.ids import OrganCode
from schemas.inline import fingerprint_of, schema_of
from schemas.messages import LeadTransfer, Message, Withdrawal
from schemas.parts import Delivery, PartyKind, Relation, Seal
from schemas.topics import RECORDS
from tests.any_message import (
    SENDER,
    SENT_AT,
    default_lead,
    default_message,
    messages,
    with_delivery,
)

Schema = dict[str, Any]

any_message = st.sampled_from(sorted(RECORDS)).flatmap(messages)


@given(any_message)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    codec = current(type(message).__name__)
    assert codec.decode(codec.encode(message)) == message


@given(any_message, st.data())
@settings(max_examples=200)
def test_changed_bytes_are_refused_or_are_the_one_encoding_of_another_message(
    message: Message, data: st.DataObject
) -> None:
    codec = current(type(message).__name__)
    body = bytearray(codec.encode(message))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    changed = _read(codec, bytes(body))
    assert changed is None or codec.encode(changed) == body


@given(st.sampled_from(sorted(RECORDS)), st.binary(max_size=300))
@settings(max_examples=300)
def test_random_bytes_are_malformed_and_nothing_else(record: str, body: bytes) -> None:
    codec = current(record)
    message = _read(codec, body)
    assert message is None or codec.encode(message) == body


def _read(codec: Codec, body: bytes) -> Message | None:
    """Any error but Malformed fails the test."""
    try:
        return codec.decode(body)
    except Malformed:
        return None


@given(any_message)
def test_a_part_of_a_message_is_malformed(message: Message) -> None:
    codec = current(type(message).__name__)
    body = codec.encode(message)
    for end in range(0, len(body), 7):
        with pytest.raises(Malformed, match=r"message\.malformed"):
            codec.decode(body[:end])


def test_trailing_bytes_are_malformed() -> None:
    with pytest.raises(Malformed, match=r"message\.malformed"):
        current("LeadTransfer").decode(encode(default_lead()) + b"\x00")


def test_a_body_over_the_limit_is_not_even_read() -> None:
    with pytest.raises(Malformed, match=r"message\.too_large"):
        current("LeadTransfer").decode(bytes(BODY_MAX_BYTES + 1))


def _long(number: int) -> bytes:
    out = bytearray()
    write_long(number, out)
    return bytes(out)


@pytest.mark.parametrize("number", [0, -1, 63, 64, -65, 2**31, -(2**63), 2**63 - 1])
def test_numbers_take_as_few_bytes_as_they_need(number: int) -> None:
    data = _long(number)
    assert avro_values.read_long(data, 0) == (number, len(data))


@pytest.mark.parametrize(
    ("read", "data", "why"),
    [
        (avro_values.read_long, b"\x80\x00", "zero in two bytes"),
        (avro_values.read_long, b"\x82\x80\x00", "one in three bytes"),
        (avro_values.read_long, b"\xff" * 9 + b"\x02", "over 64 bits"),
        (avro_values.read_long, b"\xff" * 10 + b"\x01", "eleven bytes"),
        (avro_values.read_long, b"\xff" * 900_000, "a number without end"),
        (avro_values.read_int, _long(2**31), "over 32 bits"),
        (avro_values.read_boolean, b"\x03", "a boolean that is neither 0 nor 1"),
        (avro_values.read_string, b"\x01", "a length below zero"),
        (avro_values.read_string, b"\x04\xc3\x28", "no UTF-8"),
        (avro_values.read_string, b"\x06\xed\xa0\x80", "half of a surrogate pair"),
        (avro_values.read_string, b"\x02\x00", "NUL"),
        (
            avro_values.read_string,
            _long(STRING_MAX_BYTES + 1) + b"a" * (STRING_MAX_BYTES + 1),
            "a longer text than any field takes",
        ),
        (avro_values.read_date, _long(10**9), "a day that no calendar has"),
        (avro_values.read_instant, _long(2**62), "an instant that no clock shows"),
        (avro_values.decimal_reader(18, 2), b"\x04\x00\x01", "a decimal with a needless byte"),
        (avro_values.decimal_reader(18, 2), b"\x00", "a decimal of no bytes"),
        (avro_values.decimal_reader(18, 2), _long(900_000) + b"\x7f" * 900_000, "a huge decimal"),
        (avro_values.decimal_reader(4, 2), b"\x04\x27\x10", "five digits where four fit"),
        (avro_values.decimal_reader(18, 2), b"\x04\x27", "a decimal cut off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_form_but_the_canonical_one_is_unreadable(
    read: Callable[[bytes, int], object], data: bytes, why: str
) -> None:
    assert why
    with pytest.raises(UNREADABLE):
        read(data, 0)


def test_a_list_in_blocks_is_malformed() -> None:
    lead = replace(
        default_lead(),
        envelope=replace(default_lead().envelope, addressees=(OrganCode("A"), OrganCode("B"))),
    )
    body = encode(lead)
    one_block, in_two = b"\x04\x02A\x02B\x00", b"\x02\x02A\x02\x02B\x00"
    sized = b"\x03\x08\x02A\x02B\x00"  # a count below zero and the block's size in bytes
    assert one_block in body
    for other in (in_two, sized):
        with pytest.raises(Malformed):
            current("LeadTransfer").decode(body.replace(one_block, other, 1))


def test_a_list_of_more_elements_than_the_limit_is_malformed() -> None:
    addressees = (SENDER,) * (ARRAY_MAX + 1)
    lead = replace(default_lead(), envelope=replace(default_lead().envelope, addressees=addressees))
    with pytest.raises(Malformed):
        current("LeadTransfer").decode(encode(lead))


def test_what_is_signed_is_the_encoding_with_delivery_and_seal_null() -> None:
    lead = default_lead()
    delivery = Delivery(SENDER, Relation.HANDLER, None, SENT_AT)
    full = replace(lead, envelope=replace(lead.envelope, delivery=delivery, seal=Seal("a..b")))
    opened = current("LeadTransfer").open(encode(full))
    assert opened.message == full
    assert opened.signed_bytes == encode(lead)
    assert opened.schema == fingerprint_of("LeadTransfer")


@given(any_message)
def test_writing_and_reading_agree_on_what_is_signed_and_on_the_content(message: Message) -> None:
    codec = current(type(message).__name__)
    opened, to_sign = codec.open(codec.encode(message)), codec.to_sign(message)
    assert opened.signed_bytes == to_sign.signed_bytes
    assert opened.content_digest == to_sign.content_digest


def test_another_sent_at_and_seal_are_the_same_content_and_another_word_is_not() -> None:
    codec = current("LeadTransfer")
    lead = default_lead()
    later = replace(lead.envelope, sent_at=SENT_AT + timedelta(hours=1), seal=Seal("a..b"))
    again, other = replace(lead, envelope=later), replace(lead, reason="另有其故")
    digest = codec.to_sign(lead).content_digest
    assert codec.to_sign(again).content_digest == digest
    assert codec.to_sign(other).content_digest != digest
    content = encode(lead)[: -len(_long(int(SENT_AT.timestamp() * 1000)) + b"\0\0")]
    assert digest == hashlib.sha256(content).hexdigest()


def test_a_copy_is_the_sealed_bytes_with_the_delivery_put_in() -> None:
    codec = current("LeadTransfer")
    sealed = replace(default_lead(), envelope=replace(default_lead().envelope, seal=Seal("a..b")))
    opened = codec.open(encode(sealed))
    delivery = Delivery(SENDER, Relation.HANDLER, "r1", SENT_AT, ("reason",))
    copied = codec.open(with_delivery(codec, opened, delivery))
    assert copied.message.envelope == replace(sealed.envelope, delivery=delivery)
    assert copied.signed_bytes == opened.signed_bytes


def _field(schema: Schema, *path: str) -> Schema:
    """Return a field of the inlined schema, by names; arrays and unions are stepped into."""
    found: Any = schema
    field: Schema = {}
    for name in path:
        while "fields" not in found:
            found = found[1] if isinstance(found, list) else found["items"]
        field = next(field for field in found["fields"] if field["name"] == name)
        found = field["type"]
    return field


def _newer() -> Schema:
    schema = copy.deepcopy(schema_of("LeadTransfer"))
    violations = _field(schema, "violations")["type"][1]["items"]["fields"]
    violations.insert(1, {"name": "weather", "type": ["null", "string"], "default": None})
    place = {"name": "Place", "type": "record", "namespace": "yichuan"}
    place["fields"] = [{"name": "code", "type": "string"}]  # type: ignore[assignment] # a schema's values are str or list
    season = {"name": "Season", "type": "enum", "namespace": "yichuan", "symbols": ["dry", "wet"]}
    place["fields"].append({"name": "season", "type": season})  # type: ignore[attr-defined] # as above
    schema["fields"].insert(0, {"name": "places", "type": ["null", place], "default": None})
    _field(schema, "parties", "kind")["type"]["symbols"].insert(0, "ship")
    _field(schema, "envelope", "seal")["type"][1]["fields"].append(
        {"name": "note", "type": ["null", "string"], "default": None}
    )
    return schema


def test_a_newer_version_is_read_without_what_we_do_not_know() -> None:
    newer = compiled(_newer())
    lead = default_lead()
    sealed = replace(lead, envelope=replace(lead.envelope, seal=Seal("a..b")))
    body = newer.encode(sealed)
    assert newer.decode(body) == sealed
    told = bytearray(body)
    told[:1] = b"\x02\x06abc\x02"  # places, given by the newer writer
    assert newer.decode(bytes(told)) == sealed


def test_a_newer_version_with_a_list_that_we_do_not_know_gets_an_empty_one() -> None:
    schema = copy.deepcopy(schema_of("LeadTransfer"))
    numbers = {"type": "array", "items": {"type": "long"}}
    schema["fields"].insert(0, {"name": "numbers", "type": numbers, "default": []})
    newer = compiled(schema)
    body = newer.encode(default_lead())
    assert body == b"\0" + encode(default_lead())
    told = b"\x04\x02" + b"\xfe" + b"\xff" * 8 + b"\x01" + b"\0"  # [1, 2^63 - 1]
    assert newer.decode(told + body[1:]) == default_lead()


def test_a_newer_version_with_a_number_that_we_cannot_know_is_read_and_never_written() -> None:
    schema = copy.deepcopy(schema_of("LeadTransfer"))
    schema["fields"].insert(0, {"name": "weight", "type": "long", "default": 1})
    newer = compiled(schema)
    opened = newer.open(b"\x02" + encode(default_lead()))
    assert opened.message == default_lead()
    assert with_delivery(newer, opened, Delivery(SENDER, Relation.HANDLER, None, SENT_AT))
    with pytest.raises(Broken, match=r"message\.unencodable"):
        newer.encode(default_lead())


def test_a_record_that_we_do_not_know_is_never_written() -> None:
    schema = _newer()
    places = _field(schema, "places")
    places["type"] = places["type"][1]
    with pytest.raises(Broken, match=r"message\.unencodable"):
        compiled(schema).encode(default_lead())


def test_a_primitive_may_be_written_out_as_java_tools_do() -> None:
    schema = copy.deepcopy(schema_of("LeadTransfer"))
    java = {"type": "string", "avro.java.string": "String"}
    _field(schema, "reason")["type"] = ["null", java]
    other = compiled(schema)
    assert other.decode(other.encode(default_lead())) == default_lead()


@pytest.mark.parametrize("number", [-(2**63), 2**63 - 1])
def test_a_long_takes_64_bits_and_no_more(number: int) -> None:
    out = bytearray()
    avro_values.write_wide(number, out)
    assert avro_values.read_long(bytes(out), 0) == (number, len(out))
    with pytest.raises(UNWRITABLE):
        avro_values.write_wide(number * 2, out)


def test_a_symbol_that_we_do_not_know_is_unknown() -> None:
    newer = compiled(_newer())
    body = newer.encode(default_lead())
    parties_at = 1  # after places; branch, count, kind
    kind_at = parties_at + 2
    ship = body[:kind_at] + b"\x00" + body[kind_at + 1 :]
    message = newer.decode(ship)
    assert isinstance(message, LeadTransfer)
    assert message.parties is not None
    assert message.parties[0].kind is PartyKind.UNKNOWN


def test_an_older_version_is_read_with_our_defaults_and_copied_in_its_own_form() -> None:
    schema = copy.deepcopy(schema_of("LeadTransfer"))
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "legal_basis"]
    _field(schema, "envelope", "delivery")["type"][1]["fields"].pop()  # masked
    older = compiled(schema)
    body = older.encode(default_lead())
    expected = replace(default_lead(), legal_basis=None)
    opened = older.open(body)
    assert opened.message == expected
    delivery = Delivery(SENDER, Relation.HANDLER, None, SENT_AT)
    copied = older.open(with_delivery(older, opened, delivery))
    assert copied.message.envelope.delivery == delivery
    assert copied.signed_bytes == opened.signed_bytes


def _break(change: Callable[[Schema], object]) -> Schema:
    schema = copy.deepcopy(schema_of("Withdrawal"))
    change(schema)
    return schema


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: schema["fields"].reverse(),
        lambda schema: _field(schema, "envelope")["type"]["fields"].reverse(),
        lambda schema: _field(schema, "reason").update(type=["string", "null"]),
        lambda schema: _field(schema, "reason").update(type=["null", "string", "int"]),
        lambda schema: _field(schema, "reason").update(type={"type": "map", "values": "string"}),
        lambda schema: _field(schema, "reason").update(
            type={"type": "record", "name": "Nothing", "fields": []}
        ),
        lambda schema: _field(schema, "envelope", "flow")["type"].update(
            symbols=[f"s{number}" for number in range(65)]
        ),
        lambda schema: _field(schema, "envelope")["type"]["fields"].pop(0),  # bus has no default
    ],
)
def test_a_schema_of_another_kind_is_not_compiled(change: Callable[[Schema], object]) -> None:
    with pytest.raises(Broken, match=r"schema\.unsupported"):
        compiled(_break(change))


@pytest.mark.parametrize(
    "message",
    [
        replace(default_lead(), pages=2**31),
        replace(default_lead(), reason=5),  # type: ignore[arg-type] # that it is no text is the point
        replace(default_lead(), reason="\ud800"),
        replace(default_lead(), items=None, disposals=(None,)),  # type: ignore[arg-type] # as above
        replace(
            default_lead(),
            envelope=replace(default_lead().envelope, sent_at=datetime(2026, 1, 1)),  # noqa: DTZ001 - that it has no zone is the point
        ),
    ],
    ids=["an int too large", "no text", "half a character", "null in a list", "no zone"],
)
def test_what_no_schema_holds_is_our_defect_and_its_text_tells_no_value(message: Message) -> None:
    with pytest.raises(Broken) as raised:
        encode(message)
    assert raised.value.code == "message.unencodable"
    assert str(raised.value).startswith("message.unencodable LeadTransfer ")


def test_decimals_are_never_rounded() -> None:
    write = avro_values.decimal_writer(18, 2)
    for value in (Decimal("0.001"), Decimal(10) ** 16, Decimal("NaN")):
        with pytest.raises(UNWRITABLE):
            write(value, bytearray())


def test_a_codec_writes_its_own_record_only() -> None:
    message = default_message("withdrawal")
    assert isinstance(message, Withdrawal)
    with pytest.raises(Broken, match=r"message\.unencodable"):
        current("LeadTransfer").encode(message)


@given(st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=20))
def test_a_frame_comes_apart_again(schema_id: int, body: bytes) -> None:
    value = frame(schema_id, body)
    assert value[0] == 0
    assert unframe(value) == (schema_id, body)


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0\0\0\1", b"\1\0\0\0\1abc", b"{}      "])
def test_a_value_without_the_frame_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed, match=r"message\.malformed"):
        unframe(value)


def test_times_come_back_in_utc() -> None:
    message = current("LeadTransfer").decode(encode(default_lead()))
    assert message.envelope.sent_at.tzinfo is UTC
