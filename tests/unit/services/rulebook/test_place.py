import pytest

from schemas.ids import DivisionCode
from services.rulebook.place import contradicting
from tests.unit.services.rulebook.tiny import COUNTY, LANGDAI_PLACE, YANJIAO_PLACE, rulebook

AGREE = {
    "the text names the code's township": (YANJIAO_PLACE, "六枝特区岩脚镇老街12号"),
    "the text names no township": (YANJIAO_PLACE, "老街12号"),
    "the text names both": (YANJIAO_PLACE, "岩脚镇与郎岱镇交界处"),
    "the code is only the county": (COUNTY, "郎岱镇某村"),
    "the code is unknown": ("990000000000", "郎岱镇某村"),
}


@pytest.mark.parametrize("case", AGREE)
def test_text_and_code_agree(case: str) -> None:
    place, text = AGREE[case]
    assert contradicting(rulebook(), DivisionCode(place), text) is None


def test_a_text_that_names_another_township_contradicts_the_code() -> None:
    found = contradicting(rulebook(), DivisionCode(YANJIAO_PLACE), "六枝特区郎岱镇某村")
    assert found is not None
    assert found.code == LANGDAI_PLACE
