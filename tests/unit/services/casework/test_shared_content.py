"""Guidance 二(一)1 and 3 on the demo rulebook: whom each kind of shared information reaches."""

from datetime import datetime
from typing import Any

import pytest

from services.casework.effects import Deliver, Reject
from tests.history import (
    HANDLER,
    SENDER,
    SHANGHAI,
    SUPERVISOR,
    History,
    all_of,
    organ,
    refusal_of,
    violation,
)

NOBODY_NAMED: dict[str, Any] = {"envelope": {"addressees": []}}
OF_THE_STREET = ["CG-003"]  # 占道经营, a matter of 市容
DEVOLVED = ["CG-002"]  # 堆放物料, every township's
OF_SOME = ["CG-001", "CG-007"]  # the county's; two townships' until 30 June 2026
TOWNSHIPS_OF_THE_COUNTY = 18

# row of audiences.csv, its sentence, the category, its matters, by whom
AUDIENCES = [
    ("AU-01", "二(一)1·1", "legal_texts", None, HANDLER),
    ("AU-03", "二(一)1·6", "discretion_and_procedures", None, HANDLER),
    ("AU-04", "二(一)1·2", "administrative_decisions", DEVOLVED, HANDLER),
    ("AU-05", "二(一)1·3", "inspections", DEVOLVED, HANDLER),
    ("AU-08", "二(一)1·7", "dynamics", DEVOLVED, HANDLER),
    ("AU-06", "二(一)1·4", "penalty_decisions", OF_THE_STREET, SENDER),
    ("AU-07", "二(一)1·5", "statistics", None, SENDER),
    ("AU-09", "二(一)1·8", "complaints", OF_THE_STREET, SENDER),
]


@pytest.mark.parametrize(
    ("rule", "category", "matters", "by"),
    [
        pytest.param(
            rule, category, matters, by, marks=pytest.mark.guidance(sentence, f"audience {rule}")
        )
        for rule, sentence, category, matters, by in AUDIENCES
    ],
)
def test_each_kind_of_information_reaches_those_whom_its_rule_names(
    rule: str, category: str, matters: list[str] | None, by: str
) -> None:
    effects = History().send("copy", by, **NOBODY_NAMED, category=category, matters=matters)
    told = [each.to for each in all_of(Deliver, effects) if each.rule == rule]
    expected = {
        "AU-06": [organ(HANDLER)],
        "AU-07": [organ(SUPERVISOR)],
        "AU-09": [organ(HANDLER)],
    }
    if rule in expected:
        assert told == expected[rule]
    else:
        assert len(told) == TOWNSHIPS_OF_THE_COUNTY


OF_DEVOLVED = ["administrative_decisions", "inspections", "dynamics"]


@pytest.mark.parametrize("category", OF_DEVOLVED)
def test_what_concerns_devolved_matters_reaches_the_townships_that_have_them_and_no_other(
    category: str,
) -> None:
    def told(day: datetime, by: str = HANDLER) -> list[str]:
        history = History(at=day)
        effects = history.send("copy", by, **NOBODY_NAMED, category=category, matters=OF_SOME)
        refused = [effect.refusal.code for effect in all_of(Reject, effects)]
        return refused or [each.to for each in all_of(Deliver, effects)]

    in_june = datetime(2026, 6, 30, 23, tzinfo=SHANGHAI)
    assert told(in_june) == [organ("yanjiao"), organ("langdai")]
    assert told(datetime(2026, 7, 1, tzinfo=SHANGHAI)) == ["copy.no_recipient"]
    assert told(in_june, by="yanjiao") == ["copy.no_recipient"]


def test_what_a_department_tells_about_no_matter_reaches_every_township() -> None:
    effects = History().send("copy", HANDLER, **NOBODY_NAMED, category="dynamics", matters=None)
    assert {each.rule for each in all_of(Deliver, effects)} == {"AU-08"}
    assert len(all_of(Deliver, effects)) == TOWNSHIPS_OF_THE_COUNTY


@pytest.mark.guidance("二(一)3·2", "refusal transfer.own_matter")
def test_a_complaint_about_one_s_own_matter_is_dealt_with_and_not_forwarded() -> None:
    own = [violation(matter="CG-002")]
    assert refusal_of(History().send("complaint_forward", SENDER, violations=own)) == (
        "transfer.own_matter"
    )
