"""Taking back: alone before it is signed for, with the holder's agreement after."""

from typing import Any

import pytest

from schemas.ids import MessageId
from schemas.parts import Relation
from services.casework.case import Life, State
from tests.history import (
    HANDLER,
    PARTS,
    SENDER,
    SUPERIOR,
    History,
    delivered_to,
    duties,
    in_state,
    is_refused,
    ledger,
    organ,
    refusal_of,
)

LIVES = [Life.TRANSFER, Life.NOTICE, Life.INFORMATION, Life.ASSISTANCE]
ENDED = {
    Life.TRANSFER: [("decide_filing", "withdrawn")],
    Life.NOTICE: [("handle", "withdrawn")],
    Life.INFORMATION: [("answer_request", "withdrawn")],
    Life.ASSISTANCE: [("answer_assistance", "withdrawn")],
}
ANSWERS: dict[Life, str] = {
    Life.TRANSFER: "filing_reply",
    Life.NOTICE: "handling_feedback",
    Life.INFORMATION: "information_reply",
    Life.ASSISTANCE: "assistance_reply",
}
NO: dict[str, Any] = {"agreed": False, "reason": "拟立案"}


def asked(life: Life) -> tuple[History, str, str, MessageId]:
    """A case whose sender has asked for it back: with both parties and the Withdrawal's id."""
    history = in_state(State.RECEIVED, life)
    _, sender, holder = PARTS[life]
    assert not is_refused(history.send("withdrawal", sender))
    return history, sender, holder, list(history.sent)[-1]


def answer(history: History, holder: str, about: MessageId, **changes: Any) -> tuple[Any, ...]:
    return history.send("withdrawal_answer", holder, envelope={"in_reply_to": about}, **changes)


@pytest.mark.parametrize("life", LIVES)
def test_what_was_signed_for_is_asked_back_and_goes_on_meanwhile(life: Life) -> None:
    history = in_state(State.RECEIVED, life)
    _, sender, holder = PARTS[life]
    effects = history.send("withdrawal", sender)
    assert delivered_to(effects) == [(holder, Relation.HANDLER)]
    assert ledger(effects) == [("answer_withdrawal", "open")]
    assert ("answer_withdrawal", organ(holder)) in duties(history.opened)
    assert history.opened.state is State.RECEIVED
    assert refusal_of(history.send("withdrawal", sender)) == "withdrawal.pending"


@pytest.mark.parametrize("life", LIVES)
def test_the_holder_agrees_and_everything_owed_ends(life: Life) -> None:
    history, sender, holder, about = asked(life)
    effects = answer(history, holder, about)
    assert sorted(ledger(effects)) == sorted([("answer_withdrawal", "met"), *ENDED[life]])
    assert delivered_to(effects) == [(sender, Relation.SENDER)]
    assert history.opened.state is State.WITHDRAWN
    assert duties(history.opened) == {}


@pytest.mark.parametrize("life", LIVES)
def test_the_holder_refuses_and_the_case_goes_on(life: Life) -> None:
    history, sender, holder, about = asked(life)
    effects = answer(history, holder, about, **NO)
    assert ledger(effects) == [("answer_withdrawal", "met")]
    assert history.opened.state is State.RECEIVED
    assert not is_refused(history.send("withdrawal", sender))  # it may ask once more


@pytest.mark.parametrize("life", LIVES)
def test_the_answer_to_the_case_settles_the_withdrawal_too(life: Life) -> None:
    history, _, holder, about = asked(life)
    effects = history.send(ANSWERS[life], holder)
    assert ("answer_withdrawal", "superseded") in ledger(effects)
    assert refusal_of(answer(history, holder, about)) == "reply.target_unknown"


def test_only_the_holder_answers_and_only_what_was_asked_back() -> None:
    history, sender, holder, about = asked(Life.TRANSFER)
    before = history.opened
    assert refusal_of(answer(history, sender, about)) == "reply.not_asked"
    assert refusal_of(answer(history, holder, history.opened.opening)) == "reply.target_unknown"
    assert history.opened == before


def test_a_late_answer_is_late() -> None:
    history, _, holder, about = asked(Life.TRANSFER)
    history.at = duties(history.opened)["answer_withdrawal", organ(holder)].due
    assert ("answer_withdrawal", "late") in ledger(answer(history, holder, about))


def test_what_came_back_to_its_sender_or_was_sent_on_cannot_be_taken_back() -> None:
    agreed = {"handler": organ(SENDER), "handles_from": "2026-10-12"}
    history = in_state(State.DISPUTED)
    for side in (HANDLER, SENDER):
        history.send("negotiation_result", side, **agreed)
    before = history.opened
    assert refusal_of(history.send("withdrawal", SENDER)) == "withdrawal.sent_on"
    assert history.opened == before


def test_a_superior_that_was_asked_hears_that_the_case_was_taken_back() -> None:
    history = in_state(State.REFERRED)
    history.send("designation_request", HANDLER)
    history.send("withdrawal", SENDER)
    asked = {"in_reply_to": list(history.sent)[-1]}
    effects = history.send("withdrawal_answer", HANDLER, envelope=asked)
    assert (SUPERIOR, Relation.SUPERIOR) in delivered_to(effects)
    assert duties(history.opened) == {}
