"""Receipts: the first stands, the same again is answered again, a contradicting one refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.ids import MessageId
from schemas.messages import SignedFor
from services.casework.case import Case, Closing, Handed, State
from services.casework.effects import Accept, CloseDuty, Deliver
from tests.history import (
    HANDLER,
    SENDER,
    History,
    all_of,
    in_state,
    is_refused,
    named,
    organ,
    refusal_of,
    the,
)


def handed(case: Case, record: str) -> Handed:
    return next(row for row in case.handed if row.record == record)


def last_sent(history: History) -> MessageId:
    return list(history.sent)[-1]


def test_a_connector_s_receipt_is_noted_and_answered_quietly() -> None:
    history = in_state(State.ISSUED)
    effects = history.send("delivered", HANDLER)
    assert the(Accept, effects).quiet
    assert named(effects) == ["Accept"]
    assert handed(history.opened, "LeadTransfer").delivered_at == history.at
    assert history.opened.state is State.ISSUED


def test_of_two_deliveries_the_first_stands() -> None:
    history = in_state(State.ISSUED)
    history.send("delivered", HANDLER)
    first = history.opened
    assert named(history.send("delivered", HANDLER)) == ["Accept"]
    assert history.opened == first


@pytest.mark.parametrize("record", ["delivered", "signed_for"])
def test_what_was_not_delivered_to_an_organ_is_not_receipted_by_it(record: str) -> None:
    history = in_state(State.ISSUED)
    before = history.opened
    assert refusal_of(history.send(record, SENDER)) == "receipt.nothing_delivered"
    assert history.opened == before


def test_the_handler_s_signing_moves_the_case_and_is_passed_on() -> None:
    history = in_state(State.ISSUED)
    effects = history.send("signed_for", HANDLER)
    assert named(effects) == ["ChangeState", "CloseDuty", "OpenDuty", "Deliver", "Accept"]
    assert the(CloseDuty, effects).closing is Closing.MET
    assert the(Deliver, effects).to == organ(SENDER)
    assert handed(history.opened, "LeadTransfer").signed_at == history.at


def test_the_same_receipt_again_gets_the_same_answer_and_changes_nothing() -> None:
    history = in_state(State.RECEIVED)
    before = history.opened
    assert named(history.send("signed_for", HANDLER)) == ["Accept"]
    assert history.opened == before


@pytest.mark.parametrize(
    "changes", [{"signed_by": "刘样禾"}, {"signed_at": "2026-09-28T15:00:01+08:00"}]
)
def test_a_contradicting_receipt_is_refused(changes: dict[str, str]) -> None:
    history = in_state(State.RECEIVED)
    before = history.opened
    effects = history.send("signed_for", HANDLER, **changes)
    assert refusal_of(effects) == "receipt.contradicts"
    assert history.opened == before


def test_a_receipt_without_a_time_contradicts_one_with_a_time() -> None:
    history = in_state(State.RECEIVED)
    sent = history.next("signed_for", HANDLER)
    assert isinstance(sent, SignedFor)
    assert refusal_of(history.decide(replace(sent, signed_at=None))) == "receipt.contradicts"


def test_signing_after_the_yellow_card_is_late_and_the_breach_stays() -> None:
    history = in_state(State.ISSUED)
    history.tick(history.at + timedelta(days=2))
    effects = history.send("signed_for", HANDLER)
    assert the(CloseDuty, effects).closing is Closing.LATE
    duty = history.opened.duties[0]
    assert (duty.kind, duty.closing) == ("sign_for", Closing.LATE)
    assert refusal_of(history.send("signed_for", HANDLER, signed_by="刘样禾")) == (
        "receipt.contradicts"
    )


def test_signing_after_the_reply_is_a_receipt_and_no_step() -> None:
    history = in_state(State.ISSUED)
    history.send("filing_reply", HANDLER)
    effects = history.send("signed_for", HANDLER)
    assert named(effects) == ["Deliver", "Accept"]
    assert history.opened.state is State.FILED
    assert handed(history.opened, "LeadTransfer").signed_at == history.at


def test_the_sender_signs_for_the_reply_and_the_handler_is_told() -> None:
    history = in_state(State.FILED)
    effects = history.send("signed_for", SENDER, envelope={"in_reply_to": last_sent(history)})
    assert the(Deliver, effects).to == organ(HANDLER)
    assert history.opened.state is State.FILED


def test_a_receipt_needs_no_receipt() -> None:
    history = in_state(State.RECEIVED)
    of_it = {"in_reply_to": last_sent(history)}
    assert refusal_of(history.send("signed_for", SENDER, envelope=of_it)) == "receipt.of_receipt"
    assert not is_refused(history.send("delivered", SENDER, envelope=of_it))


@pytest.mark.parametrize("state", [State.DECLINED, State.CLOSED, State.WITHDRAWN])
def test_receipts_are_taken_in_every_final_state(state: State) -> None:
    history = in_state(state)
    assert not is_refused(history.send("delivered", HANDLER))
    assert not is_refused(history.send("signed_for", HANDLER))
    assert history.opened.state is state
    assert all_of(CloseDuty, history.send("signed_for", HANDLER)) == []


def test_the_case_holds_no_name_of_who_signed() -> None:
    history = in_state(State.RECEIVED)
    assert "韩观云" not in repr(history.opened)
