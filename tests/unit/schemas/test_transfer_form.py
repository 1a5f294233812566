"""schemas/transfer_form.py: what a transfer must be by itself (guidance 二(二)2)."""

import json
from dataclasses import replace

import pytest

from schemas.checks import lawful_form
from schemas.document import read
from schemas.load import default_example
from schemas.messages import LeadTransfer
from tests.any_message import default_lead, envelope_defaults
from tests.judged import Document, assert_refused, judged

OTHER = "11520203YC0002015P"


def _officer(certificate: str, organ: str = "11520203YC0001047R") -> dict[str, str]:
    return {"name": "某某", "organ": organ, "certificate": certificate}


@pytest.mark.guidance("二(二)2·1", "refusal transfer.officers_too_few", words="2名以上")
@pytest.mark.parametrize(
    "officers",
    [
        [],
        [_officer("520203991041")],
        [_officer("520203991041"), _officer("520203991041")],
        [_officer("黔B0201"), _officer("黔b0201")],
        [_officer("黔B0201"), _officer(" 黔B 0201 ")],
        [_officer("黔B0201"), _officer("黔\uff22\uff10\uff12\uff10\uff11")],
    ],
    ids=["none", "one", "one twice", "another case", "blanks", "full width"],
)
def test_fewer_than_two_officers_are_too_few_however_they_are_written(
    officers: list[dict[str, str]],
) -> None:
    lead = replace(default_lead(), envelope=replace(default_lead().envelope, officers=None))
    assert_refused(lawful_form(lead), "transfer.officers_too_few", "envelope.officers")
    document = default_example("lead_transfer")
    document["envelope"]["officers"] = officers
    defaults = envelope_defaults("lead_transfer")
    message = read("lead_transfer", json.dumps(document).encode(), defaults)
    assert isinstance(message, LeadTransfer)
    assert_refused(lawful_form(message), "transfer.officers_too_few", "envelope.officers")


def test_two_or_more_officers_of_the_sender_hand_over() -> None:
    more = {"envelope.officers[+]": _officer("520203991043")}
    assert judged("lead_transfer", **more) is None


@pytest.mark.guidance("二(二)2·1", "refusal transfer.officers_foreign", words="移送方应当指定")
def test_no_officer_of_another_organ_hands_over() -> None:
    foreign = {"envelope.officers[+]": _officer("520203992001", OTHER)}
    assert_refused(
        judged("lead_transfer", **foreign),
        "transfer.officers_foreign",
        "envelope.officers[2].organ",
    )


@pytest.mark.guidance("附件1·3", "refusal transfer.addressees_too_many")
@pytest.mark.guidance("附件2·3", "refusal transfer.addressees_too_many")
def test_a_transfer_names_one_addressee_or_none() -> None:
    for addressees in ([], [OTHER]):
        assert judged("case_transfer", **{"envelope.addressees": addressees}) is None
    both = {"envelope.addressees": [OTHER, "11520203YC0002023P"]}
    assert_refused(
        judged("case_transfer", **both), "transfer.addressees_too_many", "envelope.addressees"
    )


@pytest.mark.guidance("二(二)2·2", "refusal transfer.copy_reason_missing", words="原件")
@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        ("violations", [], "transfer.no_violations", "violations"),
        ("violations[0].number", 0, "transfer.violation_numbers", "violations"),
        ("violations[0].act_to", "2026-09-09", "transfer.violation_dates", "violations[0].act_to"),
        (
            "violations[0].found_on",
            "2026-09-09",
            "transfer.violation_dates",
            "violations[0].found_on",
        ),
        ("evidence[1].number", 1, "transfer.evidence_numbers", "evidence"),
        ("evidence[0].number", 0, "transfer.evidence_numbers", "evidence"),
        (
            "evidence[1].copy_reason",
            " ",
            "transfer.copy_reason_missing",
            "evidence[1].copy_reason",
        ),
        ("parties[0].name", None, "message.field_missing", "parties[0].name"),
    ],
)
def test_what_a_transfer_may_not_say_is_refused(
    path: str, value: object, code: str, where: str
) -> None:
    assert_refused(judged("lead_transfer", **{path: value}), code, where)


def test_violations_are_numbered_each_once() -> None:
    violation = default_example("lead_transfer")["violations"][0]
    again = {"violations[+]": violation}
    assert_refused(judged("lead_transfer", **again), "transfer.violation_numbers", "violations")
    assert judged("lead_transfer", **{"violations[+]": violation | {"number": 9}}) is None


@pytest.mark.guidance("附件1·4", "refusal transfer.party_unknown", words="违法主体")
def test_a_party_may_be_unknown_on_a_lead_but_not_on_a_case() -> None:
    assert judged("lead_transfer", parties=[{"kind": "unknown"}]) is None
    assert judged("lead_transfer", parties=None) is None
    for parties in ([], [{"kind": "unknown"}]):
        refusal = judged("case_transfer", parties=parties)
        assert_refused(refusal, "transfer.party_unknown", "parties")


ITEM: Document = {
    "number": 1,
    "name": "样品",
    "unit": "件",
    "quantity": "1",
    "measure": "none",
}
SEIZED = ITEM | {"measure": "seized", "measure_document": "六扣〔2026〕1号"}
DISPOSAL: Document = {
    "item": 1,
    "basis": "《行政处罚法》第五十六条",
    "disposed_on": "2026-09-01",
    "method": "变卖",
    "evidence_kept": "照片",
    "proceeds": "10.00",
}


@pytest.mark.guidance("二(二)2·3", "refusal transfer.item_numbers", words="列出清单")
@pytest.mark.guidance("二(二)2·3", "refusal transfer.measure_document_missing", words="涉案物品")
@pytest.mark.guidance("二(二)2·4", "refusal transfer.disposal_item", words="依法先行处置的涉案物品")
@pytest.mark.parametrize(
    ("items", "disposals", "code", "where"),
    [
        ([ITEM, ITEM], [], "transfer.item_numbers", "items"),
        (
            [SEIZED | {"measure_document": None}],
            [],
            "transfer.measure_document_missing",
            "items[0].measure_document",
        ),
        (
            [SEIZED | {"measure_from": "2026-09-02", "measure_until": "2026-09-01"}],
            [],
            "message.field_invalid",
            "items[0].measure_until",
        ),
        ([ITEM | {"measure": None}], [], "message.field_missing", "items[0].measure"),
        ([ITEM | {"measure": "unknown"}], [], "message.field_invalid", "items[0].measure"),
        ([ITEM | {"quantity": "-1"}], [], "message.field_invalid", "items[0].quantity"),
        ([], [DISPOSAL], "transfer.disposal_item", "disposals[0].item"),
        ([ITEM], [DISPOSAL, DISPOSAL], "transfer.disposal_item", "disposals[1].item"),
        (
            [ITEM],
            [DISPOSAL | {"proceeds": None}],
            "message.field_missing",
            "disposals[0].proceeds",
        ),
        (
            [ITEM],
            [DISPOSAL | {"proceeds": "-0.01"}],
            "message.field_invalid",
            "disposals[0].proceeds",
        ),
    ],
)
def test_an_items_list_that_is_not_true_to_itself_is_refused(
    items: list[Document], disposals: list[Document], code: str, where: str
) -> None:
    assert_refused(judged("case_transfer", items=items, disposals=disposals), code, where)


def test_items_under_a_measure_and_disposed_of_are_lawful_when_told_in_full() -> None:
    second = SEIZED | {"number": 2}
    assert judged("case_transfer", items=[ITEM, second], disposals=[DISPOSAL]) is None
