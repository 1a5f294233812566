"""What is told of a step that the case does not take: the state, the step, and the way."""

from dataclasses import replace

import pytest

from services.casework.case import Life, State
from services.casework.diagram import STEPS
from services.casework.effects import Reject
from services.casework.refused_step import not_allowed
from services.casework.transitions import TRANSITIONS, Step
from tests.history import HANDLER, SENDER, in_state, is_refused, the


def test_who_handles_a_notice_as_if_it_were_a_case_is_told_the_way() -> None:
    history = in_state(State.RECEIVED, Life.NOTICE)
    refused = the(Reject, history.send("filing_reply", HANDLER)).refusal
    assert refused.code == "step.not_allowed"
    assert refused.detail == (
        "案件状态：已签收；不能办理：立案；"
        "此时可以办理：查处情况反馈、请求撤回、同意撤回、不同意撤回"
    )


def test_in_a_state_that_takes_nothing_more_nothing_is_offered() -> None:
    history = in_state(State.HANDLED, Life.NOTICE)
    refused = the(Reject, history.send("withdrawal", SENDER)).refusal
    assert refused.detail == "案件状态：已查处；不能办理：请求撤回；此时可以办理：无"


def test_a_handler_that_has_filed_it_is_offered_the_request_for_a_designation() -> None:
    history = in_state(State.FILED)
    refused = the(Reject, history.send("withdrawal", SENDER)).refusal
    offered = (refused.detail or "").partition("此时可以办理：")[2].split("、")
    assert {"报请指定管辖", "无管辖权，再移送"} <= set(offered)
    assert not is_refused(history.send("designation_request", HANDLER))
    referred = the(Reject, history.send("filing_reply", HANDLER)).refusal
    assert "协商不成" not in (referred.detail or "")


@pytest.mark.parametrize(
    "step", [Step.ISSUE, Step.SEND, Step.AGREE_HOLDER, Step.REFER, Step.SUPERVISE]
)
def test_what_no_message_of_its_own_brings_is_offered_nowhere(step: Step) -> None:
    opened = in_state(State.FILED).opened
    for life, state in ((life, state) for life, rows in TRANSITIONS.items() for state in rows):
        told = not_allowed(replace(opened, life=life, state=state), Step.FILE).detail or ""
        assert STEPS[step] not in told.partition("此时可以办理：")[2].split("、")
