from datetime import date

import pytest

from schemas.errors import UserError
from schemas.ids import DivisionCode, MatterCode, OrganCode
from schemas.sharing import ContentCategory
from services.rulebook.audiences import audience_of
from services.rulebook.model import Rulebook
from tests.unit.services.rulebook.tiny import (
    CGJ,
    CITY,
    COUNTY,
    LANGDAI,
    LANGDAI_PLACE,
    LPS_SCJG,
    PROVINCE,
    SCJG,
    YANJIAO,
    YANJIAO_PLACE,
    files,
    rulebook,
)

HEAD = "id,category,matter,group,area,audience,basis,valid_from,valid_to\n"
ROWS = f"""A1,legal_texts,,,{COUNTY},type:township,意见二(一)1,2024-01-01,
A2,legal_texts,,,{COUNTY},organ:sfj,意见二(一)1,2024-01-01,2026-06-30
A3,administrative_decisions,,city,{COUNTY},township,意见二(一)1,2024-01-01,
A4,administrative_decisions,SC-1,,{COUNTY},kind:market_supervision,意见二(一)1,2024-01-01,
A5,administrative_decisions,,,{YANJIAO_PLACE},organ:cgj,意见二(一)1,2024-01-01,
A6,legal_texts,,,{PROVINCE},organ:lps-scjg,意见二(一)1,2027-01-01,
"""
TODAY = date(2026, 6, 1)


def with_rules(rows: str = ROWS) -> Rulebook:
    return rulebook(files(audiences_csv=HEAD + rows))


def reached(
    category: ContentCategory, *matters: str, place: str = COUNTY, on: date = TODAY
) -> list[str]:
    codes = tuple(MatterCode(matter) for matter in matters)
    return list(audience_of(with_rules(), category, codes, DivisionCode(place), on))


def organs(*codes: str) -> list[OrganCode]:
    return [OrganCode(code) for code in codes]


def test_a_type_reaches_every_such_organ_of_the_area_each_once() -> None:
    assert reached(ContentCategory.LEGAL_TEXTS)[:2] == organs(YANJIAO, LANGDAI)
    assert len(reached(ContentCategory.LEGAL_TEXTS)) == 3  # and the supervisor, by A2


def test_a_rule_speaks_on_its_days_only_the_last_included() -> None:
    assert len(reached(ContentCategory.LEGAL_TEXTS, on=date(2026, 6, 30))) == 3
    assert reached(ContentCategory.LEGAL_TEXTS, on=date(2026, 7, 1)) == organs(YANJIAO, LANGDAI)
    assert reached(ContentCategory.LEGAL_TEXTS, on=date(2023, 12, 31)) == []
    assert reached(ContentCategory.LEGAL_TEXTS, on=date(2027, 1, 1))[-1] == LPS_SCJG


def test_a_matter_or_its_group_chooses_the_rules() -> None:
    assert reached(ContentCategory.ADMINISTRATIVE_DECISIONS, "CG-1", place=LANGDAI_PLACE) == organs(
        LANGDAI
    )
    assert reached(ContentCategory.ADMINISTRATIVE_DECISIONS, "SC-1", place=LANGDAI_PLACE) == organs(
        SCJG
    )
    both = reached(ContentCategory.ADMINISTRATIVE_DECISIONS, "CG-2", "SC-1", place=LANGDAI_PLACE)
    assert both == organs(LANGDAI, SCJG)
    assert reached(ContentCategory.ADMINISTRATIVE_DECISIONS, "XX-9", place=LANGDAI_PLACE) == []


def test_a_rule_speaks_of_its_area_and_all_below() -> None:
    assert reached(ContentCategory.ADMINISTRATIVE_DECISIONS, place=YANJIAO_PLACE) == organs(CGJ)
    assert reached(ContentCategory.ADMINISTRATIVE_DECISIONS, place=COUNTY) == []
    assert reached(ContentCategory.LEGAL_TEXTS, place=PROVINCE) == []
    assert reached(ContentCategory.LEGAL_TEXTS, place="990000000000") == []


# CG-1 is 岩脚's until 30 June and CG-2 the county's everywhere; `city` is the group of both.
TOWNSHIP_ROWS = f"""T1,administrative_decisions,,city,{COUNTY},township,意见二(一)1,2024-01-01,
T2,inspections,CG-2,,{COUNTY},township,意见二(一)1,2024-01-01,
T3,complaints,,market,{COUNTY},township,意见二(一)1,2024-01-01,
T4,dynamics,,,{CITY},township,意见二(一)1,2024-01-01,
"""
DECISIONS, DYNAMICS = ContentCategory.ADMINISTRATIVE_DECISIONS, ContentCategory.DYNAMICS
NEVER_LISTED = [f"XX-{number}" for number in range(100)]  # that many are asked about


def townships(
    category: ContentCategory, *matters: str, place: str = COUNTY, on: date = TODAY
) -> list[str]:
    codes = [MatterCode(matter) for matter in matters]
    return list(audience_of(with_rules(TOWNSHIP_ROWS), category, codes, DivisionCode(place), on))


@pytest.mark.parametrize("matters", [("CG-1",), ("CG-2", "CG-1"), ("SC-1", "CG-1", "XX-9")])
def test_a_county_s_copy_reaches_the_townships_that_have_one_of_its_matters(
    matters: tuple[str, ...],
) -> None:
    assert townships(DECISIONS, *matters) == organs(YANJIAO)
    assert townships(DYNAMICS, *matters) == organs(YANJIAO)


def test_it_reaches_none_of_them_where_each_matter_is_the_county_s() -> None:
    assert townships(DECISIONS, "CG-2") == []
    assert townships(DYNAMICS, "CG-2", "SC-1", "XX-9") == []


def test_it_reaches_a_township_as_long_as_the_power_is_its() -> None:
    assert townships(DECISIONS, "CG-1", on=date(2026, 6, 30)) == organs(YANJIAO)
    assert townships(DECISIONS, "CG-1", on=date(2026, 7, 1)) == []


def test_of_its_matters_those_count_that_the_rule_speaks_of() -> None:
    assert townships(ContentCategory.INSPECTIONS, "CG-1", "CG-2") == []
    assert townships(ContentCategory.COMPLAINTS, "CG-1", "SC-1") == []


def test_a_county_s_copy_about_no_matter_reaches_every_township_in_office() -> None:
    assert townships(DYNAMICS) == organs(YANJIAO, LANGDAI)
    assert townships(DECISIONS) == []  # its rule is about some
    text = files()["organs.csv"].decode()
    ended = "\n".join(
        line.replace("2019-01-01,,", "2019-01-01,2026-01-31,") if ",langdai," in line else line
        for line in text.splitlines()
    )
    book = rulebook(files(organs_csv=ended + "\n", audiences_csv=HEAD + TOWNSHIP_ROWS))
    assert list(audience_of(book, DYNAMICS, (), DivisionCode(COUNTY), TODAY)) == organs(YANJIAO)


def test_a_copy_about_more_matters_than_are_asked_about_reaches_every_township() -> None:
    assert townships(DYNAMICS, *NEVER_LISTED) == []
    assert townships(DYNAMICS, *NEVER_LISTED, NEVER_LISTED[0]) == []  # each counts once
    assert townships(DYNAMICS, *NEVER_LISTED, "CG-2") == organs(YANJIAO, LANGDAI)


def test_from_above_the_county_it_reaches_the_townships_below_if_the_rule_s_area_does() -> None:
    assert townships(DYNAMICS, place=CITY) == organs(YANJIAO, LANGDAI)
    assert townships(DYNAMICS, "CG-1", place=CITY) == organs(YANJIAO)
    assert townships(DYNAMICS, place=PROVINCE) == []
    assert townships(DECISIONS, "CG-1", place=CITY) == []


def test_the_township_of_a_township_is_itself_whatever_the_matter() -> None:
    assert townships(DECISIONS, "CG-2", place=LANGDAI_PLACE) == organs(LANGDAI)
    assert townships(DYNAMICS, place=LANGDAI_PLACE) == organs(LANGDAI)


def test_another_category_is_nobodys_business() -> None:
    assert reached(ContentCategory.STATISTICS) == []


def test_a_successor_stands_in_and_an_organ_without_one_is_left_out() -> None:
    text = files()["organs.csv"].decode()
    ended = text.replace("2019-01-01,,\n", "2019-01-01,2026-01-31,scjg\n").splitlines()
    kept = [
        new if ",cgj," in new or ",langdai," in new else old
        for old, new in zip(text.splitlines(), ended, strict=True)
    ]
    contents = files(organs_csv="\n".join(kept) + "\n", audiences_csv=HEAD + ROWS)
    book = rulebook(contents)
    place = DivisionCode(YANJIAO_PLACE)
    assert audience_of(book, ContentCategory.ADMINISTRATIVE_DECISIONS, (), place, TODAY).keys() == {
        SCJG
    }
    assert LANGDAI not in audience_of(book, ContentCategory.LEGAL_TEXTS, (), place, TODAY)


def test_an_organ_that_nobody_knows_reaches_nobody() -> None:
    book = with_rules(f"A1,legal_texts,,,{COUNTY},organ:nobody,意见二(一)1,2024-01-01,\n")
    assert audience_of(book, ContentCategory.LEGAL_TEXTS, (), DivisionCode(COUNTY), TODAY) == {}


def test_a_rulebook_without_the_file_adds_nobody() -> None:
    assert (
        audience_of(rulebook(), ContentCategory.LEGAL_TEXTS, (), DivisionCode(COUNTY), TODAY) == {}
    )


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (f"A1,gossip,,,{COUNTY},township,依据,2024-01-01,", "category"),
        (f"A1,unknown,,,{COUNTY},township,依据,2024-01-01,", "category"),
        (f"A1,legal_texts,CG-1,city,{COUNTY},township,依据,2024-01-01,", "matter"),
        ("A1,legal_texts,,,5202,township,依据,2024-01-01,", "area"),
        (f"A1,legal_texts,,,{COUNTY},everybody,依据,2024-01-01,", "audience"),
        (f"A1,legal_texts,,,{COUNTY},type:village,依据,2024-01-01,", "audience"),
        (f"A1,legal_texts,,,{COUNTY},township,,2024-01-01,", "basis"),
        (f"A1,legal_texts,,,{COUNTY},township,依据,2024,", "valid_from"),
    ],
)
def test_a_row_that_says_nothing_sensible_is_refused_with_its_column(
    line: str, column: str
) -> None:
    with pytest.raises(UserError) as refused:
        with_rules(line + "\n")
    assert refused.value.where == "audiences.csv:2"
    assert (refused.value.detail or "").startswith(f"{column}：")


def test_two_rules_of_one_id_are_refused() -> None:
    with pytest.raises(UserError, match="appears twice"):
        with_rules(ROWS.replace("A2,", "A1,"))
