"""What begins or goes on by itself when its time has come: a Tick finds it (domain, section 4)."""

from dataclasses import replace
from datetime import datetime

from schemas.ids import MessageId
from services.casework.case import Case, Duty
from services.casework.clock_moves import resumed
from services.casework.effects import Effect, OpenDuty, ResumeDuty
from services.casework.spans import DUTIES
from services.casework.steps import Outcome
from services.rulebook.model import Calendar


def awaken(case: Case, cause: MessageId, calendar: Calendar, at: datetime) -> Outcome:
    """Begin what was to begin by now; let go on what stood still until now.

    `cause` that comes late changes nothing: what counts is the planned day.
    """
    duties: list[Duty] = []
    effects: list[Effect] = []
    for duty in case.duties:
        woken = _woken(duty, calendar, at)
        duties.append(woken or duty)
        if woken is not None:
            begins = duty.suspension is None
            effects.append(OpenDuty(cause, woken) if begins else ResumeDuty(cause, woken))
    if not effects:
        return Outcome(case)
    return Outcome(replace(case, duties=tuple(duties)), tuple(effects))


def _woken(duty: Duty, calendar: Calendar, at: datetime) -> Duty | None:
    if duty.closing is not None:
        return None
    if duty.begins_at is not None and duty.begins_at <= at:
        # What needs a superior begins when there is one (referral.py).
        return None if DUTIES[duty.kind].needs_superior else replace(duty, begins_at=None)
    suspension = duty.suspension
    if suspension is None or duty.term is None or suspension.ends_at > at:
        return None
    return resumed(duty, duty.term, suspension, suspension.ends_at, calendar)
