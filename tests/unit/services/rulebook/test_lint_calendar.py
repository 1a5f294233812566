"""How far the calendar is known, and that a year that is said to be known has holidays."""

from datetime import date

import pytest

from tests.unit.services.rulebook.test_lint import found
from tests.unit.services.rulebook.tiny import added, files


@pytest.mark.parametrize(
    ("on", "short"),
    [(date(2026, 11, 1), False), (date(2026, 11, 2), True)],
)
def test_a_calendar_that_ends_soon_is_a_warning(on: date, short: bool) -> None:  # noqa: FBT001 - a table
    assert ("calendar_short" in {each.code for each in found(files(), on)}) is short


def known(until: str, *days: str) -> dict[str, bytes]:
    """The tiny rulebook with days off, known until a day."""
    head = added("rulebook.toml", f"calendar_known_until = {until}")["rulebook.toml"]
    return {**added("calendar.csv", *(f"{day},off,节" for day in days)), "rulebook.toml": head}


NEW_YEAR = ("2027-01-01", "2027-02-08", "2027-02-09", "2027-02-10")


@pytest.mark.parametrize(
    ("contents", "is_empty"),
    [
        (known("2027-12-31"), True),
        (known("2099-12-31"), True),  # once, not for each year
        (known("2027-12-31", *NEW_YEAR, "2027-10-02", "2027-10-03"), True),  # a weekend is off
        (known("2027-12-31", *NEW_YEAR, "2027-10-01"), False),
        (known("2027-10-07"), False),  # the year's holidays may come yet
        (known("2026-12-31"), False),  # the library has them
    ],
)
def test_a_year_that_is_said_to_be_known_has_its_holidays(
    contents: dict[str, bytes],
    is_empty: bool,  # noqa: FBT001 - a table
) -> None:
    empty = [each.where for each in found(contents) if each.code == "calendar_empty"]
    assert empty == ["rulebook.toml"] * is_empty
