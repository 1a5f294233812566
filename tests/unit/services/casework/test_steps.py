"""What is of no one stage of a case leaves it where it is, in every state (domain, section 3).

Supervision is in every case that was sent; materials go to where they belong whatever becomes of
the case; the complainant is told while it is owed. What each leads to is written out by hand.
"""

from typing import Any

import pytest

from services.casework.case import Life, State
from services.casework.effects import Effect
from services.casework.steps import letters
from tests.history import (
    FAILED,
    HANDLER,
    PARTICIPANT,
    PARTS,
    SENDER,
    SUPERIOR,
    SUPERVISOR,
    History,
    in_state,
    is_refused,
    ledger,
    not_filed,
    organ,
    state_of,
)

MARKET, THIRD = "liuzhi-scjg", "liuzhi-jtj"
Way = list[tuple[str, str, dict[str, Any]]]
SIGNED: Way = [("signed_for", MARKET, {})]
DISPUTED: Way = [*SIGNED, ("objection", MARKET, {"competent": organ(THIRD)})]
REFERRED: Way = [*DISPUTED, ("negotiation_result", MARKET, FAILED)]
FILED: Way = [*SIGNED, ("filing_reply", MARKET, {})]
# How a case or a complaint that the market supervision got comes to each state.
WAYS: dict[State, Way] = {
    State.ISSUED: [],
    State.RECEIVED: SIGNED,
    State.DISPUTED: DISPUTED,
    State.REFERRED: REFERRED,
    State.DESIGNATED: [
        *REFERRED,
        ("designation_request", MARKET, {}),
        ("designation", SUPERIOR, {"designee": organ(MARKET)}),
    ],
    State.FILED: FILED,
    State.DECLINED: [*SIGNED, ("filing_reply", MARKET, {"answers": [not_filed()]})],
    State.CLOSED: [*FILED, ("outcome_feedback", MARKET, {})],
    State.WITHDRAWN: [("withdrawal", SENDER, {})],
}
UNKNOWN = {"complainant": None, "contact_unknown": True}
NO_CONTACT = {"telling": "contact_unknown", "informed_on": None, "method": None}
LIST: dict[str, Any] = {
    "volumes": 2,
    "pages": 143,
    "items": [{"number": 1, "quantity": "2"}, {"number": 2, "quantity": "1"}],
    "proceeds": "1234.50",
}
SHORT = {**LIST, "pages": 142, "discrepancies": [{"kind": "pages", "account": "缺第九页"}]}
WHOLE: dict[str, Any] = {**LIST, "discrepancies": []}


def brought(history: History, state: State) -> History:
    for record, by, changes in WAYS[state]:
        accepted(history.send(record, by, **changes))
    assert state_of(history) is state
    return history


def opened(record: str, **changes: Any) -> History:
    history = History()
    accepted(history.send(record, SENDER, **changes))
    return history


def accepted(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    assert not is_refused(effects), effects
    return effects


@pytest.mark.parametrize("state", [each for each in WAYS if each is not State.WITHDRAWN])
def test_the_complainant_is_told_in_every_state_and_it_stays(state: State) -> None:
    history = brought(opened("complaint_forward"), state)
    effects = accepted(history.send("complainant_informed", SENDER))
    assert ("inform_complainant", "met") in ledger(effects)
    assert state_of(history) is state


@pytest.mark.parametrize("state", [each for each in WAYS if each is not State.WITHDRAWN])
def test_the_exemption_is_said_in_every_state_and_it_stays(state: State) -> None:
    history = brought(opened("complaint_forward", **UNKNOWN), state)
    accepted(history.send("complainant_informed", SENDER, **NO_CONTACT))
    assert state_of(history) is state


SUPERVISED = [
    *((Life.TRANSFER, state) for state in WAYS),
    (Life.NOTICE, State.ISSUED),
    (Life.NOTICE, State.RECEIVED),
    (Life.NOTICE, State.HANDLED),
    (Life.NOTICE, State.WITHDRAWN),
    (Life.COPY, State.SENT),
    (Life.INFORMATION, State.ISSUED),
    (Life.INFORMATION, State.RECEIVED),
    (Life.INFORMATION, State.ANSWERED),
    (Life.INFORMATION, State.WITHDRAWN),
    (Life.ASSISTANCE, State.ISSUED),
    (Life.ASSISTANCE, State.RECEIVED),
    (Life.ASSISTANCE, State.ANSWERED),
    (Life.ASSISTANCE, State.WITHDRAWN),
    (Life.JOINT, State.SENT),
    (Life.JOINT, State.DECLINED),
    (Life.CONSULTATION, State.SENT),
    (Life.GUIDANCE_YEAR, State.OWED),
    (Life.GUIDANCE_YEAR, State.GUIDED),
]


@pytest.mark.parametrize(("life", "state"), SUPERVISED)
def test_a_letter_of_supervision_is_sent_and_answered_in_every_state_and_it_stays(
    life: Life, state: State
) -> None:
    history = in_state(state, life)
    asked = PARTS[life][2]
    to = {"addressees": [organ(asked)], "document_number": "督〔2026〕7号"}
    letter = history.next("supervision_letter", SUPERVISOR, envelope=to)
    assert ("answer_supervision", "open") in ledger(accepted(history.decide(letter)))
    assert state_of(history) is state
    about = {"in_reply_to": letter.envelope.message_id}
    effects = accepted(history.send("supervision_reply", asked, envelope=about))
    assert ledger(effects)[-1] == ("answer_supervision", "met")
    assert state_of(history) is state


def handed(history: History, by: str, to: str) -> None:
    envelope = {"addressees": [organ(to)]}
    accepted(history.send("custody_handover", by, **LIST, envelope=envelope))


def counted(history: History, by: str, found: dict[str, Any]) -> None:
    custody = history.opened.custody
    assert custody is not None
    about = {"in_reply_to": custody.message}
    accepted(history.send("custody_check", by, **found, envelope=about))


def settled(history: History, by: str) -> None:
    custody = history.opened.custody
    assert custody is not None
    about = {"in_reply_to": custody.check}
    accepted(history.send("custody_settlement", by, envelope=about))


@pytest.mark.parametrize("state", [each for each in WAYS if each is not State.WITHDRAWN])
def test_things_are_counted_and_what_is_missing_settled_in_every_state_and_it_stays(
    state: State,
) -> None:
    history = opened("case_transfer")
    handed(history, SENDER, MARKET)
    brought(history, state)
    counted(history, MARKET, SHORT)
    assert state_of(history) is state
    settled(history, SENDER)
    assert state_of(history) is state


@pytest.mark.parametrize("state", WAYS)
def test_things_that_are_whole_are_counted_in_every_state_and_it_stays(state: State) -> None:
    history = opened("case_transfer")
    handed(history, SENDER, MARKET)
    brought(history, state)
    counted(history, MARKET, WHOLE)
    assert state_of(history) is state


@pytest.mark.parametrize(
    "state", [each for each in WAYS if each not in (State.DECLINED, State.WITHDRAWN)]
)
def test_things_go_to_who_handles_the_case_while_it_does_and_it_stays(state: State) -> None:
    history = brought(opened("case_transfer"), state)
    handed(history, SENDER, MARKET)
    assert state_of(history) is state


@pytest.mark.parametrize("state", [State.DECLINED, State.WITHDRAWN])
def test_things_come_back_when_it_does_not_and_are_counted_and_it_stays(state: State) -> None:
    history = opened("case_transfer")
    handed(history, SENDER, MARKET)
    counted(history, MARKET, WHOLE)
    brought(history, state)
    handed(history, MARKET, SENDER)
    assert state_of(history) is state
    counted(history, SENDER, SHORT)
    assert state_of(history) is state
    settled(history, MARKET)
    assert state_of(history) is state


HELD_BY = [
    (Life.TRANSFER, State.RECEIVED, HANDLER),
    (Life.TRANSFER, State.DISPUTED, HANDLER),
    (Life.TRANSFER, State.REFERRED, HANDLER),
    (Life.NOTICE, State.RECEIVED, HANDLER),
    (Life.INFORMATION, State.RECEIVED, SENDER),
    (Life.ASSISTANCE, State.RECEIVED, HANDLER),
]


@pytest.mark.parametrize(("life", "state", "holder"), HELD_BY)
def test_who_holds_it_is_asked_for_it_and_keeps_it_or_gives_it_back(
    life: Life, state: State, holder: str
) -> None:
    for answer, reached in (
        ({"agreed": False, "reason": "已经着手"}, state),
        ({}, State.WITHDRAWN),
    ):
        history = in_state(state, life)
        asks = history.next("withdrawal", PARTS[life][1])
        assert ("answer_withdrawal", "open") in ledger(accepted(history.decide(asks)))
        assert state_of(history) is state
        about = {"in_reply_to": asks.envelope.message_id}
        accepted(history.send("withdrawal_answer", holder, **answer, envelope=about))
        assert state_of(history) is reached


@pytest.mark.parametrize("life", [Life.TRANSFER, Life.NOTICE])
def test_what_is_held_is_taken_back_at_once(life: Life) -> None:
    history = in_state(State.HELD, life)
    accepted(history.send("withdrawal", SENDER))
    assert state_of(history) is State.WITHDRAWN


@pytest.mark.parametrize("life", [Life.NOTICE, Life.INFORMATION, Life.ASSISTANCE])
def test_what_nobody_has_signed_for_is_taken_back_at_once(life: Life) -> None:
    history = in_state(State.ISSUED, life)
    accepted(history.send("withdrawal", PARTS[life][1]))
    assert state_of(history) is State.WITHDRAWN


@pytest.mark.parametrize("state", [State.ISSUED, State.RECEIVED, State.DISPUTED, State.REFERRED])
def test_the_superior_designates_of_its_own_motion_in_every_open_state(state: State) -> None:
    history = in_state(state)
    accepted(history.send("designation", SUPERIOR, designee=organ(HANDLER)))
    assert state_of(history) is State.DESIGNATED
    accepted(history.send("signed_for", HANDLER))
    assert state_of(history) is State.DESIGNATED


@pytest.mark.parametrize("state", [State.RECEIVED, State.DESIGNATED, State.FILED])
def test_evidence_is_reviewed_while_it_is_handled_and_it_stays(state: State) -> None:
    history = in_state(state)
    accepted(history.send("evidence_review", HANDLER))
    assert state_of(history) is state


@pytest.mark.parametrize("stage", ["decided", "served", "executed", "concluded"])
def test_what_becomes_of_a_filed_case_leaves_it_filed_until_the_outcome(stage: str) -> None:
    history = in_state(State.FILED)
    accepted(history.send("case_progress", HANDLER, stage=stage))
    assert state_of(history) is State.FILED


def test_a_plan_stays_what_it_is_through_its_answers_and_outcomes() -> None:
    history = History()
    accepted(history.send("joint_plan", SENDER, county_decision_requested=True))
    for record, by in (
        ("joint_plan_decision", SUPERIOR),
        ("signed_for", PARTICIPANT),
        ("joint_plan_answer", PARTICIPANT),
        ("joint_outcome", PARTICIPANT),
    ):
        accepted(history.send(record, by))
        assert state_of(history) is State.SENT


def test_who_had_not_answered_a_plan_signs_for_it_though_it_was_not_approved() -> None:
    history = in_state(State.DECLINED, Life.JOINT)
    assert ledger(accepted(history.send("signed_for", SUPERIOR))) == []  # its decision was one
    effects = accepted(history.send("signed_for", PARTICIPANT))
    assert ledger(effects) == [("sign_for", "met")]
    assert state_of(history) is State.DECLINED


def test_a_copy_that_answers_a_request_is_signed_for_and_it_stays_answered() -> None:
    history = in_state(State.RECEIVED, Life.INFORMATION)
    copy = history.next("copy", SENDER, envelope={"addressees": [organ(HANDLER)]})
    accepted(history.decide(copy))
    assert state_of(history) is State.ANSWERED
    about = {"in_reply_to": copy.envelope.message_id}
    accepted(history.send("signed_for", HANDLER, envelope=about))
    assert state_of(history) is State.ANSWERED


@pytest.mark.parametrize("life", [Life.COPY, Life.CONSULTATION, Life.JOINT])
def test_what_went_to_many_stays_sent_when_it_is_signed_for(life: Life) -> None:
    history = in_state(State.SENT, life)
    effects = accepted(history.send("signed_for", PARTS[life][2]))
    assert ("sign_for", "met") in ledger(effects)
    assert state_of(history) is State.SENT


def test_an_answer_names_a_letter_and_never_nothing() -> None:
    case = in_state(State.RECEIVED).opened
    assert letters(case) == {case.current}


def test_what_was_handed_over_is_owed_back_by_who_gives_the_case_back() -> None:
    history = opened("case_transfer")
    handed(history, SENDER, MARKET)
    brought(history, State.RECEIVED)
    asks = history.next("withdrawal", SENDER)
    accepted(history.decide(asks))
    about = {"in_reply_to": asks.envelope.message_id}
    effects = accepted(history.send("withdrawal_answer", MARKET, envelope=about))
    assert ledger(effects) == [
        ("decide_filing", "withdrawn"),
        ("answer_withdrawal", "met"),
        ("return_custody", "open"),
    ]
