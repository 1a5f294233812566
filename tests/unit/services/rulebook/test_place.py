import pytest

from schemas.ids import DivisionCode
from services.rulebook.place import contradicting
from tests.unit.services.rulebook.tiny import (
    COUNTY,
    LANGDAI_PLACE,
    YANJIAO_PLACE,
    added,
    rulebook,
)

AGREE = {
    "the text names the code's township": (YANJIAO_PLACE, "六枝特区岩脚镇老街12号"),
    "the text names no township": (YANJIAO_PLACE, "老街12号"),
    "the text names both": (YANJIAO_PLACE, "岩脚镇与郎岱镇交界处"),
    "the code is only the county": (COUNTY, "郎岱镇某村"),
    "the code is unknown": ("990000000000", "郎岱镇某村"),
    "a village of the code's township": (f"{YANJIAO_PLACE[:9]}201", "岩脚镇老街12号"),
    "the short name of the code's township": (YANJIAO_PLACE, "岩脚老街12号"),
    "both by their short names": (YANJIAO_PLACE, "岩脚与郎岱交界处"),
    "nothing": (YANJIAO_PLACE, ""),
}


@pytest.mark.parametrize("case", AGREE)
def test_text_and_code_agree(case: str) -> None:
    place, text = AGREE[case]
    assert contradicting(rulebook(), DivisionCode(place), text) is None


def test_a_text_that_names_another_township_contradicts_the_code() -> None:
    found = contradicting(rulebook(), DivisionCode(YANJIAO_PLACE), "六枝特区郎岱镇某村")
    assert found is not None
    assert found.code == LANGDAI_PLACE


def test_a_short_name_and_a_village_s_code_contradict_too() -> None:
    village = DivisionCode(f"{YANJIAO_PLACE[:9]}201")
    found = contradicting(rulebook(), village, "郎岱老街3号")
    assert found is not None
    assert found.code == LANGDAI_PLACE


@pytest.mark.parametrize(
    "text",
    [
        "郎岱路15号",
        "人民路郎岱南路交叉口",
        "郎岱街3号",
        "那平路郎岱书店门前",
        "郎岱商贸城一楼",
        "郎岱中大道",
    ],
)
def test_a_street_or_shop_that_bears_another_township_s_bare_name_does_not_contradict(
    text: str,
) -> None:
    assert contradicting(rulebook(), DivisionCode(YANJIAO_PLACE), text) is None


@pytest.mark.parametrize(
    "text",
    ["郎岱街道3号", "郎岱镇路边", "郎岱路过郎岱村", "郎岱中学旁", "郎岱南", "郎岱村郎岱路", "郎岱"],
)
def test_a_bare_name_that_is_no_street_s_contradicts(text: str) -> None:
    assert contradicting(rulebook(), DivisionCode(YANJIAO_PLACE), text) is not None


def test_a_shorter_name_in_a_street_s_name_is_not_looked_for() -> None:
    rows = [f"520203{number}000,{name},township,{COUNTY}" for number, name in STREETS]
    rules = rulebook(added("divisions.csv", *rows))
    assert contradicting(rules, DivisionCode(YANJIAO_PLACE), "新场坝路3号") is None
    assert contradicting(rules, DivisionCode(YANJIAO_PLACE), "新场坝3号") is not None


def test_a_street_of_the_own_township_s_name_agrees() -> None:
    assert contradicting(rulebook(), DivisionCode(YANJIAO_PLACE), "岩脚路与郎岱交界处") is None


def test_the_longest_name_is_looked_for_first_and_a_stretch_names_one_township() -> None:
    rows = [f"520203{number}000,{name},township,{COUNTY}" for number, name in NEIGHBOURS]
    rules = rulebook(added("divisions.csv", *rows))
    assert contradicting(rules, DivisionCode("520203301000"), "大新场乡一组") is not None
    found = contradicting(rules, DivisionCode(YANJIAO_PLACE), "大新场乡一组")
    assert found is not None
    assert found.name == "大新场乡"


def test_a_name_of_one_character_is_looked_for_whole_only() -> None:
    rules = rulebook(added("divisions.csv", f"520203303000,河镇,township,{COUNTY}"))
    assert contradicting(rules, DivisionCode(YANJIAO_PLACE), "河边3号") is None
    assert contradicting(rules, DivisionCode(YANJIAO_PLACE), "河镇3号") is not None


@pytest.mark.parametrize("text", ["落别布依族彝族乡老街1号", "落别乡老街1号", "落别老街1号"])
def test_a_township_of_nationalities_is_named_in_full_or_short(text: str) -> None:
    luobie = DivisionCode("520203304000")
    rules = rulebook(added("divisions.csv", f"{luobie},落别布依族彝族乡,township,{COUNTY}"))
    assert contradicting(rules, luobie, text) is None
    found = contradicting(rules, DivisionCode(YANJIAO_PLACE), text)
    assert found is not None
    assert found.code == luobie


NEIGHBOURS = [("301", "新场乡"), ("302", "大新场乡")]
STREETS = [("305", "新场镇"), ("306", "新场坝镇")]
