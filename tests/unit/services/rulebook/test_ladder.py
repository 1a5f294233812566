from dataclasses import replace
from datetime import datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Rung
from services.rulebook.calendar import ZONE, due_at, is_workday, parse_length, rung_times
from services.rulebook.model import Ladder, Length, RungDays, Unit
from tests.unit.services.rulebook.tiny import CALENDAR, STANDARD, china

ANY_DAY = replace(
    STANDARD,
    rung_days=RungDays.ANY,
    reminder_lead=Length(1, Unit.CALENDAR_DAYS),
    yellow_after=Length(0, Unit.CALENDAR_DAYS),
    red_after=Length(3, Unit.CALENDAR_DAYS),
    supervision_after=Length(10, Unit.CALENDAR_DAYS),
)
AT_ONCE = replace(
    STANDARD,
    rung_days=RungDays.AT_ONCE,
    reminder_lead=Length(1, Unit.MINUTES),
    yellow_after=Length(0, Unit.MINUTES),
    red_after=Length(30, Unit.MINUTES),
    supervision_after=Length(1, Unit.CALENDAR_DAYS),
)


def rungs(
    start: str, length: str, ladder: Ladder = STANDARD, *, roll: bool = False
) -> dict[str, str]:
    counted = parse_length(length)
    opened = china(start)
    due = due_at(CALENDAR, opened, counted, roll=roll)
    fired = rung_times(CALENDAR, ladder, opened, due, counted)
    return {rung.value: f"{at:%Y-%m-%d %H:%M}" for rung, at in fired}


def test_a_day_duty_is_reminded_a_working_day_before_and_carded_from_the_day_after() -> None:
    assert rungs("2026-03-02 10:00", "7 working days") == {
        "reminder": "2026-03-10 09:00",
        "yellow": "2026-03-12 09:00",
        "red": "2026-03-17 09:00",
        "supervision": "2026-03-26 09:00",
    }


def test_over_the_october_holidays_the_rungs_fall_on_working_days_the_make_up_saturday_too() -> (
    None
):
    assert rungs("2026-09-28 09:30", "2 working days") == {
        "reminder": "2026-09-29 09:00",
        "yellow": "2026-10-08 09:00",
        "red": "2026-10-12 09:00",
        "supervision": "2026-10-21 09:00",
    }


def test_a_reminder_that_would_not_be_after_the_opening_is_left_out() -> None:
    assert "reminder" not in rungs("2026-03-02 10:00", "1 working day")
    assert "reminder" not in rungs("2026-03-02 09:00", "1 working day")
    assert rungs("2026-03-02 08:59", "1 working day")["reminder"] == "2026-03-02 09:00"


def test_an_hour_duty_is_reminded_an_hour_before_and_carded_at_the_next_nine_oclock() -> None:
    assert rungs("2026-03-06 18:00", "4 hours") == {
        "reminder": "2026-03-06 21:00",
        "yellow": "2026-03-09 09:00",
        "red": "2026-03-12 09:00",
        "supervision": "2026-03-23 09:00",
    }


HOURS = {
    "due before nine on a working day: that day": ("2026-03-03 04:00", "2026-03-03 09:00"),
    "due at nine sharp: the next working day": ("2026-03-03 05:00", "2026-03-04 09:00"),
    "due on a Saturday: Monday": ("2026-03-07 01:00", "2026-03-09 09:00"),
    "due on the make-up Saturday before nine: that day": ("2026-10-10 01:00", "2026-10-10 09:00"),
}


@pytest.mark.parametrize("case", HOURS)
def test_an_hour_dutys_yellow_card_waits_for_nine_oclock_of_a_working_day(case: str) -> None:
    start, yellow = HOURS[case]
    assert rungs(start, "4 hours")["yellow"] == yellow


def test_calendar_days_that_end_in_a_holiday_are_carded_on_the_first_working_day() -> None:
    assert rungs("2026-07-03 09:00", "90 calendar days") == {
        "reminder": "2026-09-30 09:00",
        "yellow": "2026-10-08 09:00",
        "red": "2026-10-12 09:00",
        "supervision": "2026-10-21 09:00",
    }


def test_a_ladder_on_any_day_counts_plain_days() -> None:
    assert rungs("2026-03-02 10:00", "5 calendar days", ANY_DAY) == {
        "reminder": "2026-03-06 09:00",
        "yellow": "2026-03-08 09:00",
        "red": "2026-03-11 09:00",
        "supervision": "2026-03-18 09:00",
    }


def test_leads_and_distances_in_calendar_days_are_moved_to_working_days() -> None:
    ladder = replace(
        ANY_DAY, rung_days=RungDays.WORKING, supervision_after=Length(5, Unit.CALENDAR_DAYS)
    )
    # Due on Monday 9 March: a day before is Sunday, so Friday; the card's five days end on Sunday.
    assert rungs("2026-03-04 10:00", "5 calendar days", ladder) == {
        "reminder": "2026-03-06 09:00",
        "yellow": "2026-03-10 09:00",
        "red": "2026-03-13 09:00",
        "supervision": "2026-03-16 09:00",
    }


def test_a_ladder_at_once_runs_by_the_clock() -> None:
    assert rungs("2026-03-07 23:58", "1 minute", AT_ONCE) == {
        "yellow": "2026-03-07 23:59",
        "red": "2026-03-08 00:29",
        "supervision": "2026-03-08 23:59",
    }
    assert rungs("2026-03-07 23:00", "1 hour", AT_ONCE)["reminder"] == "2026-03-07 23:59"


def test_a_provisional_due_date_has_a_reminder_and_no_cards() -> None:
    assert rungs("2026-12-28 10:00", "8 working days") == {"reminder": "2027-01-06 09:00"}


def test_a_card_whose_day_lies_past_the_known_calendar_waits() -> None:
    assert rungs("2026-12-25 10:00", "2 working days") == {
        "reminder": "2026-12-28 09:00",
        "yellow": "2026-12-30 09:00",
    }
    assert rungs("2026-12-01 10:00", "90 calendar days") == {"reminder": "2027-02-26 09:00"}


def test_a_card_that_needs_no_calendar_does_not_wait() -> None:
    assert len(rungs("2026-12-28 10:00", "5 calendar days", ANY_DAY)) == 4
    assert len(rungs("2026-12-31 23:00", "4 hours", AT_ONCE)) == 4


def test_the_hour_is_the_rulebooks() -> None:
    early = replace(STANDARD, hour=time(8, 30))
    assert rungs("2026-03-02 10:00", "7 working days", early)["yellow"] == "2026-03-12 08:30"


@given(
    start=st.datetimes(
        datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        datetime(2026, 10, 1),  # noqa: DTZ001 - the same
        timezones=st.just(ZONE),
    ),
    amount=st.integers(0, 30),
    unit=st.sampled_from(Unit),
    ladder=st.sampled_from([STANDARD, ANY_DAY, AT_ONCE]),
)
def test_rungs_come_in_order_each_once_the_cards_never_before_the_duty_is_due(
    start: datetime, amount: int, unit: Unit, ladder: Ladder
) -> None:
    length = Length(amount, unit)
    due = due_at(CALENDAR, start, length)
    fired = rung_times(CALENDAR, ladder, start, due, length)
    order = [rung for rung in Rung if rung in dict(fired)]
    assert [rung for rung, _ in fired] == order
    times = [at for _, at in fired]
    assert times == sorted(times)
    for rung, at in fired:
        assert (at > start) if rung is Rung.REMINDER else (at >= due.at)
        if ladder is STANDARD and rung is not Rung.REMINDER:
            assert is_workday(CALENDAR, at.date())
            assert at.time() == STANDARD.hour
