"""Duties registered and closed by the casebook's own transaction, beyond what a message costs.

What is decided about them is left out: the cases are given, and written down as the exchange does.
"""

from dataclasses import replace
from datetime import timedelta
from functools import cache

from connectors.bus.clock import monotonic
from schemas.ids import CaseId, DutyId, derive
from services.casebook.store import Casebook
from services.casebook.work import Work
from services.casework.case import Case, Closing
from tests.history import HANDLER, MONDAY, History

DUTIES_OF_A_CASE = 19  # a circular's
BATCH_CASES = 50


@cache
def _circular() -> Case:
    history = History()
    history.send("circular", HANDLER)
    assert len(history.opened.duties) == DUTIES_OF_A_CASE
    return history.opened


def _case(number: int) -> Case:
    """Return a case with duties of its own, as a circular to nineteen organs opens them."""
    case = _circular()
    own = CaseId(derive("bench-circular", str(number)))
    duties = (replace(duty, id=DutyId(derive(own, duty.id))) for duty in case.duties)
    return replace(case, id=own, duties=tuple(duties))


def registered(casebook: Casebook, duties: int, number: int) -> tuple[list[Case], float]:
    """Write down cases that open so many duties; return them, and the seconds that it took."""
    count = -(-duties // DUTIES_OF_A_CASE)
    cases = [_case(number * count + each) for each in range(count)]
    began = monotonic()
    for begin in range(0, count, BATCH_CASES):
        with casebook.engine.begin() as connection:
            work = Work(connection, casebook.key)
            part = cases[begin : begin + BATCH_CASES]
            work.preload_cases(case.id for case in part)
            for case in part:
                work.put_case(case, case.flow, 0)
            work.flush()
    return cases, monotonic() - began


def closed(casebook: Casebook, cases: list[Case]) -> float:
    """Close what the cases owe; return the seconds that it took."""
    at = MONDAY + timedelta(hours=1)
    began = monotonic()
    for begin in range(0, len(cases), BATCH_CASES):
        with casebook.engine.begin() as connection:
            work = Work(connection, casebook.key)
            work.preload_cases(case.id for case in cases[begin : begin + BATCH_CASES])
            for given in cases[begin : begin + BATCH_CASES]:
                case = work.case(given.id)
                assert case is not None
                duties = (replace(d, closed_at=at, closing=Closing.MET) for d in case.duties)
                work.put_case(replace(case, duties=tuple(duties)), case.flow, 0)
            work.flush()
    return monotonic() - began
