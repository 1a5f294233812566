from datetime import date

import pytest

from schemas.ids import DivisionCode, OrganCode
from services.rulebook.directory import (
    common_superior,
    county_government_of,
    department_of,
    find,
    in_office,
    is_above,
    organ_on,
    superiors_of,
    supervisor_of,
    township_of,
)
from services.rulebook.model import Directory, Line, Organ
from tests.unit.services.rulebook.tiny import (
    CGJ,
    COUNTY,
    FILES,
    GOV,
    LANGDAI,
    LANGDAI_PLACE,
    LPS_GOV,
    LPS_SCJG,
    SCJG,
    SFJ,
    YANJIAO,
    YANJIAO_PLACE,
    edited,
    files,
    rulebook,
)

TODAY = date(2026, 6, 1)
NOBODY = OrganCode("11520203YC00099991")
OTHER_COUNTY = "520204000000"
OTHER_SCJG, OTHER_CGJ = OrganCode("A" * 18), OrganCode("B" * 18)


def directory(contents: dict[str, bytes] | None = None) -> Directory:
    return rulebook(contents).directory


def two_counties() -> Directory:
    """The tiny county and two departments of another."""
    return directory(
        files(
            organs_csv=FILES["organs.csv"]
            + f"{OTHER_SCJG},sc-scjg,水城区市场监督管理局,department,market_supervision,"
            + f"{OTHER_COUNTY},,,,2019-01-01,,\n"
            + f"{OTHER_CGJ},sc-cgj,水城区综合行政执法局,department,urban_management,"
            + f"{OTHER_COUNTY},,,,2019-01-01,,\n",
            superiors_csv=FILES["superiors.csv"]
            + "sc-scjg,lps-scjg,professional,2019-01-01,\n"
            + "sc-scjg,lps-gov,government,2019-01-01,\n"
            + "sc-cgj,lps-gov,government,2019-01-01,\n",
        )
    )


def code(organ: Organ | None) -> str | None:
    return organ.code if organ else None


@pytest.mark.parametrize("text", [YANJIAO, "yanjiao", "岩脚镇人民政府"])
def test_an_organ_is_found_by_code_alias_and_exact_name(text: str) -> None:
    assert code(find(directory(), text, TODAY)) == YANJIAO


@pytest.mark.parametrize("text", ["", "Yanjiao", "岩脚镇", "yanjia"])
def test_half_a_name_finds_nobody(text: str) -> None:
    assert find(directory(), text, TODAY) is None


MERGED = edited(
    "organs.csv",
    f"{CGJ},cgj,综合行政执法局,department,urban_management,{COUNTY},,,,2019-01-01,,\n",
    f"{CGJ},cgj,综合行政执法局,department,urban_management,{COUNTY},,,,2019-01-01,2026-06-30,scjg\n",
)
RENAMED = edited(
    "organs.csv",
    f"{CGJ},cgj,综合行政执法局,department,urban_management,{COUNTY},,,,2019-01-01,,\n",
    f"{CGJ},cgj,综合行政执法局,department,urban_management,{COUNTY},,,,2019-01-01,2026-06-30,cgj-2\n"
    f"{NOBODY},cgj-2,综合行政执法局,department,urban_management,{COUNTY},,,,2026-07-01,,\n",
)


def test_dates_decide_between_two_organs_of_one_name() -> None:
    renamed = directory(RENAMED)
    assert code(find(renamed, "综合行政执法局", date(2026, 6, 30))) == CGJ
    assert code(find(renamed, "综合行政执法局", date(2026, 7, 1))) == NOBODY
    assert find(renamed, "cgj", date(2026, 7, 1)) is None
    assert find(renamed, "cgj", date(2018, 12, 31)) is None


def test_an_organ_is_valid_through_its_last_day_and_then_its_successor_is_in_office() -> None:
    merged = directory(MERGED)
    assert code(organ_on(merged, OrganCode(CGJ), date(2026, 6, 30))) == CGJ
    assert organ_on(merged, OrganCode(CGJ), date(2026, 7, 1)) is None
    assert code(in_office(merged, OrganCode(CGJ), date(2026, 6, 30))) == CGJ
    assert code(in_office(merged, OrganCode(CGJ), date(2026, 7, 1))) == SCJG


OLDER = (  # than the department that it will succeed
    f"{SCJG},scjg,市场监督管理局,department,market_supervision,{COUNTY},,,,2019-01-01".encode(),
    f"{SCJG},scjg,市场监督管理局,department,market_supervision,{COUNTY},,,,2017-01-01".encode(),
)


def test_nobody_is_in_office_before_the_organ_was_or_without_a_successor() -> None:
    gone = edited(
        "organs.csv",
        f"{COUNTY},,,,2019-01-01,,\n{SCJG}",
        f"{COUNTY},,,,2019-01-01,2026-01-01,\n{SCJG}",
    )
    assert in_office(directory(MERGED), OrganCode(CGJ), date(2018, 1, 1)) is None
    older = {**MERGED, "organs.csv": MERGED["organs.csv"].replace(*OLDER)}
    assert code(find(directory(older), SCJG, date(2018, 1, 1))) == SCJG  # the one to come after it
    assert in_office(directory(older), OrganCode(CGJ), date(2018, 1, 1)) is None
    assert in_office(directory(gone), OrganCode(CGJ), TODAY) is None
    assert in_office(directory(), NOBODY, TODAY) is None


def ends(seat: str, successor: str) -> dict[str, bytes]:
    """The tiny county in which an organ ends with June 2026 and leaves what it was to another."""
    return edited(
        "organs.csv", f"{seat},,,,2019-01-01,,", f"{seat},,,,2019-01-01,2026-06-30,{successor}"
    )


LAST, NEXT = date(2026, 6, 30), date(2026, 7, 1)


def test_who_succeeded_the_last_at_a_seat_has_the_seat() -> None:
    place = DivisionCode(LANGDAI_PLACE)
    township = directory(ends(f"township,,{LANGDAI_PLACE}", "yanjiao"))
    assert code(township_of(township, place, LAST)) == LANGDAI
    assert code(township_of(township, place, NEXT)) == YANJIAO
    assert township_of(township, place, date(2018, 1, 1)) is None
    merged = directory(MERGED)
    assert code(department_of(merged, place, "urban_management", LAST)) == CGJ
    assert code(department_of(merged, place, "urban_management", NEXT)) == SCJG
    government = directory(ends(f"county_government,,{COUNTY}", "lps-gov"))
    assert code(county_government_of(government, OrganCode(CGJ), NEXT)) == LPS_GOV
    assert code(common_superior(government, OrganCode(YANJIAO), OrganCode(CGJ), NEXT)) == LPS_GOV


def test_a_seat_whose_last_organ_has_no_successor_is_nobody_s() -> None:
    place = DivisionCode(LANGDAI_PLACE)
    abolished = directory(ends(f"township,,{LANGDAI_PLACE}", ""))
    assert township_of(abolished, place, NEXT) is None


def test_of_several_that_ended_at_a_seat_the_last_one_left_it() -> None:
    row = f"{{}},{{}},综合行政执法局,department,urban_management,{COUNTY},,,,{{}}\n"
    older, newer, line = OrganCode("A" * 18), OrganCode("B" * 18), "department,urban_management,"
    text = FILES["organs.csv"].replace(
        f"{CGJ},cgj,综合行政执法局,{line}{COUNTY},,,,2019-01-01,,\n",
        row.format(newer, "newer", "2022-01-01,2026-06-30,scjg")
        + row.format(older, "older", "2019-01-01,2021-12-31,gov"),
    )
    known = directory(files(organs_csv=text))
    assert code(department_of(known, DivisionCode(COUNTY), "urban_management", NEXT)) == SCJG


@pytest.mark.parametrize(
    ("seat", "kind"),
    [
        (f"township,,{YANJIAO_PLACE}", "comprehensive"),
        (f"county_government,,{COUNTY}", "government"),
        (f"supervisor,,{COUNTY}", "justice"),
    ],
)
def test_what_a_county_has_once_is_found_whatever_its_kind_says(seat: str, kind: str) -> None:
    filled = directory(edited("organs.csv", seat, seat.replace(",,", f",{kind},")))
    assert code(township_of(filled, DivisionCode(YANJIAO_PLACE), TODAY)) == YANJIAO
    assert code(county_government_of(filled, OrganCode(CGJ), TODAY)) == GOV
    assert code(supervisor_of(filled, OrganCode(CGJ), TODAY)) == SFJ


def test_successors_that_go_round_end_in_nobody() -> None:
    circle = edited(
        "organs.csv",
        f"{COUNTY},,,,2019-01-01,,\n{SCJG}",
        f"{COUNTY},,,,2019-01-01,2026-01-01,cgj\n{SCJG}",
    )
    assert in_office(directory(circle), OrganCode(CGJ), TODAY) is None


def test_the_county_has_one_government_one_supervisor_and_a_department_of_a_kind() -> None:
    known = directory()
    place = DivisionCode(YANJIAO_PLACE)
    assert code(supervisor_of(known, OrganCode(YANJIAO), TODAY)) == SFJ
    assert code(county_government_of(known, OrganCode(CGJ), TODAY)) == GOV
    assert code(department_of(known, place, "market_supervision", TODAY)) == SCJG
    assert code(township_of(known, place, TODAY)) == YANJIAO
    assert code(township_of(known, DivisionCode("520203102203"), TODAY)) == YANJIAO
    assert supervisor_of(known, NOBODY, TODAY) is None
    assert supervisor_of(known, OrganCode(LPS_GOV), TODAY) is None


def test_superiors_are_told_by_line_the_governments_first() -> None:
    known = directory()
    scjg = OrganCode(SCJG)
    assert [organ.code for organ in superiors_of(known, scjg, TODAY)] == [GOV, LPS_SCJG]
    assert [organ.code for organ in superiors_of(known, scjg, TODAY, Line.PROFESSIONAL)] == [
        LPS_SCJG
    ]
    assert superiors_of(known, NOBODY, TODAY) == ()


def test_a_superior_counts_only_in_its_time() -> None:
    moved = directory(
        edited(
            "superiors.csv",
            "yanjiao,gov,government,2019-01-01,",
            "yanjiao,gov,government,2019-01-01,2026-05-31",
        )
    )
    assert [organ.code for organ in superiors_of(moved, OrganCode(YANJIAO), date(2026, 5, 31))]
    assert superiors_of(moved, OrganCode(YANJIAO), TODAY) == ()
    assert superiors_of(moved, OrganCode(YANJIAO), date(2018, 1, 1)) == ()


COMMON = {
    "a township and a department of one county: its government": (YANJIAO, CGJ, GOV),
    "two townships: the county's government": (YANJIAO, LANGDAI, GOV),
    "two departments of one county: its government": (CGJ, SCJG, GOV),
    "two departments of one line in two counties: their city department": (
        SCJG,
        OTHER_SCJG,
        LPS_SCJG,
    ),
    "departments of two lines in two counties: the lowest government above both": (
        SCJG,
        OTHER_CGJ,
        LPS_GOV,
    ),
    "of one line but without a city department: the lowest government above both": (
        CGJ,
        OTHER_CGJ,
        LPS_GOV,
    ),
    "a party that would be the superior: the next above": (GOV, YANJIAO, LPS_GOV),
    "nothing above: none": (LPS_GOV, YANJIAO, None),
    "an unknown organ: none": (NOBODY, YANJIAO, None),
}


@pytest.mark.guidance(
    "二(二)3·1", "function services.rulebook.directory:common_superior", words="上一级行政机关"
)
@pytest.mark.parametrize("case", COMMON)
def test_the_common_superior(case: str) -> None:
    a, b, expected = COMMON[case]
    known = two_counties()
    assert code(common_superior(known, OrganCode(a), OrganCode(b), TODAY)) == expected
    assert code(common_superior(known, OrganCode(b), OrganCode(a), TODAY)) == expected


def test_one_organ_is_above_another_on_either_line_at_any_distance() -> None:
    known = two_counties()

    def above(a: str, b: str) -> bool:
        return is_above(known, OrganCode(a), OrganCode(b), TODAY)

    assert above(GOV, YANJIAO)
    assert above(LPS_GOV, YANJIAO)
    assert above(LPS_SCJG, SCJG)
    assert not above(YANJIAO, GOV)
    assert not above(SCJG, CGJ)
    assert not above(YANJIAO, YANJIAO)
    assert not above(NOBODY, YANJIAO)
    assert not above(GOV, NOBODY)
