"""When a duty falls due and its rungs are reached, counted anew: none of the product's calendar.

The days of autumn 2026 stand here as the State Council's notice has them; the law's own lengths as
domain section 4 has them. What is longer or odd has no row: it is not judged here.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Asia/Shanghai")
DAY: Final = timedelta(days=1)
HOLIDAYS: Final = frozenset({date(2026, 9, 25), *(date(2026, 10, day) for day in (1, 2, 5, 6, 7))})
MADE_WORKDAYS: Final = frozenset({date(2026, 9, 20), date(2026, 10, 10)})
# The day off that another rulebook of the simulation has.
LOCAL_HOLIDAY: Final = date(2026, 10, 15)
# Past it days count by weekdays, what falls due is provisional: of that there is a reminder only.
KNOWN_UNTIL: Final = date(2026, 12, 31)
HOUR: Final = time(9)
PLAN_ENDS: Final = datetime(2026, 11, 22, 18, tzinfo=ZONE)  # of each joint plan, while it is ahead
ANSWER_BY: Final = datetime(2027, 3, 1, tzinfo=ZONE)  # of each letter from above, the same
AHEAD: Final = timedelta(days=20)
FILED_ON: Final = date(2026, 9, 29)  # while that is not long ago
SIGN_FOR_HOURS: Final = 4  # a township's notice
DECIDED, EXTENSION = 90, 30  # calendar days: of the decision of a case, and of each extension
WORKING_DAYS: Final = {
    "sign_for": 1,
    "negotiate": 5,
    "reissue": 2,
    "request_designation": 2,
    "designate": 5,
    "outcome_feedback": 5,
    "inform_complainant": 5,
    "complainant_feedback": 5,
    "handle": 15,
    "answer_request": 10,
    "answer_assistance": 3,
    "answer_withdrawal": 2,
    "handover": 3,
    "custody_check": 2,
    "settle_discrepancy": 5,
    "return_custody": 5,
    "answer_joint_plan": 3,
    "decide_joint_plan": 5,
}
# The lengths of the second rulebook, where they differ: they are for duties opened later.
LATER_LENGTHS: Final = {"negotiate": 3, "handle": 12, "sign_for": 2, "answer_request": 8}


@dataclass(frozen=True, slots=True)
class Plan:
    """A due time and the times of the rungs."""

    due: datetime
    rungs: tuple[tuple[str, datetime], ...]
    provisional: bool = False


def coming(day: datetime, now: datetime) -> datetime:
    """Return the day while it is well ahead, else one that is."""
    while day < now + AHEAD:
        day += AHEAD
    return day


def filed_on(now: datetime) -> date:
    """Return on which day a case is filed that is answered now."""
    day = now.astimezone(ZONE).date()
    return FILED_ON if day < FILED_ON + AHEAD else day


def is_workday(day: date, *, local: bool) -> bool:
    """Whether people work. `local`: by the rulebook that has a day off of its own."""
    if day in MADE_WORKDAYS:
        return True
    off = day in HOLIDAYS or (local and day == LOCAL_HOLIDAY)
    return day.weekday() < 5 and not off


def after(day: date, amount: int, *, local: bool) -> date:
    """Return the working day `amount` working days later."""
    while amount:
        day += DAY
        amount -= is_workday(day, local=local)
    return day


def length_of(kind: str, record: str, *, by_township: bool, later: bool) -> int | None:
    """Return the working days of a duty; 0: the hours of a township's notice; None: not judged."""
    if kind == "sign_for" and record == "ViolationNotice" and by_township:
        return 0
    own = LATER_LENGTHS.get(kind) if later else None
    return own or WORKING_DAYS.get(kind)


def plan(opened: datetime, length: int, *, local: bool, last: date | None = None) -> Plan:
    """Return when it falls due and when each card is owed (domain, section 4, Ladder).

    `last`: the last day, where it is not counted.
    """
    opened = opened.astimezone(ZONE)
    provisional = False
    if length == 0:
        due = opened + timedelta(hours=SIGN_FOR_HOURS)
        remind = due - timedelta(hours=1)
        on_day = datetime.combine(due.date(), HOUR, ZONE)
        first = due.date() + (DAY if on_day <= due else timedelta())
    else:
        counted = last is None
        last = after(opened.date(), length, local=local) if last is None else last
        provisional = counted and last > KNOWN_UNTIL
        due = datetime.combine(last + DAY, time(), ZONE)
        remind = datetime.combine(_before(last, local=local), HOUR, ZONE)
        first = last + DAY
    yellow = first
    while not is_workday(yellow, local=local):
        yellow += DAY
    red, last_rung = (after(yellow, amount, local=local) for amount in (3, 10))
    cards = (("yellow", yellow), ("red", red), ("supervision", last_rung))
    rungs = [(name, datetime.combine(day, HOUR, ZONE)) for name, day in cards]
    if remind > opened:
        rungs.insert(0, ("reminder", remind))
    rungs = [
        (name, at)
        for name, at in rungs
        if name == "reminder" or (at.date() <= KNOWN_UNTIL and not provisional)
    ]
    return Plan(due, tuple(rungs), provisional)


def decided_by(opened: datetime, filed: date | None, more: int) -> datetime:
    """Return when a case must be decided: 90 days from its filing, and what was added.

    A day of filing that had not come when it was said is none.
    """
    day = opened.astimezone(ZONE).date()
    since = filed if filed is not None and filed < day else day
    return datetime.combine(since + timedelta(days=DECIDED + more) + DAY, time(), ZONE)


def before(day: date, amount: int, *, local: bool) -> date:
    """Return the working day `amount` working days earlier."""
    for _ in range(amount):
        day = _before(day, local=local)
    return day


def _before(day: date, *, local: bool) -> date:
    day -= DAY
    while not is_workday(day, local=local):
        day -= DAY
    return day
