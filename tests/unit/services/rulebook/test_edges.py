"""Dates at the edges, in tables: when a length falls due and its cards, by the real calendar.

2026: 元旦 1–3 January (4 January worked), 春节 15–23 February (14 and 28 worked), 清明 4–6 April,
劳动节 1–5 May (9 worked), 端午 19–21 June, 中秋 25–27 September (20 worked), 国庆 1–7 October (10
worked). The calendar is known to the end of 2026.
"""

from datetime import date, datetime, timedelta

import pytest

from schemas.ids import DivisionCode, MatterCode
from services.rulebook.calendar import ZONE, due_at, parse_length, rung_times
from services.rulebook.jurisdiction import Question, Verdict, route
from services.rulebook.model import Rulebook
from tests.history import demo

WORKING = {
    "year's end, the last day known": ("2026-12-30 10:00", "1 working day", "2027-01-01 00:00"),
    "年终 over 元旦 of 2026": ("2025-12-31 10:00", "1 working day", "2026-01-05 00:00"),
    "元旦's Sunday is worked": ("2026-01-02 10:00", "1 working day", "2026-01-05 00:00"),
    "the two days after 元旦": ("2025-12-31 23:59:59", "2 working days", "2026-01-06 00:00"),
    "into 春节 over the worked Saturday": (
        "2026-02-12 10:00",
        "2 working days",
        "2026-02-15 00:00",
    ),
    "out of 春节": ("2026-02-14 10:00", "1 working day", "2026-02-25 00:00"),
    "opened in 春节": ("2026-02-18 10:00", "1 working day", "2026-02-25 00:00"),
    "the worked Saturday after 春节": ("2026-02-26 10:00", "2 working days", "2026-03-01 00:00"),
    "no leap day in 2026": ("2026-02-27 10:00", "2 working days", "2026-03-03 00:00"),
    "over 清明": ("2026-04-03 10:00", "1 working day", "2026-04-08 00:00"),
    "over 劳动节": ("2026-04-30 10:00", "1 working day", "2026-05-07 00:00"),
    "劳动节's Saturday is worked": ("2026-05-08 10:00", "1 working day", "2026-05-10 00:00"),
    "over 端午": ("2026-06-18 10:00", "1 working day", "2026-06-23 00:00"),
    "the worked Sunday before 中秋": ("2026-09-18 10:00", "1 working day", "2026-09-21 00:00"),
    "over 中秋": ("2026-09-24 10:00", "1 working day", "2026-09-29 00:00"),
    "over 国庆": ("2026-09-30 10:00", "1 working day", "2026-10-09 00:00"),
    "国庆's Saturday is worked": ("2026-10-09 10:00", "1 working day", "2026-10-11 00:00"),
    "seven working days over 国庆": ("2026-09-29 10:00", "7 working days", "2026-10-15 00:00"),
    "ten working days over 中秋 and 国庆": (
        "2026-09-18 10:00",
        "10 working days",
        "2026-10-10 00:00",
    ),
    "at 00:00 the day that begins is the first": (
        "2026-03-02 00:00",
        "1 working day",
        "2026-03-04 00:00",
    ),
    "a second before 24:00": ("2026-03-02 23:59:59", "1 working day", "2026-03-04 00:00"),
    "no working day at all": ("2026-03-02 10:00", "0 working days", "2026-03-03 00:00"),
}
CALENDAR_DAYS = {
    "90 days into a weekend, without roll": ("2026-03-01 10:00", False, "90", "2026-05-31 00:00"),
    "90 days into a weekend, with roll": ("2026-03-01 10:00", True, "90", "2026-06-02 00:00"),
    "30 days into 国庆, without roll": ("2026-09-04 10:00", False, "30", "2026-10-05 00:00"),
    "30 days into 国庆, with roll": ("2026-09-04 10:00", True, "30", "2026-10-09 00:00"),
    "a day into a worked Saturday does not roll": (
        "2026-10-09 10:00",
        True,
        "1",
        "2026-10-11 00:00",
    ),
    "a day into 春节 rolls over all of it": ("2026-02-14 10:00", True, "1", "2026-02-25 00:00"),
    "over the leap day of 2024": ("2024-02-28 10:00", False, "1", "2024-03-01 00:00"),
    "90 days over a leap day": ("2024-02-01 10:00", False, "90", "2024-05-02 00:00"),
    "a year over no leap day": ("2025-03-01 10:00", False, "365", "2026-03-02 00:00"),
    "to 31 December": ("2026-01-01 10:00", False, "364", "2027-01-01 00:00"),
}
HOURS = {
    "within the day": ("2026-09-28 09:30", "4 hours", "2026-09-28 13:30"),
    "over the night": ("2026-09-28 22:00", "4 hours", "2026-09-29 02:00"),
    "over a weekend and a holiday": ("2026-09-30 23:30", "4 hours", "2026-10-01 03:30"),
    "over year's end": ("2026-12-31 22:00", "4 hours", "2027-01-01 02:00"),
    "to midnight": ("2026-09-28 20:00", "4 hours", "2026-09-29 00:00"),
    "minutes": ("2026-09-28 23:59:30", "1 minute", "2026-09-29 00:00:30"),
}
# opened, length → reminder (none: not after the opening), yellow, red, supervision
CARDS = {
    "one working day has no reminder": (
        "2026-09-28 10:00",
        "1 working day",
        None,
        "09-30 09:00",
        "10-10 09:00",
        "10-20 09:00",
    ),
    "the reminder lies before the holiday": (
        "2026-09-28 10:00",
        "3 working days",
        "09-30 09:00",
        "10-09 09:00",
        "10-13 09:00",
        "10-22 09:00",
    ),
    "yellow on the worked Saturday": (
        "2026-09-28 10:00",
        "4 working days",
        "10-08 09:00",
        "10-10 09:00",
        "10-14 09:00",
        "10-23 09:00",
    ),
    "four hours: the next 09:00 of a working day": (
        "2026-09-28 09:30",
        "4 hours",
        "09-28 12:30",
        "09-29 09:00",
        "10-09 09:00",
        "10-19 09:00",
    ),
    "four hours due before 09:00 of the same day": (
        "2026-09-28 22:00",
        "4 hours",
        "09-29 01:00",
        "09-29 09:00",
        "10-09 09:00",
        "10-19 09:00",
    ),
    "four hours due exactly at 09:00": (
        "2026-09-28 05:00",
        "4 hours",
        "09-28 08:00",
        "09-29 09:00",
        "10-09 09:00",
        "10-19 09:00",
    ),
    "four hours into a holiday": (
        "2026-09-30 20:00",
        "4 hours",
        "09-30 23:00",
        "10-08 09:00",
        "10-12 09:00",
        "10-21 09:00",
    ),
}
PAST_THE_KNOWN = {
    "a working day of 2027 is a guess": ("2026-12-31 10:00", "1 working day", True),
    "the last known day is no guess": ("2026-12-30 10:00", "1 working day", False),
    "calendar days without roll need no calendar": ("2026-12-31 10:00", "90 calendar days", False),
    "hours need no calendar": ("2026-12-31 23:00", "4 hours", False),
}
# matter, act, found, filed, transfer → competent at 岩脚镇 (520203102000), of the demo
RULE_DAYS = {
    "the last day of a rule is its own": (
        "CG-007",
        "2026-06-30",
        "2026-07-03",
        None,
        "2026-07-05",
        "yanjiao",
    ),
    "the day after is the county's": (
        "CG-007",
        "2026-07-01",
        "2026-07-03",
        None,
        "2026-07-05",
        "liuzhi-cgj",
    ),
    "found on the last day": ("CG-008", "2026-06-25", "2026-06-30", None, "2026-07-05", "yanjiao"),
    "found on the first day after": (
        "CG-008",
        "2026-06-25",
        "2026-07-01",
        None,
        "2026-07-05",
        "liuzhi-cgj",
    ),
    "filed on the last day: 由原机关办结": (
        "CG-003",
        "2026-06-25",
        "2026-06-26",
        "2026-06-30",
        "2026-07-05",
        "yanjiao",
    ),
    "filed on the first day after": (
        "CG-003",
        "2026-06-25",
        "2026-06-26",
        "2026-07-01",
        "2026-07-05",
        "liuzhi-cgj",
    ),
    "not filed: the transfer stands in": (
        "CG-003",
        "2026-06-25",
        "2026-06-26",
        None,
        "2026-06-30",
        "yanjiao",
    ),
    "transferred on the last day": (
        "CG-011",
        "2026-06-25",
        "2026-06-26",
        None,
        "2026-06-30",
        "yanjiao",
    ),
    "transferred on the first day after": (
        "CG-011",
        "2026-06-25",
        "2026-06-26",
        None,
        "2026-07-01",
        "liuzhi-cgj",
    ),
    "the first day of a devolved power": (
        "CG-004",
        "2021-10-01",
        "2021-10-01",
        None,
        "2021-10-02",
        "yanjiao",
    ),
    "the day before a devolved power": (
        "CG-004",
        "2021-09-30",
        "2021-10-01",
        None,
        "2021-10-02",
        "liuzhi-cgj",
    ),
    "the last day before a gap": (
        "CG-013",
        "2026-03-01",
        "2026-03-31",
        None,
        "2026-04-02",
        "liuzhi-cgj",
    ),
    "the first day of a gap": ("CG-013", "2026-03-01", "2026-04-01", None, "2026-04-02", None),
    "the year's last day": ("CG-001", "2026-12-31", "2026-12-31", None, "2026-12-31", "liuzhi-cgj"),
    "a leap day": ("CG-001", "2024-02-29", "2024-02-29", None, "2024-02-29", "liuzhi-cgj"),
}


def at(text: str) -> datetime:
    """A time in China; without a year, 2026."""
    if len(text) == len("10-08 09:00"):
        text = f"2026-{text}"
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(("start", "length", "due"), WORKING.values(), ids=WORKING)
def test_working_days(start: str, length: str, due: str) -> None:
    assert due_at(demo().calendar, at(start), parse_length(length)).at == at(due)


@pytest.mark.parametrize(
    ("start", "roll", "days", "due"), CALENDAR_DAYS.values(), ids=CALENDAR_DAYS
)
def test_calendar_days(start: str, days: str, due: str, *, roll: bool) -> None:
    length = parse_length(f"{days} calendar days")
    assert due_at(demo().calendar, at(start), length, roll=roll).at == at(due)


@pytest.mark.parametrize(("start", "length", "due"), HOURS.values(), ids=HOURS)
def test_hours_run_through_and_never_roll(start: str, length: str, due: str) -> None:
    for roll in (False, True):
        assert due_at(demo().calendar, at(start), parse_length(length), roll=roll).at == at(due)


@pytest.mark.parametrize(
    ("start", "length", "reminder", "yellow", "red", "supervision"), CARDS.values(), ids=CARDS
)
def test_cards(
    start: str, length: str, reminder: str | None, yellow: str, red: str, supervision: str
) -> None:
    ladder = next(rule.ladder for rule in demo().duties if rule.ladder.name == "standard")
    counted = parse_length(length)
    due = due_at(demo().calendar, at(start), counted)
    rungs = {
        rung.value: when
        for rung, when in rung_times(demo().calendar, ladder, at(start), due, counted)
    }
    expected = {"reminder": reminder, "yellow": yellow, "red": red, "supervision": supervision}
    assert rungs == {rung: at(when) for rung, when in expected.items() if when}


@pytest.mark.parametrize(
    ("start", "length", "provisional"), PAST_THE_KNOWN.values(), ids=PAST_THE_KNOWN
)
def test_past_the_known_calendar(start: str, length: str, *, provisional: bool) -> None:
    assert due_at(demo().calendar, at(start), parse_length(length)).provisional is provisional


@pytest.mark.parametrize(
    ("matter", "act", "found", "filed", "transfer", "competent"),
    RULE_DAYS.values(),
    ids=RULE_DAYS,
)
def test_first_and_last_days_of_rules(
    matter: str, act: str, found: str, filed: str | None, transfer: str, competent: str | None
) -> None:
    answer = _answer(demo(), matter, act, found, filed, transfer)
    if competent is None:
        assert answer == (Verdict.GAP, ())
    else:
        assert answer == (Verdict.COMPETENT, (competent,))


def _answer(
    rulebook: Rulebook, matter: str, act: str, found: str, filed: str | None, transfer: str
) -> tuple[Verdict, tuple[str, ...]]:
    day = date.fromisoformat
    question = Question(
        place=DivisionCode("520203102000"),
        matter=MatterCode(matter),
        act_date=day(act),
        found_date=day(found),
        filed_date=day(filed) if filed else None,
        transfer_date=day(transfer),
    )
    answer = route(rulebook, question)
    organs = rulebook.directory.organs
    return answer.verdict, tuple(organs[organ].alias for organ in answer.organs)


def test_a_card_whose_day_lies_past_the_known_calendar_waits_for_it() -> None:
    ladder = next(rule.ladder for rule in demo().duties if rule.ladder.name == "standard")
    length = parse_length("1 working day")
    start = at("2026-12-24 10:00")
    due = due_at(demo().calendar, start, length)
    assert due.at == at("2026-12-26 00:00")
    rungs = dict(rung_times(demo().calendar, ladder, start, due, length))
    assert {rung.value: when for rung, when in rungs.items()} == {
        "yellow": at("2026-12-28 09:00"),
        "red": at("2026-12-31 09:00"),
    }
    assert max(rungs.values()) - start < timedelta(days=8)
