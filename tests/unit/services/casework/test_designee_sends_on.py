"""What was designated is moved by another designation only (domain, scenario 5: 不得再自行移送)."""

import pytest

from services.casework.case import State
from tests.history import demo, in_state, is_refused, organ, refusal_of
from tests.unit.services.casework.test_designation import FOURTH, THIRD, designate, onward


@pytest.mark.parametrize("record", ["case_transfer", "lead_transfer"])
def test_a_designee_that_has_filed_asks_anew_and_does_not_send_it_on(record: str) -> None:
    history = in_state(State.DESIGNATED)
    designee = next(
        o.alias for o in demo().directory.organs.values() if o.code == history.opened.handler
    )
    history.send("filing_reply", designee)
    before = history.opened
    to = FOURTH if designee != FOURTH else THIRD
    effects = history.send(record, designee, **onward(to))
    assert refusal_of(effects) == "transfer.designated"
    assert history.opened == before
    assert not is_refused(history.send("designation_request", designee, proposed=organ(to)))
    assert not is_refused(designate(history, to))
    assert history.opened.handler == organ(to)
