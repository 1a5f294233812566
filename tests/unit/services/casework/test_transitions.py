"""The table of steps, whole: what it lists happens, what it does not list changes nothing."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from schemas.errors import Refusal
from schemas.messages import Stage
from services.casework.case import State
from services.casework.effects import ChangeState
from services.casework.steps import Facts, Outcome, Situation, take
from services.casework.transitions import TRANSITIONS, Step, after
from tests.history import HANDLER, SENDER, demo, in_state, not_filed, organ, refusal_of

PAIRS = [pytest.param(state, step, id=f"{state}-{step}") for state, step in product(State, Step)]
STAGES = {
    Step.DECIDE: Stage.DECIDED,
    Step.SERVE: Stage.SERVED,
    Step.EXECUTE: Stage.EXECUTED,
    Step.CONCLUDE: Stage.CONCLUDED,
}


def said(step: Step) -> tuple[str, str, dict[str, Any]]:
    """The message that asks for a step: record, sender, changes to its example."""
    if step in STAGES:
        return "case_progress", HANDLER, {"stage": STAGES[step]}
    if step is Step.WITHDRAW:
        return "withdrawal", SENDER, {}
    if step is Step.FILE:
        return "filing_reply", HANDLER, {}
    if step is Step.DECLINE:
        return "filing_reply", HANDLER, {"answers": [not_filed()]}
    return "outcome_feedback", HANDLER, {}


def test_every_state_has_its_row_even_an_empty_one() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("state", "step"), PAIRS)
def test_a_step_is_taken_as_the_table_says_or_refused(state: State, step: Step) -> None:
    history = in_state(state)
    history.at += timedelta(minutes=1)
    message = history.next("withdrawal", SENDER)
    situation = Situation(demo(), Facts(), history.at)
    case = history.opened
    if case.handler is None:  # a held case gets its handler together with the step
        case = replace(case, handler=organ(HANDLER))
    taken = take(Outcome(case), step, message, situation)
    target = TRANSITIONS[state].get(step)
    assert after(state, step) is target
    if target is None:
        assert taken == Refusal("step.not_allowed", detail=f"{state}: {step}")
        return
    assert isinstance(taken, Outcome)
    assert taken.case.state is target
    changes = [effect for effect in taken.effects if isinstance(effect, ChangeState)]
    moved = [ChangeState(message.envelope.message_id, state, target)] if state != target else []
    assert changes == moved


ASKED = [Step.FILE, Step.DECLINE, *STAGES, Step.FEED_BACK, Step.WITHDRAW]
WITH_HANDLER = [state for state in State if state not in (State.NEW, State.HELD)]


@pytest.mark.parametrize("step", ASKED)
@pytest.mark.parametrize("state", WITH_HANDLER)
def test_a_message_moves_the_case_or_is_rejected_and_changes_nothing(
    state: State, step: Step
) -> None:
    history = in_state(state)
    before = history.opened
    record, sender, changes = said(step)
    effects = history.send(record, sender, **changes)
    expected = after(state, step)
    if state is State.ISSUED and step in (Step.FILE, Step.DECLINE):
        expected = after(State.RECEIVED, step)  # a reply counts as signing (section 3)
    if state is State.CLOSED and step is Step.FEED_BACK:
        expected = State.CLOSED  # a supplement
    if expected is None:
        assert refusal_of(effects) == "step.not_allowed"
        assert history.opened == before
    else:
        assert history.opened.state is expected
        assert not any(type(effect).__name__ == "Reject" for effect in effects)
