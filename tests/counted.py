"""Due dates and rungs counted a second time, by nothing of the product: days off typed in by hand.

2026 as the State Council's notice has it; lengths and ladder as the domain's list has them. What
has a length of its own (a sector's, an agreed day, a wait, a year that is not known) is left out.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)
_OFF: Final = (  # month, first day, last day
    (1, 1, 3),
    (2, 15, 23),
    (4, 4, 6),
    (5, 1, 5),
    (6, 19, 21),
    (9, 25, 27),
    (10, 1, 7),
)
_WORKED: Final = {(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)}
_LENGTHS: Final = {  # working days
    "sign_for": 1,
    "decide_filing": 7,
    "handle": 15,
    "handover": 3,
    "custody_check": 2,
    "settle_discrepancy": 5,
    "return_custody": 5,
    "negotiate": 5,
    "request_designation": 2,
    "designate": 5,
    "reissue": 2,
    "inform_complainant": 5,
    "complainant_feedback": 5,
    "answer_assistance": 3,
    "answer_withdrawal": 2,
}
_SECTOR: Final = "liuzhi-scjg"  # market supervision decides within 15 working days
_CARDS: Final = {  # working days after the yellow card's
    "yellow": 0,
    "red": 3,
    "supervision": 10,
}
_HOUR: Final = time(9)


def is_worked(day: date) -> bool:
    """Whether the day of 2026 is worked."""
    if (day.month, day.day) in _WORKED:
        return True
    off = any(m == day.month and first <= day.day <= last for m, first, last in _OFF)
    return day.weekday() < 5 and not off


def later(day: date, count: int) -> date:
    """The count-th working day after the day; before it, where the count is negative."""
    step = _DAY if count >= 0 else -_DAY
    for _ in range(abs(count)):
        day += step
        while not is_worked(day):
            day += step
    return day


def miscounted(lines: list[str]) -> Iterator[str]:
    """Yield the lines whose due date or time is not what counting by hand gives."""
    dues: dict[tuple[str, str], list[datetime]] = {}
    for line in lines:
        day, clock, word, label, *rest = line.split()
        at = datetime.fromisoformat(f"{day}T{clock}")
        if word in ("due", "moved"):
            due = datetime.fromisoformat(f"{rest[2]}T{rest[3]}")
            dues.setdefault((label, rest[0]), []).append(due)
            if word == "due" and not _is_right(rest[0], rest[1], label, at, due):
                yield line
        elif word == "rung":
            hours = _is_in_hours(rest[0], label)
            known = dues[label, rest[0]]
            if at not in [_fires(rest[1], due, is_hours=hours) for due in known]:
                yield line


def _is_in_hours(duty: str, label: str) -> bool:
    """A township's notice is signed for within four hours."""
    return (duty, label) == ("sign_for", "notice")


def _is_right(duty: str, organ: str, label: str, at: datetime, due: datetime) -> bool:
    if due.year != 2026:
        return True
    if duty == "decide_case":
        return due.date() == at.date() + timedelta(days=91)
    if _is_in_hours(duty, label):
        return due == at + timedelta(hours=4)
    if duty == "decide_filing" and (organ == _SECTOR or label == "case"):
        return due > at  # its wait for what is handed over is asserted beside the scenario
    length = _LENGTHS.get(duty)
    return length is None or due.date() == later(at.date(), length) + _DAY


def _fires(rung: str, due: datetime, *, is_hours: bool) -> datetime:
    """When a rung comes. A due time of 00:00 is 24:00 of the day before."""
    if rung == "reminder":
        if is_hours:
            return due - timedelta(hours=1)
        return datetime.combine(later(due.date() - _DAY, -1), _HOUR)
    first = later(due.date() - _DAY, 1)
    return datetime.combine(later(first, _CARDS[rung]), _HOUR)
