import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rulebook.calendar import (
    LENGTH_MAX,
    ZONE,
    due_at,
    is_workday,
    length_text,
    local_date,
    parse_length,
    workdays_after,
    workdays_before,
)
from services.rulebook.load import library_calendar
from services.rulebook.model import Calendar, Length, Unit
from tests.unit.services.rulebook.tiny import CALENDAR, china

INSTANTS = st.datetimes(
    datetime(2025, 6, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2027, 6, 1),  # noqa: DTZ001 - the same
    timezones=st.just(ZONE),
)
AMOUNTS = st.integers(0, 200)

DUE = {
    "the first day does not count": ("2026-03-02 09:30", "1 working day", "2026-03-04 00:00"),
    "an opening at midnight belongs to the day it begins": (
        "2026-03-02 00:00",
        "1 working day",
        "2026-03-04 00:00",
    ),
    "an opening a second before midnight belongs to the day that ends": (
        "2026-03-02 23:59:59",
        "1 working day",
        "2026-03-04 00:00",
    ),
    "a weekend is jumped": ("2026-03-06 10:00", "2 working days", "2026-03-11 00:00"),
    "an opening on a Sunday counts from Monday": (
        "2026-03-08 10:00",
        "1 working day",
        "2026-03-10 00:00",
    ),
    "over 春节 nine days off and two made workdays": (
        "2026-02-13 17:00",
        "2 working days",
        "2026-02-25 00:00",
    ),
    "the Saturday before 春节 is a workday": (
        "2026-02-13 17:00",
        "1 working day",
        "2026-02-15 00:00",
    ),
    "over 国庆 with the make-up Saturday": (
        "2026-09-28 09:30",
        "5 working days",
        "2026-10-11 00:00",
    ),
    "over 国庆, seven days as the law's 七日": (
        "2026-09-28 09:30",
        "7 working days",
        "2026-10-14 00:00",
    ),
    "the Sunday before 中秋 is a workday": (
        "2026-09-18 09:00",
        "1 working day",
        "2026-09-21 00:00",
    ),
    "over the year's end into the known January": (
        "2025-12-31 09:00",
        "1 working day",
        "2026-01-05 00:00",
    ),
    "ninety calendar days do not care for holidays": (
        "2026-07-03 09:00",
        "90 calendar days",
        "2026-10-02 00:00",
    ),
    "no day at all ends with the day": ("2026-03-02 09:30", "0 working days", "2026-03-03 00:00"),
    "hours run through the night and the weekend": (
        "2026-03-06 22:00",
        "4 hours",
        "2026-03-07 02:00",
    ),
    "minutes run through midnight": ("2026-03-06 23:59", "2 minutes", "2026-03-07 00:01"),
}


@pytest.mark.parametrize("case", DUE)
def test_a_length_falls_due(case: str) -> None:
    start, length, expected = DUE[case]
    due = due_at(CALENDAR, china(start), parse_length(length))
    assert due.at == china(expected)
    assert not due.provisional


def test_the_days_that_counted_are_told() -> None:
    due = due_at(CALENDAR, china("2026-09-30 10:00"), parse_length("3 working days"))
    assert [day.isoformat() for day in due.days] == ["2026-10-08", "2026-10-09", "2026-10-10"]
    assert due.day == date(2026, 10, 10)


def test_an_hour_duty_is_due_on_its_own_day() -> None:
    due = due_at(CALENDAR, china("2026-09-30 10:00"), parse_length("4 hours"))
    assert due.day == date(2026, 9, 30)


def test_the_zone_is_chinas_whatever_the_instants_offset() -> None:
    start = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)  # 00:30 of 2 March in China
    assert local_date(start) == date(2026, 3, 2)
    due = due_at(CALENDAR, start, parse_length("1 working day"))
    assert due.at == china("2026-03-04 00:00")


def test_calendar_days_that_end_on_a_day_off_end_there_unless_they_roll() -> None:
    start, length = china("2026-07-03 09:00"), parse_length("90 calendar days")
    assert due_at(CALENDAR, start, length).day == date(2026, 10, 1)
    assert due_at(CALENDAR, start, length, roll=True).day == date(2026, 10, 8)


def test_calendar_days_that_end_on_a_workday_do_not_roll() -> None:
    start, length = china("2026-03-02 09:00"), parse_length("30 calendar days")
    assert due_at(CALENDAR, start, length, roll=True).day == date(2026, 4, 1)


PROVISIONAL = {
    "working days that end on the last known day": ("2026-12-28 09:00", "3 working days", False),
    "working days that end after it": ("2026-12-28 09:00", "4 working days", True),
    "calendar days need no calendar": ("2026-12-28 09:00", "90 calendar days", False),
    "hours need no calendar": ("2026-12-31 23:00", "4 hours", False),
}


@pytest.mark.parametrize("case", PROVISIONAL)
def test_past_the_known_calendar_a_due_date_is_provisional(case: str) -> None:
    start, length, provisional = PROVISIONAL[case]
    due = due_at(CALENDAR, china(start), parse_length(length))
    assert due.provisional is provisional


def test_calendar_days_that_may_roll_past_the_known_calendar_are_provisional() -> None:
    due = due_at(CALENDAR, china("2026-12-28 09:00"), Length(10, Unit.CALENDAR_DAYS), roll=True)
    assert due.provisional


@given(start=INSTANTS, amount=AMOUNTS, unit=st.sampled_from(Unit), roll=st.booleans())
def test_a_longer_length_never_falls_due_earlier(
    start: datetime,
    amount: int,
    unit: Unit,
    roll: bool,  # noqa: FBT001 - hypothesis names it
) -> None:
    shorter = due_at(CALENDAR, start, Length(amount, unit), roll=roll)
    longer = due_at(CALENDAR, start, Length(amount + 1, unit), roll=roll)
    assert shorter.at <= longer.at


@given(start=INSTANTS, later=st.timedeltas(timedelta(), timedelta(days=30)), amount=AMOUNTS)
def test_a_later_start_never_falls_due_earlier(
    start: datetime, later: timedelta, amount: int
) -> None:
    length = Length(amount, Unit.WORKING_DAYS)
    assert due_at(CALENDAR, start, length).at <= due_at(CALENDAR, start + later, length).at


@given(start=INSTANTS, amount=st.integers(1, 200))
def test_working_days_end_on_a_working_day_and_count_every_one_on_the_way(
    start: datetime, amount: int
) -> None:
    due = due_at(CALENDAR, start, Length(amount, Unit.WORKING_DAYS))
    assert is_workday(CALENDAR, due.day)
    assert len(due.days) == amount
    first = start.date() + timedelta(days=1)
    between = [first + timedelta(days=n) for n in range((due.day - first).days + 1)]
    assert tuple(day for day in between if is_workday(CALENDAR, day)) == due.days


@given(start=INSTANTS, amount=AMOUNTS)
def test_calendar_days_that_roll_end_on_a_working_day_not_before_those_that_do_not(
    start: datetime, amount: int
) -> None:
    length = Length(amount, Unit.CALENDAR_DAYS)
    rolled = due_at(CALENDAR, start, length, roll=True)
    assert is_workday(CALENDAR, rolled.day)
    assert rolled.day >= due_at(CALENDAR, start, length).day


@given(
    day=st.dates(date(2025, 6, 1), date(2027, 6, 1)).filter(lambda day: is_workday(CALENDAR, day)),
    amount=AMOUNTS,
)
def test_working_days_back_and_forth_lead_home(day: date, amount: int) -> None:
    assert workdays_before(CALENDAR, workdays_after(CALENDAR, day, amount), amount) == day


def test_the_library_agrees_with_the_public_arrangement_of_2026() -> None:
    library = library_calendar()
    assert library.known_until == CALENDAR.known_until
    for number in range(365):
        day = date(2026, 1, 1) + timedelta(days=number)
        assert is_workday(library, day) is is_workday(CALENDAR, day), day


@given(unit=st.sampled_from(Unit), data=st.data())
def test_a_length_reads_as_it_is_written(unit: Unit, data: st.DataObject) -> None:
    length = Length(data.draw(st.integers(0, LENGTH_MAX[unit])), unit)
    assert parse_length(length_text(length)) == length


def test_the_digest_of_a_calendar_is_that_of_earlier_releases_so_no_duty_is_counted_anew() -> None:
    known = date(2026, 12, 31)
    off, works = frozenset({date(2026, 10, 2), date(2026, 10, 1)}), frozenset({date(2026, 10, 10)})
    assert Calendar(off, works, known).digest == "89542c70d2f0accd"
    assert Calendar(works, off, known).digest != Calendar(off, works, known).digest


@pytest.mark.parametrize(
    ("longest", "too_long"),
    [
        ("525600 minutes", "525601 minutes"),  # a year
        ("8760 hours", "8761 hours"),  # a year
        ("2500 working days", "2501 working days"),  # about ten years
        ("3660 calendar days", "3661 calendar days"),  # about ten years
    ],
)
def test_a_length_may_have_a_year_of_hours_or_ten_years_of_days_and_no_more(
    longest: str, too_long: str
) -> None:
    assert length_text(parse_length(longest)) == longest
    with pytest.raises(ValueError, match=f"^{too_long}$"):
        parse_length(too_long)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7 days",
        "-1 hours",
        "1.5 hours",
        "7  working days",
        "\uff17 hours",
    ],
)
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_length(text)
