"""材料物品交接, 清点, 差异处理 and 证据审查; the filing decision waits for them (二(二)2 and 4)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.ids import OrganCode
from schemas.parts import Relation
from services.casework.case import Closing, State
from services.casework.clock_moves import sooner
from services.casework.effects import Advise, CloseDuty, FireRung, MoveDuty, OpenDuty
from services.casework.steps import Facts, Outcome, Situation
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    SHANGHAI,
    STRANGER,
    SUPERIOR,
    History,
    all_of,
    delivered_to,
    duties,
    in_state,
    is_refused,
    ledger,
    not_filed,
    organ,
    refusal_of,
    state_of,
    the,
)

RECEIVER = "liuzhi-scjg"  # of the default CaseTransfer
THIRD = "liuzhi-jtj"
ITEMS = [{"number": 1, "quantity": "2"}, {"number": 2, "quantity": "1"}]
LIST = {"volumes": 2, "pages": 143, "items": ITEMS, "proceeds": "1234.50"}
SHORT = {**LIST, "pages": 142, "discrepancies": [{"kind": "pages", "account": "缺第九页"}]}
WHOLE = {**LIST, "discrepancies": []}


def on(month: int, day: int, hour: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def opened() -> History:
    """A case transferred on Monday 21 September."""
    history = History()
    history.send("case_transfer", SENDER)
    return history


def hand_over(history: History, by: str, to: str, **changes: Any) -> Any:
    envelope = {"addressees": [organ(to)], **changes.pop("envelope", {})}
    return history.send("custody_handover", by, **{**LIST, **changes}, envelope=envelope)


def count(history: History, by: str, **changes: Any) -> Any:
    custody = history.opened.custody
    envelope = {"in_reply_to": (custody and custody.message) or history.opened.opening}
    return history.send("custody_check", by, **{"envelope": envelope, **WHOLE, **changes})


def settle(history: History, by: str, **changes: Any) -> Any:
    custody = history.opened.custody
    counted = custody and (custody.check or custody.message)
    envelope = {"in_reply_to": counted or history.opened.opening}
    return history.send("custody_settlement", by, **{"envelope": envelope, **changes})


def owed(history: History) -> set[tuple[str, OrganCode]]:
    return set(duties(history.opened))


def filing_due(history: History) -> datetime:
    return duties(history.opened)["decide_filing", organ(RECEIVER)].due


@pytest.mark.guidance("二(二)2", "duty handover")
def test_a_case_is_handed_over_by_its_sender_within_three_working_days() -> None:
    duty = duties(opened().opened)["handover", organ(SENDER)]
    assert (duty.counterpart, duty.due) == (organ(RECEIVER), on(9, 25, 0))


@pytest.mark.guidance("二(二)2·2", "duty handover", words="有关证据材料原件")
@pytest.mark.parametrize(
    ("changes", "is_owed"),
    [
        ({}, False),
        ({"evidence": [{"number": 1, "kind": "physical", "name": "样品"}]}, True),
        ({"evidence": [{"number": 1, "kind": "documentary", "original": True}]}, True),
        ({"items": [{"number": 1, "name": "秤", "measure": "none"}]}, True),
    ],
)
def test_a_lead_is_handed_over_with_originals_or_items_only(
    changes: dict[str, Any], *, is_owed: bool
) -> None:
    history = History()
    history.send("lead_transfer", SENDER, **changes)
    assert (("handover", organ(SENDER)) in owed(history)) is is_owed


def test_the_filing_decision_waits_for_the_custody_ten_working_days_at_most() -> None:
    history = opened()
    history.send("signed_for", RECEIVER)
    # Ten working days after 21 September end on 12 October, fifteen more on 2 November.
    assert filing_due(history) == on(11, 3, 0)
    history.at = on(10, 20)
    hand_over(history, SENDER, RECEIVER)
    assert all_of(MoveDuty, count(history, RECEIVER)) == []
    assert filing_due(history) == on(11, 3, 0)


@pytest.mark.guidance("二(二)2·3", "duty settle_discrepancy", words="应当如实列出清单")
@pytest.mark.guidance("二(二)2·4", "record CustodyHandover", words="一并移送")
def test_scenario_two_a_missing_page_is_settled_and_the_clock_runs_from_then() -> None:
    history = opened()
    history.send("signed_for", RECEIVER)
    effects = hand_over(history, SENDER, RECEIVER)
    assert ledger(effects) == [("handover", "met"), ("custody_check", "open")]
    assert delivered_to(effects) == [(RECEIVER, Relation.HANDLER)]
    effects = count(history, RECEIVER, **SHORT)
    assert ledger(effects) == [("custody_check", "met"), ("settle_discrepancy", "open")]
    assert delivered_to(effects) == [(SENDER, Relation.SENDER)]
    assert all_of(MoveDuty, effects) == []
    history.at = on(9, 28)
    effects = settle(history, SENDER)
    assert ledger(effects) == [("settle_discrepancy", "met")]
    moved = the(MoveDuty, effects)
    assert (moved.duty.kind, moved.reason) == ("decide_filing", "custody_settled")
    # Fifteen working days of the market-supervision sector after 28 September.
    assert filing_due(history) == moved.duty.due == on(10, 24, 0)
    history.send("filing_reply", RECEIVER)
    filed = duties(history.opened)["decide_case", organ(RECEIVER)]
    eightieth = filed.opened_at + timedelta(days=80)
    history.at = eightieth
    longer = history.send(
        "clock_change",
        RECEIVER,
        change="extend",
        step=1,
        approved_by="局长",
        approved_on="2026-12-01",
        suspension=None,
        planned_end=None,
    )
    assert the(MoveDuty, longer).duty.due == filed.due + timedelta(days=30)
    history.at = filed.opened_at + timedelta(days=118)
    effects = history.send("case_progress", RECEIVER, stage="decided")
    assert ledger(effects) == [("decide_case", "met")]
    history.send("case_progress", RECEIVER, stage="concluded")
    assert ledger(history.send("outcome_feedback", RECEIVER)) == [("outcome_feedback", "met")]
    assert state_of(history) is State.CLOSED
    assert owed(history) == set()


def test_custody_that_was_settled_before_the_signing_delays_nothing() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    count(history, RECEIVER)
    history.at = on(9, 22)
    history.send("signed_for", RECEIVER)
    assert filing_due(history) == on(10, 21, 0)


def test_a_rung_that_the_later_day_had_is_fired_at_the_sooner_day_s_time() -> None:
    history = opened()
    history.send("signed_for", RECEIVER)
    hand_over(history, SENDER, RECEIVER)
    count(history, RECEIVER)
    fired = [e.rung for e in all_of(FireRung, history.tick(filing_due(history)))]
    assert fired == ["reminder"]


@pytest.mark.parametrize("side", [SENDER, RECEIVER])
def test_either_side_settles_and_the_other_hears_it(side: str) -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    count(history, RECEIVER, **SHORT)
    effects = settle(history, side, settlement="accepted_as_is")
    assert ledger(effects) == [("settle_discrepancy", "met")]
    other = RECEIVER if side == SENDER else SENDER
    assert [to for to, _ in delivered_to(effects)] == [other]
    assert refusal_of(settle(history, SENDER)) == "custody.nothing_to_settle"


def test_a_difference_may_be_settled_late_and_the_breach_stays() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    count(history, RECEIVER, **SHORT)
    history.at = on(11, 20)
    assert ledger(settle(history, SENDER)) == [("settle_discrepancy", "late")]


@pytest.mark.guidance("二(二)2·3", "refusal custody.difference_unnamed", words="如实")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"pages": 142}, "custody.difference_unnamed"),
        ({"volumes": 3}, "custody.difference_unnamed"),
        ({"proceeds": "1234.49"}, "custody.difference_unnamed"),
        ({"items": ITEMS[:1]}, "custody.difference_unnamed"),
        ({"items": [*ITEMS, {"number": 3, "quantity": "1"}]}, "custody.difference_unnamed"),
        ({"discrepancies": [{"kind": "pages"}]}, "custody.difference_unfounded"),
        ({"discrepancies": [{"kind": "item", "item": 7}]}, "custody.item_unknown"),
        ({"proceeds": "1234.5"}, None),
        ({"discrepancies": [{"kind": "item", "item": 1, "account": "外壳破损"}]}, None),
        ({"discrepancies": [{"kind": "other", "account": "封条号不符"}]}, None),
        ({"items": ITEMS[:1], "discrepancies": [{"kind": "item", "item": 2}]}, None),
    ],
)
def test_a_count_names_each_difference_exactly(changes: dict[str, Any], code: str | None) -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    before = history.opened
    effects = count(history, RECEIVER, **changes)
    if code is None:
        assert not is_refused(effects)
    else:
        assert refusal_of(effects) == code
        assert history.opened == before


def test_who_does_not_keep_it_hands_nothing_over_and_nobody_else_gets_it() -> None:
    history = opened()
    assert refusal_of(hand_over(history, RECEIVER, SENDER)) == "custody.not_the_keeper"
    assert refusal_of(hand_over(history, SENDER, STRANGER)) == "custody.not_the_receiver"
    assert refusal_of(hand_over(history, SENDER, SENDER)) == "custody.not_the_receiver"
    assert refusal_of(hand_over(history, STRANGER, SENDER)) == "case.unknown"


def test_counts_and_settlements_out_of_place_are_refused() -> None:
    history = opened()
    assert refusal_of(count(history, RECEIVER)) == "custody.nothing_handed_over"
    assert refusal_of(settle(history, RECEIVER)) == "custody.nothing_to_settle"
    hand_over(history, SENDER, RECEIVER)
    assert refusal_of(settle(history, SENDER)) == "custody.nothing_to_settle"
    elsewhere = {"in_reply_to": history.opened.opening}
    assert refusal_of(count(history, SENDER)) == "reply.not_asked"
    assert refusal_of(count(history, RECEIVER, envelope=elsewhere)) == "reply.target_unknown"
    count(history, RECEIVER, **SHORT)
    assert refusal_of(count(history, RECEIVER)) == "custody.already_counted"
    assert refusal_of(settle(history, SENDER, envelope=elsewhere)) == "reply.target_unknown"
    history.send("objection", RECEIVER, competent=organ(THIRD))
    history.send("negotiation_result", RECEIVER, **FAILED)
    history.send("designation_request", RECEIVER)
    assert refusal_of(settle(history, SUPERIOR)) == "reply.not_asked"


def test_what_a_complaint_brings_may_be_handed_over_unasked_and_is_counted() -> None:
    history = History()
    history.send("complaint_forward", SENDER)
    assert ("handover", organ(SENDER)) not in owed(history)
    effects = hand_over(history, SENDER, RECEIVER)
    assert ledger(effects) == [("custody_check", "open")]
    history.send("signed_for", RECEIVER)
    assert filing_due(history) == on(11, 3, 0)
    count(history, RECEIVER)
    assert filing_due(history) == on(10, 20, 0)


def test_what_was_handed_over_is_owed_back_when_it_is_declined() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    effects = history.send("filing_reply", RECEIVER, answers=[not_filed()])
    assert ("return_custody", "open") in ledger(effects)
    back = duties(history.opened)["return_custody", organ(RECEIVER)]
    assert back.counterpart == organ(SENDER)
    effects = hand_over(history, RECEIVER, SENDER)
    assert ledger(effects) == [
        ("custody_check", "superseded"),
        ("return_custody", "met"),
        ("custody_check", "open"),
    ]
    assert delivered_to(effects) == [(SENDER, Relation.SENDER)]
    assert ledger(count(history, SENDER)) == [("custody_check", "met")]


def test_what_was_never_handed_over_is_owed_no_longer_when_it_is_declined() -> None:
    history = opened()
    effects = history.send("filing_reply", RECEIVER, answers=[not_filed()])
    assert ("handover", "superseded") in ledger(effects)
    assert "return_custody" not in {kind for kind, _ in owed(history)}


def test_what_was_handed_over_is_owed_back_when_it_is_withdrawn() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    effects = history.send("withdrawal", SENDER)
    assert ("return_custody", "open") in ledger(effects)
    assert state_of(history) is State.WITHDRAWN


def test_another_handler_is_handed_it_by_who_keeps_it() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    history.send("objection", RECEIVER, competent=organ(THIRD))
    history.send("negotiation_result", RECEIVER, **FAILED)
    effects = history.send("designation", SUPERIOR, designee=organ(THIRD))
    assert ("return_custody", "open") in ledger(effects)
    assert duties(history.opened)["return_custody", organ(RECEIVER)].counterpart == organ(THIRD)
    # Back to who sent it: which then owes it to the designee.
    effects = hand_over(history, RECEIVER, SENDER)
    assert ("handover", "open") in ledger(effects)
    effects = hand_over(history, SENDER, THIRD)
    assert ledger(effects)[0] == ("handover", "met")


def test_a_designee_that_keeps_it_owes_nothing_back() -> None:
    history = opened()
    hand_over(history, SENDER, RECEIVER)
    history.send("objection", RECEIVER, competent=organ(THIRD))
    history.send("negotiation_result", RECEIVER, **FAILED)
    effects = history.send("designation", SUPERIOR, designee=organ(RECEIVER))
    assert {"return_custody", "handover"} & {kind for kind, _ in ledger(effects)} == set()


def test_a_clock_that_stands_still_or_never_waited_is_not_moved_by_custody() -> None:
    history = opened()
    history.send("signed_for", RECEIVER)
    case = history.opened
    situation = Situation(history.rulebook, Facts(), history.at)
    without = tuple(replace(duty, term=None) for duty in case.duties)
    assert sooner(Outcome(replace(case, duties=without)), situation).effects == ()
    closed = tuple(replace(duty, closing=Closing.MET) for duty in case.duties)
    assert sooner(Outcome(replace(case, duties=closed)), situation).effects == ()


@pytest.mark.guidance("二(二)4·2", "record EvidenceReview", words="经受移送方审查")
@pytest.mark.guidance("二(二)4·2", "refusal evidence.number_unknown", words="移送方所取得的证据")
def test_evidence_is_reviewed_by_the_handler_by_the_letter_s_numbers() -> None:
    history = in_state(State.RECEIVED)
    effects = history.send("evidence_review", HANDLER)
    assert delivered_to(effects) == [(SENDER, Relation.SENDER)]
    assert all_of(OpenDuty, effects) + all_of(CloseDuty, effects) + all_of(Advise, effects) == []
    strange = [{"number": 9, "usable": True}]
    refused = history.send("evidence_review", HANDLER, findings=strange)
    assert refusal_of(refused) == "evidence.number_unknown"
    assert refusal_of(history.send("evidence_review", SENDER)) == "reply.not_asked"
    history.case = replace(history.opened, evidence=None)  # split off: the letter lies elsewhere
    assert not is_refused(history.send("evidence_review", HANDLER, findings=strange))


@pytest.mark.parametrize("state", [State.DISPUTED, State.DECLINED, State.WITHDRAWN, State.CLOSED])
def test_evidence_is_reviewed_while_the_case_is_handled(state: State) -> None:
    refused = in_state(state).send("evidence_review", HANDLER)
    assert refusal_of(refused) == "step.not_allowed"


def test_things_of_a_case_of_another_life_are_not_handed_over() -> None:
    history = History()
    history.send("violation_notice", SENDER)
    assert refusal_of(hand_over(history, SENDER, HANDLER)) == "step.not_allowed"


def test_a_difference_that_is_handed_back_with_all_the_rest_is_settled_no_more() -> None:
    history = opened()
    history.send("signed_for", RECEIVER)
    hand_over(history, SENDER, RECEIVER)
    count(history, RECEIVER, **SHORT)
    numbers = [charge.number for charge in history.opened.charges]
    history.send("filing_reply", RECEIVER, answers=[not_filed(each) for each in numbers])
    assert ("settle_discrepancy", organ(SENDER)) in owed(history)
    effects = hand_over(history, RECEIVER, SENDER, pages=142)
    assert ("settle_discrepancy", "superseded") in ledger(effects)
    count(history, SENDER, pages=142)
    assert owed(history) == set()


def test_what_is_kept_for_a_designee_that_declines_is_owed_back_once() -> None:
    history = opened()
    history.send("signed_for", RECEIVER)
    hand_over(history, SENDER, RECEIVER)
    count(history, RECEIVER)
    history.send("designation", SUPERIOR, designee=organ(THIRD))
    assert duties(history.opened)["return_custody", organ(RECEIVER)].counterpart == organ(THIRD)
    numbers = [charge.number for charge in history.opened.charges]
    history.send("filing_reply", THIRD, answers=[not_filed(each) for each in numbers])
    returns = [
        (duty.counterpart, duty.closing)
        for duty in history.opened.duties
        if duty.kind == "return_custody"
    ]
    assert returns == [(organ(THIRD), Closing.SUPERSEDED), (organ(SENDER), None)]


def test_what_was_given_back_after_an_agreement_on_a_third_is_owed_to_the_third_alone() -> None:
    history, handler, third = History(), "liuzhi-scjg", "liuzhi-jtj"
    history.send("case_transfer", SENDER)
    history.send("custody_handover", SENDER, envelope={"addressees": [organ(handler)]})
    history.send("objection", handler)
    for side in (handler, SENDER):
        history.send("negotiation_result", side, handler=organ(third))
    history.send("custody_handover", handler, envelope={"addressees": [organ(SENDER)]})
    letter = {"addressees": [organ(third)], "document_number": "案移〔2026〕31号"}
    assert not is_refused(history.send("case_transfer", SENDER, envelope=letter))
    (owed,) = [d for d in history.opened.duties if d.kind == "handover" and d.closing is None]
    assert owed.counterpart == organ(third)
