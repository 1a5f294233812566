"""Lengths that would never hold, or do not hold yet, are found before a case needs them."""

from datetime import date

import pytest

from services.casework.spans import DUTIES
from services.rulebook.lint import DUTIES_KNOWN, lint
from tests.unit.services.rulebook.tiny import CALENDAR, edited, files

TODAY = date(2026, 6, 1)
SECTOR = """
[[duty]]
kind = "{kind}"
sector = "urban_management"
length = "15 working days"
ladder = "standard"
basis = "示例"
valid_from = 2021-07-15
"""


def found(contents: dict[str, bytes], on: date = TODAY) -> list[str]:
    return [f"{one.code} {one.where} {one.zh}" for one in lint(contents, CALENDAR, on)]


def with_sector(kind: str) -> dict[str, bytes]:
    whole = files()
    return whole | {"duties.toml": whole["duties.toml"] + SECTOR.format(kind=kind).encode()}


def test_a_sectors_length_of_a_duty_that_there_is_not_is_an_error() -> None:
    assert found(with_sector("decide_filing")) == []
    line = files()["duties.toml"].count(b"\n") + 2
    assert found(with_sector("decide_fling")) == [
        f"dangling duties.toml:{line} 没有名为 decide_fling 的职责"
    ]


def test_the_duties_that_a_rulebook_may_name_are_those_that_a_case_can_open() -> None:
    assert set(DUTIES) == DUTIES_KNOWN


@pytest.mark.parametrize("start", ["2026-06-02", "2027-01-01"])
def test_a_length_that_holds_for_all_from_tomorrow_leaves_today_without_one(start: str) -> None:
    before = files()["duties.toml"].decode()
    first = before[before.index("valid_from") :].splitlines()[0]
    later = edited("duties.toml", first, f"valid_from = {start}")
    assert any("今日尚未生效" in each for each in found(later))
