"""A designee that has filed the case is a handler as any other (domain, section 4: filed)."""

from services.casework.case import State
from tests.history import demo, in_state, is_refused, organ, refusal_of
from tests.unit.services.casework.test_designation import FOURTH, THIRD, onward


def test_a_designee_sends_the_case_on_once_it_has_filed_it_and_not_before() -> None:
    """Scenario 5 refuses its re-transfer while it has to decide; what it finds later is new."""
    history = in_state(State.DESIGNATED)
    designee = next(
        o.alias for o in demo().directory.organs.values() if o.code == history.opened.handler
    )
    to = FOURTH if designee != FOURTH else THIRD
    assert refusal_of(history.send("case_transfer", designee, **onward(to)))
    history.send("filing_reply", designee)
    assert not is_refused(history.send("case_transfer", designee, **onward(to)))
    assert (history.opened.handler, history.opened.state) == (organ(to), State.ISSUED)
