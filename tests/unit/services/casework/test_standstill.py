"""A case that stands still: what waits, in which order it goes on, who may settle it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.messages import HoldReason, SettleAction
from schemas.parts import Flow
from services.casework.case import Life, State
from services.casework.decide import decide
from services.casework.effects import Accept, CloseDuty, Deliver, Hold, OpenDuty, Reject, Release
from services.casework.standstill import UNSTORABLE, WAITING_MAX, freeze
from services.casework.steps import Facts
from services.casework.stop import Waiting
from tests.history import (
    HANDLER,
    PARTS,
    SENDER,
    STRANGER,
    History,
    all_of,
    demo,
    held_lead,
    in_state,
    message,
    named,
    organ,
    refusal_of,
    the,
)

NO_MESSAGE = "00000000-0000-0000-0000-000000000000"


def frozen() -> History:
    """A received case in which a progress of the handler found a defect of ours."""
    history = in_state(State.RECEIVED)
    history.freeze(history.next("case_progress", HANDLER))
    return history


# --------------------------------------------------------------------------------- waiting


def test_later_messages_wait_behind_a_frozen_one_and_their_senders_are_told() -> None:
    history = frozen()
    effects = history.send("filing_reply", HANDLER)
    hold = the(Hold, effects)
    assert (hold.reason, hold.code, hold.to) == (
        HoldReason.WAITING,
        "hold.waiting",
        (organ(HANDLER),),
    )
    assert history.opened.state is State.RECEIVED
    assert len(history.opened.waiting) == 1


def test_a_stranger_does_not_even_wait() -> None:
    history = frozen()
    assert refusal_of(history.send("filing_reply", STRANGER)) == "case.unknown"
    assert history.opened.waiting == ()


def test_a_correction_of_another_message_waits_behind_the_held_one() -> None:
    history = in_state(State.HELD)
    sent = history.next("correction", SENDER, envelope={"in_reply_to": NO_MESSAGE})
    assert the(Hold, history.decide(sent)).reason is HoldReason.WAITING


def test_what_waited_is_decided_in_order_at_its_own_received_time_and_then_what_is_owed() -> None:
    history = in_state(State.ISSUED)
    yellow = history.at + timedelta(days=2)
    history.freeze(history.next("delivered", HANDLER))
    history.send("signed_for", HANDLER)
    signed_at = history.at
    history.send("filing_reply", HANDLER)
    filed_at = history.at
    assert history.tick(yellow) == ()
    effects = history.settle(SettleAction.DISCARD)
    assert named(effects)[:2] == ["Release", "Accept"]
    assert all_of(Accept, effects)[0].quiet  # that of the settling: an operator's, not an organ's
    assert [effect.duty.closed_at for effect in all_of(CloseDuty, effects)] == [
        signed_at,
        filed_at,
    ]
    assert [effect.duty.opened_at for effect in all_of(OpenDuty, effects)] == [signed_at, filed_at]
    assert history.opened.state is State.FILED
    assert history.opened.waiting == ()
    assert history.tick(yellow) == ()  # signed for in time, at its own received time


def test_a_message_that_is_no_longer_lawful_when_its_turn_comes_is_refused_then() -> None:
    history = frozen()
    history.send("filing_reply", HANDLER)
    history.send("filing_reply", HANDLER)
    effects = history.settle(SettleAction.DISCARD)
    assert [effect.refusal.code for effect in all_of(Reject, effects)] == ["step.not_allowed"]
    assert history.opened.state is State.FILED


def test_a_withdrawal_of_the_held_message_lets_what_waits_go_on_to_be_refused() -> None:
    history = in_state(State.HELD)
    history.send("case_progress", SENDER)
    effects = history.send("withdrawal", SENDER)
    assert named(effects) == ["ChangeState", "Accept", "Reject"]
    assert history.opened.waiting == ()


def test_so_many_messages_wait_and_no_more() -> None:
    history = frozen()
    full = tuple(
        Waiting(history.opened.opening, organ(HANDLER), history.at) for _ in range(WAITING_MAX)
    )
    history.case = replace(history.opened, waiting=full[:-1])
    assert the(Hold, history.send("filing_reply", HANDLER)).reason is HoldReason.WAITING
    history.case = replace(history.opened, waiting=full)
    effects = history.send("filing_reply", HANDLER)
    assert refusal_of(effects) == "case.too_many_waiting"
    assert len(history.opened.waiting) == WAITING_MAX


def test_what_waits_without_a_stop_keeps_its_place_before_what_comes() -> None:
    history = in_state(State.RECEIVED)
    first = history.next("filing_reply", HANDLER)
    history.sent[first.envelope.message_id] = first
    waits = Waiting(first.envelope.message_id, organ(HANDLER), history.at)
    case = replace(history.opened, waiting=(waits,))
    late = history.next("case_progress", HANDLER)
    decision = decide(case, late, Facts(), demo(), history.at)
    assert the(Hold, decision.effects).reason is HoldReason.WAITING


# --------------------------------------------------------------------------------- freezing


def test_a_defect_stops_the_case_and_tells_the_sender() -> None:
    history = in_state(State.RECEIVED)
    before = history.opened
    effects = history.freeze(history.next("filing_reply", HANDLER))
    hold = the(Hold, effects)
    assert (hold.reason, hold.code, hold.to) == (
        HoldReason.FROZEN,
        "case.defect",
        (organ(HANDLER),),
    )
    assert history.opened.is_frozen
    assert history.opened.duties == before.duties


def test_a_defect_at_the_opening_makes_a_case_that_waits() -> None:
    history = History()
    history.freeze(history.next("lead_transfer", SENDER))
    assert (history.opened.state, history.opened.is_frozen) == (State.NEW, True)
    assert the(Hold, history.send("withdrawal", SENDER)).reason is HoldReason.WAITING


@pytest.mark.parametrize("life", [life for life in Life if life is not Life.GUIDANCE_YEAR])
def test_what_waited_behind_a_frozen_opening_is_decided_after_it(life: Life) -> None:
    record, sender, _ = PARTS[life]
    history = History()
    history.freeze(history.next(record, sender))
    waiting = history.send("withdrawal", sender, reason="误发")
    assert the(Hold, waiting).reason is HoldReason.WAITING
    effects = history.settle(SettleAction.RETRY)
    assert named(effects)[:2] == ["Release", "Accept"]
    answered = {each.message for each in effects if isinstance(each, Accept | Reject)}
    assert set(history.sent) <= answered | {history.opened.opening}
    assert history.opened.waiting == ()


def test_of_two_defects_the_first_stands() -> None:
    history = frozen()
    first = history.opened.stop
    effects = history.freeze(history.next("filing_reply", HANDLER))
    assert the(Hold, effects).reason is HoldReason.FROZEN
    assert history.opened.stop == first


def test_what_a_stranger_sends_freezes_nothing() -> None:
    history = in_state(State.RECEIVED)
    before = history.opened
    effects = history.freeze(history.next("filing_reply", STRANGER), UNSTORABLE)
    assert refusal_of(effects) == "case.unknown"
    assert history.opened == before


def test_a_reply_to_no_case_makes_no_case_by_failing() -> None:
    history = in_state(State.ISSUED)
    reply = history.next("filing_reply", HANDLER)
    decision = freeze(None, reply, "case.defect", history.at)
    assert decision.case is None
    assert refusal_of(decision.effects) == "case.unknown"


def test_a_tick_that_fails_stops_the_case_and_tells_nobody() -> None:
    history = in_state(State.ISSUED)
    history.tick(history.at)
    tick = list(history.sent.values())[-1]
    assert the(Hold, history.freeze(tick)).to == ()
    assert history.opened.is_frozen


# --------------------------------------------------------------------------------- settling


def test_retry_decides_the_frozen_message_first_and_at_its_own_time() -> None:
    history = in_state(State.RECEIVED)
    history.freeze(history.next("filing_reply", HANDLER))
    at = history.at
    history.send("case_progress", HANDLER)
    effects = history.settle(SettleAction.RETRY)
    assert named(effects)[:2] == ["Release", "Accept"]
    assert [effect.duty.kind for effect in all_of(OpenDuty, effects)] == ["decide_case"]
    assert the(OpenDuty, effects).duty.opened_at == at
    assert list(history.opened.stages) == ["decided"]


def test_retry_of_an_opening_opens_the_case_at_its_own_time() -> None:
    history = History()
    history.freeze(history.next("lead_transfer", SENDER))
    at = history.at
    effects = history.settle(SettleAction.RETRY)
    assert history.opened.state is State.ISSUED
    assert history.opened.opened_at == the(OpenDuty, effects).duty.opened_at == at


def test_discard_goes_on_without_the_message() -> None:
    history = frozen()
    history.send("filing_reply", HANDLER)
    history.settle(SettleAction.DISCARD)
    assert (history.opened.state, history.opened.stages) == (State.FILED, ())


def test_what_could_not_be_stored_cannot_be_decided_again_but_discarded() -> None:
    history = in_state(State.RECEIVED)
    history.freeze(history.next("filing_reply", HANDLER), UNSTORABLE)
    assert refusal_of(history.settle(SettleAction.RETRY)) == "settle.retry_impossible"
    assert history.opened.is_frozen
    history.settle(SettleAction.DISCARD)
    assert not history.opened.is_frozen


@pytest.mark.parametrize("state", [State.HELD, State.RECEIVED])
def test_only_a_frozen_case_is_settled(state: State) -> None:
    history = in_state(state)
    before = history.opened
    assert refusal_of(history.settle(SettleAction.DISCARD)) == "case.not_frozen"
    assert history.opened == before


def test_a_case_that_there_is_not_is_not_settled() -> None:
    assert refusal_of(History().settle(SettleAction.DISCARD)) == "case.not_frozen"


def test_it_is_settled_by_naming_the_message_that_froze_it() -> None:
    history = frozen()
    effects = history.settle(SettleAction.DISCARD, about=history.opened.opening)
    assert refusal_of(effects) == "reply.target_unknown"
    assert history.opened.is_frozen


def test_it_is_settled_on_its_own_flow() -> None:
    history = frozen()
    history.settle(SettleAction.DISCARD)
    word = list(history.sent.values())[-1]
    again = frozen()
    astray = replace(word, envelope=replace(word.envelope, flow=Flow.TRANSFERS))
    assert refusal_of(again.decide(astray)) == "message.misrouted"


@pytest.mark.parametrize("action", SettleAction)
def test_a_held_case_that_froze_is_held_again_or_released_by_the_very_correction(
    action: SettleAction,
) -> None:
    history = in_state(State.HELD)
    history.freeze(
        history.next("correction", SENDER, corrections=[{"number": 1, "matter": "CG-001"}])
    )
    effects = history.settle(action)
    if action is SettleAction.RETRY:
        assert history.opened.state is State.ISSUED
        assert len(all_of(Release, effects)) == 2
    else:
        assert history.opened.state is State.HELD
        assert history.opened.stop is not None
        assert history.opened.stop.reason is HoldReason.GAP


def test_a_correction_that_waited_behind_a_defect_releases_the_hold_before_older_ones() -> None:
    history = in_state(State.HELD)
    history.freeze(history.next("case_progress", SENDER))
    history.send("case_progress", SENDER)
    history.send("correction", SENDER, corrections=[{"number": 1, "matter": "CG-001"}])
    effects = history.settle(SettleAction.DISCARD)
    assert history.opened.state is State.ISSUED
    assert [effect.refusal.code for effect in all_of(Reject, effects)] == ["reply.not_asked"]
    assert len(all_of(Deliver, effects)) == 2


def test_an_operator_s_word_is_answered_quietly() -> None:
    history = frozen()
    assert the(Accept, history.settle(SettleAction.DISCARD)).quiet


def test_the_second_of_two_openings_of_strangers_to_each_other_freezes_its_own_case_only() -> None:
    history = History()
    held_lead(history)
    other = message("lead_transfer", STRANGER, "other")
    decision = freeze(history.case, other, "case.defect", history.at)
    assert refusal_of(decision.effects) == "case.unknown"
    assert decision.case == history.case
