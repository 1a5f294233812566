"""schemas/json_form.py: the JSON form of each kind of value, and nothing near it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from schemas.document import read
from schemas.errors import Refusal
from schemas.load import default_example
from schemas.messages import CaseTransfer, Message
from tests.any_message import envelope_defaults


def _read(document: dict[str, Any]) -> Message | Refusal:
    return read("case_transfer", json.dumps(document).encode(), envelope_defaults("case_transfer"))


def _found(answer: Message | Refusal) -> tuple[str, str | None]:
    assert isinstance(answer, Refusal)
    return answer.code, answer.where


def _at(path: str, value: object) -> dict[str, Any]:
    """The default case transfer with one value changed."""
    document = default_example("case_transfer")
    holder: Any = document
    *steps, last = path.replace("[", ".[").split(".")
    for step in steps:
        holder = holder[int(step[1:-1]) if step.startswith("[") else step]
    holder[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("pages", 3.0, "message.field_invalid"),
        ("pages", "3", "message.field_invalid"),
        ("pages", True, "message.field_invalid"),
        ("pages", 2**31, "message.field_invalid"),
        ("pages", 1e400, "message.number_invalid"),
        ("reason", 3, "message.field_invalid"),
        ("reason", "a\0b", "message.character_unfit"),
        ("reason", "\udfff", "message.character_unfit"),
        ("reason", "长" * 30_000, "message.field_invalid"),
        ("filed_on", "2026-9-1", "message.field_invalid"),
        ("filed_on", "20260901", "message.field_invalid"),
        ("filed_on", "2026-02-30", "message.field_invalid"),
        ("filed_on", "2026-09-01T00:00:00Z", "message.field_invalid"),
        ("filed_on", "二〇二六-09-01", "message.field_invalid"),
        ("filed_on", 20260901, "message.field_invalid"),
        ("violations[0].place", None, "message.field_missing"),
        ("violations[0].matter", 5, "message.field_invalid"),
        ("violations[0].continuing", "yes", "message.field_invalid"),
        ("violations[0].colour", "red", "message.field_unknown"),
        ("violations", {}, "message.field_invalid"),
        ("violations", [None], "message.field_invalid"),
        ("violations", [{"number": 1}] * 2_001, "message.field_invalid"),
        ("evidence[0].kind", "hearsay", "message.field_invalid"),
        ("evidence[0].kind", ["physical"], "message.field_invalid"),
        ("colour", "red", "message.field_unknown"),
        ("source", "patrol", "message.field_invalid"),
        ("envelope.secrecy", "秘密", "message.field_invalid"),
        ("envelope.colour", "red", "message.field_unknown"),
        ("envelope.sent_at", "2026-09-28T09:00:00", "message.field_invalid"),
        ("envelope.sent_at", "2026-09-28 09:00:00+08:00", "message.field_invalid"),
        ("envelope.sent_at", "20260928", "message.field_invalid"),
        ("envelope.sent_at", "1790000000", "message.field_invalid"),
        ("envelope.sent_at", "2026-09-28T25:00:00Z", "message.field_invalid"),
        ("envelope.sent_at", "0001-01-01T00:00:00+08:00", "message.field_invalid"),
        ("envelope.sent_at", 1790000000, "message.field_invalid"),
    ],
)
def test_a_value_of_another_kind_is_refused_at_its_place(
    path: str, value: object, code: str
) -> None:
    found, where = _found(_read(_at(path, value)))
    assert found == code
    if code != "message.number_invalid":
        assert where is not None
        assert where.startswith(path)


def _quantity(value: object) -> Message | Refusal:
    item = {"number": 1, "name": "样品", "unit": "件", "quantity": value, "measure": "none"}
    return _read(default_example("case_transfer") | {"items": [item]})


@pytest.mark.parametrize(
    ("path", "value", "detail"),
    [
        ("pages", "3", "整数，不加引号 (1, not 1.0)"),
        ("pages", 9.0, "整数，不加引号 (1, not 1.0)"),
        ("pages", True, "整数，不加引号 (1, not 1.0)"),
        ("pages", 2**31, "< 2147483648"),
        ("violations[0].continuing", "yes", "true / false，不加引号"),
    ],
)
def test_a_value_of_another_kind_is_told_how_to_write_it(
    path: str, value: object, detail: str
) -> None:
    assert _read(_at(path, value)) == Refusal("message.field_invalid", path, detail)


@pytest.mark.parametrize(
    "value",
    [
        "1e3",
        " 1",
        "1.",
        ".5",
        "01",
        "+1",
        "1,000",
        "NaN",
        "",
        "1.00001",
        "9" * 15,
        1,
        1.5,
    ],
)
def test_a_decimal_that_is_not_exact_text_is_refused(value: object) -> None:
    assert _found(_quantity(value)) == ("message.field_invalid", "items[0].quantity")


@pytest.mark.parametrize(
    "value", ["0", "12", "12.5", "12.5000", "-3", "9" * 14, "9" * 14 + ".9999"]
)
def test_a_decimal_is_exact(value: str) -> None:
    message = _quantity(value)
    assert isinstance(message, CaseTransfer)
    assert message.items is not None
    assert message.items[0].quantity == Decimal(value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-09-28T09:00:00+08:00", datetime(2026, 9, 28, 1, tzinfo=UTC)),
        ("2026-09-28t01:00:00z", datetime(2026, 9, 28, 1, tzinfo=UTC)),
        (
            "2026-09-28T09:00:00.123999+08:00",
            datetime(2026, 9, 28, 1, 0, 0, 123000, tzinfo=UTC),
        ),
    ],
)
def test_an_instant_is_utc_to_the_millisecond(text: str, instant: datetime) -> None:
    message = _read(_at("envelope.sent_at", text))
    assert isinstance(message, CaseTransfer)
    assert message.envelope.sent_at == instant
    assert message.envelope.sent_at.tzinfo is UTC


def _wide(text: str) -> str:
    """The text as an input method in full-width mode writes it."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def test_full_width_forms_are_put_right_in_codes_dates_and_amounts() -> None:
    document = default_example("case_transfer")
    plain = _read(document)
    violation, officer = document["violations"][0], document["envelope"]["officers"][0]
    for holder, name in (
        (document, "filed_on"),
        (violation, "matter"),
        (violation, "place"),
        (officer, "organ"),
        (officer, "certificate"),
        (document["contact"], "phone"),
    ):
        assert holder[name] != _wide(holder[name])
        holder[name] = _wide(holder[name])
    assert _read(document) == plain
    document["envelope"]["addressees"] = [_wide("11520203YC0002015P")]
    addressed = _read(document)
    assert isinstance(addressed, CaseTransfer)
    assert addressed.envelope.addressees == ("11520203YC0002015P",)
    amount = _quantity(_wide("12.5"))
    assert isinstance(amount, CaseTransfer)
    assert amount.items is not None
    assert amount.items[0].quantity == Decimal("12.5")


def test_full_width_forms_in_a_text_stay_as_they_were_written() -> None:
    text = _wide("(1) 2026-09-01")
    message = _read(_at("reason", text))
    assert isinstance(message, CaseTransfer)
    assert message.reason == text


@pytest.mark.parametrize("path", ["violations[0].matter", "envelope.addressees"])
def test_a_code_that_is_no_text_is_still_refused_at_its_place(path: str) -> None:
    for value in (5, [5], {"a": 1}):
        found, where = _found(_read(_at(path, value)))
        assert found == "message.field_invalid"
        assert where is not None
        assert where.startswith(path)
