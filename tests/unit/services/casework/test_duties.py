"""Duties: who owes what from when, and how it ends. Nothing leaves the ledger silently."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from schemas.errors import Broken, Refusal
from schemas.ids import MessageId
from services.casework.case import Case, Closing, Duty, State
from services.casework.duties import Turn, close_and_open
from services.casework.effects import CloseDuty, OpenDuty
from services.casework.spans import DUTIES
from services.casework.steps import surely
from services.casework.transitions import Step
from services.rulebook.model import Length, Rulebook, Unit
from tests.history import (
    HANDLER,
    SENDER,
    SHANGHAI,
    History,
    all_of,
    demo,
    in_state,
    not_filed,
    organ,
    the,
)


def day(month: int, of_month: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, of_month, hour, minute, tzinfo=SHANGHAI)


def open_duties(case: Case) -> dict[str, Duty]:
    return {duty.kind: duty for duty in case.duties if duty.closing is None}


def test_delivering_opens_sign_for_at_the_received_time() -> None:
    duty = the(OpenDuty, History().send("lead_transfer", SENDER)).duty
    assert (duty.kind, duty.owner, duty.counterpart) == (
        "sign_for",
        organ(HANDLER),
        organ(SENDER),
    )
    assert duty.opened_at == day(9, 21, 10, 1)
    assert duty.due == day(9, 23)  # 24:00 of the next working day
    assert not duty.provisional
    assert "二(二)2" in duty.basis


@pytest.mark.guidance("二(二)2·5", "duty decide_filing", words="按规定及时决定是否立案查处")
def test_signing_opens_decide_filing_across_two_holidays() -> None:
    history = in_state(State.ISSUED)
    effects = history.send("signed_for", HANDLER)
    assert the(CloseDuty, effects).duty.kind == "sign_for"
    # 22, 23, 24, then 中秋, 28, 29, 30, then 国庆, 8 October.
    assert the(OpenDuty, effects).duty.due == day(10, 9)


@pytest.mark.guidance("二(二)4·1", "duty decide_case", words="在法定期限内办理完毕")
def test_filing_opens_ninety_calendar_days_that_do_not_roll() -> None:
    history = in_state(State.RECEIVED)
    effects = history.send("filing_reply", HANDLER)
    assert the(CloseDuty, effects).duty.kind == "decide_filing"
    assert the(OpenDuty, effects).duty.due == day(9, 21) + timedelta(days=91)


def test_declining_closes_decide_filing_and_opens_nothing() -> None:
    history = in_state(State.RECEIVED)
    effects = history.send("filing_reply", HANDLER, answers=[not_filed()])
    assert the(CloseDuty, effects).closing is Closing.MET
    assert all_of(OpenDuty, effects) == []
    assert open_duties(history.opened) == {}


@pytest.mark.guidance("附件3·5", "duty outcome_feedback", words="案件办结后再反馈处理情况")
def test_a_conclusion_opens_the_feedback_and_the_feedback_closes_all_that_is_open() -> None:
    history = in_state(State.FILED)
    effects = history.send("case_progress", HANDLER, stage="concluded")
    assert the(OpenDuty, effects).duty.kind == "outcome_feedback"
    assert set(open_duties(history.opened)) == {"decide_case", "outcome_feedback"}
    closed = all_of(CloseDuty, history.send("outcome_feedback", HANDLER))
    assert [(effect.duty.kind, effect.closing) for effect in closed] == [
        ("decide_case", Closing.MET),
        ("outcome_feedback", Closing.MET),
    ]
    assert open_duties(history.opened) == {}


def test_a_withdrawal_ends_the_signing_as_withdrawn_even_when_it_was_late() -> None:
    history = in_state(State.ISSUED)
    history.at = day(9, 30)
    effects = history.send("withdrawal", SENDER)
    assert the(CloseDuty, effects).closing is Closing.WITHDRAWN


@pytest.mark.parametrize(
    ("at", "closing"),
    [
        (day(9, 23), Closing.MET),  # 24:00 is still the day
        (day(9, 23) + timedelta(milliseconds=1), Closing.LATE),
    ],
)
def test_the_day_ends_at_its_24_00(at: datetime, closing: Closing) -> None:
    history = in_state(State.ISSUED)
    signed = history.next("signed_for", HANDLER)
    history.at = at
    effects = history.decide(signed)
    closed = the(CloseDuty, effects)
    assert (closed.closing, closed.duty.closing, closed.duty.closed_at) == (closing, closing, at)


@pytest.mark.guidance("二(二)2·5", "length decide_filing", words="按规定")
def test_a_sector_s_own_length_is_its_own() -> None:
    history = History()
    history.send("case_transfer", SENDER)  # of food: to the market supervision
    effects = history.send("signed_for", "liuzhi-scjg")
    assert "市场监督管理" in the(OpenDuty, effects).duty.basis


def test_a_duty_keeps_the_message_it_came_from_and_its_id_follows_from_it() -> None:
    first, second = in_state(State.ISSUED), in_state(State.ISSUED)
    (duty,) = first.opened.duties
    assert duty.message == first.opened.opening
    assert duty == second.opened.duties[0]


def test_every_kind_of_duty_has_an_end_and_a_rule_in_the_demo() -> None:
    for kind, life in DUTIES.items():
        assert life.closed_by, kind
        assert any(rule.kind == kind for rule in demo().duties), kind


def without(kind: str) -> Rulebook:
    duties = tuple(rule for rule in demo().duties if rule.kind != kind)
    return replace(demo(), duties=duties)


def test_a_rulebook_without_a_length_is_a_defect_and_not_a_silent_nothing() -> None:
    history = History(without("sign_for"))
    with pytest.raises(Broken) as raised:
        history.send("lead_transfer", SENDER)
    assert (raised.value.code, raised.value.where) == ("rules.duty_missing", "sign_for")


def test_a_duty_without_a_handler_is_a_defect() -> None:
    case = replace(in_state(State.ISSUED).opened, handler=None)
    turn = Turn(
        step=Step.SIGN,
        cause=MessageId("m"),
        record="SignedFor",
        by=organ(HANDLER),
        about=case.opening,
        to=(),
        at=day(9, 21),
        rulebook=demo(),
    )
    with pytest.raises(Broken) as raised:
        close_and_open(case, turn)
    assert raised.value.code == "case.no_handler"


def test_a_new_length_applies_to_duties_opened_later() -> None:
    history = in_state(State.ISSUED)
    (before,) = history.opened.duties
    longer = tuple(replace(rule, length=Length(30, Unit.WORKING_DAYS)) for rule in demo().duties)
    history.rulebook = replace(demo(), duties=longer)
    effects = history.send("signed_for", HANDLER)
    assert the(CloseDuty, effects).duty.due == before.due
    assert the(OpenDuty, effects).duty.due > day(10, 30)


def test_a_duty_past_the_known_calendar_is_provisional() -> None:
    history = History(at=datetime(2026, 12, 31, 10, tzinfo=SHANGHAI))
    duty = the(OpenDuty, history.send("lead_transfer", SENDER)).duty
    assert duty.provisional
    assert [rung.rung.value for rung in duty.ladder] in ([], ["reminder"])


@pytest.mark.parametrize("step", [Step.REFER, Step.REQUEST])
def test_a_duty_of_a_dispute_without_one_is_a_defect(step: Step) -> None:
    history = in_state(State.REFERRED)
    case = history.opened
    dispute = None if step is Step.REFER else replace(case.in_dispute(), superior=None)
    turn = Turn(step, case.opening, "Objection", case.sender, case.opening, (), history.at, demo())
    with pytest.raises(Broken) as broken:
        close_and_open(replace(case, dispute=dispute), turn)
    assert broken.value.code == "case.no_dispute"


def test_a_step_that_must_be_legal_and_is_not_is_a_defect() -> None:
    with pytest.raises(Broken) as broken:
        surely(Refusal("step.not_allowed", detail="closed: refer"))
    assert broken.value.code == "step.not_allowed"
