"""What a further letter in a case says of its violations counts from there (domain, 3 and 5)."""

from dataclasses import replace
from typing import Any

import pytest

from services.casework.case import State
from services.casework.effects import Accept, Deliver
from tests.history import (
    HANDLER,
    SENDER,
    History,
    all_of,
    duties,
    in_state,
    is_refused,
    ledger,
    organ,
    refusal_of,
    state_of,
    the,
    violation,
)

MARKET, ROADS = "liuzhi-scjg", "liuzhi-jtj"  # SC-001 is the first one's, CG-001 is HANDLER's


def onward(to: str | None = None, reason: str | None = None, **changes: Any) -> dict[str, Any]:
    """A further letter about one violation, with what it says of it."""
    envelope: dict[str, Any] = {"document_number": "案移〔2026〕41号"}
    if to is not None:
        envelope["addressees"] = [organ(to)]
    if reason is not None:
        envelope["insist_reason"] = reason
    return {"violations": [violation(**changes)], "envelope": envelope}


def filed_by_the_roads() -> History:
    history = History()
    insists = {"addressees": [organ(ROADS)], "insist_reason": "占道运输"}
    history.send("lead_transfer", SENDER, envelope=insists)
    history.send("filing_reply", ROADS)
    return history


def matter_of(history: History) -> tuple[str, ...]:
    return tuple(charge.matter for charge in history.opened.charges)


@pytest.mark.parametrize("named", [None, MARKET])
def test_what_turned_out_to_be_another_matter_goes_to_the_organ_of_that_matter(
    named: str | None,
) -> None:
    for history, by in ((in_state(State.FILED), HANDLER), (filed_by_the_roads(), ROADS)):
        effects = history.send("case_transfer", by, **onward(named, matter="SC-001"))
        assert not is_refused(effects), effects
        assert (state_of(history), history.opened.handler) == (State.ISSUED, organ(MARKET))
        assert matter_of(history) == ("SC-001",)
        told = the(Accept, effects)
        assert (told.rule, bool(told.basis), bool(told.explanation)) == (
            history.opened.rule, True, True,
        )  # fmt: skip
        assert history.opened.rule is not None
        assert {each.rule for each in all_of(Deliver, effects)} == {history.opened.rule}


def test_what_is_still_the_handler_s_own_matter_is_not_sent_on_without_a_reason() -> None:
    history = in_state(State.FILED)
    effects = history.send("case_transfer", HANDLER, **onward())
    assert refusal_of(effects) == "transfer.own_matter"


def test_what_became_the_handler_s_own_matter_by_the_letter_stays_it() -> None:
    history = in_state(State.FILED)
    history.send("case_transfer", HANDLER, **onward(MARKET, matter="SC-001"))
    history.send("filing_reply", MARKET)
    effects = history.send("case_transfer", MARKET, **onward(matter="SC-001"))
    assert refusal_of(effects) == "transfer.own_matter"


def test_where_an_objector_sends_it_on_nobody_negotiates_any_more() -> None:
    history = in_state(State.DISPUTED)
    disputes = replace(history.rulebook.disputes, retransfer_by_objector=True)
    history.rulebook = replace(history.rulebook, disputes=disputes)
    effects = history.send("lead_transfer", HANDLER, **onward(MARKET, matter="SC-001"))
    assert ledger(effects) == [
        ("negotiate", "superseded"), ("negotiate", "superseded"), ("sign_for", "open"),
    ]  # fmt: skip
    assert set(duties(history.opened)) == {("sign_for", organ(MARKET))}


def agreed_on_the_market() -> History:
    history = in_state(State.DISPUTED)
    for side in (HANDLER, SENDER):
        history.send("negotiation_result", side, handler=organ(MARKET), handles_from="2026-10-12")
    return history


def test_the_letter_to_the_third_says_what_it_is_about() -> None:
    history = agreed_on_the_market()
    effects = history.send("lead_transfer", SENDER, **onward(MARKET, matter="SC-001"))
    assert not is_refused(effects), effects
    assert (history.opened.handler, matter_of(history)) == (organ(MARKET), ("SC-001",))
    assert history.opened.rule is None  # by agreement, not by a rule


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"matter": "XX-999"}, "matter.unknown"), ({"place": "110101001000"}, "place.unknown")],
)
def test_a_letter_of_a_matter_or_place_that_the_rulebook_has_not_is_refused(
    changes: dict[str, str], code: str
) -> None:
    history = agreed_on_the_market()
    before = history.opened
    effects = history.send("lead_transfer", SENDER, **onward(MARKET, **changes))
    assert refusal_of(effects) == code
    assert history.opened == before
    history = in_state(State.FILED)
    effects = history.send("case_transfer", HANDLER, **onward(MARKET, "查明", **changes))
    assert refusal_of(effects) == code


def test_a_further_letter_whose_place_is_another_in_words_undoes_no_correction() -> None:
    elsewhere = {"place_text": "六枝特区郎岱镇示例街1号"}  # the code says 岩脚
    history = agreed_on_the_market()
    before = history.opened
    refused = history.send("lead_transfer", SENDER, **onward(MARKET, **elsewhere))
    assert refusal_of(refused) == "transfer.place_conflict"
    assert history.opened == before
    history = in_state(State.FILED)
    refused = history.send("case_transfer", HANDLER, **onward(MARKET, "查明", **elsewhere))
    assert refusal_of(refused) == "transfer.place_conflict"


def test_what_was_given_back_takes_no_letter_to_the_third_that_both_had_agreed_on() -> None:
    history = in_state(State.DISPUTED)
    history.send("withdrawal", SENDER)
    asked = next(d.message for d in history.opened.duties if d.kind == "answer_withdrawal")
    for side in (SENDER, HANDLER):
        history.send("negotiation_result", side, handler=organ(ROADS), handles_from="2026-10-12")
    history.send("withdrawal_answer", HANDLER, envelope={"in_reply_to": asked})
    assert state_of(history) is State.WITHDRAWN
    effects = history.send("case_transfer", SENDER, **onward(ROADS))
    assert refusal_of(effects) == "step.not_allowed"
    assert not history.opened.is_frozen
