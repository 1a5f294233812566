"""A devolution that does not say by whom is told, since nobody would owe guidance for it."""

import pytest

from services.rulebook.finding import Severity
from tests.unit.services.rulebook.test_lint import found
from tests.unit.services.rulebook.tiny import COUNTY, FILES, YANJIAO_PLACE, added, files

LAW = "《中华人民共和国行政处罚法》第二十四条,2021-07-15,决定,2021-09-01"
ROW = f"R9,{{subject}},{{area}},township,devolved,{LAW},{{time}}"
YEARLY = """
[[duty]]
kind = "yearly_guidance"
length = "1 calendar day"
ladder = "standard"
basis = "示例"
valid_from = 2021-01-01
"""
OVER = f"R8,SC-2,,{COUNTY},kind:market_supervision,statutory,{LAW},2021-10-01,2022-09-30,act,"


def unknown(*rules: str, duties: str = YEARLY) -> list[str]:
    """Return the findings of a rulebook with a matter SC-2 that nobody has but by these rules."""
    contents = files(
        matters_csv=FILES["matters.csv"] + "SC-2,无照开矿,mining\n",
        duties_toml=FILES["duties.toml"] + duties,
        jurisdiction_csv=FILES["jurisdiction.csv"] + "\n".join((*rules, "")),
    )
    listed = [each for each in found(contents) if each.code == "guidance_unknown"]
    assert {each.severity for each in listed} <= {Severity.WARNING}
    return [each.where for each in listed]


def row(subject: str = "SC-2,", area: str = COUNTY, time: str = "2022-10-01,,act,") -> str:
    return ROW.format(subject=subject, area=area, time=time)


@pytest.mark.parametrize("area", [COUNTY, YANJIAO_PLACE])
@pytest.mark.parametrize("subject", ["SC-2,", ",mining"])
def test_a_devolution_behind_which_no_rule_stands_is_a_warning(subject: str, area: str) -> None:
    assert unknown(row(subject, area)) == ["jurisdiction.csv:6"]


def test_behind_it_may_stand_a_rule_that_is_in_force_or_one_that_ended() -> None:
    assert unknown(row("CG-1,", COUNTY)) == []  # the group's own rule
    assert unknown(OVER, row()) == []


def test_what_is_over_or_another_s_or_in_no_place_of_the_county_is_none() -> None:
    assert unknown(row(time="2022-10-01,2026-05-31,act,")) == []
    assert unknown(row(), row(area=YANJIAO_PLACE).replace("R9", "R10")) == [
        "jurisdiction.csv:6",
        "jurisdiction.csv:7",
    ]
    assert unknown(row(area="520200000000").replace("R9", "R10"), OVER) == []
    assert unknown(row(area="520000000001")) == []


def test_without_the_duty_nobody_needs_to_know() -> None:
    assert unknown(row(), duties="") == []


def test_the_tiny_rulebook_itself_says_by_whom() -> None:
    assert found(added("duties.toml", YEARLY)) == ()
