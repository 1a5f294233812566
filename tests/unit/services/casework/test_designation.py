"""报请指定管辖, 指定管辖 and further letters in a case (guidance 二(二)3, 行政处罚法 25)."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.parts import Relation
from services.casework.case import State
from services.casework.effects import Advise
from services.rulebook.model import OrganType, Rulebook
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    STRANGER,
    SUPERIOR,
    History,
    delivered_to,
    demo,
    duties,
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

THIRD, FOURTH = "liuzhi-jtj", "liuzhi-swj"


def with_policy(**changes: Any) -> Rulebook:
    return replace(demo(), disputes=replace(demo().disputes, **changes))


def designate(history: History, designee: str, **changes: Any) -> Any:
    return history.send("designation", SUPERIOR, designee=organ(designee), **changes)


def reissued() -> History:
    """Both agreed on a third organ, and the sender wrote to it."""
    history = in_state(State.DISPUTED)
    agreed = {"handler": organ(THIRD), "handles_from": "2026-10-12"}
    for side in (HANDLER, SENDER):
        history.send("negotiation_result", side, **agreed)
    effects = history.send("lead_transfer", SENDER, **letter(THIRD))
    assert not is_refused(effects), effects
    return history


def letter(to: str, number: str = "案移〔2026〕31号") -> dict[str, Any]:
    return {"envelope": {"addressees": [organ(to)], "document_number": number}}


@pytest.mark.guidance("二(二)3·1", "record DesignationRequest", words="报请共同的上一级行政机关")
def test_the_request_puts_the_dispute_and_the_letter_before_the_superior() -> None:
    history = in_state(State.REFERRED)
    effects = history.send("designation_request", HANDLER)
    assert ledger(effects) == [("request_designation", "met"), ("designate", "open")]
    assert delivered_to(effects) == [
        (SUPERIOR, Relation.SUPERIOR),
        (SUPERIOR, Relation.SUPERIOR),
        (SENDER, Relation.COUNTERPART),
    ]
    assert state_of(history) is State.REFERRED
    assert refusal_of(history.send("designation_request", HANDLER)) == "designation.pending"


@pytest.mark.guidance(
    "二(二)3·1", "refusal designation.not_the_superior", words="共同的上一级行政机关"
)
def test_who_may_not_ask_or_asks_the_wrong_one_is_refused() -> None:
    history = in_state(State.REFERRED)
    before = history.opened
    assert refusal_of(history.send("designation_request", SENDER)) == "reply.not_asked"
    other = {"addressees": [organ("lps-gov")]}
    effects = history.send("designation_request", HANDLER, envelope=other)
    assert refusal_of(effects) == "designation.not_the_superior"
    wrong = {"in_reply_to": "3b0b59d6-7f0e-5b1e-9f8c-0d6a54d8b011"}
    effects = history.send("designation_request", HANDLER, envelope=wrong)
    assert refusal_of(effects) == "reply.target_unknown"
    assert history.opened == before
    history = in_state(State.DISPUTED)
    effects = history.send("designation_request", HANDLER)
    assert refusal_of(effects) == "designation.not_referred"


@pytest.mark.parametrize("state", [State.ISSUED, State.RECEIVED, State.DISPUTED, State.REFERRED])
def test_the_superior_designates_of_its_own_motion_while_nobody_has_filed(state: State) -> None:
    history = in_state(state)
    effects = designate(history, THIRD)
    case = history.opened
    assert (case.state, case.handler) == (State.DESIGNATED, organ(THIRD))
    assert set(duties(case)) == {("sign_for", organ(THIRD))}
    delivered = delivered_to(effects)
    assert delivered[:2] == [(THIRD, Relation.DESIGNEE)] * 2  # the decision, and the letter
    assert {alias for alias, _ in delivered} == {THIRD, HANDLER, SENDER}
    assert all(closing in ("superseded", "open") for _, closing in ledger(effects))


@pytest.mark.parametrize(
    "state",
    [State.DESIGNATED, State.FILED, State.DECLINED, State.CLOSED, State.WITHDRAWN],
)
def test_it_does_not_designate_again_nor_after_filing(state: State) -> None:
    history = in_state(state)
    before = history.opened
    assert refusal_of(designate(history, THIRD)) == "step.not_allowed"
    assert history.opened == before


def test_to_all_but_the_common_superior_the_case_does_not_exist() -> None:
    history = in_state(State.REFERRED)
    before = history.opened
    for stranger in (STRANGER, "lps-gov", HANDLER, SENDER, "liuzhi-sfj"):
        effects = history.send("designation", stranger, designee=organ(THIRD))
        assert refusal_of(effects) == "case.unknown"
    assert history.opened == before
    assert refusal_of(designate(history, "liuzhi-sfj")) == "designation.cannot_handle"
    wrong = {"in_reply_to": "3b0b59d6-7f0e-5b1e-9f8c-0d6a54d8b011"}
    assert refusal_of(designate(history, THIRD, envelope=wrong)) == "reply.target_unknown"
    held = in_state(State.HELD)
    assert refusal_of(designate(held, THIRD)) == "case.unknown"


@pytest.mark.guidance("二(二)3·1", "record Designation", words="指定管辖")
@pytest.mark.guidance("二(二)3·1", "duty designate", words="指定管辖")
def test_a_designation_on_request_meets_the_superior_s_duty() -> None:
    history = in_state(State.REFERRED)
    history.send("designation_request", HANDLER)
    effects = designate(history, SENDER)
    assert ("designate", "met") in ledger(effects)
    assert history.opened.handler == organ(SENDER)
    assert delivered_to(effects) == [
        (SENDER, Relation.DESIGNEE),
        (HANDLER, Relation.FORMER_HOLDER),
    ]
    effects = history.send("filing_reply", SENDER)
    assert delivered_to(effects) == [(HANDLER, Relation.FORMER_HOLDER)]


@pytest.mark.guidance("二(二)4·1", "step transfer designated file", words="在明确案件由其管辖后")
def test_the_designee_signs_for_the_designation_and_its_clocks_begin() -> None:
    history = in_state(State.DESIGNATED)
    dispute = history.opened.dispute
    assert dispute is not None
    signed = {"in_reply_to": dispute.designation}
    effects = history.send("signed_for", HANDLER, envelope=signed)
    assert ledger(effects) == [("sign_for", "met"), ("decide_filing", "open")]
    assert state_of(history) is State.DESIGNATED
    effects = history.send("filing_reply", HANDLER, envelope=signed)
    assert ledger(effects) == [("decide_filing", "met"), ("decide_case", "open")]
    assert state_of(history) is State.FILED


def test_a_designee_s_reply_counts_as_its_signing() -> None:
    history = in_state(State.DESIGNATED)
    effects = history.send("filing_reply", HANDLER)
    assert ledger(effects) == [
        ("sign_for", "met"),
        ("decide_filing", "open"),
        ("decide_filing", "met"),
        ("decide_case", "open"),
    ]


def test_a_designee_declines_on_substantive_grounds_and_the_superior_sees_it() -> None:
    history = in_state(State.DESIGNATED)
    before = history.opened
    formal = {**not_filed(), "ground": "already_handled"}
    effects = history.send("filing_reply", HANDLER, answers=[formal])
    assert refusal_of(effects) == "filing.designee_ground"
    assert history.opened == before
    effects = history.send("filing_reply", HANDLER, answers=[not_filed()])
    assert state_of(history) is State.DECLINED
    assert delivered_to(effects) == [(SUPERIOR, Relation.SUPERIOR), (SENDER, Relation.SENDER)]


def test_scenario_5_the_objector_is_designated_and_may_not_object_nor_send_it_on() -> None:
    history = in_state(State.RECEIVED)
    history.send("objection", HANDLER)
    retransfer = history.send("lead_transfer", HANDLER, **letter(THIRD))
    assert refusal_of(retransfer) == "transfer.by_the_objector"
    history.send("negotiation_result", HANDLER, **FAILED)
    history.send("designation_request", HANDLER)
    designate(history, HANDLER)
    before = history.opened
    assert refusal_of(history.send("objection", HANDLER)) == "objection.designated"
    again = history.send("lead_transfer", HANDLER, **letter(THIRD, "案移〔2026〕32号"))
    assert refusal_of(again) == "transfer.by_the_objector"
    assert history.opened == before
    assert set(duties(before)) == {("sign_for", organ(HANDLER))}
    history.send("filing_reply", HANDLER)
    assert state_of(history) is State.FILED


def test_the_letter_to_the_third_goes_on_in_the_same_case_a_hop_further() -> None:
    history = reissued()
    case = history.opened
    assert (case.state, case.handler, case.hop) == (State.ISSUED, organ(THIRD), 2)
    assert case.holders == (organ(HANDLER),)
    assert set(duties(case)) == {("sign_for", organ(THIRD))}
    assert refusal_of(history.send("filing_reply", HANDLER)) == "reply.not_asked"
    effects = history.send("filing_reply", THIRD)
    assert delivered_to(effects) == [(SENDER, Relation.SENDER)]
    assert state_of(history) is State.FILED


def test_a_letter_that_nobody_owes_or_to_another_or_of_others_is_refused() -> None:
    history = in_state(State.ISSUED)
    assert refusal_of(history.send("lead_transfer", SENDER, **letter(THIRD))) == (
        "transfer.already_sent"
    )
    history = in_state(State.DECLINED)
    assert refusal_of(history.send("lead_transfer", SENDER, **letter(THIRD))) == (
        "transfer.declined_is_over"
    )
    history = in_state(State.DISPUTED)
    for side in (HANDLER, SENDER):
        agreed = {"handler": organ(THIRD), "handles_from": "2026-10-12"}
        history.send("negotiation_result", side, **agreed)
    before = history.opened
    other = history.send("lead_transfer", SENDER, **letter(FOURTH))
    assert refusal_of(other) == "transfer.not_the_third"
    wrong = {"in_reply_to": "3b0b59d6-7f0e-5b1e-9f8c-0d6a54d8b011"}
    lost = merged_letter(wrong)
    assert refusal_of(history.send("lead_transfer", SENDER, **lost)) == "reply.target_unknown"
    others = history.send(
        "complaint_forward",
        SENDER,
        **letter(THIRD),
        violations=[violation(number) for number in (1, 2, 3)],
    )
    assert refusal_of(others) == "transfer.other_numbers"
    assert history.opened == before


def merged_letter(changes: dict[str, Any]) -> dict[str, Any]:
    return {"envelope": {**letter(THIRD)["envelope"], **changes}}


def test_a_third_may_object_and_beyond_the_last_hop_it_is_referred_at_once() -> None:
    history = reissued()
    history.rulebook = with_policy(hops_max=2)
    effects = history.send("objection", THIRD)
    assert state_of(history) is State.REFERRED
    assert ("request_designation", "open") in ledger(effects)
    assert [duty[1] for duty in duties(history.opened)] == [organ(THIRD)]
    first, draft = history.opened.document_number, the(Advise, effects).explanation
    assert first is not None
    assert first not in str(draft)  # it is about the letter to the third, which has another number
    history = reissued()
    history.send("objection", THIRD)
    assert state_of(history) is State.DISPUTED


def test_where_the_policy_allows_it_an_objector_sends_it_on_but_never_back() -> None:
    history = in_state(State.DISPUTED)
    history.rulebook = with_policy(retransfer_by_objector=True)
    insists = {**letter(THIRD)["envelope"], "insist_reason": "位于公路用地范围"}
    effects = history.send("lead_transfer", HANDLER, envelope=insists)
    assert not is_refused(effects), effects
    assert (history.opened.state, history.opened.handler) == (State.ISSUED, organ(THIRD))
    history = in_state(State.DISPUTED)
    history.rulebook = with_policy(retransfer_by_objector=True)
    back = {**letter(SENDER)["envelope"], "insist_reason": "退回"}
    effects = history.send("lead_transfer", HANDLER, envelope=back)
    assert refusal_of(effects) == "transfer.earlier_holder"


def onward(to: str) -> dict[str, Any]:
    return {
        "violations": [violation()],
        "envelope": {
            "addressees": [organ(to)],
            "document_number": "案移〔2026〕41号",
            "insist_reason": "立案后查明属该机关管辖",
        },
    }


@pytest.mark.guidance("二(二)1·1", "step transfer filed transfer_on", words="发现立案查处的案件")
def test_a_filed_handler_without_power_sends_it_on_by_a_case_transfer() -> None:
    history = in_state(State.FILED)
    effects = history.send("case_transfer", HANDLER, **onward(THIRD))
    assert not is_refused(effects), effects
    case = history.opened
    assert (case.state, case.handler, case.hop) == (State.ISSUED, organ(THIRD), 2)
    assert ledger(effects) == [
        ("decide_case", "superseded"),
        ("sign_for", "open"),
        ("handover", "open"),
    ]
    assert delivered_to(effects) == [(THIRD, Relation.HANDLER), (SENDER, Relation.SENDER)]
    effects = history.send("filing_reply", THIRD)
    assert delivered_to(effects) == [(HANDLER, Relation.SENDER), (SENDER, Relation.SENDER)]
    effects = history.send("outcome_feedback", THIRD)
    assert delivered_to(effects) == [(HANDLER, Relation.SENDER), (SENDER, Relation.SENDER)]


@pytest.mark.parametrize("by", ["a letter", "a designation"])
def test_who_gets_a_case_that_another_had_decided_reports_its_own_stages(by: str) -> None:
    history = in_state(State.FILED)
    for stage in ("decided", "served"):
        assert not is_refused(history.send("case_progress", HANDLER, stage=stage))
    if by == "a letter":
        history.send("case_transfer", HANDLER, **onward(THIRD))
    else:
        history.send("designation_request", HANDLER, proposed=organ(THIRD))
        designate(history, THIRD)
    history.send("filing_reply", THIRD)
    assert not is_refused(history.send("case_progress", THIRD, stage="decided"))
    assert history.opened.stages == ("decided",)


def test_an_onward_letter_that_is_agreed_back_stands_as_it_was_filed() -> None:
    history = in_state(State.FILED)
    history.send("case_transfer", HANDLER, **onward(THIRD))
    history.send("objection", THIRD)
    agreed = {"handler": organ(HANDLER), "handles_from": "2026-10-12"}
    for side in (THIRD, HANDLER):
        history.send("negotiation_result", side, **agreed)
    case = history.opened
    assert (case.state, case.handler) == (State.FILED, organ(HANDLER))
    assert set(duties(case)) == {("decide_case", organ(HANDLER))}


def test_a_filed_case_goes_to_an_earlier_holder_by_a_designation_only() -> None:
    history = in_state(State.FILED)
    before = history.opened
    effects = history.send("case_transfer", HANDLER, **onward(SENDER))
    assert refusal_of(effects) == "transfer.earlier_holder"
    lead = history.send("lead_transfer", HANDLER, **letter(THIRD))
    assert refusal_of(lead) == "transfer.filed_is_a_case"
    assert refusal_of(history.send("case_transfer", SENDER, **onward(THIRD))) == ("reply.not_asked")
    assert history.opened == before
    effects = history.send("designation_request", HANDLER, proposed=organ(SENDER))
    assert state_of(history) is State.REFERRED
    assert ledger(effects) == [
        ("request_designation", "open"),
        ("request_designation", "met"),
        ("designate", "open"),
    ]
    designate(history, SENDER)
    assert history.opened.handler == organ(SENDER)
    assert set(duties(history.opened)) == {("sign_for", organ(SENDER))}


def test_an_onward_letter_about_nobody_s_matter_is_refused() -> None:
    history = in_state(State.FILED)
    rules = tuple(rule for rule in demo().rules if rule.competent != "kind:urban_management")
    history.rulebook = replace(demo(), rules=rules)
    effects = history.send("case_transfer", HANDLER, **onward(THIRD))
    assert refusal_of(effects) == "transfer.onward_unsettled"


def test_where_the_proposed_never_held_it_the_dispute_is_with_who_sent_it() -> None:
    history = in_state(State.FILED)
    history.send("designation_request", HANDLER, proposed=organ(FOURTH))
    dispute = history.opened.dispute
    assert dispute is not None
    assert (dispute.holder, dispute.other) == (organ(HANDLER), organ(SENDER))


def test_a_third_that_has_ended_since_it_was_agreed_on_is_sent_no_letter() -> None:
    history = in_state(State.DISPUTED)
    agreed = {"handler": organ(THIRD), "handles_from": "2026-10-12"}
    for side in (HANDLER, SENDER):
        history.send("negotiation_result", side, **agreed)
    before = history.opened
    organs = dict(demo().directory.organs)
    organs[organ(THIRD)] = replace(organs[organ(THIRD)], type=OrganType.OTHER_DEPARTMENT)
    directory = replace(demo().directory, organs=organs)
    history.rulebook = replace(demo(), directory=directory)
    effects = history.send("lead_transfer", SENDER, **letter(THIRD))
    assert refusal_of(effects) == "transfer.addressee_cannot_handle"
    assert history.opened == before


def test_an_onward_letter_to_whom_the_rulebook_does_not_name_needs_a_reason() -> None:
    history = in_state(State.FILED)
    unnamed = {"addressees": [organ(THIRD)], "document_number": "案移〔2026〕41号"}
    effects = history.send("case_transfer", HANDLER, envelope=unnamed, violations=[violation()])
    assert refusal_of(effects) == "transfer.addressee_not_competent"


def test_who_sent_it_on_hears_that_it_was_signed_for() -> None:
    history = in_state(State.FILED)
    history.send("case_transfer", HANDLER, **onward(THIRD))
    assert delivered_to(history.send("signed_for", THIRD)) == [(HANDLER, Relation.SENDER)]
