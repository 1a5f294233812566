"""The yearly duty of guidance (guidance 二(五); domain, section 4), as values. Pure.

It hangs on a case of its own for each (department, township, year) on the flow `copies`: the bus
opens it on 1 January, or when a matter is devolved, by a message; a GuidanceRecord that counts
reaches it by a message too. What the exchange is to write is in `opening_id` and `case_id`: the
same pair and year is the same case, however often it is opened.
"""

from datetime import date, datetime, time
from typing import Final

from schemas.errors import Broken
from schemas.ids import CaseId, DutyId, MessageId, case_id_of, derive
from schemas.sharing import GuidanceRecord
from services.casework.case import Closing, Duty
from services.casework.projection import planned
from services.casework.term import Term
from services.rulebook.calendar import ZONE, local_date
from services.rulebook.duties import duty_rule
from services.rulebook.guidance import GuidanceYear, counts_for
from services.rulebook.model import DutyRule, Rulebook

KIND: Final = "yearly_guidance"
_RECORD: Final = GuidanceRecord.__name__


def opening_id(pair: GuidanceYear) -> MessageId:
    """Return the id of the bus's message that opens the pair's year."""
    parts = (pair.department, pair.township, str(pair.year))
    return MessageId(derive("yearly guidance", *parts))


def case_id(pair: GuidanceYear) -> CaseId:
    """Return the case of the pair's year."""
    return case_id_of(opening_id(pair))


def yearly_duty(pair: GuidanceYear, rulebook: Rulebook) -> Duty:
    """Return the duty, due at the end of the year; waived at once where policy says so.

    Raises Broken rules.duty_missing when the rulebook has no ladder and basis for it.
    """
    owner = rulebook.directory.organs[pair.department]
    rule = duty_rule(rulebook, KIND, owner, _RECORD, pair.since)
    if rule is None:
        raise Broken("rules.duty_missing", where=KIND)
    opened_at = datetime.combine(pair.since, time(), ZONE)
    last_day = date(pair.year, 12, 31)
    term = Term(rule.length, rule.roll, rule.ladder, rulebook.calendar.digest, last_day)
    due, ladder = planned(term, opened_at, rulebook.calendar)
    waived = _is_waived(pair, rule)
    return Duty(
        id=DutyId(derive("duty", case_id(pair), opening_id(pair), pair.department, KIND)),
        kind=KIND,
        message=opening_id(pair),
        owner=pair.department,
        counterpart=pair.township,
        opened_at=opened_at,
        due=due.at,
        provisional=due.provisional,
        basis=rule.basis,
        ladder=ladder,
        closed_at=opened_at if waived else None,
        closing=Closing.WAIVED if waived else None,
        term=term,
    )


def closing_by(
    duty: Duty, pair: GuidanceYear, record: GuidanceRecord, at: datetime
) -> Closing | None:
    """Return how a GuidanceRecord that was received at `at` ends the duty; None: it does not.

    Given within the year and sent after it: late, for the bus counts what it has received.
    """
    if duty.closing is not None or not counts_for(record, pair):
        return None
    return Closing.LATE if at > duty.due else Closing.MET


def year_begins(before: datetime, at: datetime) -> int | None:
    """Return the year that began between two Ticks; None when none did."""
    year = local_date(at).year
    return year if local_date(before).year < year else None


def _is_waived(pair: GuidanceYear, rule: DutyRule) -> bool:
    shortest = rule.waived_if_in_force_under
    return shortest is not None and pair.days_in_force < shortest.amount
