"""Whose is a transfer? The rulebook says; the sender may insist; nobody means held."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from schemas.ids import MessageId, RuleId
from schemas.messages import HoldReason, LeadTransfer
from schemas.parts import Relation
from services.casework.case import State
from services.casework.effects import Accept, Deliver, Hold, OpenDuty, Reject, Release
from services.casework.routing import EXPLAINED_MAX
from services.casework.steps import Facts
from services.rulebook.model import DecidingDate, Rulebook
from tests.history import (
    HANDLER,
    MONDAY,
    SENDER,
    SUPERVISOR,
    History,
    all_of,
    demo,
    held_lead,
    in_state,
    is_refused,
    named,
    organ,
    refusal_of,
    the,
    violation,
)

YANJIAO, MUGANG = "520203102000", "520203103000"


def sent_to(alias: str, **more: Any) -> dict[str, Any]:
    return {"addressees": [organ(alias)], **more}


def test_an_addressee_that_the_rulebook_names_too_is_the_handler() -> None:
    history = History()
    effects = history.send("lead_transfer", SENDER, envelope=sent_to(HANDLER))
    assert the(Deliver, effects).to == organ(HANDLER)
    assert history.opened.handler == organ(HANDLER)


@pytest.mark.guidance(
    "二(二)1·1", "refusal transfer.addressee_not_competent", words="移送有管辖权的一方处理"
)
def test_an_addressee_that_is_not_competent_is_refused_with_the_explanation() -> None:
    effects = History().send("lead_transfer", SENDER, envelope=sent_to("liuzhi-scjg"))
    assert refusal_of(effects) == "transfer.addressee_not_competent"
    assert "F-001" in (the(Reject, effects).refusal.detail or "")


@pytest.mark.parametrize("reason", ["", "  ", "\u200b", "——"])
def test_a_blank_reason_is_none_to_insist_on(reason: str) -> None:
    envelope = sent_to("liuzhi-scjg", insist_reason=reason)
    effects = History().send("lead_transfer", SENDER, envelope=envelope)
    assert refusal_of(effects) == "transfer.addressee_not_competent"


def test_a_sender_that_insists_with_a_reason_is_followed_by_no_rule() -> None:
    history = History()
    envelope = sent_to("liuzhi-scjg", insist_reason="该广告涉及虚假宣传")
    effects = history.send("lead_transfer", SENDER, envelope=envelope)
    assert the(Deliver, effects).to == organ("liuzhi-scjg")
    accept = the(Accept, effects)
    assert (accept.rule, accept.basis) == (None, None)
    assert "F-001" in (accept.explanation or "")
    assert (accept.explanation or "").endswith("坚持移送六枝特区市场监督管理局。")
    assert history.opened.rule is None


@pytest.mark.parametrize("alias", [SUPERVISOR, "liuzhi-gov", "liuzhi-zwj", "lps-scjg"])
def test_nobody_can_insist_on_an_organ_that_handles_no_cases(alias: str) -> None:
    envelope = sent_to(alias, insist_reason="请予办理")
    effects = History().send("lead_transfer", SENDER, envelope=envelope)
    assert refusal_of(effects) == "transfer.addressee_cannot_handle"


def test_nobody_can_insist_on_itself() -> None:
    envelope = sent_to(SENDER, insist_reason="请予办理")
    effects = History().send("lead_transfer", SENDER, envelope=envelope)
    assert refusal_of(effects) == "transfer.to_itself"


@pytest.mark.guidance("二(二)1·1", "refusal transfer.own_matter", words="属于县级行政执法部门管辖")
@pytest.mark.guidance("附件1·4", "refusal transfer.own_matter", words="此案超出本机关管辖范围")
@pytest.mark.guidance("附件2·4", "refusal transfer.own_matter", words="此案超出本机关管辖范围")
def test_a_matter_of_the_sender_s_own_is_not_transferred() -> None:
    effects = History().send("lead_transfer", SENDER, violations=[violation(matter="CG-002")])
    assert refusal_of(effects) == "transfer.own_matter"
    assert "S-062" in (the(Reject, effects).refusal.detail or "")


@pytest.mark.guidance(
    "二(三)3·2", "refusal transfer.split_needed", words="对涉及多个违法行为由有关机关分别管辖的"
)
def test_violations_of_different_organs_are_refused_with_the_split_proposed() -> None:
    effects = History().send(
        "lead_transfer", SENDER, violations=[violation(1), violation(2, matter="SC-001")]
    )
    assert refusal_of(effects) == "transfer.split_needed"
    assert the(Reject, effects).refusal.detail == (
        "1 → 六枝特区综合行政执法局; 2 → 六枝特区市场监督管理局"
    )


def test_the_split_names_together_what_belongs_together() -> None:
    matters = ["CG-001", "SC-001", "CG-003"]
    violations = [violation(number, matter=matter) for number, matter in enumerate(matters, 1)]
    effects = History().send("lead_transfer", SENDER, violations=violations)
    assert the(Reject, effects).refusal.detail == (
        "1, 3 → 六枝特区综合行政执法局; 2 → 六枝特区市场监督管理局"
    )


def test_a_receipt_explains_so_many_violations_and_no_more() -> None:
    days = [f"2026-{month:02}-{of:02}" for month in (6, 7, 8) for of in range(1, 29)]
    violations = [violation(number, act_from=day) for number, day in enumerate(days, 1)]
    effects = History().send("lead_transfer", SENDER, violations=violations)
    assert (the(Accept, effects).explanation or "").count("结论") == EXPLAINED_MAX


def test_violations_of_one_organ_go_together_and_each_rule_is_told() -> None:
    history = History()
    effects = history.send(
        "lead_transfer", SENDER, violations=[violation(1), violation(2, matter="CG-003")]
    )
    accept = the(Accept, effects)
    assert accept.recipients == ((organ(HANDLER), Relation.HANDLER),)
    assert "F-001" in (accept.explanation or "")
    assert "F-003" in (accept.explanation or "")
    assert accept.basis == (
        "《城市市容和环境卫生管理条例》第三十六条；《城市道路管理条例》第四十二条"
    )
    assert [charge.number for charge in history.opened.charges] == [1, 2]


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"place": "520203999000"}, "place.unknown", "violations[1].place"),
        ({"matter": "XX-001"}, "matter.unknown", "violations[1].matter"),
    ],
)
def test_a_place_and_a_matter_are_those_of_the_rulebook(
    changes: dict[str, str], code: str, where: str
) -> None:
    effects = History().send(
        "lead_transfer", SENDER, violations=[violation(1), violation(2, **changes)]
    )
    assert refusal_of(effects) == code
    assert the(Reject, effects).refusal.where == where


# ------------------------------------------------------------------ gap, correction, withdrawal


def test_what_is_nobody_s_is_held_and_sender_and_supervisor_are_told() -> None:
    history = History()
    effects = held_lead(history)
    hold = the(Hold, effects)
    assert (hold.reason, hold.code) == (HoldReason.GAP, "hold.gap")
    assert hold.to == (organ(SENDER), organ(SUPERVISOR))
    assert "Z-053" in (hold.explanation or "")
    assert history.opened.state is State.HELD
    assert (history.opened.handler, history.opened.duties) == (None, ())


def test_a_held_message_of_a_county_without_supervisor_is_told_to_its_sender_alone() -> None:
    rulebook = demo()
    organs = dict(rulebook.directory.organs)
    organs.pop(organ(SUPERVISOR))
    history = History(replace(rulebook, directory=replace(rulebook.directory, organs=organs)))
    assert the(Hold, held_lead(history)).to == (organ(SENDER),)


def test_gap_held_corrected_released_from_the_moment_of_the_correction() -> None:
    history = History()
    held_lead(history)
    correct = history.next("correction", SENDER, corrections=[{"number": 1, "matter": "CG-001"}])
    effects = history.decide(correct)
    opened, correction = history.opened.opening, correct.envelope.message_id
    assert named(effects) == [
        "Release",
        "ChangeState",
        "OpenDuty",
        "Deliver",
        "Accept",
        "Deliver",
        "Accept",
    ]
    assert the(Release, effects) == Release(opened, by=correction)
    assert [effect.message for effect in all_of(Deliver, effects)] == [opened, correction]
    assert {effect.to for effect in all_of(Deliver, effects)} == {organ(HANDLER)}
    assert [effect.message for effect in all_of(Accept, effects)] == [opened, correction]
    assert the(OpenDuty, effects).duty.opened_at == history.at
    assert history.opened.state is State.ISSUED
    assert history.opened.stop is None
    assert history.opened.charges[0].matter == "CG-001"


def test_a_correction_may_name_the_addressee_that_was_meant() -> None:
    history = History()
    held_lead(history)
    effects = history.send(
        "correction",
        SENDER,
        corrections=[{"number": 1, "matter": "ZR-002"}],
        envelope=sent_to("liuzhi-nyj"),
    )
    assert history.opened.handler == organ("liuzhi-nyj")
    assert [effect.to for effect in all_of(Deliver, effects)] == [organ("liuzhi-nyj")] * 2


@pytest.mark.parametrize(
    ("correction", "code"),
    [
        ({"number": 1, "place": MUGANG, "place_text": "木岗镇示例街"}, "correction.still_gap"),
        ({"number": 1, "place": MUGANG}, "correction.still_conflict"),
        ({"number": 2, "matter": "CG-001"}, "filing.number_unknown"),
        ({"number": 1, "matter": "CG-002"}, "transfer.own_matter"),
        ({"number": 1, "matter": "XX-001"}, "matter.unknown"),
    ],
)
def test_a_correction_that_does_not_put_it_right_leaves_it_held(
    correction: dict[str, Any], code: str
) -> None:
    history = History()
    held_lead(history)
    before = history.opened
    assert refusal_of(history.send("correction", SENDER, corrections=[correction])) == code
    assert history.opened == before


def test_only_what_is_held_can_be_corrected() -> None:
    history = in_state(State.ISSUED)
    assert refusal_of(history.send("correction", SENDER)) == "correction.nothing_held"
    foreign = refusal_of(history.send("correction", HANDLER))
    assert foreign == "reply.not_asked"


def test_a_correction_whose_original_is_not_at_hand_is_refused() -> None:
    history = in_state(State.HELD)
    assert refusal_of(history.decide(history.next("correction", SENDER), Facts())) == (
        "correction.nothing_held"
    )


def test_a_held_message_is_withdrawn_without_asking_anybody() -> None:
    history = in_state(State.HELD)
    effects = history.send("withdrawal", SENDER)
    assert named(effects) == ["ChangeState", "Accept"]
    assert history.opened.state is State.WITHDRAWN
    assert history.opened.stop is None


def test_an_issued_one_is_withdrawn_and_its_handler_is_told() -> None:
    history = in_state(State.ISSUED)
    effects = history.send("withdrawal", SENDER)
    assert named(effects) == ["ChangeState", "CloseDuty", "Deliver", "Accept"]
    assert the(Deliver, effects).to == organ(HANDLER)


def test_only_the_sender_withdraws_and_only_the_opening() -> None:
    history = in_state(State.ISSUED)
    assert refusal_of(history.send("withdrawal", HANDLER)) == "reply.not_asked"
    other = history.next("withdrawal", SENDER)
    envelope = replace(other.envelope, in_reply_to=MessageId("0" * 36))
    assert refusal_of(history.decide(replace(other, envelope=envelope))) == "reply.target_unknown"


# ------------------------------------------------- the power returns on 1 July (scenario 3)

# Act on 25 June, found on 3 July, transferred on 5 July; the power of the township over the matter
# ends on 30 June. Whose it is hangs on the date that the transitional clause names.
RETURNS = {
    DecidingDate.ACT: ("CG-007", "S-085"),
    DecidingDate.FOUND: ("CG-008", "S-087"),
    DecidingDate.TRANSFER: ("CG-011", "S-089"),
    DecidingDate.FILED: ("CG-003", "S-083"),
}
FIFTH_OF_JULY = datetime(2026, 7, 5, 2, 0, tzinfo=UTC)


def across_the_return(matter: str, rulebook: Rulebook) -> History:
    history = History(rulebook, at=FIFTH_OF_JULY)
    days: dict[str, Any] = {"act_from": "2026-06-25", "found_on": "2026-07-03"}
    where: dict[str, Any] = {"place": YANJIAO, "place_text": "岩脚镇示例街28号"}
    # Sent by the department: what is still the township's can then be told from what is its own.
    history.send("lead_transfer", HANDLER, violations=[violation(matter=matter, **days, **where)])
    return history


@pytest.mark.parametrize("clause", DecidingDate)
def test_across_the_return_of_a_power_the_transitional_clause_decides(
    clause: DecidingDate,
) -> None:
    matter, rule = RETURNS[clause]
    history = across_the_return(matter, demo())
    if clause is DecidingDate.ACT:  # still the township's: it was when the act was done
        assert history.opened.handler == organ("yanjiao")
        assert history.opened.rule == rule
    else:  # the department's own by now: it must not transfer it
        assert history.case is None


@pytest.mark.parametrize("clause", DecidingDate)
def test_under_each_clause_one_matter_goes_its_own_way_and_the_same_in_2028(
    clause: DecidingDate,
) -> None:
    rulebook = with_clause("S-085", clause)
    history = across_the_return("CG-007", rulebook)
    again = across_the_return("CG-007", rulebook)
    expected = organ("yanjiao") if clause is DecidingDate.ACT else None
    assert (history.case.handler if history.case else None) == expected
    assert again.case == history.case


@pytest.mark.parametrize(("filed_on", "handler"), [("2026-06-29", "yanjiao"), ("2026-07-02", None)])
def test_a_case_filed_before_the_return_stays_where_it_was_filed(
    filed_on: str, handler: str | None
) -> None:
    rulebook = with_clause("S-085", DecidingDate.FILED)
    history = History(rulebook, at=FIFTH_OF_JULY)
    days: dict[str, Any] = {"act_from": "2026-06-25", "found_on": "2026-06-26"}
    violations = [violation(matter="CG-007", place=YANJIAO, **days)]
    effects = history.send("case_transfer", HANDLER, violations=violations, filed_on=filed_on)
    if handler:
        assert history.opened.handler == organ(handler)
    else:
        assert refusal_of(effects) == "transfer.own_matter"


def with_clause(rule_id: str, clause: DecidingDate) -> Rulebook:
    rules = tuple(
        replace(rule, deciding_date=clause) if rule.id == RuleId(rule_id) else rule
        for rule in demo().rules
    )
    return replace(demo(), rules=rules)


def test_a_violation_that_was_acted_on_but_has_no_day_of_finding_is_judged_by_the_act() -> None:
    history = History()
    sent = history.next("lead_transfer", SENDER)
    assert isinstance(sent, LeadTransfer)
    (only,) = sent.violations or ()
    undated = replace(sent, violations=(replace(only, found_on=None, act_from=date(2026, 9, 1)),))
    assert not is_refused(history.decide(undated))
    (charge,) = history.opened.charges
    assert charge.found_on == charge.act_on == date(2026, 9, 1)


def test_what_is_not_dated_at_all_is_nobody_s() -> None:
    history = History(at=MONDAY)
    sent = history.next("lead_transfer", SENDER)
    assert isinstance(sent, LeadTransfer)
    (only,) = sent.violations or ()
    undated = replace(sent, violations=(replace(only, found_on=None, act_from=None),))
    assert the(Hold, history.decide(undated)).reason is HoldReason.GAP
