from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.database.map import (
    OutRow,
    Status,
    id_of,
    in_values,
    out_row,
    record_of,
    refused_values,
    sent_values,
    sm3_of,
    taken_values,
    unfitness,
)
from schemas.json_text import DOCUMENT_MAX_BYTES
from tests.agency_home import lead

REASON = {
    "code": "message.invalid_json",
    "where": "$",
    "detail": "line 1",
    "zh": "不是",
    "en": "is not",
    "remedy_zh": "重新导出",
    "remedy_en": "export again",
}


def row(**changes: object) -> OutRow:
    values = {"id": 7, "retry": 0, "biz_type": "XSYS", "payload": "{}", "length": 2, "sm3": None}
    values |= {"biz_key": None}
    return out_row(list((values | changes).values()))


def test_sm3_is_the_one_of_the_standard() -> None:
    assert sm3_of(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_a_retry_is_a_place_of_its_own() -> None:
    assert (row().place, row(retry=2).place) == ("7", "7#2")
    assert id_of("7#2") == id_of("7") == 7


def test_another_record_or_payload_is_another_message() -> None:
    digests = {row().digest, row(biz_type="AJYS").digest, row(payload="[]").digest}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"payload": None, "length": 0}, "row.payload_missing"),
        ({"payload": "", "length": 0}, "row.payload_missing"),
        ({"payload": None, "length": DOCUMENT_MAX_BYTES + 1}, "message.too_large"),
        ({"sm3": "0" * 64}, "row.digest_mismatch"),
        ({"sm3": "长"}, "row.digest_mismatch"),
    ],
)
def test_a_row_without_a_document_is_refused(changes: dict[str, object], code: str) -> None:
    refusal = unfitness(row(**changes))
    assert refusal is not None
    assert refusal.code == code


def test_a_right_digest_passes_in_either_case() -> None:
    assert unfitness(row(sm3=f" {sm3_of(b'{}').upper()} ")) is None


def test_a_record_may_have_the_agencys_own_name() -> None:
    assert record_of(row(), {"XSYS": "lead_transfer"}) == "lead_transfer"
    assert record_of(row(), {}) == "XSYS"
    assert record_of(row(biz_type=None), {}) is None


@given(st.one_of(st.binary(), st.text(), st.integers(), st.floats(), st.none()))
def test_whatever_a_column_holds_it_is_read(value: object) -> None:
    found = row(payload=value, biz_type=value, sm3=value)
    assert isinstance(found.raw, bytes)
    assert len(found.digest) == 64
    if isinstance(value, bytes):
        assert found.raw == value
    unfitness(found)


def test_values_of_a_row_say_how_far_it_is() -> None:
    assert taken_values()["status"] is Status.TAKEN
    assert sent_values(held=True, receipt="{}")["status"] is Status.HELD
    done = sent_values(held=False, receipt=None)
    assert (done["status"], done["err_code"]) == (Status.DONE, None)


def test_a_refused_row_says_why_within_its_columns() -> None:
    found = refused_values({**REASON, "where": "x" * 999, "zh": "长" * 9999})
    assert found["status"] is Status.ERROR
    assert found["err_code"] == "message.invalid_json"
    assert found["err_en"] == "is not (line 1)"
    assert (len(found["err_where"]), len(found["err_zh"])) == (200, 2000)
    assert refused_values({**REASON, "where": None, "detail": None})["err_where"] is None


def test_a_row_of_the_inbox_carries_what_an_agency_looks_for() -> None:
    message = lead("one", envelope={"document_number": "城移〔2026〕7号"})
    found = in_values(41, message, '{"a": 1}')
    assert found["batch_no"] == 41
    assert found["biz_type"] == "lead_transfer"
    assert found["document_number"] == "城移〔2026〕7号"
    assert found["sm3"] == sm3_of(b'{"a": 1}')


def test_a_number_with_decimals_and_a_name_filled_up_with_spaces_are_what_they_mean() -> None:
    values = (Decimal("7.00"), Decimal("1.00"), "lead_transfer   ", "{}", 2, None, None)
    row = out_row(values)
    assert (row.place, id_of(row.place)) == ("7#1", 7)
    assert record_of(row, {}) == "lead_transfer"
    assert record_of(out_row((1, 0, "   ", "{}", 2, None, None)), {}) is None
