"""Legal time: working days, due dates and the rungs of the ladder (domain, section 4).

The first day does not count. Day duties fall due at 24:00 of their last day, which is 00:00 of the
next. A length says which kind of day it means: of the law's own counts only 二、三、五、七日 are
working days (行政处罚法 85). Past the known calendar the weekday is a guess: provisional.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Final

from schemas.messages import Rung
from services.rulebook.model import Calendar, Ladder, Length, RungDays, Unit

# China keeps one time and no summer time (since 1991), so a fixed offset is the zone.
ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
LENGTH_MAX: Final = {
    Unit.MINUTES: 525_600,
    Unit.HOURS: 8_760,
    Unit.WORKING_DAYS: 2_500,
    Unit.CALENDAR_DAYS: 3_660,
}  # about ten years of days, one of hours
_SATURDAY: Final = 5
_COUNTED_MAX: Final = 4_096  # counts of working days that are remembered
_DAY: Final = timedelta(days=1)
_LENGTH: Final = re.compile(r"([0-9]{1,6}) (minute|hour|working day|calendar day)s?")


@dataclass(frozen=True, slots=True)
class Due:
    """When a duty falls due. `days` are the days that counted, in order; none for hours."""

    at: datetime
    provisional: bool
    days: tuple[date, ...] = ()

    @property
    def day(self) -> date:
        """The last day on which the duty is met in time: of 24:00, the day that ends."""
        return self.days[-1] if self.days else self.at.date()


def local_date(at: datetime) -> date:
    """Return the date in China at an instant."""
    return at.astimezone(ZONE).date()


def start_of(day: date) -> datetime:
    """Return the first instant of a day in China."""
    return datetime.combine(day, time(), ZONE)


def is_workday(calendar: Calendar, day: date) -> bool:
    """Whether people work on the day: 调休 first, then holidays, then the weekday."""
    if day in calendar.workdays:
        return True
    return day.weekday() < _SATURDAY and day not in calendar.days_off


def due_at(calendar: Calendar, start: datetime, length: Length, *, roll: bool = False) -> Due:
    """Return when a duty of this length, opened at `start`, falls due.

    `roll`: a calendar-day duty that ends on a day off ends on the next working day.
    """
    local = start.astimezone(ZONE)
    if length.unit in (Unit.MINUTES, Unit.HOURS):
        return Due(local + _plain(length), provisional=False)
    if length.unit is Unit.WORKING_DAYS:
        days = _working_days(calendar, local.date(), length.amount)
    else:
        days = tuple(local.date() + _DAY * number for number in range(length.amount + 1))
        while roll and not is_workday(calendar, days[-1]):
            days = (*days, days[-1] + _DAY)
    last = days[-1]
    judged = roll or length.unit is Unit.WORKING_DAYS
    return Due(
        at=datetime.combine(last + _DAY, time(), ZONE),
        provisional=judged and last > calendar.known_until,
        days=days[1:] or days,
    )


def rung_times(
    calendar: Calendar, ladder: Ladder, opened_at: datetime, due: Due, length: Length
) -> tuple[tuple[Rung, datetime], ...]:
    """Return each rung that is owed with its nominal time, in order.

    A reminder that would not be after the opening is left out. A provisional due date has a
    reminder only, and a card whose day lies past the known calendar waits for the calendar.
    """
    reminder = _reminder(calendar, ladder, due, length)
    reminders = ((Rung.REMINDER, reminder),) if reminder > opened_at else ()
    return reminders if due.provisional else (*reminders, *_cards(calendar, ladder, due))


def workdays_before(calendar: Calendar, day: date, amount: int) -> date:
    """Return the working day that lies `amount` working days before the day."""
    while amount:
        day -= _DAY
        amount -= is_workday(calendar, day)
    return day


def workdays_after(calendar: Calendar, day: date, amount: int) -> date:
    """Return the working day that lies `amount` working days after the day; 0: the day itself."""
    return _working_days(calendar, day, amount)[-1]


def parse_length(text: str) -> Length:
    """Read `7 working days`, `90 calendar days`, `4 hours`, `30 minutes`. Raises ValueError."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    unit = Unit(found[2].replace(" ", "_") + "s")
    amount = int(found[1])
    if amount > LENGTH_MAX[unit]:
        raise ValueError(text)
    return Length(amount, unit)


def length_text(length: Length) -> str:
    """Return the length as rulebooks write it."""
    words = length.unit.value.replace("_", " ")
    return f"{length.amount} {words if length.amount != 1 else words.removesuffix('s')}"


def _reminder(calendar: Calendar, ladder: Ladder, due: Due, length: Length) -> datetime:
    """09:00, its lead before the due day; of hour duties, the lead before the due time."""
    if ladder.rung_days is RungDays.AT_ONCE:
        return due.at - _plain(ladder.reminder_lead)
    if length.unit in (Unit.MINUTES, Unit.HOURS):
        return due.at - _plain(ladder.reminder_lead_hours)
    lead = ladder.reminder_lead
    if lead.unit is Unit.WORKING_DAYS:
        day = workdays_before(calendar, due.day, lead.amount)
    else:
        day = due.day - _plain(lead)
        while ladder.rung_days is RungDays.WORKING and not is_workday(calendar, day):
            day -= _DAY
    return datetime.combine(day, ladder.hour, ZONE)


def _cards(calendar: Calendar, ladder: Ladder, due: Due) -> tuple[tuple[Rung, datetime], ...]:
    """Yellow from the due time, red and 督办提示 from yellow's day."""
    if ladder.rung_days is RungDays.AT_ONCE:
        at = due.at + _plain(ladder.yellow_after)
        return (
            (Rung.YELLOW, at),
            (Rung.RED, at + _plain(ladder.red_after)),
            (Rung.SUPERVISION, at + _plain(ladder.supervision_after)),
        )
    # A day duty's cards count from the day after; an hour duty's from the next 09:00 after it.
    passed = datetime.combine(due.at.date(), ladder.hour, ZONE) <= due.at
    first = due.at.date() + (_DAY if passed and not due.days else timedelta())
    yellow = _card_day(calendar, ladder, first, ladder.yellow_after)
    days = (
        (Rung.YELLOW, yellow, ladder.yellow_after),
        (Rung.RED, _card_day(calendar, ladder, yellow, ladder.red_after), ladder.red_after),
        (
            Rung.SUPERVISION,
            _card_day(calendar, ladder, yellow, ladder.supervision_after),
            ladder.supervision_after,
        ),
    )
    return tuple(
        (rung, datetime.combine(day, ladder.hour, ZONE))
        for rung, day, distance in days
        if day <= calendar.known_until or not _is_judged(ladder, distance)
    )


def _card_day(calendar: Calendar, ladder: Ladder, start: date, distance: Length) -> date:
    """Return the day `distance` after the start, moved on to a day on which a rung may fall."""
    while ladder.rung_days is RungDays.WORKING and not is_workday(calendar, start):
        start += _DAY
    if distance.unit is Unit.WORKING_DAYS:
        return workdays_after(calendar, start, distance.amount)
    day = start + _plain(distance)
    while ladder.rung_days is RungDays.WORKING and not is_workday(calendar, day):
        day += _DAY
    return day


def _is_judged(ladder: Ladder, distance: Length) -> bool:
    """Whether a card's day depends on which days are working days."""
    units = (distance.unit, ladder.yellow_after.unit)
    return ladder.rung_days is RungDays.WORKING or Unit.WORKING_DAYS in units


def _plain(length: Length) -> timedelta:
    """Return the length as it runs by the clock."""
    match length.unit:
        case Unit.MINUTES:
            return timedelta(minutes=length.amount)
        case Unit.HOURS:
            return timedelta(hours=length.amount)
        case _:
            return timedelta(days=length.amount)


@lru_cache(maxsize=_COUNTED_MAX)
def _working_days(calendar: Calendar, start: date, amount: int) -> tuple[date, ...]:
    """Return the start and the next `amount` working days.

    The loop ends: the calendar lists finitely many days off, and lengths have a limit.
    """
    days = [start]
    day = start
    while len(days) <= amount:
        day += _DAY
        if is_workday(calendar, day):
            days.append(day)
    return tuple(days)
