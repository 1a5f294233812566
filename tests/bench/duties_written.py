"""Duties registered and closed by the casebook's own transaction, beyond what a message costs.

What is decided about them is left out: the cases are given, and written down as the exchange does.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache

from connectors.bus.clock import monotonic
from schemas.ids import CaseId, DutyId, derive
from services.casebook.store import Casebook
from services.casebook.work import Work
from services.casework.case import Case, Closing
from services.exchange.garbage import Sweeps
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


@dataclass(slots=True)
class Spent:
    """Seconds by the clock, and of this process's processor time."""

    clock: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def here(self) -> Iterator[None]:
        """Count what passes within."""
        clock, cpu = monotonic(), time.process_time()
        yield
        self.clock += monotonic() - clock
        self.cpu += time.process_time() - cpu


def registered(casebook: Casebook, duties: int, number: int) -> tuple[list[Case], Spent]:
    """Write down cases that open so many duties; return them, and what it took."""
    count = -(-duties // DUTIES_OF_A_CASE)
    cases = [_case(number * count + each) for each in range(count)]
    spent, sweeps = Spent(), Sweeps()
    for begin in range(0, count, BATCH_CASES):
        with spent.here(), casebook.engine.begin() as connection:
            work = Work(connection, casebook.key)
            part = cases[begin : begin + BATCH_CASES]
            work.preload_cases(case.id for case in part)
            for case in part:
                work.put_case(case, case.flow, 0)
            work.flush()
        with spent.here():
            sweeps.after_batch()
    return cases, spent


def closed(casebook: Casebook, cases: list[Case]) -> Spent:
    """Close what the cases owe; return what it took to read and to write them."""
    spent, sweeps = Spent(), Sweeps()
    for begin in range(0, len(cases), BATCH_CASES):
        part = [case.id for case in cases[begin : begin + BATCH_CASES]]
        with casebook.engine.connect() as connection:
            with spent.here():
                connection.begin()
                work = Work(connection, casebook.key)
                work.preload_cases(part)
            ended = [_ended(work.case(each)) for each in part]
            with spent.here():
                for case in ended:
                    work.put_case(case, case.flow, 0)
                work.flush()
                connection.commit()
                sweeps.after_batch()
    return spent


def _ended(case: Case | None) -> Case:
    assert case is not None
    at = MONDAY + timedelta(hours=1)
    duties = (replace(duty, closed_at=at, closing=Closing.MET) for duty in case.duties)
    return replace(case, duties=tuple(duties))
