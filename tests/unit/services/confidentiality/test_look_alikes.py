"""Signs that are written for others: radicals, traditional characters, all kinds of digits."""

import pytest

from services.confidentiality.free_text import NOTHING, Value, scrubbed, search_for
from services.confidentiality.kinds import Kind
from services.confidentiality.look_alikes import SIMPLIFIED


def shown(text: str, *values: Value) -> str:
    return scrubbed(text, search_for(values, [text], numbers=True))


@pytest.mark.parametrize(
    "written",
    [
        "⻢⼩⻰",
        "马\U000e0100小龙",
        "马\u20dd小\u20e3龙",
        "馬小龍",
        "馬小龙",
        "⻢ 小·龍",
    ],
)
def test_a_name_is_found_in_radicals_and_traditional_characters(written: str) -> None:
    assert shown(f"举报人{written}反映", (Kind.NAME, "马小龙")) == "举报人马**反映"
    assert shown("举报人马小龙反映", (Kind.NAME, written)).endswith("**反映")


@pytest.mark.parametrize(
    "written",
    [
        "一三八○○一三八○○○",
        "一三八◯◯一三八◯◯◯",
        "壹叁捌零零壹叁捌零零零",
        "¹³⁸⁰⁰¹³⁸⁰⁰⁰",
        "₁₃₈₀₀₁₃₈₀₀₀",
        "1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣",
        "❶❸❽⓿⓿❶❸❽⓿⓿⓿",
        "1380013\U000e01008000",
        "138~0013~8000",
        "138～0013～8000",
        "138 | 0013 | 8000",
    ],
)
def test_a_number_is_found_in_any_digits_and_with_waves_between(written: str) -> None:
    assert shown(f"电话{written}，在家").startswith("电话138****8000")
    assert shown(f"电话{written}，在家", (Kind.PHONE, "13800138000")).startswith("电话138****8000")


def test_a_landline_and_a_known_identity_number_are_found_with_waves_between() -> None:
    assert shown("座机0858~5321234。") == "座机****34。"
    identity = (Kind.IDENTITY, "52020319900520123X")
    assert shown("证件520203|19900520|123X。", identity) == "证件5****X。"


@pytest.mark.parametrize(
    "text",
    [
        "罚款13000~150000元，13000～150000元",
        "○ ○ ○ ○ ○ ○ ○ ○ ○ ○ ○ ○",
        "王○○、李○○，二○二六年九月二十八日",
        "人民币壹拾叁万捌仟零壹拾叁元捌角，陆某、伍某",
        "面积1200m²，体积3500m³，注¹注²",
        "2026~2027年，9月28日～10月1日",
    ],
)
def test_ranges_sums_and_signs_in_words_stay(text: str) -> None:
    assert shown(text, (Kind.NAME, "马小龙")) is text
    assert search_for([], [text], numbers=True) is NOTHING


def test_no_simplified_character_is_read_as_another() -> None:
    assert not set(map(ord, SIMPLIFIED.values())) & set(SIMPLIFIED)
