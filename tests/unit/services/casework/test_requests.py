"""Requests: asked of one organ, answered by it; assistance refused on the closed list only."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from schemas.assistance import AssistanceRequest
from schemas.ids import MessageId, derive
from schemas.parts import Relation
from services.casework.case import Case, Life, State
from services.casework.effects import Accept, Advise, Reject
from services.casework.requests import is_handled_by_sender
from services.casework.steps import Facts
from tests.history import (
    HANDLER,
    MONDAY,
    SENDER,
    STRANGER,
    History,
    all_of,
    delivered_to,
    demo,
    duties,
    in_state,
    is_refused,
    ledger,
    organ,
    refusal_of,
    the,
    violation,
)

TRANSFER = derive("test", "the transfer")
TOWNSHIP_S = [
    "alone_insufficient",
    "material_unobtainable",
    "material_held_elsewhere",
    "technical_support",
    "other_need",
]
REFUSED: dict[str, Any] = {
    "answer": "refused",
    "agreed_on": None,
    "ground": "outside_powers",
    "reasons": "不属于本机关职权范围",
}
FORBIDDEN = {**REFUSED, "ground": "law_forbids", "provision": "《统计法》第九条"}


def to(alias: str) -> dict[str, Any]:
    return {"envelope": {"addressees": [organ(alias)]}}


# ------------------------------------------------------------------------------------ information


@pytest.mark.guidance("二(一)1·4", "duty answer_request", words="按行政执法部门要求需要反馈的")
def test_a_request_reaches_the_organ_asked() -> None:
    history = History()
    effects = history.send("information_request", HANDLER)
    assert delivered_to(effects) == [(SENDER, Relation.HANDLER)]
    assert the(Accept, effects).recipients == ((organ(SENDER), Relation.HANDLER),)
    assert [kind for kind, _ in duties(history.opened)] == ["sign_for", "answer_request"]
    assert history.opened.life is Life.INFORMATION


@pytest.mark.parametrize("record", ["information_request", "assistance_request"])
def test_nobody_asks_itself(record: str) -> None:
    sender = HANDLER if record == "information_request" else SENDER
    assert refusal_of(History().send(record, sender, **to(sender))) == "message.to_itself"


@pytest.mark.guidance("二(一)1·5", "record InformationReply", words="需要提供的数据资料")
@pytest.mark.parametrize(
    "changes", [{}, {"answer": "refused", "content": None, "reason": "尚未核定"}]
)
def test_a_reply_given_or_refused_reaches_who_asked(changes: dict[str, Any]) -> None:
    history = in_state(State.RECEIVED, Life.INFORMATION)
    effects = history.send("information_reply", SENDER, **changes)
    assert delivered_to(effects) == [(HANDLER, Relation.SENDER)]
    assert ledger(effects) == [("answer_request", "met")]


def test_a_copy_in_answer_goes_to_who_asked_and_is_signed_for() -> None:
    history = in_state(State.RECEIVED, Life.INFORMATION)
    effects = history.send("copy", SENDER, **to(HANDLER))
    assert delivered_to(effects) == [(HANDLER, Relation.SENDER)]
    assert history.opened.state is State.ANSWERED
    copy = list(history.sent)[-1]
    signing = history.send("signed_for", HANDLER, envelope={"in_reply_to": copy})
    assert ledger(signing) == [("sign_for", "met")]
    assert duties(history.opened) == {}


def test_a_copy_in_answer_goes_to_nobody_else() -> None:
    history = in_state(State.RECEIVED, Life.INFORMATION)
    assert refusal_of(history.send("copy", SENDER, **to(STRANGER))) == "copy.reply_elsewhere"
    assert refusal_of(history.send("copy", HANDLER, **to(SENDER))) == "reply.not_asked"


def test_what_was_refused_may_be_sent_after_all() -> None:
    history = in_state(State.ANSWERED, Life.INFORMATION)
    assert not is_refused(history.send("copy", SENDER, **to(HANDLER)))


def test_a_copy_does_not_answer_a_request_for_assistance_or_one_taken_back() -> None:
    for state, life in (
        (State.WITHDRAWN, Life.INFORMATION),
        (State.RECEIVED, Life.ASSISTANCE),
        (State.ANSWERED, Life.ASSISTANCE),
    ):
        history = in_state(state, life)
        asked = SENDER if life is Life.INFORMATION else HANDLER
        sender = HANDLER if life is Life.INFORMATION else SENDER
        # Its flow is another's too where the request is one for assistance.
        copy = history.next("copy", asked, **to(sender))
        copy = replace(copy, envelope=replace(copy.envelope, flow=history.opened.flow))
        assert refusal_of(history.decide(copy)) == "step.not_allowed"


@pytest.mark.parametrize(
    ("life", "record"),
    [
        (Life.INFORMATION, "information_reply"),
        (Life.INFORMATION, "copy"),
        (Life.ASSISTANCE, "assistance_reply"),
        (Life.NOTICE, "handling_feedback"),
    ],
)
def test_only_the_organ_asked_answers_and_only_the_request(life: Life, record: str) -> None:
    history = in_state(State.RECEIVED, life)
    before = history.opened
    sender, asked = (HANDLER, SENDER) if life is Life.INFORMATION else (SENDER, HANDLER)
    assert refusal_of(history.send(record, sender)) == "reply.not_asked"
    astray = {"envelope": {"in_reply_to": "0" * 8 + "-0000-5000-8000-" + "0" * 12}}
    assert refusal_of(history.send(record, asked, **astray)) == "reply.target_unknown"
    assert history.opened == before


# ------------------------------------------------------------------------------------- assistance


@pytest.mark.guidance("二(四)", "record AssistanceRequest")
@pytest.mark.guidance(
    "二(四)·1",
    "refusal assistance.ground_not_for_sender",
    words="乡镇人民政府和街道办事处在行政执法过程中",
)
@pytest.mark.parametrize("ground", TOWNSHIP_S)
def test_the_five_grounds_are_a_township_s(ground: str) -> None:
    assert not is_refused(History().send("assistance_request", SENDER, ground=ground))
    refused = History().send("assistance_request", HANDLER, ground=ground, **to(SENDER))
    assert refusal_of(refused) == "assistance.ground_not_for_sender"


def test_the_penalty_law_is_everybody_else_s_ground() -> None:
    law = {"ground": "penalty_law_26"}
    assert not is_refused(History().send("assistance_request", HANDLER, **law, **to(SENDER)))
    refused = History().send("assistance_request", SENDER, **law)
    assert refusal_of(refused) == "assistance.ground_not_for_sender"


@pytest.mark.guidance("二(四)·3", "duty answer_assistance", words="应当及时告知")
@pytest.mark.guidance(
    "二(四)·3", "record AssistanceReply", words="告知提出协助请求的乡镇人民政府和街道办事处"
)
def test_scenario_13_refused_with_reasons_is_delivered_and_the_next_step_offered() -> None:
    history = in_state(State.RECEIVED, Life.ASSISTANCE)
    effects = history.send("assistance_reply", HANDLER, **REFUSED)
    assert delivered_to(effects) == [(SENDER, Relation.SENDER)]
    assert ledger(effects) == [("answer_assistance", "met")]
    advice = the(Advise, effects)
    assert (advice.to, advice.code) == (organ(SENDER), "advice.assistance_refused")


@pytest.mark.parametrize(("day", "is_late"), [("2026-09-20", True), ("2026-09-21", False)])
def test_what_is_promised_is_promised_for_today_or_later(day: str, is_late: bool) -> None:  # noqa: FBT001 - a column of the table
    history = in_state(State.RECEIVED, Life.ASSISTANCE)
    effects = history.send("assistance_reply", HANDLER, agreed_on=day)
    assert is_refused(effects) is is_late
    if is_late:
        assert refusal_of(effects) == "assistance.day_passed"


@pytest.mark.parametrize(("day", "is_too_far"), [("2027-09-22", False), ("2027-09-23", True)])
def test_what_is_promised_lies_at_most_a_year_ahead(day: str, *, is_too_far: bool) -> None:
    history = in_state(State.RECEIVED, Life.ASSISTANCE)
    effects = history.send("assistance_reply", HANDLER, agreed_on=day)
    assert is_refused(effects) is is_too_far
    if is_too_far:
        assert refusal_of(effects) == "assistance.day_too_far"
        assert not is_refused(history.send("assistance_reply", HANDLER, agreed_on="2026-10-10"))


def test_accepted_assistance_needs_no_advice() -> None:
    history = in_state(State.RECEIVED, Life.ASSISTANCE)
    assert all_of(Advise, history.send("assistance_reply", HANDLER)) == []


def cooperation(history: History, *, handles: bool = True) -> tuple[Any, ...]:
    """The handler asks the sender of a transfer to cooperate."""
    sent = history.next(
        "assistance_request",
        HANDLER,
        ground="transfer_cooperation",
        transfer=TRANSFER,
        **to(SENDER),
    )
    return history.decide(sent, Facts(handles=handles))


@pytest.mark.guidance(
    "二(二)4·3", "refusal assistance.not_the_handler", words="受移送方在查处移送案件过程中"
)
def test_cooperation_is_asked_by_the_handler_only() -> None:
    assert refusal_of(cooperation(History(), handles=False)) == "assistance.not_the_handler"
    assert not is_refused(cooperation(History()))


@pytest.mark.guidance(
    "二(二)4·3", "refusal assistance.ground_not_allowed", words="移送方应当予以协助"
)
def test_cooperation_is_refused_on_a_legal_prohibition_only() -> None:
    history = History()
    cooperation(history)
    refused = history.send("assistance_reply", SENDER, **REFUSED)
    assert the(Reject, refused).refusal.code == "assistance.ground_not_allowed"
    assert history.opened.state is State.ISSUED
    assert not is_refused(history.send("assistance_reply", SENDER, **FORBIDDEN))


def transferred(state: State) -> Case:
    return in_state(state).opened


def asks_cooperation(case: Case, sender: str = HANDLER, asked: str = SENDER) -> AssistanceRequest:
    history = History()
    sent = history.next(
        "assistance_request",
        sender,
        ground="transfer_cooperation",
        transfer=case.opening,
        **to(asked),
    )
    assert isinstance(sent, AssistanceRequest)
    return sent


def handles(case: Case, request: AssistanceRequest) -> bool:
    return is_handled_by_sender(case, request, demo(), MONDAY)


@pytest.mark.parametrize(
    ("state", "may_ask"),
    [
        (State.ISSUED, False),
        (State.RECEIVED, True),
        (State.DESIGNATED, True),
        (State.FILED, True),
        (State.DECLINED, False),
        (State.CLOSED, False),
        (State.WITHDRAWN, False),
    ],
)
def test_who_handles_a_transfer_follows_from_its_state(state: State, may_ask: bool) -> None:  # noqa: FBT001 - a column of the table
    case = transferred(state)
    assert handles(case, asks_cooperation(case)) is may_ask


def test_only_the_handler_asks_only_the_sender_of_that_very_transfer() -> None:
    case = transferred(State.FILED)
    assert not handles(case, asks_cooperation(case, sender=STRANGER))
    assert not handles(case, asks_cooperation(case, asked=STRANGER))
    other = replace(asks_cooperation(case), transfer=MessageId(derive("test", "other")))
    assert not handles(case, other)
    assert not handles(replace(case, handler=None), asks_cooperation(case))


def test_who_got_a_notice_is_helped_on_other_grounds() -> None:
    notice = in_state(State.RECEIVED, Life.NOTICE).opened
    assert not handles(notice, asks_cooperation(notice))


def test_any_earlier_sender_of_the_case_is_asked_by_who_handles_it_now() -> None:
    """Sent by one, sent on by its handler, then by another: each of the three had sent it."""
    history, way = in_state(State.FILED), (HANDLER, "liuzhi-swj", "liuzhi-scjg", "liuzhi-jtj")
    for number, (by, next_one) in enumerate(pairwise(way)):
        numbered = {"document_number": f"六案移〔2026〕{60 + number}号"}
        insists = {"addressees": [organ(next_one)], "insist_reason": "经查属于贵局管辖"}
        violations = [violation()]
        onward = history.send(
            "case_transfer", by, violations=violations, envelope=numbered | insists
        )
        assert not is_refused(onward)
        assert not is_refused(history.send("filing_reply", next_one))
    asked = asks_cooperation(history.opened, sender=way[-1], asked=way[1])
    assert handles(history.opened, asked)
    assert handles(history.opened, replace(asked, transfer=history.opened.current))
    assert not handles(history.opened, asks_cooperation(history.opened, way[-1], STRANGER))
