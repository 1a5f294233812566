"""What is read in bulk: cases by their numbers, where these are known."""

from datetime import timedelta

from sqlalchemy import event

from services.casebook.store import Casebook
from services.casebook.work import Work
from services.casework.case import State
from tests.history import MONDAY, in_state


def test_what_is_due_is_read_and_written_by_number_and_no_id_is_looked_for(
    casebook: Casebook,
) -> None:
    history = in_state(State.ISSUED)
    with casebook.engine.begin() as connection:
        work = Work(connection)
        work.put_case(history.opened, "leads", 2)
        work.flush()
    history.send("withdrawal", "yanjiao")
    asked: list[str] = []
    with casebook.engine.begin() as connection:
        work = Work(connection)
        due = work.due_cases("leads", 2, MONDAY + timedelta(days=100), 10)
        event.listen(casebook.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        work.preload_cases(due)
        work.put_case(history.opened, "leads", 2)
        work.flush()
    assert len(asked) >= 4  # the case, its duties; both written
    of_cases = [each for each in asked if " cases" in each or " duties" in each]
    assert not [each for each in of_cases if 'case_id" = ' in each or "case_id IN" in each]
