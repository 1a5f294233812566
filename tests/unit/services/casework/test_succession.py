"""Organs that are merged or end: open duties pass with their due date, or are held (domain, 1)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from schemas.ids import OrganCode
from services.casework.case import Case, Life, State
from services.casework.effects import Accept, Advise, Deliver, FireRung, PassDuty, Write
from services.casework.succession import ended, has_gone, pass_on
from services.rulebook.model import Rulebook
from tests.history import (
    FAILED,
    HANDLER,
    PARTICIPANT,
    SENDER,
    SHANGHAI,
    SUPERIOR,
    SUPERVISOR,
    History,
    all_of,
    duties,
    in_state,
    is_refused,
    organ,
    refusal_of,
    the,
    violation,
)
from tests.unit.services.casework.test_handovers import RECEIVER, SHORT, count, hand_over, settle

HEIR = "liuzhi-jtj"
LAST_DAY = date(2026, 9, 22)
AFTER = datetime(2026, 9, 23, 9, 30, tzinfo=SHANGHAI)


def merged(rulebook: Rulebook, alias: str, heir: str | None = HEIR) -> Rulebook:
    """The same rulebook, in which the organ ends on 22 September."""
    directory = rulebook.directory
    ends = replace(
        directory.organs[organ(alias)],
        valid_to=LAST_DAY,
        successor=organ(heir) if heir else None,
    )
    organs = {**directory.organs, ends.code: ends}
    return replace(rulebook, directory=replace(directory, organs=organs))


def owed(case: Case) -> set[tuple[str, OrganCode]]:
    return set(duties(case))


def test_an_open_duty_passes_with_its_due_date_and_an_entry_and_the_rung_goes_to_the_heir() -> None:
    history = in_state(State.ISSUED)
    due = duties(history.opened)["sign_for", organ(HANDLER)].due
    history.rulebook = merged(history.rulebook, HANDLER)
    effects = history.tick(AFTER)
    passed = the(PassDuty, effects)
    assert (passed.before, passed.duty.owner) == (organ(HANDLER), organ(HEIR))
    assert passed.duty.due == due
    copy = the(Deliver, effects)
    assert (copy.message, copy.to, copy.author) == (
        history.opened.opening,
        organ(HEIR),
        organ(SENDER),
    )
    yellow = all_of(FireRung, effects)[-1]
    assert yellow.rung == "yellow"
    assert organ(HEIR) in yellow.to
    assert organ(HANDLER) not in yellow.to
    assert all_of(PassDuty, history.tick(AFTER + timedelta(minutes=1))) == []


def test_who_has_ended_is_known_from_the_day_after_the_last_and_whom_that_concerns() -> None:
    history = in_state(State.ISSUED)
    rulebook = merged(history.rulebook, HANDLER)
    midnight = datetime(2026, 9, 23, tzinfo=SHANGHAI)
    assert ended(rulebook.directory, LAST_DAY) == ()
    assert ended(rulebook.directory, midnight.date()) == (organ(HANDLER),)
    assert not has_gone(history.opened, rulebook, midnight - timedelta(seconds=1))
    assert has_gone(history.opened, rulebook, midnight)
    assert not has_gone(history.opened, merged(history.rulebook, HEIR, None), midnight)


def test_the_heir_signs_and_answers_in_the_other_s_place() -> None:
    history = in_state(State.ISSUED)
    history.rulebook = merged(history.rulebook, HANDLER)
    history.at = AFTER
    assert not is_refused(history.send("signed_for", HEIR))
    assert not is_refused(history.send("filing_reply", HEIR))
    assert refusal_of(history.send("outcome_feedback", HANDLER)) == "organ.unknown"
    assert ("decide_case", organ(HEIR)) in owed(history.opened)


def test_a_sender_s_heir_takes_it_back_and_settles_custody() -> None:
    history = History()
    history.send("case_transfer", SENDER)
    history.rulebook = merged(history.rulebook, SENDER)
    history.at = AFTER
    history.tick(AFTER)
    assert ("handover", organ(HEIR)) in owed(history.opened)
    assert history.opened.custody is not None
    assert history.opened.custody.keeper == organ(HEIR)
    assert not is_refused(history.send("withdrawal", HEIR))


@pytest.mark.parametrize("side", [HANDLER, SENDER])
def test_a_side_of_a_dispute_is_its_heir(side: str) -> None:
    history = in_state(State.DISPUTED)
    history.rulebook = merged(history.rulebook, side)
    history.at = AFTER
    assert not is_refused(history.send("negotiation_result", HEIR, **FAILED))
    dispute = history.opened.dispute
    assert dispute is not None
    assert dispute.between(organ(HEIR))
    assert not dispute.between(organ(side))


def test_a_letter_s_author_stays_its_author_for_who_is_shown_it_later() -> None:
    history = in_state(State.FILED)
    onward = {
        "violations": [
            {"number": 1, "matter": "CG-001", "place": "520203102000", "found_on": "2026-09-21"}
        ],
        "envelope": {
            "document_number": "综执移〔2026〕7号",
            "addressees": [organ("liuzhi-scjg")],
            "insist_reason": "立案后查明属该机关管辖",
        },
    }
    assert not is_refused(history.send("case_transfer", HANDLER, **onward))
    history.rulebook = merged(history.rulebook, HANDLER)
    history.tick(AFTER)
    case = history.opened
    assert case.letter is not None
    assert case.letter.sender == organ(HEIR)
    authors = {handed.author for handed in case.handed if handed.message == case.current}
    assert authors == {organ(HANDLER)}


def test_who_signs_is_heard_of_by_the_author_s_heir() -> None:
    history = in_state(State.ISSUED)
    history.rulebook = merged(history.rulebook, SENDER)
    history.at = AFTER
    assert the(Deliver, history.send("signed_for", HANDLER)).to == organ(HEIR)


def test_without_a_successor_duties_are_held_and_the_supervisor_is_told_once() -> None:
    history = in_state(State.ISSUED)
    history.rulebook = merged(history.rulebook, HANDLER, None)
    effects = history.tick(AFTER)
    advice = the(Advise, effects)
    assert (advice.to, advice.code) == (organ(SUPERVISOR), "advice.no_successor")
    assert advice.explanation == "六枝特区综合行政执法局已撤销，没有继受机关；职责：签收。"
    assert all_of(FireRung, effects) == []
    assert history.opened.due_next == datetime(2026, 9, 24, tzinfo=SHANGHAI)
    assert history.tick(AFTER + timedelta(hours=1)) == ()
    assert all_of(Advise, history.tick(AFTER + timedelta(days=1))) == []
    # A successor is named: what was held passes, and what had been owed fires.
    history.rulebook = merged(history.rulebook, HANDLER)
    effects = history.tick(AFTER + timedelta(days=2))
    assert the(PassDuty, effects).duty.held_until is None
    assert all_of(FireRung, effects) != []


def test_what_is_held_is_looked_at_once_a_day_and_nothing_is_decided_in_between() -> None:
    history = in_state(State.ISSUED)
    history.rulebook = merged(history.rulebook, HANDLER, None)
    history.tick(AFTER)
    cause, tomorrow = history.opened.opening, datetime(2026, 9, 24, tzinfo=SHANGHAI)
    soon = tomorrow - timedelta(seconds=1)
    assert pass_on(history.opened, cause, history.rulebook, soon) is None
    again = pass_on(history.opened, cause, history.rulebook, tomorrow)
    assert again is not None
    assert again.case is not None
    assert again.case.due_next == tomorrow + timedelta(days=1)


def test_what_its_keeper_holds_is_not_the_heir_s_of_another() -> None:
    history = History()
    history.send("case_transfer", SENDER)
    history.rulebook = merged(history.rulebook, "liuzhi-scjg")
    history.tick(AFTER)
    assert history.opened.handler == organ(HEIR)
    assert history.opened.custody is not None
    assert history.opened.custody.keeper == organ(SENDER)


def test_where_nobody_watches_the_duty_is_held_in_silence() -> None:
    history = in_state(State.ISSUED)
    directory = history.rulebook.directory
    organs = {code: found for code, found in directory.organs.items() if found.alias != SUPERVISOR}
    without = replace(history.rulebook, directory=replace(directory, organs=organs))
    history.rulebook = merged(without, HANDLER, None)
    assert history.tick(AFTER) == ()
    assert duties(history.opened)["sign_for", organ(HANDLER)].held_until is not None


def test_who_ends_owing_nothing_holds_nothing_up() -> None:
    history = in_state(State.CLOSED)
    history.rulebook = merged(history.rulebook, HANDLER, None)
    before = history.opened
    assert history.tick(AFTER) == ()
    assert history.opened == before


def test_the_counterpart_of_a_duty_is_the_heir_too() -> None:
    history = in_state(State.ISSUED)
    history.rulebook = merged(history.rulebook, SENDER)
    effects = history.tick(AFTER)
    assert all_of(PassDuty, effects) == []
    assert organ(HEIR) in all_of(FireRung, effects)[-1].to


@pytest.mark.parametrize("state", [State.NEW, State.HELD])
def test_what_is_held_or_not_yet_decided_is_still_its_first_sender_s(state: State) -> None:
    history = in_state(state)
    history.rulebook = merged(history.rulebook, SENDER)
    history.tick(AFTER)
    assert history.opened.sender == organ(SENDER)


def after_the_merger(history: History, alias: str, heir: str = HEIR) -> History:
    history.rulebook, history.at = merged(history.rulebook, alias, heir), AFTER
    return history


def short(history: History) -> None:
    """A handover of which a page is missing."""
    history.send("case_transfer", SENDER)
    history.send("signed_for", RECEIVER)
    hand_over(history, SENDER, RECEIVER)
    count(history, RECEIVER, **SHORT)


@pytest.mark.parametrize(
    ("gone", "by", "other"),
    [
        (SENDER, HEIR, RECEIVER),
        (SENDER, RECEIVER, HEIR),
        (RECEIVER, HEIR, SENDER),
        (RECEIVER, SENDER, HEIR),
    ],
)
def test_the_heir_of_either_side_of_a_handover_settles_what_differed(
    gone: str, by: str, other: str
) -> None:
    history = History()
    short(history)
    effects = settle(after_the_merger(history, gone), by)
    assert not is_refused(effects)
    assert organ(other) in {each.to for each in all_of(Deliver, effects)}
    assert "settle_discrepancy" not in {kind for kind, _ in owed(history.opened)}


def test_two_sides_of_a_handover_that_have_become_one_settle_it_alone() -> None:
    history = History()
    short(history)
    effects = settle(after_the_merger(history, SENDER, RECEIVER), RECEIVER)
    assert not is_refused(effects)
    assert "settle_discrepancy" not in {kind for kind, _ in owed(history.opened)}


AGREED: dict[str, Any] = {"handles_from": "2026-10-12"}


def test_what_an_organ_said_was_agreed_its_heir_has_said() -> None:
    history = in_state(State.DISPUTED)
    history.send("negotiation_result", HANDLER, handler=organ(SENDER), **AGREED)
    after_the_merger(history, HANDLER)
    history.send("negotiation_result", SENDER, handler=organ(SENDER), **AGREED)
    assert history.opened.state is State.RECEIVED
    assert history.opened.handler == organ(SENDER)


def test_the_letter_that_is_owed_to_a_third_goes_to_its_heir() -> None:
    history = in_state(State.DISPUTED)
    for side in (HANDLER, SENDER):
        history.send("negotiation_result", side, handler=organ("liuzhi-swj"), **AGREED)
    after_the_merger(history, "liuzhi-swj")
    again = {"addressees": [organ(HEIR)], "document_number": "六岩案移〔2026〕31号"}
    effects = history.send("lead_transfer", SENDER, envelope=again)
    assert not is_refused(effects)
    assert history.opened.handler == organ(HEIR)


def test_the_filing_date_of_a_former_holder_stands_for_its_heir() -> None:
    history = in_state(State.FILED)
    on = {"addressees": [organ("liuzhi-swj")], "document_number": "六综执案移〔2026〕41号"}
    history.send(
        "case_transfer",
        HANDLER,
        violations=[violation()],
        envelope={**on, "insist_reason": "经查属于贵局管辖"},
    )
    history.send("objection", "liuzhi-swj")
    after_the_merger(history, HANDLER)
    for side in ("liuzhi-swj", HEIR):
        history.send("negotiation_result", side, handler=organ(HEIR), **AGREED)
    assert history.opened.state is State.FILED
    assert history.opened.handler == organ(HEIR)


def test_the_heir_of_the_superior_that_was_asked_designates() -> None:
    history = in_state(State.REFERRED)
    history.send("designation_request", HANDLER)
    after_the_merger(history, SUPERIOR, SUPERVISOR)
    effects = history.send("designation", SUPERVISOR, designee=organ(HANDLER))
    assert not is_refused(effects)


SOMEWHERE_ELSE = violation(place_text="木岗镇示例街28号")  # the code says another township
HERE = {"number": 1, "place_text": "岩脚镇示例街28号"}


def held_by_its_place(history: History) -> History:
    history.send("lead_transfer", SENDER, violations=[SOMEWHERE_ELSE])
    assert history.opened.state is State.HELD
    return history


def test_the_heir_of_who_sent_a_held_letter_puts_it_right_and_is_its_sender() -> None:
    history = after_the_merger(held_by_its_place(History()), SENDER)
    effects = history.send("correction", HEIR, corrections=[HERE])
    assert history.opened.state is State.ISSUED
    assert history.opened.sender == organ(HEIR)
    letter = next(each for each in all_of(Deliver, effects) if each.record == "LeadTransfer")
    assert (letter.author, letter.to) == (organ(SENDER), organ(HANDLER))
    assert {accepted.to for accepted in all_of(Accept, effects)} == {organ(HEIR)}
    assert not is_refused(history.send("withdrawal", HEIR))


def test_the_heir_of_who_sent_a_held_letter_takes_it_back() -> None:
    history = after_the_merger(held_by_its_place(History()), SENDER)
    assert refusal_of(history.send("withdrawal", "mugang")) == "case.unknown"
    assert not is_refused(history.send("withdrawal", HEIR))
    assert history.opened.state is State.WITHDRAWN


def test_a_held_letter_is_not_let_go_to_the_heir_of_its_sender() -> None:
    history = after_the_merger(held_by_its_place(History()), SENDER, HANDLER)
    refused = history.send("correction", HANDLER, corrections=[HERE])
    assert refusal_of(refused) == "transfer.own_matter"
    to_the_heir = {"addressees": [organ(HANDLER)]}
    refused = history.send("routing_assignment", SUPERVISOR, envelope=to_the_heir)
    assert refusal_of(refused) == "assignment.cannot_handle"


def test_the_answer_to_a_supervision_letter_goes_to_the_heir_of_who_wrote_it() -> None:
    history = in_state(State.RECEIVED)
    letter = {"addressees": [organ(HANDLER)]}
    history.send("supervision_letter", SUPERIOR, answer_by="2026-09-30", envelope=letter)
    asked = list(history.sent)[-1]
    after_the_merger(history, SUPERIOR, SUPERVISOR)
    about = {"in_reply_to": asked}
    effects = history.send("supervision_reply", HANDLER, envelope=about)
    assert {each.to for each in all_of(Deliver, effects)} == {organ(SUPERVISOR)}


def test_the_heir_of_who_took_part_hears_what_the_others_did_and_adds_to_its_own() -> None:
    """What it owed was done before it ended: no open duty tells of it any more."""
    history = in_state(State.SENT, Life.JOINT)
    for record in ("signed_for", "joint_plan_answer", "joint_outcome"):
        assert not is_refused(history.send(record, PARTICIPANT))
    after_the_merger(history, PARTICIPANT)
    effects = history.send("joint_outcome", SENDER)
    assert {each.to for each in all_of(Deliver, effects)} == {organ(HEIR)}
    effects = history.send("joint_outcome", HEIR)
    assert {each.to for each in all_of(Deliver, effects)} == {organ(SENDER)}


def test_the_minutes_go_to_the_heir_of_who_was_consulted() -> None:
    history = in_state(State.SENT, Life.CONSULTATION)
    history.send("signed_for", HANDLER)
    after_the_merger(history, HANDLER)
    named = {"participants": [organ(SENDER), organ(HEIR)]}
    heir = {"addressees": [organ(HEIR)]}
    effects = history.send("consultation_minutes", SENDER, **named, envelope=heir)
    assert {each.to for each in all_of(Deliver, effects)} == {organ(HEIR), organ(PARTICIPANT)}
    assert not is_refused(history.send("signed_for", HEIR))


def test_what_a_split_owes_an_organ_that_ended_meanwhile_its_heir_owes_at_once() -> None:
    history = History()
    history.send("lead_transfer", SENDER, violations=[violation(1), violation(2)])
    written = the(Write, history.send("objection", HANDLER, numbers=[2])).record
    child = after_the_merger(History(), HANDLER)
    effects = child.decide(written)
    assert {owner for _, owner in owed(child.opened)} == {organ(SENDER), organ(HEIR)}
    assert the(PassDuty, effects).before == organ(HANDLER)
    assert written.envelope.message_id in {
        each.message for each in all_of(Deliver, effects) if each.to == organ(HEIR)
    }
