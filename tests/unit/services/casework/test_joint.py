"""联合执法 and 联合执法协商 (guidance 二(三))."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.parts import Relation
from services.casework.case import Closing, State
from services.casework.effects import FireRung, OpenDuty
from tests.history import (
    HANDLER,
    PARTICIPANT,
    SENDER,
    SHANGHAI,
    STRANGER,
    SUPERIOR,
    SUPERVISOR,
    History,
    all_of,
    delivered_to,
    duties,
    is_refused,
    ledger,
    organ,
    refusal_of,
    state_of,
)
from tests.unit.services.casework.test_succession import AFTER, HEIR, merged

ENDS = datetime(2026, 10, 22, 18, tzinfo=SHANGHAI)
ASKED: dict[str, Any] = {"county_decision_requested": True}
NO: dict[str, Any] = {"agreed": False, "reasons": "当日另有任务"}
OF_THE_COUNTY: dict[str, Any] = {
    "ground": "county_decision",
    "envelope": {"addressees": [organ(SENDER), organ(PARTICIPANT)]},
}


def planned(by: str = SENDER, **changes: Any) -> History:
    history = History()
    assert not is_refused(history.send("joint_plan", by, **changes))
    return history


def owed(history: History) -> set[tuple[str, str]]:
    """What is owed now: what is to begin later is not."""
    return {
        (kind, owner)
        for (kind, owner), duty in duties(history.opened).items()
        if duty.begins_at is None
    }


@pytest.mark.guidance("二(三)", "record JointPlan")
@pytest.mark.guidance("二(三)2", "duty answer_joint_plan")
@pytest.mark.guidance("二(三)2·2", "record JointPlanAnswer", words="可以制定联合执法方案")
def test_a_plan_is_signed_for_and_answered_by_each_participant() -> None:
    history = History()
    effects = history.send("joint_plan", SENDER)
    assert ledger(effects) == [("sign_for", "open"), ("answer_joint_plan", "open")]
    assert delivered_to(effects) == [(PARTICIPANT, Relation.PARTICIPANT)]
    effects = history.send("joint_plan_answer", PARTICIPANT)
    assert ledger(effects) == [("sign_for", "met"), ("answer_joint_plan", "met")]
    assert delivered_to(effects) == [(SENDER, Relation.PARTICIPANT)]
    again = history.send("joint_plan_answer", PARTICIPANT, **NO)
    assert refusal_of(again) == "joint.answered"


@pytest.mark.guidance("二(三)2·2", "duty decide_joint_plan", words="必要时报请县级人民政府决定")
@pytest.mark.guidance("二(三)2·2", "record JointPlanDecision", words="决定开展联合执法")
def test_the_county_government_decides_where_it_is_asked() -> None:
    history = History()
    effects = history.send("joint_plan", SENDER, **ASKED)
    assert ("decide_joint_plan", organ(SUPERIOR)) in owed(history)
    assert delivered_to(effects)[-1] == (SUPERIOR, Relation.SUPERIOR)
    effects = history.send("joint_plan_decision", SUPERIOR)
    assert ledger(effects) == [("sign_for", "met"), ("decide_joint_plan", "met")]
    assert {to for to, _ in delivered_to(effects)} == {SENDER, PARTICIPANT}
    assert refusal_of(history.send("joint_plan_decision", SUPERIOR)) == "joint.decided"


def test_where_it_is_not_asked_it_decides_nothing_and_knows_of_nothing() -> None:
    assert refusal_of(planned().send("joint_plan_decision", SUPERIOR)) == "case.unknown"
    asked = planned(**ASKED)
    assert refusal_of(asked.send("joint_plan_decision", PARTICIPANT)) == "reply.not_asked"
    assert refusal_of(asked.send("joint_plan_answer", SUPERIOR)) == "reply.not_asked"


def test_what_the_county_government_rejects_does_not_take_place() -> None:
    history = planned(**ASKED)
    effects = history.send("joint_plan_decision", SUPERIOR, approved=False, reasons="时机不宜")
    assert state_of(history) is State.DECLINED
    assert ("answer_joint_plan", "superseded") in ledger(effects)
    assert all_of(OpenDuty, history.tick(ENDS)) == []
    assert refusal_of(history.send("joint_outcome", PARTICIPANT)) == "step.not_allowed"


@pytest.mark.parametrize(
    ("by", "record", "changes"),
    [
        (PARTICIPANT, "joint_plan_answer", {}),
        (PARTICIPANT, "joint_plan_answer", NO),
        (PARTICIPANT, "joint_outcome", {}),
        (SUPERIOR, "joint_plan_decision", {}),
    ],
)
def test_who_answers_a_plan_has_signed_for_it_and_is_not_carded_for_that(
    by: str, record: str, changes: dict[str, Any]
) -> None:
    history = planned(**ASKED)
    effects = history.send(record, by, **changes)
    assert ledger(effects)[0] == ("sign_for", "met")
    cards = all_of(FireRung, history.tick(history.at + timedelta(days=30)))
    assert ("sign_for", organ(by)) not in {(card.duty.kind, card.duty.owner) for card in cards}
    signed = history.send("signed_for", by)
    assert not is_refused(signed)
    assert ledger(signed) == []


@pytest.mark.guidance(
    "二(三)2·1", "record JointPlan", words="县级人民政府根据行政管理的需要,可以组织"
)
def test_what_the_county_government_organises_itself_is_signed_for_only() -> None:
    history = History()
    effects = history.send("joint_plan", SUPERIOR, **OF_THE_COUNTY)
    assert ledger(effects) == [("sign_for", "open")] * 2
    assert refusal_of(history.send("joint_plan_answer", SENDER)) == "reply.not_asked"
    assert {e.duty.kind for e in all_of(OpenDuty, history.tick(ENDS))} == {"joint_outcome"}


@pytest.mark.guidance("二(三)2·1", "refusal joint.ground_not_for_sender", words="县级人民政府")
@pytest.mark.parametrize(
    ("by", "changes", "code"),
    [
        (SENDER, {"ground": "county_decision"}, "joint.ground_not_for_sender"),
        (SUPERIOR, {**OF_THE_COUNTY, **ASKED}, "joint.county_asks_nobody"),
        ("lps-gov", {**OF_THE_COUNTY, **ASKED, "ground": "one_object"}, "superior.none"),
        (
            SENDER,
            {"begins_at": "2026-09-01T09:00:00+08:00", "ends_at": "2026-09-02T09:00:00+08:00"},
            "joint.over",
        ),
        (
            SENDER,
            {
                "tasks": [
                    {"organ": organ(SENDER), "task": "秩序"},
                    {"organ": "11520203YC0009999X", "task": "检查"},
                ],
                "envelope": {"addressees": ["11520203YC0009999X"]},
            },
            "organ.unknown",
        ),
    ],
)
def test_an_unlawful_plan_reaches_nobody(by: str, changes: dict[str, Any], code: str) -> None:
    history = History()
    assert refusal_of(history.send("joint_plan", by, **changes)) == code
    assert history.case is None


@pytest.mark.guidance("二(三)3", "record JointOutcome")
@pytest.mark.guidance(
    "二(三)3·1", "duty joint_outcome", words="由参加联合执法的机关在各自职权范围内依法作出"
)
def test_each_organ_says_what_it_did_within_ten_working_days_of_the_end() -> None:
    history = planned()
    history.send("joint_plan_answer", PARTICIPANT)
    assert history.opened.due_next is not None
    before = history.tick(ENDS.replace(hour=17))
    assert all_of(OpenDuty, before) == []
    begun = {e.duty.owner: e.duty for e in all_of(OpenDuty, history.tick(ENDS))}
    assert set(begun) == {organ(SENDER), organ(PARTICIPANT)}
    duty = begun[organ(PARTICIPANT)]
    assert (duty.opened_at, duty.due) == (ENDS, datetime(2026, 11, 6, tzinfo=SHANGHAI))
    assert all_of(OpenDuty, history.tick(ENDS.replace(hour=19))) == []
    effects = history.send("joint_outcome", PARTICIPANT)
    assert ledger(effects) == [("joint_outcome", "met")]
    assert delivered_to(effects) == [(SENDER, Relation.PARTICIPANT)]
    assert ledger(history.send("joint_outcome", PARTICIPANT)) == []  # a supplement
    history.send("signed_for", PARTICIPANT)
    yellow = history.tick(datetime(2026, 11, 6, 9, tzinfo=SHANGHAI))
    assert {e.duty.owner for e in all_of(FireRung, yellow) if e.rung == "yellow"} == {organ(SENDER)}


def test_who_takes_no_part_owes_no_outcome_and_who_is_early_none_any_more() -> None:
    history = planned()
    effects = history.send("joint_plan_answer", PARTICIPANT, **NO)
    assert ledger(effects) == [
        ("sign_for", "met"),
        ("joint_outcome", "waived"),
        ("answer_joint_plan", "met"),
    ]
    history.send("joint_outcome", SENDER)
    assert all_of(OpenDuty, history.tick(ENDS)) == []
    closings = [d.closing for d in history.opened.duties if d.kind == "joint_outcome"]
    assert set(closings) == {Closing.MET, Closing.WAIVED}


@pytest.mark.parametrize("ticked", [ENDS.replace(hour=17), ENDS.replace(hour=19)])
def test_who_says_after_the_end_that_it_took_no_part_still_says_what_it_did(
    ticked: datetime,
) -> None:
    history = planned()
    history.tick(ticked)
    history.at = ENDS.replace(hour=20)
    effects = history.send("joint_plan_answer", PARTICIPANT, **NO)
    assert ledger(effects) == [("sign_for", "late"), ("answer_joint_plan", "late")]
    history.tick(ENDS.replace(hour=21))
    assert ("joint_outcome", organ(PARTICIPANT)) in owed(history)
    effects = history.send("joint_outcome", PARTICIPANT, cases=[])
    assert ledger(effects) == [("joint_outcome", "met")]


def test_who_has_left_is_told_no_more_of_what_the_others_do() -> None:
    tasks = [{"organ": organ(each), "task": "分工"} for each in (SENDER, PARTICIPANT, HANDLER)]
    to = {"addressees": [organ(PARTICIPANT), organ(HANDLER)]}
    history = planned(tasks=tasks, envelope=to)
    told = delivered_to(history.send("joint_plan_answer", PARTICIPANT, **NO))
    assert [to for to, _ in told] == [SENDER, HANDLER]
    for record in ("joint_plan_answer", "joint_outcome"):
        told = delivered_to(history.send(record, HANDLER))
        assert told == [(SENDER, Relation.PARTICIPANT)]


@pytest.mark.parametrize(("heir", "is_told"), [(HEIR, False), (HANDLER, True)])
def test_the_heir_of_who_has_left_is_told_no_more_unless_it_takes_part_itself(
    heir: str, *, is_told: bool
) -> None:
    tasks = [{"organ": organ(each), "task": "分工"} for each in (SENDER, PARTICIPANT, HANDLER)]
    to = {"addressees": [organ(PARTICIPANT), organ(HANDLER)]}
    history = planned(tasks=tasks, envelope=to)
    history.send("signed_for", PARTICIPANT)
    history.send("joint_plan_answer", PARTICIPANT, **NO)
    history.rulebook, history.at = merged(history.rulebook, PARTICIPANT, heir), AFTER
    told = delivered_to(history.send("joint_outcome", SENDER))
    assert (heir in [organ for organ, _ in told]) is is_told
    assert HANDLER in [organ for organ, _ in told]


def test_who_had_not_answered_a_plan_that_was_rejected_is_told_so() -> None:
    history = planned(**ASKED)
    history.send("joint_plan_decision", SUPERIOR, approved=False, reasons="时机不宜")
    assert refusal_of(history.send("joint_plan_answer", PARTICIPANT)) == "joint.rejected"
    history = planned(**ASKED)
    history.send("joint_plan_answer", PARTICIPANT)
    history.send("joint_plan_decision", SUPERIOR, approved=False, reasons="时机不宜")
    assert refusal_of(history.send("joint_plan_answer", PARTICIPANT)) == "joint.answered"


@pytest.mark.guidance("二(三)3·1", "refusal reply.not_asked", words="参加联合执法的机关")
def test_answers_and_outcomes_out_of_place_are_refused() -> None:
    history = planned(**ASKED)
    elsewhere = {"in_reply_to": "3b0b59d6-7f0e-5b1e-9f8c-0d6a54d8b011"}
    for record, by in (
        ("joint_plan_answer", PARTICIPANT),
        ("joint_plan_decision", SUPERIOR),
        ("joint_outcome", PARTICIPANT),
    ):
        before = history.opened
        assert refusal_of(history.send(record, by, envelope=elsewhere)) == "reply.target_unknown"
        assert refusal_of(history.send(record, STRANGER)) == "case.unknown"
        assert history.opened == before
    assert refusal_of(history.send("joint_outcome", SUPERIOR)) == "reply.not_asked"
    unknown = [{"number": 1, "matter": "XX-999", "case_number": "立1", "filed_on": "2026-10-21"}]
    refused = history.send("joint_outcome", PARTICIPANT, cases=unknown)
    assert refusal_of(refused) == "matter.unknown"


def consulted() -> History:
    history = History()
    effects = history.send("consultation", SENDER)
    assert ledger(effects) == [("sign_for", "open")] * 2
    assert delivered_to(effects) == [
        (HANDLER, Relation.PARTICIPANT),
        (PARTICIPANT, Relation.PARTICIPANT),
    ]
    return history


@pytest.mark.guidance("二(三)1", "record Consultation")
@pytest.mark.guidance("二(三)1·1", "record ConsultationMinutes", words="应当建立联合执法协商机制")
@pytest.mark.parametrize("author", [SENDER, HANDLER])
def test_minutes_go_to_all_who_took_part_and_each_signs(author: str) -> None:
    history = consulted()
    nobody_named: dict[str, Any] = {"addressees": []}
    effects = history.send("consultation_minutes", author, envelope=nobody_named)
    of_the_proposal = [("sign_for", "met")] if author != SENDER else []
    assert ledger(effects) == [("sign_for", "open")] * 2 + of_the_proposal
    assert {to for to, _ in delivered_to(effects)} == {SENDER, HANDLER, PARTICIPANT} - {author}


def test_who_wrote_the_minutes_hears_of_each_signature_as_a_participant() -> None:
    history = consulted()
    history.send("consultation_minutes", HANDLER)
    minutes = {"in_reply_to": list(history.sent)[-1]}
    effects = history.send("signed_for", PARTICIPANT, envelope=minutes)
    assert ledger(effects) == [("sign_for", "met")]
    assert delivered_to(effects) == [(HANDLER, Relation.PARTICIPANT)]


def test_minutes_by_or_to_strangers_or_of_nothing_are_refused() -> None:
    history = consulted()
    before = history.opened
    stranger = {"addressees": [organ(STRANGER)]}
    refused = history.send("consultation_minutes", SENDER, envelope=stranger)
    assert refusal_of(refused) == "consultation.stranger"
    unknown = [organ(SENDER), "11520203YC0009999X"]
    refused = history.send("consultation_minutes", SENDER, participants=unknown)
    assert refusal_of(refused) == "organ.unknown"
    elsewhere = {"in_reply_to": "3b0b59d6-7f0e-5b1e-9f8c-0d6a54d8b011"}
    refused = history.send("consultation_minutes", SENDER, envelope=elsewhere)
    assert refusal_of(refused) == "reply.target_unknown"
    assert refusal_of(history.send("consultation_minutes", STRANGER)) == "case.unknown"
    assert history.opened == before
    history.send("supervision_letter", SUPERVISOR, envelope={"addressees": [organ(SENDER)]})
    letter = {"in_reply_to": list(history.sent)[-1]}
    history.send("supervision_reply", SENDER, envelope=letter)
    assert refusal_of(history.send("consultation_minutes", SUPERVISOR)) == "reply.not_asked"


def test_nobody_consults_itself() -> None:
    own = {"addressees": [organ(SENDER), organ(HANDLER)]}
    refused = History().send("consultation", SENDER, envelope=own)
    assert refusal_of(refused) == "message.to_itself"
