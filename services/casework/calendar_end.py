"""The calendar ends: the supervisor is alerted when duties become provisional (domain, section 4).

Past the days that are known a due date is counted by weekdays, reminded of and never carded. No
letter is wrong then, so nobody in the county would notice: who watches it is told.
"""

from datetime import date, timedelta

from schemas.messages import Tick
from schemas.parts import Flow
from services.casework.effects import Advise
from services.rulebook.calendar import due_at, start_of
from services.rulebook.directory import is_valid
from services.rulebook.model import Calendar, DutyRule, OrganType, Rulebook

_DAY = timedelta(days=1)


def provisional_since(rulebook: Rulebook) -> date:
    """Return the first day on which a duty that is opened falls due past the known calendar.

    At the latest the day after the last that is known: cards wait from then on.
    """
    day = rulebook.calendar.known_until + _DAY
    for rule in rulebook.duties:
        # The loop ends: lengths have a limit.
        while _is_provisional(rule, rulebook.calendar, day - _DAY):
            day -= _DAY
    return day


def calendar_ends(tick: Tick, rulebook: Rulebook, on: date) -> tuple[Advise, ...]:
    """Tell the supervisor that days count by weekdays from here on; one partition's Ticks do."""
    is_told = (tick.topic, tick.partition) == (Flow.COPIES, 0)
    if not is_told or on < provisional_since(rulebook):
        return ()
    known = rulebook.calendar.known_until
    words = (
        f"规则库的工作日历只到{known}：到期日在其后的职责按周一至周五推算，标为暂定，只作提醒，"
        "不发黄牌、红牌。"
    )
    cause = tick.envelope.message_id
    return tuple(
        Advise(cause, organ.code, "advice.calendar_ends", words)
        for organ in sorted(rulebook.directory.organs.values(), key=lambda organ: organ.code)
        if organ.type is OrganType.SUPERVISOR and is_valid(organ, on)
    )


def _is_provisional(rule: DutyRule, calendar: Calendar, opened: date) -> bool:
    if rule.valid_from > opened or (rule.valid_to is not None and rule.valid_to < opened):
        return False
    return due_at(calendar, start_of(opened), rule.length, roll=rule.roll).provisional
