"""Unknown, foreign and closed cases, contradictions, who was not asked: each with its code.

The table of every record in every place is tests/odd_messages.csv; nothing changes in the case.
"""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.checks import lawful_form
from schemas.errors import text
from schemas.messages import SettleAction
from services.casework.case import Life, State
from services.casework.decide import decide
from services.casework.effects import Effect, Reject
from services.casework.steps import Facts
from services.casework.transitions import TRANSITIONS
from tests.history import (
    HANDLER,
    PARTICIPANT,
    SENDER,
    SUPERIOR,
    SUPERVISOR,
    History,
    in_state,
    is_refused,
    message,
    not_filed,
    organ,
    refusal_of,
)
from tests.odd import ACCEPTED, FINAL, OPENS, PLACES, Odd, answered, records, table
from tests.unit.services.casework.test_handovers import RECEIVER, count, hand_over, opened, settle

ROWS = table()
SIDES = (SENDER, HANDLER, PARTICIPANT, SUPERIOR, SUPERVISOR)
REACHED = [  # every life in every state that messages lead to
    (life, state)
    for life in Life
    for state in State
    if (life, state) in {*FINAL.values(), (Life.COPY, State.SENT), (Life.CONSULTATION, State.SENT)}
    or (
        (life is Life.TRANSFER and state in TRANSITIONS[life])
        and state not in (State.NEW, State.HELD)
    )
    or (
        (life in (Life.NOTICE, Life.INFORMATION, Life.ASSISTANCE))
        and state in (State.ISSUED, State.RECEIVED)
    )
    or (life, state) == (Life.JOINT, State.SENT)
]
IN_A_FINAL_STATE = {  # receipts, supplements, supervision
    "delivered",
    "signed_for",
    "outcome_feedback",
    "supervision_letter",
    "assistance_result",
}


@pytest.mark.parametrize("odd", ROWS, ids=lambda odd: f"{odd.record}-{odd.place}")
def test_each_record_is_answered_in_each_place_as_the_table_says(odd: Odd) -> None:
    code, is_unchanged = answered(odd.record, odd.place)
    assert code == odd.code
    assert is_unchanged or code in (ACCEPTED, OPENS)


def test_the_table_is_of_every_record_in_every_place() -> None:
    assert [(odd.record, odd.place) for odd in ROWS] == [
        (record, place) for record in records() for place in PLACES
    ]


def test_an_unknown_and_a_foreign_case_have_one_code_for_both() -> None:
    """Which of the two it is would tell a stranger that the case exists."""
    codes = {odd.code for odd in ROWS if odd.place == "unknown"}
    assert codes == {"case.unknown", OPENS}
    foreign = {odd.record: odd.code for odd in ROWS if odd.place == "foreign"}
    unlike = {record for record, code in foreign.items() if code != "case.unknown"}
    opening = {odd.record for odd in ROWS if odd.code == OPENS}
    assert unlike == opening | {"routing_assignment"}


def test_in_a_final_state_only_receipts_supplements_and_supervision_come_through() -> None:
    final = [odd for odd in ROWS if odd.place in FINAL]
    assert {odd.record for odd in final if odd.code == ACCEPTED} == IN_A_FINAL_STATE


@pytest.mark.parametrize(("life", "state"), REACHED, ids=lambda part: part.value)
def test_no_odd_message_stops_a_case(life: Life, state: State) -> None:
    """Every record, from every side, about every message, to anybody: answered, never a defect."""
    history = in_state(state, life)
    case, asked = history.opened, 0
    for record in records():
        for by in SIDES:
            for target in history.sent:
                for to in (None, [], [organ(SENDER)], [organ(HANDLER)]):
                    envelope = {"in_reply_to": target} | ({} if to is None else {"addressees": to})
                    sent = message(record, by, "odd", history.at, case, envelope=envelope)
                    if lawful_form(sent) is not None:
                        continue
                    asked += 1
                    decision = decide(case, sent, Facts(), history.rulebook, history.at)
                    refused = [each for each in decision.effects if isinstance(each, Reject)]
                    assert decision.effects
                    assert not refused or decision.case == case
    assert asked > 0


# A first answer, then another that contradicts it: the code, and the case as it was.
Say = tuple[str, str, dict[str, Any]]
ANSWERED_THEN: dict[str, tuple[Callable[[], History], Say, Say, str]] = {}


def _against(name: str, begin: Callable[[], History], first: Say, then: Say, code: str) -> None:
    ANSWERED_THEN[name] = (begin, first, then, code)


def _in(state: State, life: Life = Life.TRANSFER) -> Callable[[], History]:
    return lambda: in_state(state, life)


SIGNED: Say = ("signed_for", HANDLER, {})
_against(
    "another signature",
    _in(State.ISSUED),
    SIGNED,
    ("signed_for", HANDLER, {"signed_by": "另一人"}),
    "receipt.contradicts",
)
_against(
    "filed, then not",
    _in(State.RECEIVED),
    ("filing_reply", HANDLER, {}),
    ("filing_reply", HANDLER, {"answers": [not_filed()]}),
    "step.not_allowed",
)
_against(
    "not filed, then filed",
    _in(State.RECEIVED),
    ("filing_reply", HANDLER, {"answers": [not_filed()]}),
    ("filing_reply", HANDLER, {}),
    "step.not_allowed",
)
_against(
    "filed, then objected to",
    _in(State.RECEIVED),
    ("filing_reply", HANDLER, {}),
    ("objection", HANDLER, {}),
    "objection.after_filing",
)
_against(
    "a second objection",
    _in(State.RECEIVED),
    ("objection", HANDLER, {}),
    ("objection", HANDLER, {"reasons": "另有理由"}),
    "objection.pending",
)
_against(
    "objected to, then filed",
    _in(State.RECEIVED),
    ("objection", HANDLER, {}),
    ("filing_reply", HANDLER, {}),
    "step.not_allowed",
)
_against(
    "the other side says another handler",
    _in(State.DISPUTED),
    ("negotiation_result", SENDER, {"handler": organ(HANDLER)}),
    ("negotiation_result", HANDLER, {"handler": organ(SENDER)}),
    "negotiation.differs",
)
_against(
    "requested twice",
    _in(State.REFERRED),
    ("designation_request", HANDLER, {}),
    ("designation_request", HANDLER, {"reasons": "另有理由"}),
    "designation.pending",
)
_against(
    "a stage twice",
    _in(State.FILED),
    ("case_progress", HANDLER, {"stage": "decided"}),
    ("case_progress", HANDLER, {"stage": "decided", "on": "2026-10-30"}),
    "progress.repeated",
)
_against(
    "a stage before the last",
    _in(State.FILED),
    ("case_progress", HANDLER, {"stage": "concluded"}),
    ("case_progress", HANDLER, {"stage": "decided"}),
    "progress.out_of_order",
)
_against(
    "handled otherwise",
    _in(State.RECEIVED, Life.NOTICE),
    ("handling_feedback", HANDLER, {}),
    ("handling_feedback", HANDLER, {"result": "no_violation", "case_number": None}),
    "step.not_allowed",
)
_against(
    "information given, then refused",
    _in(State.RECEIVED, Life.INFORMATION),
    ("information_reply", SENDER, {}),
    ("information_reply", SENDER, {"content": "另一答复"}),
    "step.not_allowed",
)
_against(
    "assistance promised, then refused",
    _in(State.RECEIVED, Life.ASSISTANCE),
    ("assistance_reply", HANDLER, {}),
    (
        "assistance_reply",
        HANDLER,
        {"answer": "refused", "agreed_on": None, "ground": "outside_powers", "reasons": "不属职权"},
    ),
    "step.not_allowed",
)
_against(
    "a plan answered twice",
    _in(State.SENT, Life.JOINT),
    ("joint_plan_answer", PARTICIPANT, {}),
    ("joint_plan_answer", PARTICIPANT, {"agreed": False, "reasons": "人员不足"}),
    "joint.answered",
)
_against(
    "withdrawn, then signed for",
    _in(State.ISSUED),
    ("withdrawal", SENDER, {}),
    ("filing_reply", HANDLER, {}),
    "step.not_allowed",
)
_against(
    "withdrawn twice",
    _in(State.ISSUED),
    ("withdrawal", SENDER, {}),
    ("withdrawal", SENDER, {"reason": "再次撤回"}),
    "step.not_allowed",
)


@pytest.mark.parametrize("name", ANSWERED_THEN)
def test_what_contradicts_an_answer_is_refused_and_the_first_stands(name: str) -> None:
    begin, first, then, code = ANSWERED_THEN[name]
    history = begin()
    letter = history.opened.current
    assert not is_refused(said(history, first, letter))
    before = history.opened
    assert refusal_of(said(history, then, letter)) == code
    assert history.opened == before


def said(history: History, say: Say, letter: str) -> tuple[Effect, ...]:
    record, by, changes = say
    about = {} if record == "negotiation_result" else {"envelope": {"in_reply_to": letter}}
    return history.send(record, by, **{**about, **changes})


def test_a_count_and_its_settlement_are_said_once() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    short = {"pages": 142, "discrepancies": [{"kind": "pages", "account": "缺页"}]}
    count(history, RECEIVER, **short)
    assert refusal_of(count(history, RECEIVER)) == "custody.already_counted"
    settle(history, SENDER)
    assert refusal_of(settle(history, RECEIVER)) == "custody.nothing_to_settle"


def test_a_later_delivery_report_changes_nothing_and_needs_no_answer() -> None:
    history = in_state(State.ISSUED)
    history.send("delivered", HANDLER)
    before = history.opened
    assert not is_refused(history.send("delivered", HANDLER, delivered_at="2026-09-30T08:00:00Z"))
    assert history.opened == before


def test_settling_a_case_that_does_not_stand_still_is_refused() -> None:
    history = in_state(State.RECEIVED)
    before = history.opened
    assert is_refused(history.settle(SettleAction.RETRY, before.opening))
    assert history.opened == before


def test_every_refusal_of_the_table_is_a_code_with_words() -> None:
    for code in {odd.code for odd in ROWS} - {ACCEPTED, OPENS}:
        assert text(code).zh
