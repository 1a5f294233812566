"""schemas/text_form.py: characters that no text may hold, and forms that mean the same."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.avro_reader import CLASSES
from schemas.stream_safe import nfkc
from schemas.text_form import NARROWED, is_blank, narrow, unfit_character


@pytest.mark.parametrize(
    ("point", "name"),
    [
        (0, "U+0000"),
        (0x1B, "U+001B"),
        (0x7F, "U+007F"),
        (0x85, "U+0085"),
        (0x202E, "U+202E"),
        (0x2066, "U+2066"),
        (0xD800, "U+D800"),
        (0xDFFF, "U+DFFF"),
        (0xFFFE, "U+FFFE"),
        (0xFDD0, "U+FDD0"),
        (0x10FFFF, "U+10FFFF"),
    ],
)
def test_what_no_text_may_hold_is_named(point: int, name: str) -> None:
    assert unfit_character(f"理由{chr(point)}。") == name


def test_what_people_write_may_be_written() -> None:
    text = "第一条\t〔2026〕\r\n（一）\uff11𠮷 😀 é ئۇيغۇر \u200e\ue5e5"
    assert unfit_character(text) is None


@pytest.mark.parametrize(
    "text",
    ["", " ", "　", "\n", "—", "／", "。", "_", "\u0301", "\U000e0100"]  # noqa: RUF001
    + [chr(code) for code in (0x200B, 0x2060, 0xFEFF, 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800)],
)
def test_what_nobody_can_read_and_signs_alone_say_nothing(text: str) -> None:
    assert is_blank(text)
    assert is_blank(f"{text}\u200b{text}")
    assert not is_blank(f"{text}无")


def test_what_is_not_given_says_nothing() -> None:
    assert is_blank(None)


@pytest.mark.parametrize(
    "text",
    [
        "无",
        "（三）",
        "3",
        "\u3007",
        "A",
        "ع",
        "é",
        "\uff21",
        "\u2f00",
        "𠮷",
        "\ue5e5",
        "\U0002ebf0",
    ],
)
def test_one_letter_or_digit_says_something(text: str) -> None:
    assert not is_blank(text)
    assert not is_blank(f"\u3000—{text}")


@given(st.text())
def test_narrowing_twice_is_narrowing_once_and_changes_no_meaning(text: str) -> None:
    found = narrow(text)
    assert narrow(found) == found
    assert len(found) == len(text)
    assert nfkc(found) == nfkc(text)


def test_every_field_that_is_narrowed_exists() -> None:
    missing = [
        f"{record}.{name}"
        for record, names in NARROWED.items()
        for name in names
        if name not in {field.name for field in fields(CLASSES[record])}
    ]
    assert missing == []
