"""Several organs that have the power: whose it is then (domain, section 5; 行政处罚法 25)."""

import pytest

from services.casework.effects import Accept, Advise, Deliver, Reject
from tests.history import SENDER, History, all_of, organ, refusal_of, the, violation
from tests.unit.services.casework.test_transfer import sent_to


def test_where_two_organs_have_the_power_the_sender_must_choose() -> None:
    effects = History().send("lead_transfer", SENDER, violations=[violation(matter="ZR-002")])
    assert refusal_of(effects) == "transfer.choose_addressee"
    assert the(Reject, effects).refusal.detail == "六枝特区农业农村局、六枝特区自然资源局"


@pytest.mark.parametrize(
    ("chosen", "other", "rule"),
    [("liuzhi-zrzy", "liuzhi-nyj", "B-051"), ("liuzhi-nyj", "liuzhi-zrzy", "B-052")],
)
def test_the_chosen_one_handles_by_its_own_rule_and_the_other_is_told(
    chosen: str, other: str, rule: str
) -> None:
    effects = History().send(
        "lead_transfer",
        SENDER,
        violations=[violation(matter="ZR-002")],
        envelope=sent_to(chosen),
    )
    assert the(Deliver, effects).to == organ(chosen)
    assert the(Accept, effects).rule == rule
    advice = the(Advise, effects)
    assert (advice.to, advice.code) == (organ(other), "advice.concurrent")


def test_a_sender_that_has_the_power_too_is_not_told_of_its_own_letter() -> None:
    effects = History().send(
        "lead_transfer",
        "liuzhi-nyj",
        violations=[violation(matter="ZR-002")],
        envelope=sent_to("liuzhi-zrzy"),
    )
    assert the(Deliver, effects).to == organ("liuzhi-zrzy")
    assert all_of(Advise, effects) == []


@pytest.mark.parametrize("addressees", [[], [organ("liuzhi-zrzy")]])
def test_of_two_that_have_the_power_the_one_that_filed_it_first_handles_it(
    addressees: list[str],
) -> None:
    effects = History().send(
        "case_transfer",
        "liuzhi-nyj",
        violations=[violation(matter="ZR-002")],
        envelope={"addressees": addressees},
    )
    assert refusal_of(effects) == "transfer.own_matter"


def test_one_that_filed_it_may_insist_and_the_other_sees_why() -> None:
    effects = History().send(
        "case_transfer",
        "liuzhi-nyj",
        violations=[violation(matter="ZR-002")],
        envelope={**sent_to("liuzhi-zrzy"), "insist_reason": "已与贵局商定由贵局办理"},
    )
    assert the(Deliver, effects).to == organ("liuzhi-zrzy")
    assert "坚持移送六枝特区自然资源局" in (the(Accept, effects).explanation or "")
