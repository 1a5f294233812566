"""What the heir of an organ is given to read: the letter that it is to answer from now on."""

import pytest

from services.casework.case import State
from services.casework.effects import Deliver
from tests.history import HANDLER, SENDER, SUPERIOR, History, all_of, in_state, organ
from tests.unit.services.casework.test_splitting import child_of, three
from tests.unit.services.casework.test_succession import AFTER, HEIR, merged


def given_to_the_heir(history: History) -> list[str]:
    """The records that the handler's heir is given when the handler has ended."""
    history.rulebook = merged(history.rulebook, HANDLER)
    return [copy.record for copy in all_of(Deliver, history.tick(AFTER)) if copy.to == organ(HEIR)]


@pytest.mark.parametrize("state", [State.RECEIVED, State.DISPUTED, State.REFERRED, State.FILED])
def test_the_heir_of_a_handler_gets_the_letter_whatever_is_owed_at_the_moment(state: State) -> None:
    assert given_to_the_heir(in_state(state)) == ["LeadTransfer"]


@pytest.mark.parametrize("then", [(), ("signed_for",)])
def test_the_heir_of_a_designee_gets_the_letter_and_the_designation(then: tuple[str, ...]) -> None:
    history = in_state(State.REFERRED)
    history.send("designation", SUPERIOR, designee=organ(HANDLER))
    for record in then:
        history.send(record, HANDLER)
    assert given_to_the_heir(history) == ["LeadTransfer", "Designation"]


def test_the_heir_of_who_handled_a_case_that_has_ended_gets_what_is_still_owed_alone() -> None:
    assert given_to_the_heir(in_state(State.CLOSED)) == []


def test_in_a_case_that_was_split_off_the_handler_s_heir_gets_the_parent_s_letter() -> None:
    history = three()
    child = child_of(history, history.send("objection", HANDLER, numbers=[2]))
    assert given_to_the_heir(child) == ["CaseSplit", "LeadTransfer"]
    assert [copy.record for copy in all_of(Deliver, child.tick(AFTER))] == []


def test_in_a_case_that_was_split_off_who_sent_the_letter_and_handles_it_has_it() -> None:
    history = three()
    child = child_of(history, history.send("objection", HANDLER, numbers=[2]))
    for side in (HANDLER, SENDER):
        child.send("negotiation_result", side, handler=organ(SENDER))
    child.rulebook = merged(child.rulebook, SENDER)
    assert "LeadTransfer" not in {copy.record for copy in all_of(Deliver, child.tick(AFTER))}
