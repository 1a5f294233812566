"""schemas/document.py: what an agency may write, and how each mistake is told to it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import ENCODED_MAX_BYTES, encode
from schemas.document import Target, read
from schemas.errors import Refusal, texts
from schemas.ids import BUS, CaseId, MessageId, case_id_of, derive
from schemas.json_text import DOCUMENT_MAX_BYTES
from schemas.load import default_example
from schemas.messages import LeadTransfer, Message, SignedFor
from schemas.parts import Flow
from schemas.render import to_document
from schemas.sharing import Copy
from tests.any_message import SENDER, SENT_AT, default_message, envelope_defaults

Document = dict[str, Any]
TRANSFER = MessageId(derive("message", "the transfer"))
ANSWERED = Target(TRANSFER, case_id_of(SENDER, TRANSFER), Flow.TRANSFERS)


def _read(
    document: object, snake: str | None = "lead_transfer", *targets: Target
) -> Message | Refusal:
    defaults = envelope_defaults(snake or "lead_transfer")
    if targets:
        defaults = replace(defaults, targets=lambda _: targets)
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read(snake, raw, defaults)


def _found(answer: Message | Refusal) -> tuple[str, str | None]:
    assert isinstance(answer, Refusal)
    assert answer.code in texts()
    return answer.code, answer.where


def _lead(**envelope: object) -> Document:
    document = default_example("lead_transfer")
    document["envelope"] |= envelope
    return document


def _signed_for(**envelope: object) -> Document:
    return default_example("signed_for") | {"envelope": {"in_reply_to": TRANSFER, **envelope}}


# ----------------------------------------------------------------------------- the envelope


def test_what_the_envelope_leaves_out_follows_from_who_sends_what() -> None:
    message = _read(_lead())
    assert isinstance(message, LeadTransfer)
    envelope = message.envelope
    assert (envelope.bus, envelope.sender, envelope.record) == ("test", SENDER, "LeadTransfer")
    assert envelope.message_id == derive("message", "lead_transfer")
    assert envelope.case_id == case_id_of(SENDER, envelope.message_id)
    assert (envelope.flow, envelope.sent_at, envelope.seal) == (Flow.LEADS, SENT_AT, None)


def test_a_reply_goes_to_the_case_and_flow_of_what_it_answers() -> None:
    for named in (TRANSFER, TRANSFER.upper(), "案移[2026]007号"):
        message = _read(_signed_for(in_reply_to=named), "signed_for", ANSWERED)
        assert isinstance(message, SignedFor)
        envelope = message.envelope
        assert envelope.in_reply_to == TRANSFER
        assert (envelope.case_id, envelope.flow) == (ANSWERED.case_id, Flow.TRANSFERS)


def test_ids_in_capitals_are_the_same_ids() -> None:
    own = MessageId(derive("of their own"))
    case = case_id_of(SENDER, own)
    message = _read(_lead(message_id=own.upper(), case_id=case.upper()))
    assert isinstance(message, LeadTransfer)
    assert (message.envelope.message_id, message.envelope.case_id) == (own, case)


def test_a_copy_opens_its_own_case_or_goes_to_that_of_the_request_it_answers() -> None:
    opening = _read(default_example("copy"), "copy")
    assert isinstance(opening, Copy)
    assert opening.envelope.case_id == case_id_of(SENDER, opening.envelope.message_id)
    document = default_example("copy")
    document["envelope"]["in_reply_to"] = TRANSFER
    request = replace(ANSWERED, flow=Flow.COPIES)
    answer = _read(document, "copy", request)
    assert isinstance(answer, Copy)
    assert (answer.envelope.case_id, answer.envelope.flow) == (ANSWERED.case_id, Flow.COPIES)


def test_a_number_is_looked_up_in_its_one_form() -> None:
    asked: list[str] = []

    def targets(named: str) -> tuple[Target, ...]:
        asked.append(named)
        return (ANSWERED,)

    defaults = replace(envelope_defaults("signed_for"), targets=targets)
    read("signed_for", json.dumps(_signed_for(in_reply_to="案移（2026）007 号")).encode(), defaults)
    assert asked == ["案移〔2026〕7号"]


def test_a_number_that_means_several_is_refused_with_their_ids() -> None:
    other = Target(MessageId(derive("b")), CaseId(derive("c")), Flow.LEADS)
    document = _signed_for(in_reply_to="案移〔2026〕7号")
    answer = _read(document, "signed_for", ANSWERED, other)
    assert _found(answer) == ("document_number.ambiguous", "envelope.in_reply_to")
    assert isinstance(answer, Refusal)
    assert answer.detail == f"{TRANSFER}, {other.message_id}"
    document["envelope"]["case_id"] = other.case_id
    chosen = _read(document, "signed_for", ANSWERED, other)
    assert isinstance(chosen, SignedFor)
    assert chosen.envelope.in_reply_to == other.message_id


def test_an_id_that_two_senders_have_used_is_refused_with_the_cases() -> None:
    other = replace(ANSWERED, case_id=CaseId(derive("c")))
    answer = _read(_signed_for(in_reply_to=TRANSFER), "signed_for", ANSWERED, other)
    assert _found(answer) == ("document_number.ambiguous", "envelope.in_reply_to")
    assert isinstance(answer, Refusal)
    cases = (ANSWERED.case_id, other.case_id)
    assert answer.detail == ", ".join(f"{TRANSFER} (case_id {case})" for case in cases)


@pytest.mark.parametrize(
    ("envelope", "code", "where"),
    [
        ({"in_reply_to": None}, "reply.in_reply_to_missing", "envelope.in_reply_to"),
        ({"in_reply_to": 7}, "message.field_invalid", "envelope.in_reply_to"),
        ({"in_reply_to": "昨天那件"}, "document_number.malformed", "envelope.in_reply_to"),
        ({"in_reply_to": "\ud800〔2026〕7号"}, "document_number.malformed", "envelope.in_reply_to"),
        ({"in_reply_to": "案移〔2026〕7号"}, "reply.target_unknown", "envelope.in_reply_to"),
        ({}, "reply.target_unknown", "envelope.in_reply_to"),
    ],
)
def test_a_reply_to_nothing_known_is_refused(envelope: Document, code: str, where: str) -> None:
    defaults = replace(envelope_defaults("signed_for"), targets=lambda _: ())
    answer = read("signed_for", json.dumps(_signed_for(**envelope)).encode(), defaults)
    assert _found(answer) == (code, where)


def test_a_connector_may_name_case_and_flow_of_what_it_holds_itself() -> None:
    defaults = replace(envelope_defaults("signed_for"), targets=lambda _: ())
    document = _signed_for(case_id=ANSWERED.case_id, flow="transfers")
    message = read("signed_for", json.dumps(document).encode(), defaults)
    assert isinstance(message, SignedFor)
    assert message.envelope.case_id == ANSWERED.case_id


@pytest.mark.parametrize(
    ("envelope", "code", "name"),
    [
        ({"bus": "another"}, "seal.other_bus", "bus"),
        ({"bus": ["test"]}, "seal.other_bus", "bus"),
        ({"sender": "11520203YC0002015P"}, "seal.not_the_senders", "sender"),
        ({"record": "CaseTransfer"}, "message.field_invalid", "record"),
        ({"record": {"a": 1}}, "message.unknown_record", "record"),
        ({"case_id": derive("another")}, "message.field_invalid", "case_id"),
        ({"case_id": 5}, "message.field_invalid", "case_id"),
        ({"flow": "transfers"}, "message.field_invalid", "flow"),
        ({"message_id": "7"}, "message.field_invalid", "message_id"),
        ({"message_id": "\ud800"}, "message.field_invalid", "message_id"),
        ({"message_id": 7}, "message.field_invalid", "message_id"),
        ({"document_number": "12"}, "document_number.malformed", "document_number"),
        ({"document_number": 12}, "document_number.malformed", "document_number"),
        ({"sent_at": "昨天"}, "message.field_invalid", "sent_at"),
    ],
)
def test_what_the_envelope_says_must_agree(envelope: Document, code: str, name: str) -> None:
    assert _found(_read(_lead(**envelope))) == (code, f"envelope.{name}")


def test_an_envelope_that_agrees_is_taken_as_given() -> None:
    whole = to_document(default_message("lead_transfer"))
    assert _read(whole, "lead_transfer") == default_message("lead_transfer")


@pytest.mark.parametrize("envelope", [[], "x", 5])
def test_an_envelope_that_is_no_object_is_refused(envelope: object) -> None:
    answer = _read(default_example("lead_transfer") | {"envelope": envelope})
    assert _found(answer) == ("message.field_invalid", "envelope")


# ------------------------------------------------------------------------- which record it is


@pytest.mark.parametrize("name", ["lead_transfer", "LeadTransfer"])
def test_the_document_may_name_its_record(name: str) -> None:
    assert isinstance(_read({"record": name} | _lead(), None), LeadTransfer)
    assert isinstance(_read(_lead(record="LeadTransfer"), None), LeadTransfer)
    assert isinstance(
        _read({"record": "lead_transfer"} | _lead(record="LeadTransfer")), LeadTransfer
    )


@pytest.mark.parametrize(
    ("snake", "document", "code"),
    [
        (None, _lead(), "message.unknown_record"),
        ("love_letter", _lead(), "message.unknown_record"),
        (None, {"record": "love_letter"}, "message.unknown_record"),
        (None, {"record": ["lead_transfer"]}, "message.unknown_record"),
        ("case_transfer", {"record": "lead_transfer"}, "message.field_invalid"),
        ("tick", {}, "message.bus_only"),
        ("case_settled", {}, "message.bus_only"),
    ],
)
def test_a_record_that_is_unknown_contradicted_or_the_bus_s_is_refused(
    snake: str | None, document: Document, code: str
) -> None:
    answer = (
        _read(document, None)
        if snake is None
        else read(snake, json.dumps(document).encode(), envelope_defaults("lead_transfer"))
    )
    assert _found(answer) == (code, "record")


def test_the_bus_writes_its_own_records() -> None:
    raw = json.dumps(default_example("tick")).encode()
    assert not isinstance(read("tick", raw, envelope_defaults("tick", BUS)), Refusal)


# --------------------------------------------------------------------------- bytes and JSON


@pytest.mark.parametrize(
    ("raw", "code", "where"),
    [
        (b"", "message.empty", "$"),
        (b" \r\n\t ", "message.empty", "$"),
        (b"\xef\xbb\xbf", "message.empty", "$"),
        (b'{"a": 1,\n "b" 2}', "message.invalid_json", "line 2, column 6"),
        (b'{"reason": "a', "message.invalid_json", "line 1, column 12"),
        (b'{"reason": "a\x01"}', "message.invalid_json", "line 1, column 14"),
        (b"\0\0\0\0", "message.invalid_json", "line 1, column 1"),
        (b"[]", "message.not_an_object", "$"),
        (b"null", "message.not_an_object", "$"),
        (b'{"pages": NaN}', "message.number_invalid", "NaN"),
        (b'{"pages": -Infinity}', "message.number_invalid", "-Infinity"),
        (b'{"pages": ' + b"9" * 5_000 + b"}", "message.number_invalid", "$"),
        (b'{"reason": "a", "reason": "b"}', "message.key_twice", "reason"),
        (b'{"parties": [{"a b c": 1, "a b c": 1}]}', "message.key_twice", "?"),
        (b"[" * 100_000, "message.too_deep", "$"),
        (b'{"a":' * 100_000, "message.too_deep", "$"),
        ("{}".encode("utf-16"), "message.utf16", "$"),
        ("{}".encode("utf-16-le"), "message.utf16", "$"),
        ("{}".encode("utf-16-be"), "message.utf16", "$"),
        ("{}".encode("utf-32"), "message.utf16", "$"),
        ('{"reason": "理由"}'.encode("gb18030"), "message.not_utf8", "$"),
        (b'{"reason": "\xed\xa0\x80"}', "message.not_utf8", "$"),
        (b"{}" + b" " * DOCUMENT_MAX_BYTES, "message.too_large", "$"),
        (b"a" * 20_000_000, "message.too_large", "$"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_json_is_told_by_its_place(raw: bytes, code: str, where: str) -> None:
    assert _found(_read(raw)) == (code, where)


def test_a_byte_order_mark_is_tolerated() -> None:
    assert isinstance(_read(b"\xef\xbb\xbf" + json.dumps(_lead()).encode()), LeadTransfer)


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_random_bytes_are_refused_with_a_code(raw: bytes) -> None:
    answer = _read(raw)
    if isinstance(answer, Refusal):
        assert answer.code in texts()
    else:  # nothing that chance makes says anything
        assert json.loads(raw) == {}


@given(st.data())
@settings(max_examples=200)
def test_a_document_with_any_bytes_planted_is_read_or_refused_with_a_code(
    data: st.DataObject,
) -> None:
    raw = json.dumps(_lead(), ensure_ascii=False).encode()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 8)))
    planted = data.draw(st.binary(max_size=8) | st.text(max_size=4).map(_escaped))
    answer = _read(raw[:start] + planted + raw[end:])
    if isinstance(answer, Refusal):
        assert _found(answer)[0] in texts()
    else:
        assert encode(answer)


def _escaped(text: str) -> bytes:
    return json.dumps(text)[1:-1].encode()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["number", "place", "kind", "record"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
@settings(max_examples=200)
def test_any_json_in_place_of_any_field_is_read_or_refused(data: st.DataObject) -> None:
    document = _lead()
    holders: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for name in value if isinstance(value, dict) else range(len(value)):
            holders.append((value, name))
            if isinstance(value[name], dict | list):
                walk(value[name])

    walk(document)
    holder, name = data.draw(st.sampled_from(holders))
    holder[name] = data.draw(_json)
    answer = _read(document)
    if isinstance(answer, Refusal):
        assert _found(answer)[0] in texts()
    else:
        assert encode(answer)


def test_an_error_shows_no_value() -> None:
    for name, value in {"pages": "机密的话", "items": [{"number": "机密的话"}]}.items():
        assert "机密" not in repr(_read(_lead() | {name: value}))
    assert "机密" not in repr(_read(_lead() | {"机密的话 " * 3: 1}))


def test_a_message_over_the_encoded_limit_is_refused_before_it_is_sent() -> None:
    attachments = [{"name": "长" * 20_000, "sha256": "0" * 64}] * (ENCODED_MAX_BYTES // 60_000)
    assert isinstance(_read(_lead(attachments=attachments[:-1])), LeadTransfer)
    assert _found(_read(_lead(attachments=attachments)))[0] == "message.too_large"
