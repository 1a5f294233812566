"""Several organs that have the power: whose it is then (domain, section 5; 行政处罚法 25)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from schemas.ids import MatterCode
from schemas.messages import CaseTransfer
from services.casework.case import Charge
from services.casework.effects import Accept, Advise, Deliver, Reject
from services.casework.routing import Competent, resolve
from services.casework.steps import Facts, Situation
from tests.history import SENDER, History, all_of, demo, organ, refusal_of, the, violation
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


@pytest.mark.parametrize("reason", [None, "\u200b"])
@pytest.mark.parametrize("addressees", [[], [organ("liuzhi-zrzy")]])
def test_of_two_that_have_the_power_the_one_that_filed_it_first_handles_it(
    addressees: list[str], reason: str | None
) -> None:
    effects = History().send(
        "case_transfer",
        "liuzhi-nyj",
        violations=[violation(matter="ZR-002")],
        envelope={"addressees": addressees, "insist_reason": reason},
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


DAYS: dict[str, tuple[dict[str, Any], str]] = {
    "one day": ({"act_from": "2026-09-01"}, "违法行为发生日为2026-09-01"),
    "from a day to the same": (
        {"act_from": "2026-09-01", "act_to": "2026-09-01"},
        "违法行为发生日为2026-09-01",
    ),
    "from a day to another": (
        {"act_from": "2026-09-01", "act_to": "2026-09-02"},
        "违法行为起始日为2026-09-01",
    ),
    "going on": ({"act_from": "2026-09-01", "continuing": True}, "违法行为起始日为2026-09-01"),
    "not told": ({}, "违法行为发生日（未载明，按发现日）为2026-09-03"),
}
BLANK = {"act_from": None, "act_to": None, "continuing": None, "found_on": "2026-09-03"}


@pytest.mark.parametrize("case", DAYS)
def test_the_explanation_states_the_day_of_the_act_as_the_letter_has_it(case: str) -> None:
    days, words = DAYS[case]
    told = violation(matter="SW-001", **{**BLANK, **days})
    accept = the(Accept, History().send("lead_transfer", SENDER, violations=[told]))
    assert words in (accept.explanation or "")


SENT_ON: dict[str, dict[str, Any]] = {
    "a day of its own": {"act_from": date(2026, 9, 1)},
    "no day": {"act_from": None},
    "another number": {"number": 2},
}


@pytest.mark.parametrize("case", SENT_ON)
def test_of_a_letter_that_is_sent_on_the_first_one_s_day_is_stated(case: str) -> None:
    """The dates by which a case is anybody's are those of the letter that opened it."""
    days = SENT_ON[case]
    history = History()
    sent = history.next("case_transfer", SENDER)
    assert isinstance(sent, CaseTransfer)
    (only,) = sent.violations or ()
    told = replace(sent, violations=(replace(only, act_to=None, found_on=None, **days),))
    on, found_on = date(2026, 9, 2), date(2026, 9, 3)
    charge = Charge(1, MatterCode("SW-001"), only.place, on, found_on)
    found = resolve((charge,), told, Situation(demo(), Facts(), history.at), {})
    assert isinstance(found, Competent)
    assert "违法行为发生日为2026-09-02" in found.explanation
