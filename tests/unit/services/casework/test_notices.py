"""Notices and complaints: handled and told, or lawfully not (guidance 二(一)2 and 3)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from schemas.disputes import LinkedEffect, LinkedKind
from schemas.messages import SettleAction
from schemas.parts import Relation
from services.casework.case import Closing, Complainant, Life, State
from services.casework.effects import (
    Accept,
    Advise,
    CloseDuty,
    Hold,
    OpenDuty,
    Reject,
    Write,
)
from services.rulebook.model import OrganType
from tests.history import (
    HANDLER,
    NOBODYS,
    SENDER,
    SHANGHAI,
    History,
    all_of,
    delivered_to,
    demo,
    duties,
    held,
    in_state,
    is_refused,
    ledger,
    not_filed,
    organ,
    refusal_of,
    state_of,
    the,
    violation,
)

MARKET = "liuzhi-scjg"  # whose the default complaint is
UNKNOWN: dict[str, Any] = {"complainant": None, "contact_unknown": True}
NO_CONTACT: dict[str, Any] = {"telling": "contact_unknown", "informed_on": None, "method": None}
IN_VAIN: dict[str, Any] = {
    "telling": "attempts_failed",
    "informed_on": None,
    "method": None,
    "attempts": [{"on": "2026-09-22", "method": "电话"}],
}


def day(month: int, of_month: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, of_month, hour, minute, tzinfo=SHANGHAI)


# ---------------------------------------------------------------------------------------- notices


@pytest.mark.guidance("二(一)2", "record ViolationNotice")
def test_a_notice_goes_to_whose_it_is() -> None:
    history = History()
    effects = history.send("violation_notice", SENDER)
    assert delivered_to(effects) == [(HANDLER, Relation.HANDLER)]
    assert history.opened.life is Life.NOTICE


@pytest.mark.guidance(
    "二(一)2·1", "length sign_for ViolationNotice", words="立即告知有关行政执法部门"
)
@pytest.mark.guidance(
    "二(一)2·2", "step notice new issue", words="应当告知有关乡镇人民政府和街道办事处查处"
)
def test_a_township_s_notice_is_signed_for_within_hours_a_department_s_within_a_day() -> None:
    township = the(OpenDuty, History().send("violation_notice", SENDER)).duty
    assert township.due == day(9, 21, 14, 1)
    matter = violation(matter="CG-002")
    department = the(OpenDuty, History().send("violation_notice", HANDLER, violation=matter)).duty
    assert (department.owner, department.due) == (organ(SENDER), day(9, 23))


@pytest.mark.guidance("二(一)2·1", "duty handle", words="有关行政执法部门应当及时查处")
def test_scenario_1_signed_for_after_three_hours_and_handled_across_the_holidays() -> None:
    history = History(at=day(9, 16, 9))
    history.send("violation_notice", SENDER)
    history.at = day(9, 16, 12)
    effects = history.send("signed_for", HANDLER)
    assert the(CloseDuty, effects).closing is Closing.MET
    # 17, 18, 20 (a Sunday made a workday), 21 to 24, then 中秋, 28 to 30, then 国庆, 8, 9, 10 (a
    # Saturday made a workday), 12, 13 October: fifteen working days.
    assert the(OpenDuty, effects).duty.due == day(10, 14)
    history.at = day(9, 29, 17)
    assert the(CloseDuty, history.send("handling_feedback", HANDLER)).closing is Closing.MET


@pytest.mark.guidance("二(一)2·1", "refusal notice.dissuasion_missing", words="应当进行劝阻和制止")
def test_a_township_says_whether_it_dissuaded_a_department_need_not() -> None:
    silent: dict[str, Any] = {"dissuasion": None, "dissuasion_account": None}
    refused = History().send("violation_notice", SENDER, **silent)
    assert refusal_of(refused) == "notice.dissuasion_missing"
    matter = violation(matter="CG-002")
    sent = History().send("violation_notice", HANDLER, violation=matter, **silent)
    assert not is_refused(sent)


def test_a_notice_that_is_nobody_s_is_held_and_goes_on_when_it_is_put_right() -> None:
    history = History()
    assert the(Hold, held(history, Life.NOTICE)).code == "hold.gap"
    assert history.opened.state is State.HELD
    right = [{"number": 1, "matter": "CG-001"}]
    effects = history.send("correction", SENDER, corrections=right)
    assert delivered_to(effects) == [(HANDLER, Relation.HANDLER)] * 2
    assert [duty.due for duty in duties(history.opened).values()] == [day(9, 21, 14, 2)]


@pytest.mark.guidance(
    "二(一)2·1", "refusal transfer.own_matter", words="属于有关行政执法部门职责范围"
)
@pytest.mark.guidance(
    "二(一)2·2", "refusal transfer.own_matter", words="属于乡镇人民政府和街道办事处职责范围"
)
def test_one_s_own_matter_is_no_notice() -> None:
    refused = History().send("violation_notice", SENDER, violation=violation(matter="CG-002"))
    assert refusal_of(refused) == "transfer.own_matter"


@pytest.mark.guidance("二(一)2·1", "record HandlingFeedback", words="应当及时查处")
@pytest.mark.parametrize("result", ["settled_on_spot", "no_violation", "not_ours"])
def test_every_result_closes_the_handling_and_reaches_the_sender(result: str) -> None:
    history = in_state(State.RECEIVED, Life.NOTICE)
    changes: dict[str, Any] = {"result": result, "case_number": None, "filed_on": None}
    if result == "not_ours":
        changes["competent"] = organ("liuzhi-jtj")
    effects = history.send("handling_feedback", HANDLER, **changes)
    assert ledger(effects) == [("handle", "met")]
    assert delivered_to(effects) == [(SENDER, Relation.SENDER)]
    assert history.opened.state is State.HANDLED


def test_not_ours_names_an_organ_that_there_is() -> None:
    history = in_state(State.RECEIVED, Life.NOTICE)
    not_ours = {"result": "not_ours", "competent": "11520203YC9999999X"}
    assert refusal_of(history.send("handling_feedback", HANDLER, **not_ours)) == "organ.unknown"
    assert history.opened.state is State.RECEIVED


# ------------------------------------------------------------------------------------- complaints


def complaint(**changes: Any) -> History:
    history = History()
    assert not is_refused(history.send("complaint_forward", SENDER, **changes))
    return history


def decided(history: History, **reply: Any) -> History:
    history.send("filing_reply", MARKET, **reply)
    if not reply:
        history.send("outcome_feedback", MARKET)
    return history


@pytest.mark.guidance("二(一)3", "record ComplaintForward")
@pytest.mark.guidance("二(一)3·3", "refusal transfer.split_needed", words="有管辖权的部门")
@pytest.mark.guidance("二(一)3·3", "duty inform_complainant", words="告知投诉举报人移送情况")
def test_a_complaint_is_routed_like_a_lead() -> None:
    history = History()
    effects = history.send("complaint_forward", SENDER)
    assert delivered_to(effects) == [(MARKET, Relation.HANDLER)]
    assert {kind for kind, _ in duties(history.opened)} == {"sign_for", "inform_complainant"}
    assert duties(history.opened)["inform_complainant", organ(SENDER)].counterpart == organ(MARKET)
    two = [violation(1, matter="SC-002"), violation(2, matter="CG-001")]
    refused = History().send("complaint_forward", SENDER, violations=two)
    assert refusal_of(refused) == "transfer.split_needed"
    gap = History().send("complaint_forward", SENDER, violations=[violation(matter=NOBODYS)])
    assert the(Hold, gap).code == "hold.gap"


@pytest.mark.guidance("二(一)3·1", "step transfer received file", words="应当及时处理")
def test_its_sender_gets_the_answer_as_the_forwarder() -> None:
    history = complaint()
    effects = history.send("filing_reply", MARKET)
    assert delivered_to(effects) == [(SENDER, Relation.FORWARDER)]


@pytest.mark.guidance(
    "二(一)3·4",
    "setting complainant_feedback waived_if_contact_unknown",
    words="投诉举报人联系方式不详的除外",
)
def test_scenario_8_with_the_contact_unknown_the_exemption_is_on_the_books() -> None:
    history = History()
    effects = history.send("complaint_forward", SENDER, **UNKNOWN)
    assert ("inform_complainant", "open") in ledger(effects)
    assert ("inform_complainant", "waived") in ledger(effects)
    history.send("filing_reply", MARKET)
    outcome = history.send("outcome_feedback", MARKET)
    assert ledger(outcome)[-2:] == [
        ("complainant_feedback", "open"),
        ("complainant_feedback", "waived"),
    ]
    assert all("联系方式不详的除外" in each.duty.basis for each in all_of(CloseDuty, outcome)[1:])
    assert duties(history.opened) == {}


def test_an_exemption_that_is_said_outright_changes_nothing_more() -> None:
    history = complaint(**UNKNOWN)
    effects = history.send("complainant_informed", SENDER, **NO_CONTACT)
    assert not is_refused(effects)
    assert ledger(effects) == []


def test_where_policy_waives_nothing_the_exemption_must_be_said() -> None:
    history = History()
    plain = tuple(replace(rule, waived_if_contact_unknown=False) for rule in demo().duties)
    history.rulebook = replace(demo(), duties=plain)
    history.send("complaint_forward", SENDER, **UNKNOWN)
    assert ("inform_complainant", organ(SENDER)) in duties(history.opened)
    effects = history.send("complainant_informed", SENDER, **NO_CONTACT)
    assert ledger(effects) == [("inform_complainant", "waived")]


@pytest.mark.guidance("二(一)3·3", "record ComplainantInformed", words="告知投诉举报人移送情况")
@pytest.mark.parametrize("telling", [{}, IN_VAIN])
def test_told_or_tried_in_vain_closes_the_sender_s_leg(telling: dict[str, Any]) -> None:
    history = complaint()
    effects = history.send("complainant_informed", SENDER, **telling)
    assert ledger(effects) == [("inform_complainant", "met")]
    assert delivered_to(effects) == []  # who the complainant is, nobody else is told
    again = history.send("complainant_informed", SENDER, **telling)
    assert refusal_of(again) == "complaint.leg_closed"


@pytest.mark.guidance(
    "二(一)3·4", "duty complainant_feedback", words="由案件处理部门以适当方式反馈投诉举报人"
)
@pytest.mark.parametrize("reply", [{}, {"answers": [not_filed()]}])
def test_the_handler_tells_the_outcome_once_there_is_one(reply: dict[str, Any]) -> None:
    history = complaint()
    outcome = {"leg": "outcome"}
    early = history.send("complainant_informed", MARKET, **outcome)
    assert refusal_of(early) == "complaint.leg_not_open"
    decided(history, **reply)
    owed = duties(history.opened)["complainant_feedback", organ(MARKET)]
    assert owed.counterpart == organ(SENDER)
    effects = history.send("complainant_informed", MARKET, **outcome)
    assert ledger(effects) == [("complainant_feedback", "met")]


def test_each_leg_is_its_own_organ_s() -> None:
    history = decided(complaint())
    for sender, leg in ((SENDER, "outcome"), (MARKET, "forwarding")):
        refused = history.send("complainant_informed", sender, leg=leg)
        assert refusal_of(refused) == "complaint.leg_not_open"


@pytest.mark.guidance(
    "二(一)3·4", "refusal complaint.contact_contradiction", words="联系方式不详的除外"
)
def test_who_left_a_contact_is_not_unknown() -> None:
    history = complaint()
    refused = history.send("complainant_informed", SENDER, **NO_CONTACT)
    assert refusal_of(refused) == "complaint.contact_contradiction"


@pytest.mark.guidance("二(一)3·4", "closing complainant_feedback exempt", words="联系方式不详")
def test_the_complainant_of_a_lead_is_told_the_outcome_by_its_handler() -> None:
    history = History()
    source = {"kind": "complaint", "register_number": "岩访〔2026〕8号"}
    history.send("lead_transfer", SENDER, source=source)
    assert history.opened.complainant is Complainant.WITH_SENDER
    effects = history.send("filing_reply", HANDLER, answers=[not_filed()])
    assert ledger(effects)[-1] == ("complainant_feedback", "open")
    assert delivered_to(effects) == [(SENDER, Relation.SENDER)]
    waived = history.send("complainant_informed", HANDLER, leg="outcome", **NO_CONTACT)
    assert ledger(waived) == [("complainant_feedback", "waived")]


def test_where_no_complaint_is_there_is_no_leg_and_only_the_opening_is_meant() -> None:
    history = in_state(State.DECLINED)
    refused = history.send("complainant_informed", HANDLER, leg="outcome")
    assert refusal_of(refused) == "complaint.leg_not_open"
    astray = {"envelope": {"in_reply_to": "0" * 8 + "-0000-5000-8000-" + "0" * 12}}
    refused = complaint().send("complainant_informed", SENDER, **astray)
    assert refusal_of(refused) == "reply.target_unknown"


def test_what_is_taken_back_is_told_to_nobody() -> None:
    history = complaint()
    assert ("inform_complainant", "withdrawn") in ledger(history.send("withdrawal", SENDER))


def test_the_rule_for_townships_is_for_townships() -> None:
    authors = {rule.author for rule in demo().duties if rule.record == "ViolationNotice"}
    assert authors == {OrganType.TOWNSHIP}


# -------------------------------------------------------------------- a transfer made of a notice


def linked(notice: History, by: str = HANDLER) -> LinkedEffect:
    """What the bus writes into the notice's case when `by` makes a transfer of it."""
    lead = History(at=notice.at, count=40, notice=notice.opened.id)
    effects = lead.send("lead_transfer", by, from_notice=notice.opened.opening, **TO_ANOTHER[by])
    record = the(Write, effects).record
    assert isinstance(record, LinkedEffect)
    return record


TO_ANOTHER: dict[str, dict[str, Any]] = {
    HANDLER: {"envelope": {"addressees": [organ(MARKET)], "insist_reason": "属该局职权"}},
    SENDER: {},
}


@pytest.mark.parametrize("state", [State.ISSUED, State.RECEIVED])
def test_a_transfer_made_of_a_notice_ends_what_its_handler_owed(state: State) -> None:
    notice = in_state(state, Life.NOTICE)
    record = linked(notice)
    assert record.envelope.case_id == notice.opened.id
    effects = notice.decide(record)
    assert ("handle", "met") in ledger(effects)
    assert the(Accept, effects).quiet  # the bus wrote it: nobody waits for an answer
    told = the(Advise, effects)
    assert (told.to, told.code) == (organ(SENDER), "advice.notice_transferred")
    assert told.explanation is None  # the transfer is another case, of which it may be no party
    assert state_of(notice) is State.HANDLED
    assert duties(notice.opened) == {}


def test_a_transfer_by_another_or_of_no_notice_or_of_a_handled_one_changes_nothing() -> None:
    notice = in_state(State.RECEIVED, Life.NOTICE)
    before = notice.opened
    by_its_sender = notice.decide(linked(notice, SENDER))
    assert (all_of(Reject, by_its_sender), all_of(Advise, by_its_sender)) == ([], [])
    assert notice.opened == before
    record = linked(notice)
    assert refusal_of(History().decide(record)) == "case.unknown"
    other = replace(record, kind=LinkedKind.DUPLICATE)
    assert not is_refused(notice.decide(other))
    assert notice.opened == before
    handled = in_state(State.HANDLED, Life.NOTICE)
    assert refusal_of(handled.decide(linked(handled))) == "step.not_allowed"
    stray = History()
    assert not all_of(Write, stray.send("lead_transfer", SENDER))
    unknown = History(count=50)  # of a notice that nobody gave it
    told = unknown.send("lead_transfer", SENDER, from_notice=notice.opened.opening)
    assert not all_of(Write, told)


def test_a_linked_effect_waits_behind_a_frozen_notice_and_then_counts() -> None:
    notice = in_state(State.RECEIVED, Life.NOTICE)
    notice.freeze(notice.next("handling_feedback", HANDLER))
    record = linked(notice)
    assert the(Hold, notice.decide(record)).to == ()
    notice.settle(SettleAction.DISCARD)
    assert state_of(notice) is State.HANDLED
