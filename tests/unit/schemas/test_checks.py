"""schemas/checks.py: each rule of lawful form, with what it refuses and what it lets through."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.checks import lawful_form
from schemas.errors import Refusal, texts
from schemas.ids import CaseId, MessageId
from schemas.inline import schema_of
from schemas.messages import CaseSettled, Message
from schemas.parts import (
    Attachment,
    Delivery,
    Envelope,
    EvidenceKind,
    Flow,
    Item,
    Measure,
    Relation,
    Secrecy,
)
from schemas.topics import BY_SNAKE, RECORDS, Author
from tests.any_message import SENDER, SENT_AT, default_lead, default_message
from tests.any_message import messages as any_of
from tests.judged import Document, assert_refused, judged

OTHER = "11520203YC0002015P"


@pytest.mark.parametrize("snake", BY_SNAKE)
def test_the_default_example_of_every_record_is_lawful(snake: str) -> None:
    assert lawful_form(default_message(snake)) is None


@given(st.sampled_from(sorted(RECORDS)).flatmap(any_of))
@settings(max_examples=100)
def test_any_message_is_judged_with_a_known_code(message: Message) -> None:
    refusal = lawful_form(message)
    assert refusal is None or refusal.code in texts()


# ---------------------------------------------------------------------------- the envelope


def _enveloped(snake: str, **changes: Any) -> Refusal | None:
    message = default_message(snake)
    envelope: Envelope = replace(message.envelope, **changes)
    return lawful_form(replace(message, envelope=envelope))


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"secrecy": Secrecy.SECRET}, "secrecy.may_not_travel", "envelope.secrecy"),
        ({"secrecy": Secrecy.CONFIDENTIAL}, "secrecy.may_not_travel", "envelope.secrecy"),
        ({"secrecy": Secrecy.TOP_SECRET}, "secrecy.may_not_travel", "envelope.secrecy"),
        ({"secrecy": Secrecy.UNKNOWN}, "secrecy.may_not_travel", "envelope.secrecy"),
        (
            {"delivery": Delivery(SENDER, Relation.HANDLER, None, SENT_AT)},
            "message.delivery_filled",
            "envelope.delivery",
        ),
        ({"record": "CaseTransfer"}, "message.field_invalid", "envelope.record"),
        ({"flow": Flow.TRANSFERS}, "message.misrouted", "envelope.flow"),
        ({"message_id": MessageId("7")}, "message.field_invalid", "envelope.message_id"),
        ({"case_id": CaseId("A" * 36)}, "message.field_invalid", "envelope.case_id"),
        ({"in_reply_to": MessageId("")}, "message.field_invalid", "envelope.in_reply_to"),
        (
            {"document_number": "案移[2026]12号"},
            "document_number.malformed",
            "envelope.document_number",
        ),
        (
            {"document_number": "案移〔2026〕012号"},
            "document_number.malformed",
            "envelope.document_number",
        ),
        ({"document_number": None}, "message.field_missing", "envelope.document_number"),
        ({"document_number": " "}, "document_number.malformed", "envelope.document_number"),
        ({"addressees": (SENDER, SENDER)}, "message.field_invalid", "envelope.addressees"),
        (
            {"attachments": (Attachment("a", "b", 1, "A" * 64),)},
            "message.field_invalid",
            "envelope.attachments[0].sha256",
        ),
        (
            {"attachments": (Attachment("a", "b", -1, "0" * 64),)},
            "message.field_invalid",
            "envelope.attachments[0].size_bytes",
        ),
        (
            {"attachments": (Attachment(None, "b", 1, "0" * 64),)},
            "message.field_missing",
            "envelope.attachments[0].name",
        ),
    ],
)
def test_an_envelope_that_may_not_stand_is_refused(
    changes: dict[str, Any], code: str, where: str
) -> None:
    assert_refused(_enveloped("lead_transfer", **changes), code, where)


def test_secrecy_is_looked_at_before_anything_else() -> None:
    refusal = _enveloped("lead_transfer", secrecy=Secrecy.SECRET, record="?", officers=None)
    assert_refused(refusal, "secrecy.may_not_travel", "envelope.secrecy")


def test_a_whole_attachment_travels() -> None:
    attachment = Attachment("照片.zip", "application/zip", 0, "0" * 64)
    assert _enveloped("lead_transfer", attachments=(attachment,)) is None


REPLIES = [
    snake
    for snake, record in BY_SNAKE.items()
    if record.author is Author.ORGAN and not record.opens
]


@pytest.mark.parametrize("snake", [*REPLIES, "case_settled"])
def test_a_message_of_an_open_case_says_what_it_answers(snake: str) -> None:
    assert_refused(
        _enveloped(snake, in_reply_to=None),
        "reply.in_reply_to_missing",
        "envelope.in_reply_to",
    )


def test_a_reply_may_lie_on_any_flow() -> None:
    for flow in Flow:
        assert _enveloped("filing_reply", flow=flow) is None


# ----------------------------------------------------------------- what the schemas require


def _required_paths() -> list[tuple[str, str]]:
    return [
        (snake, field["name"])
        for snake, record in BY_SNAKE.items()
        for field in _fields(record.name)
        if field.get("intake") == "required" and field["name"] != "envelope"
    ]


def _fields(record: str) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = schema_of(record)["fields"]
    return fields


@pytest.mark.parametrize(("snake", "name"), _required_paths())
def test_every_required_field_left_out_is_refused(snake: str, name: str) -> None:
    assert_refused(judged(snake, **{name: None}), "message.field_missing", name)


@pytest.mark.parametrize("blank", ["", " ", "\u3000", "\n\t"])
def test_a_blank_text_is_not_given(blank: str) -> None:
    assert_refused(judged("lead_transfer", reason=blank), "message.field_missing", "reason")


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("violations[0].cause", None, "message.field_missing"),
        ("violations[0].found_on", None, "message.field_missing"),
        ("violations[0].matter", " ", "message.field_missing"),
        ("violations[0].place", "52020310200", "message.field_invalid"),
        ("violations[0].place", "五二〇二〇三一〇二〇〇〇", "message.field_invalid"),
        ("contact.phone", None, "message.field_missing"),
        ("evidence[0].original", None, "message.field_missing"),
        ("evidence[0].kind", "unknown", "message.field_invalid"),
        ("evidence[1].sha256", "abc", "message.field_invalid"),
        ("source.kind", "unknown", "message.field_invalid"),
        ("pages", -1, "message.field_invalid"),
        ("evidence[0].pages", -1, "message.field_invalid"),
        ("envelope.officers[1].certificate", None, "message.field_missing"),
        ("envelope.officers[0].name", " ", "message.field_missing"),
        ("violations[0].act_to", "9999-12-31", "message.field_invalid"),  # "for ever"
        ("violations[0].act_to", "2200-01-01", "message.field_invalid"),
        ("violations[0].act_from", "1899-12-31", "message.field_invalid"),
    ],
)
def test_a_fault_inside_a_part_is_named_by_its_path(path: str, value: object, code: str) -> None:
    assert_refused(judged("lead_transfer", **{path: value}), code, path)


@pytest.mark.parametrize(
    ("path", "day"),
    [("violations[0].act_from", "1900-01-01"), ("violations[0].act_to", "2199-12-31")],
)
def test_a_day_from_which_a_deadline_can_be_counted_is_taken(path: str, day: str) -> None:
    assert judged("lead_transfer", **{path: day}) is None


@pytest.mark.parametrize("year", [1899, 2200, 9998])
def test_an_instant_that_is_none_of_our_time_is_refused(year: int) -> None:
    at = f"{year}-06-01T00:00:00+08:00"
    assert_refused(judged("joint_plan", ends_at=at), "message.field_invalid", "ends_at")


def test_an_empty_list_of_items_is_an_answer() -> None:
    assert judged("lead_transfer", items=[], disposals=[]) is None


# -------------------------------------------------------------------------------- the reply

FILED: Document = {"number": 1, "filed": True, "case_number": "岩案1", "filed_on": "2026-10-01"}
NOT_FILED: Document = {"number": 2, "filed": False, "ground": "no_facts", "reasons": "查无实据"}


@pytest.mark.guidance("二(二)2·5", "refusal filing.reasons_missing", words="不予立案的书面说明理由")
@pytest.mark.guidance("二(二)3·1", "refusal filing.use_objection", words="不属于本机关管辖")
@pytest.mark.guidance("附件3·5", "refusal filing.ground_missing", words="不予立案原因是")
@pytest.mark.guidance("附件3·5", "refusal filing.case_number_missing", words="立案查处")
@pytest.mark.parametrize(
    ("answers", "code", "where"),
    [
        ([], "filing.answers_empty", "answers"),
        ([FILED, FILED], "filing.answer_numbers", "answers"),
        ([FILED | {"number": 0}], "filing.answer_numbers", "answers"),
        ([FILED | {"case_number": " "}], "filing.case_number_missing", "answers[0].case_number"),
        ([FILED | {"filed_on": None}], "filing.filed_on_missing", "answers[0].filed_on"),
        ([FILED | {"ground": "other"}], "filing.contradictory", "answers[0].ground"),
        ([FILED | {"ground": "unknown"}], "message.field_invalid", "answers[0].ground"),
        ([NOT_FILED | {"ground": None}], "filing.ground_missing", "answers[0].ground"),
        (
            [FILED, NOT_FILED | {"reasons": "\u200b"}],
            "filing.reasons_missing",
            "answers[1].reasons",
        ),
        ([FILED, NOT_FILED | {"reasons": None}], "filing.reasons_missing", "answers[1].reasons"),
        (
            [FILED, NOT_FILED | {"reasons": "\u3000"}],
            "filing.reasons_missing",
            "answers[1].reasons",
        ),
        ([NOT_FILED | {"ground": "not_ours"}], "filing.use_objection", "answers[0].ground"),
        (
            [NOT_FILED | {"ground": "not_ours", "reasons": None}],
            "filing.use_objection",
            "answers[0].ground",
        ),
        ([NOT_FILED | {"filed_on": "2026-10-01"}], "filing.contradictory", "answers[0].filed_on"),
    ],
)
def test_a_reply_that_does_not_answer_is_refused(
    answers: list[Document], code: str, where: str
) -> None:
    assert_refused(judged("filing_reply", answers=answers), code, where)


def test_one_filed_and_one_not_is_an_answer() -> None:
    assert judged("filing_reply", answers=[FILED, NOT_FILED]) is None
    elsewhere = NOT_FILED | {"ground": "already_handled", "linked_case": "岩案9"}
    assert judged("filing_reply", answers=[elsewhere]) is None


def test_what_was_received_is_counted_from_nought() -> None:
    assert judged("filing_reply", pages_received=0) is None
    assert_refused(
        judged("filing_reply", pages_received=-1), "message.field_invalid", "pages_received"
    )


# ------------------------------------------------------------------------------- the others


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"corrections": []}, "correction.empty", "corrections"),
        ({"corrections": [{"number": 1}]}, "correction.empty", "corrections[0]"),
        (
            {"corrections": [{"number": 1, "place": "5202"}]},
            "message.field_invalid",
            "corrections[0].place",
        ),
        (
            {"corrections": [{"number": 1, "matter": "A"}, {"number": 1, "matter": "B"}]},
            "transfer.violation_numbers",
            "corrections",
        ),
        (
            {"envelope.addressees": [OTHER, "11520203YC0002023P"]},
            "transfer.addressees_too_many",
            "envelope.addressees",
        ),
    ],
)
def test_a_correction_that_puts_nothing_right_is_refused(
    changes: Document, code: str, where: str
) -> None:
    assert_refused(judged("correction", **changes), code, where)


def test_a_correction_of_the_addressee_alone_is_one() -> None:
    assert judged("correction", corrections=[], **{"envelope.addressees": [OTHER]}) is None


def test_a_penalty_names_its_penalties() -> None:
    none_listed = judged("outcome_feedback", outcome="penalty", penalties=[])
    assert_refused(none_listed, "outcome.penalties_missing", "penalties")
    not_given = judged("outcome_feedback", outcome="penalty", penalties=None)
    assert_refused(not_given, "outcome.penalties_missing", "penalties")
    fine = [{"kind": "罚款", "amount": "500.00"}]
    assert judged("outcome_feedback", outcome="penalty", penalties=fine) is None
    assert judged("outcome_feedback", outcome="no_penalty", penalties=None) is None


@pytest.mark.parametrize(
    ("snake", "path"),
    [("case_progress", "stage"), ("outcome_feedback", "outcome"), ("case_settled", "action")],
)
def test_a_symbol_of_a_newer_version_is_no_answer(snake: str, path: str) -> None:
    message = default_message(snake)
    unknown = type(getattr(message, path)).UNKNOWN
    changed: Message = replace(message, **{path: unknown})
    assert_refused(lawful_form(changed), "message.field_invalid", path)


def test_unknown_kinds_deep_inside_are_found_in_what_came_over_the_wire() -> None:
    lead = default_lead()
    assert lead.evidence is not None
    unknown = replace(lead.evidence[0], kind=EvidenceKind.UNKNOWN)
    refusal = lawful_form(replace(lead, evidence=(unknown,)))
    assert_refused(refusal, "message.field_invalid", "evidence[0].kind")
    item = Item(1, "样品", None, "件", None, measure=Measure.NONE)
    assert_refused(
        lawful_form(replace(lead, items=(item,))), "message.field_missing", "items[0].quantity"
    )


def test_the_bus_s_own_records_are_held_to_their_form_too() -> None:
    settled = default_message("case_settled")
    assert isinstance(settled, CaseSettled)
    strange = replace(settled, envelope=replace(settled.envelope, record="Tick"))
    assert_refused(lawful_form(strange), "message.field_invalid", "envelope.record")
    assert lawful_form(settled) is None
