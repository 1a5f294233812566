"""The tables of steps, whole: what they list happens, what they do not list changes nothing."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from schemas.messages import Stage
from schemas.topics import RECORDS, Author
from services.casework.acts import FOLLOWING, OPENING
from services.casework.case import Life, State
from services.casework.dispute import Dispute
from services.casework.effects import ChangeState
from services.casework.lives import LIFE_OF
from services.casework.refused_step import not_allowed
from services.casework.steps import Facts, Outcome, Situation, take
from services.casework.transitions import TRANSITIONS, Step, after
from tests.history import (
    PARTS,
    SUPERIOR,
    demo,
    in_state,
    is_refused,
    not_filed,
    organ,
)

PLACES = [(life, state) for life, rows in TRANSITIONS.items() for state in rows]
PAIRS = [
    pytest.param(life, state, step, id=f"{life}-{state}-{step}")
    for (life, state), step in product(PLACES, Step)
]
STAGES = {
    Step.DECIDE: Stage.DECIDED,
    Step.SERVE: Stage.SERVED,
    Step.EXECUTE: Stage.EXECUTED,
    Step.CONCLUDE: Stage.CONCLUDED,
}
REPLIES: dict[Step, tuple[str, dict[str, Any]]] = {
    **{step: ("case_progress", {"stage": stage}) for step, stage in STAGES.items()},
    Step.FILE: ("filing_reply", {}),
    Step.DECLINE: ("filing_reply", {"answers": [not_filed()]}),
    Step.FEED_BACK: ("outcome_feedback", {}),
    Step.HANDLE: ("handling_feedback", {}),
    Step.ANSWER_REQUEST: ("information_reply", {}),
    Step.ANSWER_ASSISTANCE: ("assistance_reply", {}),
}
# A reply to what was not signed for counts as the signing (section 3).
ALSO_SIGN = {
    Step.FILE,
    Step.DECLINE,
    Step.HANDLE,
    Step.ANSWER_REQUEST,
    Step.ANSWER_ASSISTANCE,
}
# Lives in which many are written to and nobody handles.
OF_MANY = (Life.COPY, Life.JOINT, Life.CONSULTATION)
WITH_HANDLER = [
    (life, state)
    for life, state in PLACES
    if life not in OF_MANY and state not in (State.NEW, State.HELD)
]


def test_every_life_has_its_table_and_begins_new() -> None:
    assert set(TRANSITIONS) == set(Life)
    assert all(State.NEW in rows for rows in TRANSITIONS.values())
    assert set(TRANSITIONS[Life.TRANSFER]) == set(State) - {
        State.HANDLED,
        State.ANSWERED,
        State.SENT,
        State.OWED,
        State.GUIDED,
    }


def test_every_state_that_a_step_leads_to_has_its_row_even_an_empty_one() -> None:
    for life, rows in TRANSITIONS.items():
        reached = {target for row in rows.values() for target in row.values()}
        assert reached == set(rows) - {State.NEW}, life


def test_every_step_is_listed_somewhere() -> None:
    listed = {step for rows in TRANSITIONS.values() for row in rows.values() for step in row}
    assert listed == set(Step)


def test_every_record_of_an_organ_opens_a_life_or_follows_in_one() -> None:
    organs = {name for name, record in RECORDS.items() if record.author is Author.ORGAN}
    opening = {name for name in organs if RECORDS[name].opens is not None}
    assert {kind.__name__ for kind in OPENING} == opening
    assert set(LIFE_OF) == opening | {"GuidanceYearOpened"}  # which is the bus's own
    following = {kind.__name__ for kind in FOLLOWING}
    letters = {name for name in opening if RECORDS[name].answers}
    assert following == (organs - opening) | letters


@pytest.mark.parametrize(("life", "state", "step"), PAIRS)
def test_a_step_is_taken_as_the_table_says_or_refused(life: Life, state: State, step: Step) -> None:
    history = in_state(state, life)
    _, sender, answerer = PARTS[life]
    history.at += timedelta(minutes=1)
    message = history.next("withdrawal", sender)
    situation = Situation(demo(), Facts(), history.at)
    case = history.opened
    if case.handler is None:  # a held case gets its handler together with the step
        case = replace(case, handler=organ(answerer))
    # and a disputed one its dispute, put to the superior
    dispute = case.dispute or Dispute(case.opening, organ(answerer), organ(sender))
    case = replace(case, dispute=replace(dispute, superior=organ(SUPERIOR)))
    taken = take(Outcome(case), step, message, situation)
    target = TRANSITIONS[life][state].get(step)
    assert after(life, state, step) is target
    if target is None:
        assert taken == not_allowed(case, step)
        return
    assert isinstance(taken, Outcome)
    assert taken.case.state is target
    changes = [effect for effect in taken.effects if isinstance(effect, ChangeState)]
    moved = [ChangeState(message.envelope.message_id, state, target)] if state != target else []
    assert changes == moved


@pytest.mark.parametrize("step", REPLIES)
@pytest.mark.parametrize(("life", "state"), WITH_HANDLER)
def test_a_reply_moves_the_case_or_is_rejected_and_changes_nothing(
    life: Life, state: State, step: Step
) -> None:
    history = in_state(state, life)
    before = history.opened
    record, changes = REPLIES[step]
    effects = history.send(record, PARTS[life][2], **changes)
    expected = after(life, state, step)
    if state is State.ISSUED and step in ALSO_SIGN:
        expected = after(life, State.RECEIVED, step)
    if state is State.CLOSED and step is Step.FEED_BACK:
        expected = State.CLOSED  # a supplement
    if expected is None:
        assert is_refused(effects)
        assert history.opened == before
    else:
        assert history.opened.state is expected
        assert not is_refused(effects)


@pytest.mark.parametrize(("life", "state"), WITH_HANDLER)
def test_a_withdrawal_ends_asks_or_is_rejected(life: Life, state: State) -> None:
    history = in_state(state, life)
    before = history.opened
    effects = history.send("withdrawal", PARTS[life][1])
    steps = TRANSITIONS[life][state]
    expected = steps.get(Step.WITHDRAW) or steps.get(Step.ASK_BACK)
    assert is_refused(effects) is (expected is None)
    assert history.opened.state is (expected or state)
    assert (history.opened == before) is (expected is None)


@pytest.mark.parametrize("life", OF_MANY)
@pytest.mark.parametrize("state", [State.SENT, State.NEW])
@pytest.mark.parametrize("record", ["withdrawal", "case_progress", "information_reply"])
def test_what_goes_to_many_is_handled_by_nobody_and_not_taken_back(
    state: State, record: str, life: Life
) -> None:
    for organ_of_the_case in PARTS[life][1:]:
        history = in_state(state, life)
        before = history.opened
        assert is_refused(history.send(record, organ_of_the_case))
        assert history.opened == before
