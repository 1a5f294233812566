# ruff: noqa: RUF001 - look-alikes are what is tested
"""What slips through a search for names and numbers: each way of writing them is found."""

import pytest

from services.confidentiality import told_numbers
from services.confidentiality.free_text import NOTHING, Value, scrubbed, search_for
from services.confidentiality.kinds import Kind
from services.confidentiality.told_numbers import HIDDEN

NAME: Value = (Kind.NAME, "欧阳小明")
MOBILE: Value = (Kind.PHONE, "13800138000")
LANDLINE: Value = (Kind.PHONE, "0858-5321234")
IDENTITY: Value = (Kind.IDENTITY, "52020319900520123X")


def shown(text: str, *values: Value, numbers: bool = True) -> str:
    return scrubbed(text, search_for(values, [text], numbers=numbers))


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "138 0013 8000",
        "1 3 8 0 0 1 3 8 0 0 0",
        "138-0013-8000",
        "138 - 0013 - 8000",
        "138.0013.8000",
        "138·0013·8000",
        "(138)0013-8000",
        "138、0013、8000",
        "138/0013/8000",
        "138_0013_8000",
        "1-3-8-0-0-1-3-8-0-0-0",
        "+86 138 0013 8000",
        "+8613800138000",
        "008613800138000",
        "86-13800138000",
        "（＋８６）１３８００１３８０００",
        "１３８－００１３－８０００",
        "138\u200b0013\u200b\u200b\u200b\u200b\u200b\u200b\u200b8000",
        "一三八〇〇一三八〇〇〇",
        "幺三八零零幺三八零零零",
        "①③⑧⓪⓪①③⑧⓪⓪⓪",
        "𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎",
        "138\n0013\n8000",
    ],
)
def test_a_telephone_number_is_found_by_its_form_however_it_is_written(written: str) -> None:
    for before, after in (("电话", "联系"), ("tel", "x"), ("1、", "；2、"), ("", "")):
        found = shown(f"{before}{written}{after}")
        assert found.startswith(before)
        assert found.endswith(after)
        assert found.count(HIDDEN) == 1
        assert "0013" not in found


@pytest.mark.parametrize(
    "written",
    [
        "0858-5321234",
        "08585321234",
        "(0858)5321234",
        "（0858）532 1234",
        "0858—5321234",
        "0858 532-1234",
        "0 8 5 8 5 3 2 1 2 3 4",
        "０８５８－５３２１２３４",
        "+86 0858 5321234",
    ],
)
def test_a_landline_with_its_area_code_is_found(written: str) -> None:
    assert shown(f"座机{written}，白天").replace("（", "(") in (
        f"座机{HIDDEN}34，白天",
        f"座机({HIDDEN}34，白天",
    )
    assert HIDDEN in shown("电话010-62345678")
    assert HIDDEN in shown("电话021 6234 5678")


@pytest.mark.parametrize(
    "written",
    [
        "52020319900520123X",
        "52020319900520123x",
        "520203 19900520 123X",
        "520203-1990-0520-123x",
        "５２０２０３１９９００５２０１２３Ｘ",
        "520203199005201234",
        "5 2 0 2 0 3 1 9 9 0 0 5 2 0 1 2 3 X",
    ],
)
def test_an_identity_number_is_found_by_its_form(written: str) -> None:
    for text in (f"身份证{written}号", f"ID{written}", f"（{written}）"):
        found = shown(text)
        assert HIDDEN in found
        assert "0520" not in found
        assert "1 9 9 0" not in found


def test_an_identity_number_of_fifteen_digits_is_found_by_its_day() -> None:
    assert shown("身份证520203900520123。") == "身份证5****3。"
    assert shown("账号520203901320123。") == "账号520203901320123。"  # no month 13


@pytest.mark.parametrize(
    "text",
    [
        "2026年9月28日上午10时，第3号",
        "自2026-09-28起，2026.10.01止",
        "罚款13500元，违法所得1380013.80元",
        "案移〔2026〕12号，共143页",
        "统一社会信用代码92520203MA6DNXXX1K",
        "一、二、三、四、五、六、七、八、九、十、",
        "票据20260928001380013800013",
        "2026-09-28、2026-10-01",
    ],
)
def test_dates_sums_and_other_numbers_stay(text: str) -> None:
    assert shown(text) is text
    assert search_for([], [text], numbers=True) is NOTHING


@pytest.mark.parametrize(
    "written",
    [
        "欧阳小明",
        "欧 阳 小 明",
        "欧阳·小明",
        "欧阳-小明",
        "欧*阳*小*明",
        "欧阳\u200b小明",
        "欧阳\n小明",
        "欧．阳．小．明",
    ],
)
def test_a_name_is_found_within_words_and_with_signs_between(written: str) -> None:
    assert shown(f"举报人{written}们称", NAME) == "举报人欧**们称"


def test_a_foreign_name_is_found_in_capitals_and_with_any_dot() -> None:
    for name in ("阿不都·热合曼", "阿不都•热合曼", "阿不都热合曼", "阿不都‧热合曼"):
        assert shown("与阿不都・热合曼核实", (Kind.NAME, name)) == "与阿**核实"
    assert shown("由zhang san反映", (Kind.NAME, "ZHANG San")) == "由Z**反映"


def test_of_two_names_side_by_side_none_is_made() -> None:
    text = "三王、明日再查，丁一，二人"
    assert shown(text, (Kind.NAME, "王明"), (Kind.NAME, "一二")) is text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MOBILE, "尾段 138-00138000"),
        (MOBILE, "一三八〇〇一三八〇〇〇"),
        ((Kind.PHONE, "+86 138-0013-8000"), "86 13800138000"),
        (LANDLINE, "座机08585321234"),
        (LANDLINE, "座机532-1234"),  # in the county nobody says the area code
        (LANDLINE, "座机５３２１２３４"),
        ((Kind.PHONE, "010-62345678"), "座机6234 5678"),
        (IDENTITY, "52020319900520123x"),
        (IDENTITY, "520203,1990,0520,123x"),
        ((Kind.IDENTITY, "H-1234567(8)"), "证件h12345678"),
    ],
)
def test_a_number_is_found_by_its_own_field_however_it_is_written(value: Value, text: str) -> None:
    """Also where no form is looked for: this relation sees who complained, but no party."""
    found = shown(text, value, numbers=False)
    assert HIDDEN in found
    assert found != text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("12345-GZ-20260817", "工单12345-gz-20260817。"),
        ("12345-GZ-20260817", "工单12345—GZ—20260817。"),
        ("12345-GZ-20260817", "工单12345GZ20260817。"),
        ("12345-gz-20260817", "工单１２３４５－ＧＺ－２０２６０８１７。"),
        ("GZ20260817", "工单GZ-2026-0817。"),
        ("92520203MA6DNXXX1K", "代码92520203ma6dnxxx1k。"),
        ("92520203MA6DNXXX1K", "代码92520203 MA6D NXXX-1K。"),
        ("A-12", "证A-12。"),  # so short, only as it is
        ("2026-0817", "工单2026-0817。"),
    ],
)
def test_a_code_is_found_however_it_is_written(code: str, text: str) -> None:
    found = shown(text, (Kind.CODE, code), numbers=False)
    assert found[:1] == text[:1]
    assert found.endswith("。")
    assert HIDDEN in found
    assert "0817" not in found
    assert "nx" not in found.casefold()


def test_a_code_that_could_be_a_date_or_a_sum_is_found_only_as_it_is() -> None:
    text = "2026-08-17至2026.08.17，1,234元，12.34元，一、二、三、四，a12"
    for code in ("2026-0817", "20260817", "1234", "A-12"):
        assert shown(text, (Kind.CODE, code), numbers=False) is text


def test_a_short_number_has_no_area_code_to_leave_out() -> None:
    text = "共12345件"
    assert shown(text, (Kind.PHONE, "085812345"), numbers=False) is text


def test_a_number_is_found_when_no_more_characters_can_be_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(told_numbers, "CHARACTERS_CACHED", 0)
    for name, words in (("_PLAIN", False), ("_ARABIC", True)):
        monkeypatch.setattr(told_numbers, name, told_numbers._Letters(words=words))
    assert shown("请打138-0013-8000") != "请打138-0013-8000"
    assert not told_numbers._PLAIN
    assert not told_numbers._ARABIC


@pytest.mark.parametrize(
    "value",
    [
        "张小伟、李四",
        "张小伟，李四",
        "李四;张小伟",
        "张小伟（女）",
        "张小伟(曾用名:张二)",
        "李四\n张小伟",
    ],
)
def test_each_of_the_names_that_stand_in_one_field_is_found(value: str) -> None:
    assert shown("经查，张小伟当时在场。", (Kind.NAME, value)) == "经查，张**当时在场。"


def test_what_stands_in_brackets_behind_a_name_is_no_name() -> None:
    text = "该个体工商户，女，已搬走。"
    assert shown(text, (Kind.NAME, "示例餐饮店（个体工商户）"), (Kind.NAME, "李四（女）")) == text


# One of each kind of what nobody sees: marks of many scripts, music, Braille, tags, fillers.
UNSEEN_KINDS = "\u0345\u034f\u0483\u17b4\u180f\u1ab0\u1dc0\u2800\u302a\u3099\u3164\ufe20\ufff9"
UNSEEN_KINDS += "\U0001bca0\U0001d173\U0001d1aa\U000e0041\U000e0fff"


@pytest.mark.parametrize("unseen", UNSEEN_KINDS)
def test_nothing_that_is_not_seen_hides_a_name_or_a_number(unseen: str) -> None:
    for value, written in (
        (NAME, f"欧{unseen}阳小{unseen}明"),
        (MOBILE, f"138{unseen}0013{unseen}8000"),
        ((Kind.ADDRESS, "六枝特区平寨镇人民路32号"), f"人民{unseen}路3{unseen}2号"),
    ):
        found = shown(f"反映：{written}。", value, numbers=False)
        assert written not in found
        assert found.startswith("反映：")
        assert found.endswith("。")
    assert shown(f"电话138{unseen}0013{unseen}8000。") == "电话138****8000。"


@pytest.mark.parametrize(
    "zero", ["\u0660", "\u06f0", "\u0f20", "\u1810", "\u19d0", "\u1a90", "\U0001fbf0"]
)
def test_a_number_in_the_digits_of_another_script_is_found(zero: str) -> None:
    written = "".join(chr(ord(zero) + int(digit)) for digit in "13800138000")
    assert shown(f"电话{written}。", MOBILE, numbers=False) == "电话138****8000。"
    assert shown(f"电话{written}。") == "电话138****8000。"
    assert shown(f"电话{written}一直无人接听") == "电话138****8000一直无人接听"


def test_a_number_in_merchants_numerals_is_found() -> None:
    written = "〡〣〨〇〇〡〣〨〇〇〇"
    assert shown(f"电话{written}。", MOBILE, numbers=False) == "电话138****8000。"
    assert shown(f"电话{written}。") == "电话138****8000。"
