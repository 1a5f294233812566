"""What is over, what nobody has, and what falls between two clauses."""

import pytest

from services.rulebook.finding import Severity
from services.rulebook.lint_gaps import GAP_DAYS_MAX
from tests.unit.services.rulebook.test_lint import found
from tests.unit.services.rulebook.tiny import COUNTY, FILES, YANJIAO_PLACE, added, edited, files

LAW = "statutory,《甲法》第一条,2019-01-01,单,2019-12-01"


def test_a_rule_that_is_over_is_a_note_that_says_for_which_cases_it_stays() -> None:
    for clause, words in (("act", "以违法行为发生日为准"), ("transfer", "不再适用于任何移送")):
        row = (
            f"R9,CG-2,,{YANJIAO_PLACE},township,statutory,《甲法》第一条,2019-01-01,单,2019-12-01,"
        )
        over = found(added("jurisdiction.csv", f"{row}2020-01-01,2026-05-31,{clause},"))
        (expired,) = [each for each in over if each.code == "expired"]
        assert (expired.severity, expired.where) == (Severity.NOTE, "jurisdiction.csv:6")
        assert words in expired.zh


def test_a_rule_in_its_last_day_is_not_over() -> None:
    row = f"R9,CG-2,,{YANJIAO_PLACE},township,{LAW},"
    last = found(added("jurisdiction.csv", f"{row}2020-01-01,2026-06-01,act,"))
    assert "expired" not in {each.code for each in last}


def test_a_clause_that_leaves_cases_to_an_organ_that_is_gone_is_impossible() -> None:
    gone = FILES["organs.csv"].replace(
        f"department,market_supervision,{COUNTY},,,,2019-01-01,,",
        f"department,market_supervision,{COUNTY},,,,2019-01-01,2026-12-31,",
    )
    for clause, impossible in (("filed", True), ("transfer", False)):
        rules = FILES["jurisdiction.csv"]
        start = rules.index("R3,")
        row = rules[start : rules.index("\n", start)]
        named = ",".join([*row.split(",")[:11], "2026-12-31", clause, ""])
        contents = files(organs_csv=gone, jurisdiction_csv=rules.replace(row, named))
        codes = {each.code for each in found(contents) if each.where == "jurisdiction.csv:5"}
        assert ("clause_impossible" in codes) is impossible, codes


def test_cases_that_fall_between_two_clauses_are_a_warning() -> None:
    """The old rule asks when it was filed, the new one when it was done: neither has the rest."""
    rules = FILES["jurisdiction.csv"]
    start = rules.index("R1,")
    row = rules[start : rules.index("\n", start)]
    parts = row.split(",")
    old = ",".join([*parts[:10], parts[10], "2026-12-31", "filed", ""])
    new = ",".join(["R8", *parts[1:10], "2027-01-01", "", "act", ""])
    contents = files(jurisdiction_csv=rules.replace(row, f"{old}\n{new}"))
    between, of_the_group = [each for each in found(contents) if each.code == "transition_gap"]
    assert of_the_group.where == "matters.csv:3"
    assert (between.severity, between.where) == (Severity.WARNING, "matters.csv:2")
    assert between.en.startswith("of an act before 2027-01-01, filed and sent after")
    assert between.zh.startswith("违法行为早于2027-01-01、其后立案移送的")
    same = ",".join(["R8", *parts[1:10], "2027-01-01", "", "filed", ""])
    follows = files(jurisdiction_csv=rules.replace(row, f"{old}\n{same}"))
    assert "transition_gap" not in {each.code for each in found(follows)}


def test_rules_that_end_elsewhere_do_not_keep_lint_from_looking_at_the_county_s_own() -> None:
    other = "520201000000"
    place = FILES["divisions.csv"] + f"{other},钟山区,county,520200000000\n"
    rows = [
        f"X{day},CG-1,,{other},kind:urban_management,{LAW},2020-01-01,2026-08-{day:02d},act,"
        for day in range(1, GAP_DAYS_MAX + 1)
    ]
    rules = FILES["jurisdiction.csv"]
    start = rules.index("R1,")
    row = rules[start : rules.index("\n", start)]
    ends = ",".join([*row.split(",")[:11], "2027-12-31", "act", ""])
    text = "\n".join([rules.replace(row, ends), *rows, ""])
    gaps = [
        each
        for each in found(files(divisions_csv=place, jurisdiction_csv=text))
        if each.code == "gap" and each.where == "matters.csv:2"
    ]
    assert [each.en.split(" nobody")[0] for each in gaps] == ["from 2028-01-01"]


def test_a_township_of_another_county_is_not_looked_at() -> None:
    other = "520201000000,钟山区,county,520200000000\n520201102000,大湾镇,township,520201000000\n"
    gaps = [
        each.en
        for each in found(files(divisions_csv=FILES["divisions.csv"] + other))
        if each.code == "gap"
    ]
    assert gaps == [each.en for each in found(files()) if each.code == "gap"]


def test_an_entrustment_names_the_principal() -> None:
    contents = edited("jurisdiction.csv", "township,devolved", "township,entrusted")
    assert [f"{each.code} {each.where}" for each in found(contents)] == [
        "principal_missing jurisdiction.csv:4"
    ]


def ending(seat: str, then: str) -> dict[str, bytes]:
    """The tiny county in which the organ at a seat ends."""
    return edited("organs.csv", f"{seat},,,,2019-01-01,,", f"{seat},,,,2019-01-01,{then}")


LEFT = {
    "a department that rules name": (f"urban_management,{COUNTY}", "2026-12-31,", True),
    "a township that a rule names": (f"township,,{YANJIAO_PLACE}", "2026-06-29,", True),
    "the county's government": (f"county_government,,{COUNTY}", "2026-12-31,", True),
    "one with a successor": (f"urban_management,{COUNTY}", "2026-12-31,scjg", False),
    "one that no rule names": (f"market_supervision,{COUNTY}", "2030-12-31,", False),
    "one whose rule ends with it": (f"township,,{YANJIAO_PLACE}", "2026-06-30,", False),
    "one that is gone": (f"urban_management,{COUNTY}", "2026-05-31,", False),
    "one that ends never": (f"urban_management,{COUNTY}", "9999-12-31,", False),
}


@pytest.mark.parametrize("case", LEFT)
def test_an_organ_that_leaves_what_rules_name_to_nobody_is_a_warning(case: str) -> None:
    seat, then, is_left = LEFT[case]
    left = [each for each in found(ending(seat, then)) if each.code == "seat_left"]
    assert [each.severity for each in left] == [Severity.WARNING] * is_left


def test_a_department_that_ends_makes_a_gap_on_the_next_day() -> None:
    over = found(ending(f"urban_management,{COUNTY}", "2026-12-31,"))
    assert "from 2027-01-01 nobody is competent in 2 townships: 岩脚镇、郎岱镇" in {
        each.en for each in over if each.code == "gap"
    }
    heir = found(ending(f"urban_management,{COUNTY}", "2026-12-31,scjg"))
    assert "gap" not in {each.code for each in heir}
