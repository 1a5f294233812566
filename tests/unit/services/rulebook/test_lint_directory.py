from datetime import date

from services.rulebook.lint import lint
from tests.unit.services.rulebook.tiny import CALENDAR, COUNTY, added

NEW = f"520203103000,木岗镇,township,{COUNTY}\n"


def found(contents: dict[str, bytes]) -> list[str]:
    findings = lint(contents, CALENDAR, date(2026, 6, 1))
    return [f"{one.severity} {one.code} {one.zh}" for one in findings]


def test_a_township_of_the_county_that_has_no_organ_is_told() -> None:
    told = "warning township_forgotten 名录中没有 木岗镇 的机关：它发不了函，也收不到"
    assert told in found(added("divisions.csv", NEW))


def test_a_place_of_another_county_needs_no_organ() -> None:
    other = NEW.replace(COUNTY, "520200000000")
    assert not [each for each in found(added("divisions.csv", other)) if "forgotten" in each]
