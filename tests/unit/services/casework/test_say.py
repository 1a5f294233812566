"""What the bus says: to whom, in which words, and under an id that a repeat has again."""

from datetime import datetime
from typing import Any

import pytest

from schemas.checks import lawful_form
from schemas.codec import current, encode
from schemas.errors import Refusal, text
from schemas.ids import BUS, MessageId, derive
from schemas.messages import (
    Accepted,
    Advice,
    DutyNotice,
    Held,
    HoldReason,
    Rejected,
    Rung,
    SettleAction,
)
from schemas.parts import Envelope, Flow, Relation
from services.casework.case import State
from services.casework.effects import (
    Accept,
    Advise,
    ChangeState,
    Deliver,
    Effect,
    FireRung,
    Hold,
    Reject,
    Release,
)
from services.casework.say import RELEASED_BY, About, Said, say
from tests.history import (
    HANDLER,
    MONDAY,
    SENDER,
    SUPERVISOR,
    History,
    demo,
    held_lead,
    in_state,
    organ,
    the,
)

CAUSE = MessageId(derive("test", "cause"))


def told(effect: Effect, history: History | None = None, **more: Any) -> tuple[Said, ...]:
    case = (history or in_state(State.ISSUED)).opened
    return say(effect, About(case.id, case.flow), demo(), MONDAY, **more)


def test_accepted_names_recipients_rule_basis_rulebook_and_due_dates() -> None:
    history = History()
    (said,) = told(the(Accept, history.send("lead_transfer", SENDER)), history)
    assert said.to == organ(SENDER)
    accepted = said.message
    assert isinstance(accepted, Accepted)
    (recipient,) = accepted.recipients or ()
    assert (recipient.organ, recipient.alias, recipient.relation) == (
        organ(HANDLER),
        HANDLER,
        Relation.HANDLER,
    )
    assert (accepted.rule, accepted.rulebook) == ("F-001", demo().hash)
    (due,) = accepted.duties or ()
    assert (due.duty, due.organ, due.due) == (
        "sign_for",
        organ(HANDLER),
        history.opened.duties[0].due,
    )


def test_a_quiet_acceptance_says_nothing() -> None:
    assert told(Accept(CAUSE, "Delivered", organ(HANDLER), quiet=True)) == ()


def test_rejected_carries_the_code_its_words_and_how_to_mend_it() -> None:
    refusal = Refusal("filing.number_unanswered", "answers", "2, 3")
    (said,) = told(Reject(CAUSE, "FilingReply", organ(HANDLER), refusal))
    rejected = said.message
    assert isinstance(rejected, Rejected)
    words = text("filing.number_unanswered")
    assert (rejected.code, rejected.zh, rejected.en) == (words.code, words.zh, words.en)
    assert (rejected.remedy_zh, rejected.remedy_en) == (words.remedy_zh, words.remedy_en)
    assert (rejected.where, rejected.explanation) == ("answers", "2, 3")


def test_the_bus_is_told_nothing_because_it_has_no_inbox() -> None:
    history = in_state(State.RECEIVED)
    effects = history.settle(SettleAction.DISCARD)
    assert [told(effect, history) for effect in effects] == [()]


def test_held_tells_each_why_and_who_can_release_it() -> None:
    history = History()
    first, second = told(the(Hold, held_lead(history)), history)
    assert (first.to, second.to) == (organ(SENDER), organ(SUPERVISOR))
    held = first.message
    assert isinstance(held, Held)
    assert (held.hold, held.code) == (HoldReason.GAP, "hold.gap")
    assert "更正或撤回" in held.released_by
    assert "Z-053" in (held.explanation or "")
    assert first.message.envelope.message_id != second.message.envelope.message_id


def test_every_reason_to_hold_says_who_releases() -> None:
    assert set(RELEASED_BY) == set(HoldReason)


def test_advice_is_no_refusal_and_carries_the_explanation() -> None:
    (said,) = told(Advise(CAUSE, organ(HANDLER), "advice.concurrent", "说明"))
    advice = said.message
    assert isinstance(advice, Advice)
    assert (advice.code, advice.draft) == ("advice.concurrent", "说明")


def test_a_rung_is_told_to_each_as_a_fact() -> None:
    history = in_state(State.ISSUED)
    effects = history.tick(datetime(2026, 9, 23, 12, tzinfo=MONDAY.tzinfo))
    rung = the(FireRung, effects)
    first, second = told(rung, history)
    assert (first.to, second.to) == (organ(HANDLER), organ(SENDER))
    notice = first.message
    assert isinstance(notice, DutyNotice)
    (duty,) = history.opened.duties
    assert (notice.rung, notice.duty, notice.owner) == (Rung.YELLOW, "sign_for", duty.owner)
    assert (notice.opened_at, notice.due, notice.nominal_at) == (
        duty.opened_at,
        duty.due,
        rung.nominal_at,
    )
    assert notice.envelope.in_reply_to == history.opened.opening


@pytest.mark.parametrize(
    "effect",
    [
        Release(CAUSE, by=CAUSE),
        Deliver(CAUSE, "LeadTransfer", organ(SENDER), organ(HANDLER), Relation.HANDLER, None),
        ChangeState(CAUSE, State.ISSUED, State.RECEIVED),
    ],
)
def test_what_is_written_elsewhere_is_not_said(effect: Effect) -> None:
    assert told(effect) == ()


EVERY: list[Effect] = [
    Accept(CAUSE, "LeadTransfer", organ(SENDER)),
    Reject(CAUSE, "LeadTransfer", organ(SENDER), Refusal("case.unknown")),
    Hold(CAUSE, "LeadTransfer", (organ(SENDER),), HoldReason.WAITING, "hold.waiting"),
    Advise(CAUSE, organ(SENDER), "advice.concurrent"),
]


@pytest.mark.parametrize("effect", EVERY, ids=lambda effect: type(effect).__name__)
def test_a_repeat_is_the_same_message_in_its_case_from_the_bus(effect: Effect) -> None:
    history = in_state(State.ISSUED)
    (said,) = told(effect, history)
    assert told(effect, history) == (said,)
    envelope = said.message.envelope
    assert isinstance(envelope, Envelope)
    assert (envelope.sender, envelope.bus) == (BUS, demo().bus)
    assert (envelope.case_id, envelope.flow) == (history.opened.id, Flow.LEADS)
    assert (envelope.in_reply_to, envelope.addressees) == (CAUSE, (organ(SENDER),))
    assert envelope.record == type(said.message).__name__
    assert lawful_form(said.message) is None
    assert current(envelope.record).decode(encode(said.message)).envelope.sender == BUS


def test_two_answers_about_one_id_are_told_apart_by_their_salt() -> None:
    effect = Reject(CAUSE, "LeadTransfer", organ(SENDER), Refusal("message.id_reused"))
    ids = {told(effect, salt=salt)[0].message.envelope.message_id for salt in ("", "a", "b")}
    assert len(ids) == 3


def test_no_two_things_said_about_one_message_share_an_id() -> None:
    ids = [each.message.envelope.message_id for effect in EVERY for each in told(effect)]
    assert len(set(ids)) == len(EVERY)
