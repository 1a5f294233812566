"""Held: a place whose text and code disagree; assigned by the supervisor; what waits behind."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.messages import HoldReason, SettleAction
from schemas.parts import Relation
from services.casework.case import Life, State
from services.casework.effects import Accept, Deliver, Hold, OpenDuty, Reject, Release
from services.casework.routing import HOLD_CODES
from services.casework.say import RELEASED_BY, About, say
from services.rulebook.model import Line, Superior
from tests.history import (
    HANDLER,
    SENDER,
    STRANGER,
    SUPERVISOR,
    History,
    all_of,
    delivered_to,
    demo,
    held,
    in_state,
    is_refused,
    organ,
    refusal_of,
    the,
    violation,
)

LANGDAI = "520203110000"
ASTRAY = "00000000-0000-5000-8000-000000000000"
GOVERNMENT = "liuzhi-gov"
MATTER = violation()["matter"]
ELSEWHERE = "六枝特区郎岱镇示例路3号"  # while the code says 岩脚镇


def to(alias: str) -> dict[str, Any]:
    return {"envelope": {"addressees": [organ(alias)]}}


def conflicting(history: History, record: str = "lead_transfer") -> tuple[Any, ...]:
    """Open the history with a place whose text and code disagree."""
    one = violation(place_text=ELSEWHERE)
    body = {"violation": one} if record == "violation_notice" else {"violations": [one]}
    return history.send(record, SENDER, **body)


# --------------------------------------------------------------------------------- place conflict


@pytest.mark.parametrize("record", ["lead_transfer", "violation_notice", "complaint_forward"])
def test_scenario_4_a_place_whose_text_and_code_disagree_is_held(record: str) -> None:
    history = History()
    effects = conflicting(history, record)
    hold = the(Hold, effects)
    assert (hold.reason, hold.code) == (HoldReason.PLACE_CONFLICT, "hold.place_conflict")
    assert hold.to == (organ(SENDER), organ(SUPERVISOR))
    assert hold.explanation == "第1项：地点文字指向郎岱镇，区划代码为岩脚镇。"
    assert history.opened.state is State.HELD
    assert all_of(OpenDuty, effects) == []


def test_the_words_of_the_place_are_told_to_nobody() -> None:
    history = History()
    hold = the(Hold, conflicting(history))
    said = say(hold, About(history.opened.id, history.opened.flow), demo(), history.at)
    assert [each.to for each in said] == [organ(SENDER), organ(SUPERVISOR)]
    assert "示例路" not in repr(said)
    assert "司法行政部门可转办" in repr(said)


@pytest.mark.parametrize(
    "correction",
    [
        {"number": 1, "place_text": "岩脚镇示例街28号"},
        {"number": 1, "place": LANGDAI},
        {"number": 1, "place": LANGDAI, "place_text": "郎岱镇示例路3号"},
    ],
)
def test_its_sender_puts_right_the_text_or_the_code(correction: dict[str, Any]) -> None:
    history = History()
    conflicting(history)
    effects = history.send("correction", SENDER, corrections=[correction])
    assert the(Release, effects).message == history.opened.opening
    assert delivered_to(effects) == [(HANDLER, Relation.HANDLER)] * 2
    assert the(OpenDuty, effects).duty.opened_at == history.at


def test_a_correction_that_still_disagrees_leaves_it_held() -> None:
    history = History()
    conflicting(history)
    wrong = [{"number": 1, "place_text": "木岗镇示例街1号"}]
    refused = history.send("correction", SENDER, corrections=wrong)
    assert refusal_of(refused) == "correction.still_conflict"
    assert history.opened.state is State.HELD


def test_a_case_held_for_its_place_and_frozen_is_held_for_its_place_again() -> None:
    history = History()
    conflicting(history)
    right = [{"number": 1, "place": LANGDAI}]
    correction = history.next("correction", SENDER, corrections=right)
    history.freeze(correction)
    history.settle(SettleAction.DISCARD)
    stop = history.opened.stop
    assert stop is not None
    assert (stop.reason, stop.code) == (HoldReason.PLACE_CONFLICT, "hold.place_conflict")
    assert not is_refused(history.send("correction", SENDER, corrections=right))


# ------------------------------------------------------------------------------------- assignment


@pytest.mark.parametrize("life", [Life.TRANSFER, Life.NOTICE])
def test_the_supervisor_assigns_a_held_message_and_both_parties_see_it(life: Life) -> None:
    history = History()
    held(history, life)
    effects = history.send("routing_assignment", SUPERVISOR, **to(HANDLER))
    assert delivered_to(effects) == [
        (HANDLER, Relation.HANDLER),
        (SENDER, Relation.SENDER),
        (HANDLER, Relation.HANDLER),
    ]
    assert [effect.record for effect in all_of(Deliver, effects)][1:] == ["RoutingAssignment"] * 2
    assert the(Release, effects).by == list(history.sent)[-1]
    first, second = all_of(Accept, effects)
    assert (first.to, second.to) == (organ(SENDER), organ(SUPERVISOR))
    assert "仍可提出管辖异议" in str(first.explanation)
    duty = the(OpenDuty, effects).duty
    assert (duty.owner, duty.counterpart) == (organ(HANDLER), organ(SENDER))
    assert history.opened.handler == organ(HANDLER)
    assert history.opened.state is State.ISSUED
    assert history.opened.stop is None


def test_an_assignment_settles_a_place_that_disagrees_too() -> None:
    history = History()
    conflicting(history)
    assert not is_refused(history.send("routing_assignment", SUPERVISOR, **to("liuzhi-scjg")))
    assert history.opened.handler == organ("liuzhi-scjg")


@pytest.mark.parametrize("alias", [SENDER, STRANGER, HANDLER, "liuzhi-gov"])
def test_nobody_else_assigns(alias: str) -> None:
    history = History()
    held(history)
    before = history.opened
    refused = history.send("routing_assignment", alias, **to(HANDLER))
    assert refusal_of(refused) == "assignment.not_the_supervisor"
    assert history.opened == before
    # Whether there is such a case, it does not learn either.
    nothing = History()
    sent = nothing.next("routing_assignment", alias, **assigned_in(history))
    assert refusal_of(nothing.decide(sent)) == "assignment.not_the_supervisor"


def assigned_in(history: History) -> dict[str, Any]:
    """An assignment in a case that its sender only claims to know."""
    case = history.opened
    envelope = {
        "addressees": [organ(HANDLER)],
        "in_reply_to": case.opening,
        "case_id": case.id,
        "flow": case.flow,
    }
    return {"envelope": envelope}


def test_a_case_that_there_is_not_is_unknown_to_the_supervisor_too() -> None:
    history = History()
    held(history)
    nothing = History()
    sent = nothing.next("routing_assignment", SUPERVISOR, **assigned_in(history))
    assert refusal_of(nothing.decide(sent)) == "case.unknown"


@pytest.mark.parametrize("alias", [SENDER, "liuzhi-zwj", "liuzhi-gov", "lps-scjg"])
def test_it_is_assigned_to_an_organ_that_can_handle_it(alias: str) -> None:
    history = History()
    held(history)
    refused = history.send("routing_assignment", SUPERVISOR, **to(alias))
    assert refusal_of(refused) == "assignment.cannot_handle"
    assert history.opened.state is State.HELD


@pytest.mark.parametrize("state", [State.ISSUED, State.FILED, State.WITHDRAWN])
def test_what_is_not_held_is_not_assigned(state: State) -> None:
    history = in_state(state)
    before = history.opened
    refused = history.send("routing_assignment", SUPERVISOR, **to(HANDLER))
    assert refusal_of(refused) == "assignment.nothing_held"
    assert history.opened == before


def test_an_assignment_of_another_message_waits_and_is_refused_in_its_turn() -> None:
    history = History()
    held(history)
    other = {"addressees": [organ(HANDLER)], "in_reply_to": ASTRAY}
    waits = history.send("routing_assignment", SUPERVISOR, envelope=other)
    assert the(Hold, waits).reason is HoldReason.WAITING
    effects = history.send("routing_assignment", SUPERVISOR, **to(HANDLER))
    assert is_refused(effects)
    assert history.opened.state is State.ISSUED


def test_what_waited_goes_on_after_the_assignment_in_its_order() -> None:
    history = History()
    held(history)
    stray = history.next("correction", SENDER, envelope={"in_reply_to": ASTRAY})
    assert the(Hold, history.decide(stray)).reason is HoldReason.WAITING
    history.send("routing_assignment", SUPERVISOR, **to(HANDLER))
    assert history.opened.waiting == ()


# ------------------------------------------------------------------------------ no common superior

TRANSFERS = ["lead_transfer", "case_transfer", "complaint_forward"]


def without_government() -> History:
    """A history in a county whose government the directory forgot; its supervisor is there."""
    directory = demo().directory
    organs = {code: found for code, found in directory.organs.items() if found.alias != GOVERNMENT}
    return History(replace(demo(), directory=replace(directory, organs=organs)))


@pytest.mark.parametrize("record", TRANSFERS)
def test_a_transfer_of_which_nobody_could_decide_a_dispute_is_held(record: str) -> None:
    history = without_government()
    effects = history.send(record, SENDER)
    hold = the(Hold, effects)
    assert (hold.reason, hold.code) == (HoldReason.NO_SUPERIOR, "superior.none")
    assert hold.to == (organ(SENDER), organ(SUPERVISOR))
    assert "没有共同的上一级行政机关" in str(hold.explanation)
    assert history.opened.state is State.HELD
    assert all_of(OpenDuty, effects) == []
    assert all_of(Deliver, effects) == []


def test_a_notice_is_no_transfer_and_goes_through() -> None:
    history = without_government()
    assert delivered_to(history.send("violation_notice", SENDER)) == [(HANDLER, Relation.HANDLER)]


def test_an_insisted_addressee_without_a_common_superior_is_held_too() -> None:
    history = without_government()
    envelope = {"addressees": [organ(STRANGER)], "insist_reason": "已会商"}
    government_gone = the(Hold, history.send("lead_transfer", SENDER, envelope=envelope))
    assert government_gone.reason is HoldReason.NO_SUPERIOR


def test_one_of_the_two_may_itself_be_the_superior() -> None:
    directory = demo().directory
    sender = directory.organs[organ(SENDER)]
    county = directory.organs[organ(GOVERNMENT)]
    above = Superior(organ(HANDLER), Line.PROFESSIONAL, sender.valid_from, None)
    organs = {**directory.organs, sender.code: replace(sender, superiors=(above,))}
    del organs[county.code]
    history = History(replace(demo(), directory=replace(directory, organs=organs)))
    assert all_of(Hold, history.send("lead_transfer", SENDER)) == []


def test_the_supervisor_assigns_what_has_no_common_superior() -> None:
    history = without_government()
    history.send("lead_transfer", SENDER)
    assert not is_refused(history.send("routing_assignment", SUPERVISOR, **to(HANDLER)))
    assert history.opened.handler == organ(HANDLER)


def test_a_correction_that_finds_no_common_superior_either_leaves_it_held() -> None:
    history = without_government()
    history.send("lead_transfer", SENDER)
    again = history.send("correction", SENDER, corrections=[{"number": 1, "place": LANGDAI}])
    # The text names the township of before: that is looked at first.
    assert refusal_of(again) == "correction.still_conflict"
    both = {"number": 1, "place": LANGDAI, "place_text": "郎岱镇示例路3号"}
    refused = history.send("correction", SENDER, corrections=[both])
    assert refusal_of(refused) == "correction.still_no_superior"
    assert history.opened.state is State.HELD


def test_once_the_directory_is_complete_a_correction_lets_it_go_on() -> None:
    history = without_government()
    history.send("lead_transfer", SENDER)
    history.rulebook = demo()
    effects = history.send("correction", SENDER, corrections=[{"number": 1, "matter": MATTER}])
    assert the(Release, effects).message == history.opened.opening
    assert history.opened.handler == organ(HANDLER)


def by_reason(reason: HoldReason) -> History:
    """A history whose opening lead is held for this reason."""
    history = without_government() if reason is HoldReason.NO_SUPERIOR else History()
    if reason is HoldReason.GAP:
        held(history)
    elif reason is HoldReason.PLACE_CONFLICT:
        conflicting(history)
    else:
        history.send("lead_transfer", SENDER)
    stop = history.opened.stop
    assert stop is not None
    assert stop.reason is reason
    return history


@pytest.mark.parametrize("reason", HOLD_CODES)
def test_whatever_it_is_held_for_its_sender_takes_it_back(reason: HoldReason) -> None:
    history = by_reason(reason)
    assert not is_refused(history.send("withdrawal", SENDER))
    assert history.opened.state is State.WITHDRAWN


@pytest.mark.parametrize("reason", HOLD_CODES)
def test_whatever_it_is_held_for_later_messages_wait_and_follow_in_order(
    reason: HoldReason,
) -> None:
    history = by_reason(reason)
    stray = {"envelope": {"in_reply_to": ASTRAY}}
    later = [history.next("correction", SENDER, **stray) for _ in range(3)]
    for each in later:
        assert the(Hold, history.decide(each)).reason is HoldReason.WAITING
    assert [one.message for one in history.opened.waiting] == [m.envelope.message_id for m in later]
    assert history.tick(history.at + timedelta(days=90)) == ()  # nothing is owed while it is held
    effects = history.send("routing_assignment", SUPERVISOR, **to(HANDLER))
    assert history.opened.waiting == ()
    # Each is decided in its turn: it corrects nothing that is held any more.
    assert [refused.message for refused in all_of(Reject, effects)] == [
        message.envelope.message_id for message in later
    ]
    # A duty begins with the release, and not when the message came.
    assert the(OpenDuty, effects).duty.opened_at == history.at


@pytest.mark.parametrize("reason", HOLD_CODES)
def test_each_reason_tells_who_can_release_it(reason: HoldReason) -> None:
    assert "转办" in RELEASED_BY[reason]
    assert "撤回" in RELEASED_BY[reason]
