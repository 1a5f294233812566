"""No case is left to nobody: what holds of every case that a search comes to (domain, 3 and 4)."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import pytest

from schemas.messages import Stage
from services.casework.case import Duty, Life, State
from services.casework.effects import (
    ChangeState,
    CloseDuty,
    Deliver,
    Hold,
    MoveDuty,
    OpenDuty,
)
from services.casework.owed import BEGIN_LATER
from tests.history import HANDLER, NOBODYS, SENDER, violation
from tests.search import Reached, Search, Tried

# With it the cases of a lead alone show the defects of law that this search was written for.
DRAW: Final = "2"
# How a case opens, and how many of the cases that follow are looked at.
OPENINGS: Final[dict[str, tuple[str, str, dict[str, Any], int]]] = {
    "lead": ("lead_transfer", SENDER, {}, 160),
    "from above": ("lead_transfer", "lps-gov", {}, 60),  # nobody is above both
    "held": ("lead_transfer", SENDER, {"violations": [violation(matter=NOBODYS)]}, 30),
    "case": ("case_transfer", SENDER, {}, 100),
    "complaint": ("complaint_forward", SENDER, {}, 80),
    "notice": ("violation_notice", SENDER, {}, 30),
    "information": ("information_request", HANDLER, {}, 30),
    "assistance": ("assistance_request", SENDER, {}, 30),
    "joint": ("joint_plan", SENDER, {"county_decision_requested": True}, 60),
}
LIVE: Final = frozenset(
    {
        State.ISSUED,
        State.RECEIVED,
        State.DISPUTED,
        State.REFERRED,
        State.DESIGNATED,
        State.FILED,
    }
)
# What may still be owed where a transfer has ended: what was handed over, and who complained.
AFTERWARDS: Final = frozenset(
    {
        "return_custody",
        "handover",
        "custody_check",
        "settle_discrepancy",
        "inform_complainant",
        "complainant_feedback",
    }
)
# The law says so: what a filed handler owes runs on while the superior decides whose it is.
RUNS_ON: Final = frozenset({"decide_case", "outcome_feedback"})


@cache
def found(opening: str) -> tuple[Reached, ...]:
    record, sender, changes, cases_max = OPENINGS[opening]
    return tuple(Search(record, sender, changes, DRAW).reached(cases_max))


def owed(each: Reached) -> Iterator[Duty]:
    return (duty for duty in each.case.duties if duty.closing is None)


every_opening = pytest.mark.parametrize("opening", OPENINGS)


@every_opening
def test_nothing_that_anybody_sends_breaks_the_law_s_own_books(opening: str) -> None:
    defects = [(each.way, t.record) for each in found(opening) for t in each.tried if not t.case]
    assert defects == []


@every_opening
def test_in_every_live_case_somebody_owes_something(opening: str) -> None:
    for each in found(opening):
        case = each.case
        if case.state not in LIVE or case.stop is not None:
            continue
        # Between the decision and its execution the law names no day (domain, 4).
        decided = case.state in (State.FILED, State.REFERRED) and Stage.DECIDED in case.stages
        assert decided or any(owed(each)), each.way


@every_opening
def test_every_duty_is_met_by_a_message_of_its_owner(opening: str) -> None:
    for each in found(opening):
        for duty in owed(each):
            if duty.begins_at is not None:
                continue
            if each.case.state is State.REFERRED and duty.kind in RUNS_ON:
                continue
            assert any(_ends(tried, duty) for tried in each.tried), (each.way, duty.kind)


@every_opening
def test_only_of_the_kinds_that_are_counted_so_a_duty_begins_later(opening: str) -> None:
    later = {d.kind for each in found(opening) for d in owed(each) if d.begins_at is not None}
    assert later <= BEGIN_LATER
    assert (opening != "joint") or later


def _ends(tried: Tried, duty: Duty) -> bool:
    closed = {e.duty.id for e in tried.effects if isinstance(e, CloseDuty)}
    return tried.sender == duty.owner and duty.id in closed


@every_opening
def test_where_a_transfer_has_ended_only_what_was_handed_over_and_said_is_owed(
    opening: str,
) -> None:
    for each in found(opening):
        if each.case.life is Life.TRANSFER and each.case.state not in (*LIVE, State.HELD):
            assert {duty.kind for duty in owed(each)} <= AFTERWARDS, each.way


@every_opening
def test_nobody_gets_a_letter_twice_nor_its_own(opening: str) -> None:
    for each in found(opening):
        for tried in each.tried:
            copies = [e for e in tried.effects if isinstance(e, Deliver)]
            assert len({(e.message, e.to) for e in copies}) == len(copies), (each.way, tried.record)
            own = [e for e in copies if e.to == tried.sender and e.author == e.to]
            assert own == [], (each.way, tried.record)


@every_opening
def test_what_is_accepted_changes_something_or_somebody_hears_of_it(opening: str) -> None:
    for each in found(opening):
        for tried in each.tried:
            if tried.record == "Tick" or not tried.stands:
                continue
            kinds = (ChangeState, OpenDuty, CloseDuty, MoveDuty, Deliver, Hold)
            done = any(isinstance(e, kinds) for e in tried.effects)
            noted = tried.record in ("CaseProgress", "JointOutcome")  # on the bus's books
            assert done or noted, (each.way, tried.record)
