# ruff: noqa: RUF001 - look-alikes are what is tested
"""Numbers beside words that are digits too: 一 and ① end a number and do not belong to it."""

import sys
from dataclasses import replace

import pytest

from schemas.inline import schema_of
from schemas.unseen import UNSEEN
from services.confidentiality import told_numbers
from services.confidentiality.asked import ANYBODY, TELLING
from services.confidentiality.free_text import NOTHING, scrubbed, search_for
from tests.any_message import default_lead


def shown(text: str) -> str:
    return scrubbed(text, search_for([], [text], numbers=True))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("举报人手机13800138000一直无人接听", "举报人手机138****8000一直无人接听"),
        ("举报人交身份证520203199005201234一份", "举报人交身份证5****4一份"),
        ("交身份证52020319900520123X一份", "交身份证5****X一份"),
        ("旧证520203900520123一份", "旧证5****3一份"),
        ("电话①13800138000②13900139000", "电话①138****8000②139****9000"),
        ("电话⑴13800138000⑵13900139000", "电话⑴138****8000⑵139****9000"),
        ("举报人之一13800138000", "举报人之一138****8000"),
        ("共13800138000三次", "共138****8000三次"),
        ("共138 0013 8000 三次", "共138****8000 三次"),
        ("打0858-5321234一直占线", "打****34一直占线"),
        ("打0858-5321234、一直占线", "打****34、一直占线"),
        ("打０８５８-５３２１２３４一直占线", "打****34一直占线"),
        ("一三八〇〇一三八〇〇〇和13900139000二人", "138****8000和139****9000二人"),
    ],
)
def test_a_digit_that_is_a_word_neither_hides_a_number_nor_is_eaten(text: str, left: str) -> None:
    assert shown(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "1380013八零零零",
        "一三八00一三八000",
        "五二02031990052零一二三四",  # of which the middle alone looks like a landline's
        "520203200501011二三X",  # and of this, like an identity number of before 1999
    ],
)
def test_a_number_of_mixed_digits_is_masked_whole(text: str) -> None:
    found = shown(f"号{text}。")
    assert found.startswith(("号138****8", "号5****"))
    assert found.endswith(("8000。", "4。", "X。"))
    assert len(found) <= len("号138****8000。")


def test_two_readings_that_overlap_are_masked_as_one() -> None:
    assert shown("共三52020319900520123X。") == "共****。"


@pytest.mark.parametrize(
    "text",
    [
        "一、二、三、四、五、六、七、八、九、一、二、三",
        "第一类13500元，第二类1380013.80元",
        "①2026年9月28日②2026年10月1日",
        "2026-09-28一次、2026-10-01三次",
        "案移〔2026〕12号一式三份，共143页",
        "票据20260928001380013800013一张",
        "①②③④⑤⑥⑦⑧⑨",
    ],
)
def test_words_dates_and_sums_beside_each_other_stay(text: str) -> None:
    assert shown(text) is text
    assert search_for([], [text], numbers=True) is NOTHING


def test_most_texts_are_read_but_once() -> None:
    """The look at each character is for texts with ten digits one after the other."""
    for text in (
        "自2026年9月28日上午10时30分起至2026年10月1日止",
        "一次又一次，三番五次，七上八下",
    ):
        assert told_numbers._SOME_DIGITS.search(text) is None
    assert told_numbers._SOME_DIGITS.search("138 - 0013 (8000)")


def test_what_becomes_nothing_is_invisible_as_it_stands() -> None:
    """Else a text of the same length would not have each letter in its place."""
    for code in range(sys.maxunicode + 1):
        for words in (False, True):
            assert told_numbers._letters(chr(code), words=words) or code in UNSEEN


def test_signs_that_are_several_letters_shift_no_number() -> None:
    assert shown("㈱℡…13800138000一直") == "㈱℡…138****8000一直"
    assert shown("…\u200b\u200b13800138000一直") == "…\u200b\u200b138****8000一直"


def test_an_opening_is_guarded_for_a_text_that_tells_a_number_before_a_word() -> None:
    lead = default_lead()
    redactor = TELLING.redactor(schema_of("LeadTransfer"), ANYBODY)
    told = redactor(replace(lead, reason="举报人手机13800138000一直无人接听"))
    assert "reason" in told.masked
