"""Lint of the calendar: how far it is known, and whether what is said to be known is there."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from services.rulebook.finding import Finding, error, warning
from services.rulebook.layout import HEAD
from services.rulebook.model import Calendar
from services.rulebook.parse import calendar_over
from services.rulebook.source import Source

CALENDAR_AHEAD: Final = timedelta(days=60)  # less known future than this is worth a warning
DAYS_OFF_MIN: Final = 5  # weekdays off in a year that is known; China has had 17 and more
HOLIDAYS_OVER: Final = (10, 8)  # month and day by which the last of a year's holidays is over
_SATURDAY: Final = 5


def calendar_findings(source: Source, library: Calendar, on: date) -> Iterator[Finding]:
    """Yield what is wrong with the known days. `library`: the calendar below; `on`: today."""
    calendar = calendar_over(library, source)
    known_until = calendar.known_until
    if known_until < on + CALENDAR_AHEAD:
        zh = f"日历只到 {known_until}：此后的到期日为暂定；请在 calendar.csv 补充并写明已知到何日"
        en = f"the calendar ends on {known_until}: due dates beyond are provisional"
        yield warning("calendar_short", HEAD, zh, en)
    off = Counter(day.year for day in calendar.days_off if day.weekday() < _SATURDAY)
    for year in range(library.known_until.year + 1, known_until.year + 1):
        if known_until >= date(year, *HOLIDAYS_OVER) and off[year] < DAYS_OFF_MIN:
            zh = f"写明日历已知到 {known_until}，但 calendar.csv 没有 {year} 年的放假安排"
            en = f"calendar.csv has no holidays of {year}, which is said to be known"
            yield error("calendar_empty", HEAD, zh, en)
            break  # of the years after it says the same
    for entry in source.days:
        if entry.value[0] > known_until:
            zh = f"晚于已知日历 {known_until}：请改 calendar_known_until"
            en = f"is past {known_until}: set calendar_known_until"
            yield warning("calendar_unused", entry.where, zh, en)
