"""管辖异议 and the negotiation (guidance 二(二)3): what both say the same is agreed."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from schemas.ids import OrganCode
from schemas.parts import Relation
from services.casework.case import Case, Closing, State
from services.casework.effects import Advise, CloseDuty, OpenDuty
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    STRANGER,
    SUPERIOR,
    SUPERVISOR,
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

THIRD = "liuzhi-jtj"


def agreed(handler: str, from_day: str = "2026-10-12") -> dict[str, Any]:
    return {"agreed": True, "handler": organ(handler), "handles_from": from_day}


def both_agree(history: History, handler: str) -> None:
    for side in (HANDLER, SENDER):
        assert not is_refused(history.send("negotiation_result", side, **agreed(handler)))


def owed(case: Case) -> set[tuple[str, OrganCode]]:
    return set(duties(case))


@pytest.mark.guidance("二(二)3", "record Objection")
@pytest.mark.guidance(
    "二(二)3·1",
    "step transfer received object",
    words="受移送方认为移送的案件、违法线索不属于本机关管辖",
)
@pytest.mark.guidance("二(二)3·1", "duty negotiate", words="应当与移送方协商解决")
def test_an_objection_supersedes_the_filing_decision_and_both_owe_a_result() -> None:
    history = in_state(State.RECEIVED)
    effects = history.send("objection", HANDLER)
    assert ledger(effects) == [
        ("decide_filing", "superseded"),
        ("negotiate", "open"),
        ("negotiate", "open"),
    ]
    assert delivered_to(effects) == [(SENDER, Relation.COUNTERPART)]
    assert state_of(history) is State.DISPUTED
    assert owed(history.opened) == {("negotiate", organ(HANDLER)), ("negotiate", organ(SENDER))}


def test_an_objection_before_the_signing_counts_as_signing() -> None:
    history = in_state(State.ISSUED)
    effects = history.send("objection", HANDLER)
    assert ledger(effects)[:3] == [
        ("sign_for", "met"),
        ("decide_filing", "open"),
        ("decide_filing", "superseded"),
    ]
    assert state_of(history) is State.DISPUTED


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.DISPUTED, "objection.pending"),
        (State.REFERRED, "objection.pending"),
        (State.DESIGNATED, "objection.designated"),
        (State.FILED, "objection.after_filing"),
        (State.DECLINED, "step.not_allowed"),
        (State.CLOSED, "step.not_allowed"),
        (State.WITHDRAWN, "step.not_allowed"),
    ],
)
def test_an_objection_is_refused_where_it_comes_too_late(state: State, code: str) -> None:
    history = in_state(state)
    before = history.opened
    assert refusal_of(history.send("objection", HANDLER)) == code
    assert history.opened == before


def test_only_the_receiver_objects_and_only_to_what_it_was_sent() -> None:
    history = in_state(State.RECEIVED)
    before = history.opened
    assert refusal_of(history.send("objection", SENDER)) == "reply.not_asked"
    assert refusal_of(history.send("objection", STRANGER)) == "case.unknown"
    unknown = history.send("objection", HANDLER, numbers=[1, 7])
    assert refusal_of(unknown) == "filing.number_unknown"
    nobody = history.send("objection", HANDLER, competent="11520203YC0009999X")
    assert refusal_of(nobody) == "organ.unknown"
    elsewhere = {"in_reply_to": "3b0b59d6-7f0e-5b1e-9f8c-0d6a54d8b011"}
    assert refusal_of(history.send("objection", HANDLER, envelope=elsewhere)) == (
        "reply.target_unknown"
    )
    assert history.opened == before


@pytest.mark.guidance("二(二)3·1", "step transfer disputed agree_holder", words="协商解决")
def test_what_one_says_is_no_agreement_until_the_other_says_the_same() -> None:
    history = in_state(State.DISPUTED)
    effects = history.send("negotiation_result", HANDLER, **agreed(HANDLER))
    assert ledger(effects) == [("negotiate", "met")]
    assert delivered_to(effects) == [(SENDER, Relation.COUNTERPART)]
    assert state_of(history) is State.DISPUTED
    effects = history.send("negotiation_result", SENDER, **agreed(HANDLER))
    assert ledger(effects) == [("negotiate", "met"), ("decide_filing", "open")]
    assert state_of(history) is State.RECEIVED
    assert history.opened.handler == organ(HANDLER)
    assert history.opened.dispute is None


@pytest.mark.guidance("二(二)4·1", "duty decide_filing", words="应当及时立案")
def test_clocks_begin_anew_as_duties_of_their_own() -> None:
    history = in_state(State.DISPUTED)
    both_agree(history, HANDLER)
    decisions = [duty for duty in history.opened.duties if duty.kind == "decide_filing"]
    assert [duty.closing for duty in decisions] == [Closing.SUPERSEDED, None]
    assert decisions[1].opened_at == history.at
    assert len({duty.id for duty in history.opened.duties}) == len(history.opened.duties)
    assert ledger(history.send("filing_reply", HANDLER))[0] == ("decide_filing", "met")


def test_a_result_that_differs_from_the_other_s_is_refused_and_may_be_put_right() -> None:
    history = in_state(State.DISPUTED)
    history.send("negotiation_result", HANDLER, **agreed(SENDER))
    before = history.opened
    for differs in (agreed(HANDLER), agreed(SENDER, "2026-10-13")):
        effects = history.send("negotiation_result", SENDER, **differs)
        assert refusal_of(effects) == "negotiation.differs"
    assert history.opened == before
    history.send("negotiation_result", HANDLER, **agreed(HANDLER))  # its own word, taken back
    history.send("negotiation_result", SENDER, **agreed(HANDLER))
    assert state_of(history) is State.RECEIVED


def test_the_sender_that_agrees_to_handle_it_answers_to_the_one_that_objected() -> None:
    history = in_state(State.DISPUTED)
    both_agree(history, SENDER)
    case = history.opened
    assert (case.state, case.handler, case.holders) == (
        State.RECEIVED,
        organ(SENDER),
        (organ(HANDLER),),
    )
    assert owed(case) == {("decide_filing", organ(SENDER))}
    assert refusal_of(history.send("filing_reply", HANDLER)) == "reply.not_asked"
    effects = history.send("filing_reply", SENDER)
    assert delivered_to(effects) == [(HANDLER, Relation.FORMER_HOLDER)]
    assert state_of(history) is State.FILED


def test_a_sender_that_had_filed_goes_on_from_its_filing_date() -> None:
    history = History()
    history.send("case_transfer", SENDER)
    receiver = next(o for o in duties(history.opened))[1]
    alias = next(o.alias for o in history.rulebook.directory.organs.values() if o.code == receiver)
    history.send("objection", alias)
    for side in (alias, SENDER):
        history.send("negotiation_result", side, **agreed(SENDER))
    case = history.opened
    assert case.state is State.FILED
    (duty,) = duties(case).values()
    assert duty.kind == "decide_case"
    assert case.filed_on is not None
    assert duty.due.date() == case.filed_on + timedelta(days=91)


@pytest.mark.guidance("二(二)1·1", "duty reissue", words="应当及时")
def test_an_agreement_on_a_third_organ_is_owed_a_letter_by_the_sender() -> None:
    history = in_state(State.DISPUTED)
    both_agree(history, THIRD)
    case = history.opened
    assert (case.state, case.handler) == (State.DISPUTED, organ(HANDLER))
    assert owed(case) == {("reissue", organ(SENDER))}
    again = history.send("negotiation_result", HANDLER, **FAILED)
    assert refusal_of(again) == "negotiation.settled"


def test_an_organ_that_cannot_handle_is_not_agreed_on() -> None:
    history = in_state(State.DISPUTED)
    effects = history.send("negotiation_result", HANDLER, **agreed(SUPERVISOR))
    assert refusal_of(effects) == "transfer.addressee_cannot_handle"


def test_a_result_without_a_dispute_or_by_another_or_about_another_is_refused() -> None:
    history = in_state(State.RECEIVED)
    assert refusal_of(history.send("negotiation_result", HANDLER)) == "negotiation.no_dispute"
    history = in_state(State.DISPUTED)
    before = history.opened
    wrong = {"in_reply_to": before.opening}
    effects = history.send("negotiation_result", HANDLER, envelope=wrong)
    assert refusal_of(effects) == "reply.target_unknown"
    assert refusal_of(history.send("negotiation_result", STRANGER)) == "case.unknown"
    history.send("negotiation_result", SENDER, **FAILED)
    history.send("designation_request", HANDLER)
    assert refusal_of(history.send("negotiation_result", SUPERIOR)) == "reply.not_asked"


@pytest.mark.guidance("二(二)3·1", "step transfer disputed refer", words="协商不成的")
@pytest.mark.guidance("二(二)3·1", "duty request_designation", words="报请")
def test_a_failure_is_referred_and_the_request_is_drafted_for_the_holder() -> None:
    history = in_state(State.DISPUTED)
    effects = history.send("negotiation_result", SENDER, **FAILED)
    assert state_of(history) is State.REFERRED
    assert ledger(effects) == [
        ("negotiate", "met"),
        ("negotiate", "superseded"),
        ("request_designation", "open"),
    ]
    draft = the(Advise, effects)
    assert (draft.to, draft.code) == (organ(HANDLER), "advice.designation_draft")
    assert draft.explanation is not None
    assert organ(SUPERIOR) in draft.explanation
    assert "岩脚" in draft.explanation
    assert f"移送（{history.opened.document_number}）的" in draft.explanation


def test_a_negotiation_that_runs_out_is_referred_by_the_time_alone() -> None:
    history = in_state(State.DISPUTED)
    due = the_due(history)
    assert history.opened.due_next is not None
    moment = timedelta(milliseconds=1)
    assert all_of(CloseDuty, history.tick(due - moment)) == []
    assert state_of(history) is State.DISPUTED
    effects = history.tick(due)
    assert state_of(history) is State.REFERRED
    assert [(e.duty.kind, e.closing) for e in all_of(CloseDuty, effects)] == [
        ("negotiate", Closing.SUPERSEDED)
    ] * 2
    assert the(OpenDuty, effects).duty.owner == organ(HANDLER)
    assert the(Advise, effects).to == organ(HANDLER)
    assert all_of(Advise, history.tick(due)) == []


def the_due(history: History) -> Any:
    return max(duty.due for duty in duties(history.opened).values())


def test_half_an_agreement_runs_out_too() -> None:
    history = in_state(State.DISPUTED)
    history.send("negotiation_result", HANDLER, **agreed(HANDLER))
    history.tick(the_due(history))
    assert state_of(history) is State.REFERRED


def test_where_nobody_is_above_both_the_supervisor_is_told() -> None:
    history = in_state(State.DISPUTED)
    history.rulebook = without_superiors(history)
    effects = history.send("negotiation_result", HANDLER, **FAILED)
    told = [(note.to, note.code) for note in all_of(Advise, effects)]
    assert told == [
        (organ(HANDLER), "designation.no_superior"),
        (organ(SENDER), "designation.no_superior"),
        (organ(SUPERVISOR), "designation.no_superior"),
    ]
    nobody: dict[str, Any] = {"addressees": []}
    effects = history.send("designation_request", HANDLER, envelope=nobody)
    assert refusal_of(effects) == "designation.no_superior"


def without_superiors(history: History) -> Any:
    rulebook = history.rulebook
    organs = {
        code: found for code, found in rulebook.directory.organs.items() if found.alias != SUPERIOR
    }
    return replace(rulebook, directory=replace(rulebook.directory, organs=organs))


@pytest.mark.parametrize(
    ("handler", "state"),
    [(HANDLER, State.RECEIVED), (SENDER, State.RECEIVED), (THIRD, State.DISPUTED)],
)
def test_a_late_agreement_ends_what_the_superior_owed_and_it_is_told(
    handler: str, state: State
) -> None:
    history = in_state(State.REFERRED)
    history.send("designation_request", HANDLER)
    assert ("designate", organ(SUPERIOR)) in owed(history.opened)
    history.send("negotiation_result", HANDLER, **agreed(handler))
    effects = history.send("negotiation_result", SENDER, **agreed(handler))
    assert state_of(history) is state
    assert (SUPERIOR, Relation.SUPERIOR) in delivered_to(effects)
    assert ("designate", "superseded") in ledger(effects)
    assert "designate" not in {kind for kind, _ in owed(history.opened)}


def test_a_second_failure_while_it_is_referred_changes_no_more() -> None:
    history = in_state(State.REFERRED)
    before = owed(history.opened)
    effects = history.send("negotiation_result", SENDER, **FAILED)
    assert not is_refused(effects)
    assert state_of(history) is State.REFERRED
    assert owed(history.opened) == before


def test_who_calls_it_failed_takes_back_what_it_had_agreed_to() -> None:
    history = in_state(State.DISPUTED)
    history.send("negotiation_result", SENDER, **agreed(HANDLER))
    history.send("negotiation_result", SENDER, **FAILED)
    history.send("negotiation_result", HANDLER, **agreed(HANDLER))
    assert state_of(history) is State.REFERRED
    assert owed(history.opened) == {("request_designation", organ(HANDLER))}
    history.send("negotiation_result", SENDER, **agreed(HANDLER))
    assert state_of(history) is State.RECEIVED


def test_a_disputed_case_is_taken_back_with_the_holder_s_agreement_only() -> None:
    for state in (State.DISPUTED, State.REFERRED):
        history = in_state(state)
        history.send("withdrawal", SENDER)
        assert state_of(history) is state
        asked = {"in_reply_to": list(history.sent)[-1]}
        effects = history.send("withdrawal_answer", HANDLER, envelope=asked)
        assert state_of(history) is State.WITHDRAWN
        assert owed(history.opened) == set()
        assert not is_refused(effects)


def test_the_day_from_which_it_is_handled_is_the_agreement_s() -> None:
    history = in_state(State.DISPUTED)
    history.send("negotiation_result", HANDLER, **agreed(HANDLER, "2026-10-14"))
    dispute = history.opened.dispute
    assert dispute is not None
    assert [stated.handles_from for stated in dispute.stated] == [date(2026, 10, 14)]


def test_a_declined_case_objects_to_nothing_and_a_new_transfer_is_a_new_case() -> None:
    history = in_state(State.RECEIVED)
    history.send("filing_reply", HANDLER, answers=[not_filed()])
    again = History()
    again.at = history.at
    again.count = 10
    again.send("lead_transfer", SENDER, envelope={"document_number": "案移〔2026〕99号"})
    assert again.opened.id != history.opened.id
    assert again.opened.state is State.ISSUED


def test_what_is_to_be_given_back_is_counted_from_the_agreement_whatever_date_stands() -> None:
    history = History()
    receiver = "liuzhi-scjg"
    history.send("case_transfer", SENDER)
    history.send("custody_handover", SENDER, envelope={"addressees": [organ(receiver)]})
    history.send("objection", receiver, competent=organ(THIRD))
    for side in (receiver, SENDER):
        history.send("negotiation_result", side, handler=organ(SENDER))
    assert state_of(history) is State.FILED  # on 9 September, which stands
    due = {kind: duty.due.date() for (kind, _), duty in duties(history.opened).items()}
    assert due["return_custody"] == date(2026, 9, 30)  # at 24:00, five working days from here
    assert due["decide_case"] == date(2026, 12, 9)  # ninety days from the filing


def test_the_sender_that_is_to_handle_it_reports_its_own_stages() -> None:
    history = in_state(State.FILED)
    history.send("case_progress", HANDLER, stage="decided")
    history.send("designation_request", HANDLER, proposed=organ(SENDER))
    both_agree(history, SENDER)
    history.send("filing_reply", SENDER)
    assert not is_refused(history.send("case_progress", SENDER, stage="decided"))
    assert ("decide_case", organ(SENDER)) not in owed(history.opened)


def test_who_sent_the_letter_and_is_none_of_the_two_is_not_agreed_on_without_a_say() -> None:
    history = in_state(State.RECEIVED)
    history.send("designation", SUPERIOR, designee=organ(THIRD))
    history.send("filing_reply", THIRD)
    history.send("designation_request", THIRD, proposed=organ(HANDLER))  # it held it before
    assert history.opened.in_dispute().other == organ(HANDLER)
    effects = history.send("negotiation_result", THIRD, handler=organ(SENDER))
    assert refusal_of(effects) == "transfer.earlier_holder"
    assert not is_refused(history.send("negotiation_result", THIRD, handler=organ(HANDLER)))
