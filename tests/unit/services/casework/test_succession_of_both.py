"""Two organs of a case that are merged into one owe nothing that the one cannot do (domain, 1)."""

import pytest

from services.casework.case import Closing, State
from services.casework.effects import CloseDuty, Deliver, OpenDuty
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    SUPERIOR,
    History,
    all_of,
    duties,
    in_state,
    is_refused,
    organ,
    state_of,
)
from tests.unit.services.casework.test_succession import AFTER, merged

THIRD = "liuzhi-jtj"


def become_one(history: History, gone: str, heir: str) -> History:
    history.rulebook = merged(history.rulebook, gone, heir)
    history.at = AFTER
    return history


def custody_of_both() -> History:
    """A case goes with its file, which its sender still has."""
    history = History()
    history.send("case_transfer", SENDER)
    return history


def test_what_its_keeper_is_to_have_itself_is_owed_no_longer() -> None:
    history = custody_of_both()
    handler = "liuzhi-scjg"
    assert ("handover", organ(SENDER)) in duties(history.opened)
    effects = become_one(history, SENDER, handler).tick(AFTER)
    (ended,) = [each for each in all_of(CloseDuty, effects) if each.duty.kind == "handover"]
    assert (ended.closing, ended.duty.owner) == (Closing.SUPERSEDED, organ(handler))
    assert ended.duty.closed_at == AFTER
    assert {kind for kind, _ in duties(history.opened)} == {"sign_for"}
    history.send("signed_for", handler)
    assert {kind for kind, _ in duties(history.opened)} == {"decide_filing"}


def test_what_is_to_be_handed_to_another_is_owed_by_the_heir() -> None:
    history = become_one(custody_of_both(), SENDER, "mugang")
    history.tick(AFTER)
    assert ("handover", organ("mugang")) in duties(history.opened)


@pytest.mark.parametrize(("gone", "heir"), [(SENDER, HANDLER), (HANDLER, SENDER)])
def test_both_sides_of_a_dispute_that_are_one_agree_by_one_word(gone: str, heir: str) -> None:
    for before in (None, THIRD, heir):
        history = in_state(State.DISPUTED)
        if before is not None:  # what it said while there were two is no other side's word
            history.send("negotiation_result", HANDLER, handler=organ(before))
        become_one(history, gone, heir)
        effects = history.send("negotiation_result", heir, handler=organ(heir))
        assert not is_refused(effects)
        assert not [each for each in all_of(Deliver, effects) if each.to == organ(heir)][1:]
        assert state_of(history) is State.RECEIVED
        assert set(duties(history.opened)) == {("decide_filing", organ(heir))}


def test_who_objects_to_a_letter_of_its_own_negotiates_once_and_may_be_designated() -> None:
    history = become_one(in_state(State.RECEIVED), SENDER, HANDLER)
    effects = history.send("objection", HANDLER)
    opened = [each.duty.id for each in all_of(OpenDuty, effects)]
    assert len(set(opened)) == len(opened) == 1
    assert all_of(Deliver, effects) == []
    history.send("negotiation_result", HANDLER, **FAILED)
    assert state_of(history) is State.REFERRED
    assert not is_refused(history.send("designation_request", HANDLER))
    assert not is_refused(history.send("designation", SUPERIOR, designee=organ(THIRD)))


def test_nobody_is_sent_what_it_wrote_itself() -> None:
    history = become_one(in_state(State.ISSUED), SENDER, HANDLER)
    for record in ("signed_for", "filing_reply", "outcome_feedback"):
        effects = history.send(record, HANDLER)
        assert not is_refused(effects)
        wrote = {each.message for each in all_of(Deliver, effects) if each.author == organ(HANDLER)}
        assert wrote == set()
