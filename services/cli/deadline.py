"""`yichuan deadline`: when a length that starts at T falls due, day by day."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from schemas.errors import UserError
from schemas.intake import OUR_YEARS
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, say, table
from services.cli.rules import RulebookChoice, chosen_folder
from services.rulebook.calendar import ZONE, Due, due_at, length_text, parse_length
from services.rulebook.load import load
from services.rulebook.model import Calendar, Length

_KINDS: Final = {
    "workday": ("工作日", "working day"),
    "make_up_workday": ("调休上班", "make-up working day"),
    "weekend": ("周末", "weekend"),
    "holiday": ("放假", "holiday"),
}
_WEEKDAYS: Final = ("一", "二", "三", "四", "五", "六", "日")
_WEEKDAYS_EN: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SATURDAY: Final = 5


def deadline(
    start: Annotated[
        str, typer.Option("--from", help="2026-09-28 or 2026-09-28T09:30:00+08:00 / 自何时起")
    ],
    length: Annotated[str, typer.Option("--length", help="7 working days, 4 hours, … / 期限")],
    roll: Annotated[
        bool, typer.Option("--roll", help="calendar days: end on a working day / 末日顺延")
    ] = False,
    home: HomeFolder = None,
    rulebook: RulebookChoice = None,
    as_json: AsJson = False,
) -> None:
    """Say when it falls due. A time without offset is China's; a date alone is its 00:00."""
    began, counted = _start(start), _length(length)
    calendar = load(chosen_folder(rulebook, home)).calendar
    due = due_at(calendar, began, counted, roll=roll)
    days = list(_days(calendar, began, counted, due))
    if as_json:
        emit_json(
            {
                "from": began.isoformat(),
                "length": length_text(counted),
                "roll": roll,
                "due": due.at.isoformat(),
                "last_day": due.day,
                "provisional": due.provisional,
                "known_until": calendar.known_until,
                "days": days,
            }
        )
        return
    if days:
        _print_days(days)
    last = f"（即 {due.day} 24:00）" if due.days else ""
    last_en = f" (24:00 of {due.day})" if due.days else ""
    say(f"到期：{due.at.isoformat()}{last}", f"Due: {due.at.isoformat()}{last_en}")
    if due.provisional:
        say(
            f"暂定：日历只到 {calendar.known_until}，此后按周末推算。",
            f"Provisional: the calendar ends on {calendar.known_until}; beyond, by weekdays.",
        )


def _start(given: str) -> datetime:
    try:
        began = datetime.fromisoformat(given)
    except ValueError:
        raise UserError("deadline.start_invalid", where="--from", detail=given) from None
    if began.year not in OUR_YEARS:
        raise UserError("deadline.start_invalid", where="--from", detail=given)
    return (began if began.tzinfo else began.replace(tzinfo=ZONE)).astimezone(ZONE)


def _length(given: str) -> Length:
    try:
        return parse_length(given)
    except ValueError:
        raise UserError("deadline.length_invalid", where="--length", detail=given) from None


def _days(
    calendar: Calendar, began: datetime, length: Length, due: Due
) -> Iterator[dict[str, Any]]:
    """Yield every day from the first, which does not count, to the last."""
    if not due.days:
        return
    numbers = {day: number for number, day in enumerate(due.days, start=1)}
    for offset in range((due.day - began.date()).days + 1):
        day = began.date() + timedelta(days=offset)
        number = numbers.get(day) if offset else None
        yield {
            "date": day.isoformat(),
            "weekday": day.isoweekday(),
            "kind": _kind(calendar, day),
            "first_day": offset == 0,
            "number": number if number is None or number <= length.amount else None,
            "rolled": number is not None and number > length.amount,
            "known": day <= calendar.known_until,
        }


def _kind(calendar: Calendar, day: date) -> str:
    if day.weekday() >= _SATURDAY:
        return "make_up_workday" if day in calendar.workdays else "weekend"
    return "holiday" if day in calendar.days_off else "workday"


def _print_days(days: list[dict[str, Any]]) -> None:
    heads = (in_language("日期", "date"), in_language("星期", "weekday"))
    table((*heads, in_language("性质", "kind"), in_language("计数", "count")), map(_row, days))


def _row(day: dict[str, Any]) -> tuple[str, ...]:
    weekday = day["weekday"] - 1
    guess = "" if day["known"] else in_language("（推算）", " (a guess)")
    if day["first_day"]:
        count = in_language("首日不计", "the first day does not count")
    elif day["rolled"]:
        count = in_language("顺延", "rolled on")
    else:
        count = "" if day["number"] is None else str(day["number"])
    return (
        day["date"],
        in_language(_WEEKDAYS[weekday], _WEEKDAYS_EN[weekday]),
        in_language(*_KINDS[day["kind"]]) + guess,
        count,
    )
