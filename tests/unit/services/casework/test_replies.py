"""Reply, progress and outcome: by the handler, of the transfer, in their order."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from schemas.ids import MessageId
from schemas.messages import CaseProgress, Stage
from schemas.parts import Relation
from services.casework.case import Closing, State
from services.casework.effects import Accept, Advise, CloseDuty, Deliver, OpenDuty, Reject
from tests.history import (
    HANDLER,
    SENDER,
    SHANGHAI,
    SUPERIOR,
    History,
    all_of,
    duties,
    filed,
    in_state,
    is_refused,
    named,
    not_filed,
    organ,
    refusal_of,
    the,
    violation,
)

REPLIES: list[tuple[str, State, dict[str, Any]]] = [
    ("filing_reply", State.RECEIVED, {}),
    ("case_progress", State.FILED, {}),
    ("outcome_feedback", State.FILED, {}),
]


@pytest.mark.guidance("附件3·3", "refusal reply.not_asked")
@pytest.mark.parametrize(("record", "state", "changes"), REPLIES)
def test_only_the_handler_is_asked(record: str, state: State, changes: dict[str, Any]) -> None:
    history = in_state(state)
    before = history.opened
    assert refusal_of(history.send(record, SENDER, **changes)) == "reply.not_asked"
    assert history.opened == before
    assert not is_refused(history.send(record, HANDLER, **changes))


@pytest.mark.guidance("附件3·4", "refusal reply.target_unknown", words="移送函》(文号)")
@pytest.mark.parametrize(("record", "state", "changes"), REPLIES)
def test_only_the_transfer_is_answered(record: str, state: State, changes: dict[str, Any]) -> None:
    history = in_state(state)
    reply = history.next(record, HANDLER, **changes)
    astray = replace(reply.envelope, in_reply_to=MessageId("0" * 36))
    assert refusal_of(history.decide(replace(reply, envelope=astray))) == "reply.target_unknown"
    assert not is_refused(history.decide(reply))


@pytest.mark.guidance("二(二)2·5", "record FilingReply", words="复函移送方反馈情况")
@pytest.mark.guidance("附件·3", "record FilingReply")
@pytest.mark.guidance("附件3", "record FilingReply")
@pytest.mark.guidance("附件3·2", "record FilingReply")
def test_a_reply_goes_to_the_sender_of_the_transfer() -> None:
    history = in_state(State.RECEIVED)
    effects = history.send("filing_reply", HANDLER)
    deliver = the(Deliver, effects)
    assert (deliver.to, deliver.relation) == (organ(SENDER), Relation.SENDER)
    accept = the(Accept, effects)
    assert accept.recipients == ((organ(SENDER), Relation.SENDER),)
    assert [duty.kind for duty in accept.duties] == ["decide_case"]


def test_a_reply_to_what_was_not_signed_for_counts_as_the_signing_at_that_instant() -> None:
    history = in_state(State.ISSUED)
    effects = history.send("filing_reply", HANDLER)
    assert [(duty.duty.kind, duty.closing) for duty in all_of(CloseDuty, effects)] == [
        ("sign_for", Closing.MET),
        ("decide_filing", Closing.MET),
    ]
    assert [duty.duty.kind for duty in all_of(OpenDuty, effects)] == [
        "decide_filing",
        "decide_case",
    ]
    assert {duty.duty.opened_at for duty in all_of(OpenDuty, effects)} == {history.at}
    assert history.opened.state is State.FILED


@pytest.mark.guidance("二(二)2·5", "refusal filing.number_unanswered", words="决定是否立案查处")
@pytest.mark.guidance("附件3·1", "refusal filing.number_unknown")
@pytest.mark.parametrize(
    ("answers", "code", "numbers"),
    [
        ([filed(1)], "filing.number_unanswered", "2, 3"),
        ([filed(1), filed(2), filed(3), filed(4)], "filing.number_unknown", "4"),
        ([not_filed(7), not_filed(9)], "filing.number_unknown", "7, 9"),
        ([], "filing.number_unanswered", "1, 2, 3"),
    ],
)
def test_every_violation_number_is_answered_and_no_other(
    answers: list[dict[str, Any]], code: str, numbers: str
) -> None:
    history = History()
    three = [violation(number) for number in (1, 2, 3)]
    history.send("lead_transfer", SENDER, violations=three)
    before = history.opened
    effects = history.send("filing_reply", HANDLER, answers=answers)
    assert refusal_of(effects) == code
    assert the(Reject, effects).refusal.detail == numbers
    assert history.opened == before


@pytest.mark.guidance("二(二)4·1", "step transfer received file", words="接收案件")
@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([filed(1), filed(2)], State.FILED),
        ([not_filed(1), filed(2)], State.FILED),
        ([not_filed(1), not_filed(2)], State.DECLINED),
    ],
)
def test_one_violation_filed_is_a_case_filed(answers: list[dict[str, Any]], state: State) -> None:
    history = History()
    history.send("lead_transfer", SENDER, violations=[violation(1), violation(2)])
    effects = history.send("filing_reply", HANDLER, answers=answers)
    assert history.opened.state is state
    assert the(Deliver, effects).to == organ(SENDER)


STAGES = [Stage.DECIDED, Stage.SERVED, Stage.EXECUTED, Stage.CONCLUDED]


def decided_by(*filed_on: str) -> date:
    """The last day of the decision, where the violations were filed on these days."""
    history = History()
    numbers = range(1, len(filed_on) + 1)
    history.send("lead_transfer", SENDER, violations=[violation(number) for number in numbers])
    answers = [filed(n) | {"filed_on": day} for n, day in zip(numbers, filed_on, strict=True)]
    assert not is_refused(history.send("filing_reply", HANDLER, answers=answers))
    (duty,) = duties(history.opened).values()
    return (duty.due.astimezone(SHANGHAI) - timedelta(seconds=1)).date()


@pytest.mark.parametrize(
    ("filed_on", "last"),
    [
        (["2026-09-01"], date(2026, 11, 30)),
        (["2026-09-18", "2026-09-10"], date(2026, 12, 9)),  # the first of them
        (["2026-09-21"], date(2026, 12, 20)),  # the day on which it is reported
        (["2126-09-01"], date(2026, 12, 20)),  # a slip of the pen moves nothing
    ],
)
def test_the_ninety_days_run_from_the_day_of_the_filing(filed_on: list[str], last: date) -> None:
    assert decided_by(*filed_on) == last


@pytest.mark.parametrize(
    ("filed_on", "last"),
    [("2016-09-21", "2016-12-20"), ("2026-06-21", "2026-09-19"), ("2026-06-24", None)],
)
def test_who_says_that_it_filed_so_long_ago_that_the_time_is_over_is_told_at_once(
    filed_on: str, last: str | None
) -> None:
    history = History()
    history.send("lead_transfer", SENDER)
    effects = history.send("filing_reply", HANDLER, answers=[filed() | {"filed_on": filed_on}])
    told = [(each.to, each.code, each.explanation) for each in all_of(Advise, effects)]
    words = f"期限自立案之日{filed_on}起算，已于{last}届满。"
    expected = [(organ(HANDLER), "advice.filed_long_ago", words)] if last else []
    assert told == expected
    assert history.opened.state is State.FILED


def test_who_files_anew_what_came_back_to_it_counts_from_the_later_day() -> None:
    history = History()
    first, again = filed() | {"filed_on": "2026-09-01"}, filed() | {"filed_on": "2026-09-18"}
    history.send("lead_transfer", SENDER)
    history.send("filing_reply", HANDLER, answers=[first])
    history.send("designation_request", HANDLER)
    history.send("designation", SUPERIOR, designee=organ(HANDLER))
    history.send("filing_reply", HANDLER, answers=[again])
    duty = duties(history.opened)["decide_case", organ(HANDLER)]
    assert duty.due.astimezone(SHANGHAI).date() == date(2026, 12, 18)


@pytest.mark.guidance("二(二)4", "record CaseProgress")
def test_the_stages_follow_each_other_and_are_kept() -> None:
    history = in_state(State.FILED)
    for stage in STAGES:
        assert not is_refused(history.send("case_progress", HANDLER, stage=stage))
    assert list(history.opened.stages) == STAGES


def test_progress_is_told_to_the_bus_alone() -> None:
    effects = in_state(State.FILED).send("case_progress", HANDLER)
    assert named(effects) == ["CloseDuty", "Accept"]
    assert the(Accept, effects).recipients == ()


def test_a_stage_may_be_passed_over_but_not_caught_up_with() -> None:
    for earlier, later in pairwise(STAGES):
        history = in_state(State.FILED)
        history.send("case_progress", HANDLER, stage=later)
        before = history.opened
        effects = history.send("case_progress", HANDLER, stage=earlier)
        assert refusal_of(effects) == "progress.out_of_order"
        assert history.opened == before


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_told_once(stage: Stage) -> None:
    history = in_state(State.FILED)
    history.send("case_progress", HANDLER, stage=stage)
    before = history.opened
    effects = history.send("case_progress", HANDLER, stage=stage)
    assert refusal_of(effects) == "progress.repeated"
    assert the(Reject, effects).refusal.detail == stage
    assert history.opened == before


@pytest.mark.parametrize("stage", [None, Stage.UNKNOWN])
def test_a_stage_of_a_newer_version_is_none(stage: Stage | None) -> None:
    history = in_state(State.FILED)
    told = history.next("case_progress", HANDLER)
    assert isinstance(told, CaseProgress)
    effects = history.decide(replace(told, stage=stage))
    assert refusal_of(effects) == "message.field_invalid"


@pytest.mark.guidance(
    "二(一)3·4", "record OutcomeFeedback", words="案件处理结果应当告知移交违法线索的部门"
)
def test_the_outcome_closes_the_case_and_later_supplements_change_nothing() -> None:
    history = in_state(State.FILED)
    effects = history.send("outcome_feedback", HANDLER)
    assert named(effects) == ["ChangeState", "CloseDuty", "Deliver", "Accept"]
    closed = history.opened
    supplement = history.send("outcome_feedback", HANDLER)
    assert named(supplement) == ["Deliver", "Accept"]
    assert (history.opened.state, history.opened.duties) == (State.CLOSED, closed.duties)
