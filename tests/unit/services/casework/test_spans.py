"""Each kind of duty in the demo: which message opens it, whose it is, its last day, its card.

The days are counted by hand (domain, section 4): after Monday, 21 September 2026, the working
days are 22, 23, 24, then 中秋, 28, 29, 30, then 国庆, 8, 9, the make-up Saturday 10, 12 to 16,
19 October.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.messages import Rung
from services.casework.case import Duty, Life, State
from services.casework.spans import DUTIES, Owner
from services.casework.transitions import TRANSITIONS, Step
from services.rulebook.model import Length, Unit
from tests.history import (
    FAILED,
    HANDLER,
    PARTICIPANT,
    SENDER,
    SHANGHAI,
    SUPERIOR,
    SUPERVISOR,
    History,
    demo,
    duties,
    is_refused,
    not_filed,
    organ,
    violation,
)

Way = list[tuple[str, str, dict[str, Any]]]
MARKET, THIRD, WATER = "liuzhi-scjg", "liuzhi-jtj", "liuzhi-swj"
LEAD: Way = [("lead_transfer", SENDER, {})]
WITH_AN_ORIGINAL = {"evidence": [{"number": 1, "kind": "documentary", "original": True}]}
RECEIVED: Way = [*LEAD, ("signed_for", HANDLER, {})]
FILED: Way = [*RECEIVED, ("filing_reply", HANDLER, {})]
DISPUTED: Way = [*RECEIVED, ("objection", HANDLER, {})]
REFERRED: Way = [*DISPUTED, ("negotiation_result", HANDLER, FAILED)]
ON_A_THIRD = {"handler": organ(THIRD), "handles_from": "2026-10-12"}
THIRD_AGREED: Way = [
    *DISPUTED,
    ("negotiation_result", HANDLER, ON_A_THIRD),
    ("negotiation_result", SENDER, ON_A_THIRD),
]
CASE: Way = [("case_transfer", SENDER, {})]
LIST: dict[str, Any] = {
    "volumes": 2,
    "pages": 143,
    "items": [{"number": 1, "quantity": "2"}, {"number": 2, "quantity": "1"}],
    "proceeds": "1234.50",
}
HANDED: Way = [
    *CASE,
    ("custody_handover", SENDER, {**LIST, "envelope": {"addressees": [organ(MARKET)]}}),
]
SHORT = {**LIST, "pages": 142, "discrepancies": [{"kind": "pages", "account": "缺第九页"}]}
DECLINES: dict[str, Any] = {"answers": [not_filed()]}
COMPLAINT: Way = [("complaint_forward", SENDER, {})]
DECLINED_COMPLAINT: Way = [*COMPLAINT, ("filing_reply", MARKET, DECLINES)]
JOINT: Way = [("joint_plan", SENDER, {"county_decision_requested": True})]
TO_HANDLER = {"envelope": {"addressees": [organ(HANDLER)], "document_number": "督〔2026〕1号"}}

# kind (and which): the messages, owner, counterpart, last day, yellow card.
OPENED: dict[str, tuple[Way, str, str, str, str]] = {
    "sign_for": (LEAD, HANDLER, SENDER, "09-22", "09-23"),
    "sign_for of many": (JOINT, SUPERIOR, SENDER, "09-22", "09-23"),
    "decide_filing": (RECEIVED, HANDLER, SENDER, "10-08", "10-09"),
    "decide_filing of the market supervision": (
        [*COMPLAINT, ("signed_for", MARKET, {})],
        *(MARKET, SENDER, "10-19", "10-20"),
    ),
    "decide_filing that waits for custody": (
        [*CASE, ("signed_for", MARKET, {})],  # ten working days at most, then fifteen
        *(MARKET, SENDER, "11-02", "11-03"),
    ),
    "decide_filing of all others that waits for custody": (
        [("lead_transfer", SENDER, WITH_AN_ORIGINAL), ("signed_for", HANDLER, {})],
        *(HANDLER, SENDER, "10-21", "10-22"),  # ten working days at most, then seven
    ),
    "decide_case": (FILED, HANDLER, SENDER, "12-20", "12-21"),  # a Sunday: it does not roll
    "outcome_feedback": (
        [*FILED, ("case_progress", HANDLER, {"stage": "concluded"})],
        *(HANDLER, SENDER, "09-29", "09-30"),
    ),
    "handle": (
        [("violation_notice", SENDER, {}), ("signed_for", HANDLER, {})],
        *(HANDLER, SENDER, "10-19", "10-20"),
    ),
    "inform_complainant": (COMPLAINT, SENDER, MARKET, "09-29", "09-30"),
    "complainant_feedback": (DECLINED_COMPLAINT, MARKET, SENDER, "09-29", "09-30"),
    "answer_request": (
        [("information_request", HANDLER, {})],
        *(SENDER, HANDLER, "10-12", "10-13"),
    ),
    "answer_assistance": (
        [("assistance_request", SENDER, {})],
        *(HANDLER, SENDER, "09-24", "09-28"),
    ),
    "assist": (
        [("assistance_request", SENDER, {}), ("assistance_reply", HANDLER, {})],
        *(HANDLER, SENDER, "10-10", "10-12"),  # the day agreed on
    ),
    "answer_withdrawal": (
        [*RECEIVED, ("withdrawal", SENDER, {})],
        *(HANDLER, SENDER, "09-23", "09-24"),
    ),
    "negotiate": (DISPUTED, HANDLER, SENDER, "09-29", "09-30"),
    "negotiate of the other": (DISPUTED, SENDER, HANDLER, "09-29", "09-30"),
    "reissue": (THIRD_AGREED, SENDER, HANDLER, "09-23", "09-24"),
    "request_designation": (REFERRED, HANDLER, SENDER, "09-23", "09-24"),
    "designate": (
        [*REFERRED, ("designation_request", HANDLER, {})],
        *(SUPERIOR, HANDLER, "09-29", "09-30"),
    ),
    "handover": (CASE, SENDER, MARKET, "09-24", "09-28"),
    "custody_check": (HANDED, MARKET, SENDER, "09-23", "09-24"),
    "settle_discrepancy": (
        [*HANDED, ("custody_check", MARKET, SHORT)],
        *(SENDER, MARKET, "09-29", "09-30"),
    ),
    "return_custody": (
        [*HANDED, ("filing_reply", MARKET, DECLINES)],
        *(MARKET, SENDER, "09-29", "09-30"),
    ),
    "answer_joint_plan": (JOINT, PARTICIPANT, SENDER, "09-24", "09-28"),
    "decide_joint_plan": (JOINT, SUPERIOR, SENDER, "09-29", "09-30"),
    # From the end of the plan, 22 October, ten working days.
    "joint_outcome": (JOINT, PARTICIPANT, SENDER, "11-05", "11-06"),
    "answer_supervision": (
        [*FILED, ("supervision_letter", SUPERVISOR, TO_HANDLER)],
        *(HANDLER, SUPERVISOR, "11-20", "11-23"),  # the letter's day
    ),
}


def played(way: Way) -> History:
    history = History()
    for record, by, changes in way:
        if record == "custody_check":
            custody = history.opened.custody
            assert custody is not None
            changes = {**changes, "envelope": {"in_reply_to": custody.message}}  # noqa: PLW2901
        effects = history.send(record, by, **changes)
        assert not is_refused(effects), effects
    return history


def yellow(duty: Duty) -> datetime:
    (at,) = [rung.nominal_at for rung in duty.ladder if rung.rung is Rung.YELLOW]
    return at


def at(day: str, hour: int = 0) -> datetime:
    month, of_month = map(int, day.split("-"))
    return datetime(2026, month, of_month, hour, tzinfo=SHANGHAI)


@pytest.mark.parametrize("which", OPENED)
def test_each_duty_has_its_owner_its_last_day_and_its_card(which: str) -> None:
    way, owner, counterpart, last, card = OPENED[which]
    duty = duties(played(way).opened)[which.split(" ", maxsplit=1)[0], organ(owner)]
    assert duty.counterpart == organ(counterpart)
    assert duty.due == at(last) + timedelta(days=1)  # 24:00
    assert yellow(duty) == at(card, hour=9)


def test_each_kind_that_a_case_opens_is_tested_here() -> None:
    of_a_tick = {"yearly_guidance"}  # no organ's message opens it: test_guidance_year.py
    opened = {which.split(" ", maxsplit=1)[0] for which in OPENED}
    assert opened == set(DUTIES) - of_a_tick


# What a step has before it: a reply counts as signing, and who agrees has said so.
BEFORE: dict[Step, Step] = {
    **dict.fromkeys((Step.FILE, Step.DECLINE), Step.SIGN),
    **dict.fromkeys((step for step in Step if step.value.startswith("agree_")), Step.NEGOTIATE),
}


# A third was agreed on, and the letter to it is owed: nothing more is said of whose it is.
SETTLED = {step for step in Step if step.value.startswith("agree_")} | {Step.NEGOTIATE, Step.REFER}


def is_of(kind: str, life: Life) -> bool:
    """Things and complainants come with transfers only."""
    span = DUTIES[kind]
    with_one = span.complainants is not None or span.owner in (Owner.GIVER, Owner.KEEPER)
    return life in span.lives and (life is Life.TRANSFER or not with_one)


def owed_after(life: Life, owed: frozenset[str], step: Step) -> frozenset[str]:
    left = {kind for kind in owed if step not in DUTIES[kind].closed_by}
    begun = {kind for kind, s in DUTIES.items() if step in s.opened_by and is_of(kind, life)}
    return frozenset(left | begun)


def reached(life: Life) -> set[tuple[State, frozenset[str]]]:
    """Where a case of that life can stand, with the kinds of duties that can be open there."""
    begin = (State.NEW, frozenset[str]())
    found, todo = {begin}, [begin]
    while todo:
        state, owed = todo.pop()
        for step, target in TRANSITIONS[life][state].items():
            if "reissue" in owed and step in SETTLED:
                continue
            before = BEFORE.get(step)
            signed = state is not State.DESIGNATED and before is Step.SIGN
            said = owed if before is None or signed else owed_after(life, owed, before)
            next_one = (target, owed_after(life, said, step))
            if next_one not in found:
                found.add(next_one)
                todo.append(next_one)
    return found


@pytest.mark.parametrize("life", Life)
def test_no_duty_stays_open_for_ever_in_a_case_that_has_come_to_its_end(life: Life) -> None:
    for state, owed in reached(life):
        row = TRANSITIONS[life][state]
        if all(target is state for target in row.values()):
            endless = {kind for kind in owed if not row.keys() & DUTIES[kind].closed_by.keys()}
            assert endless == set()


def test_a_notice_of_a_township_is_signed_for_within_four_hours() -> None:
    duty = duties(played([("violation_notice", SENDER, {})]).opened)["sign_for", organ(HANDLER)]
    assert duty.due == duty.opened_at + timedelta(hours=4)
    first = duty.ladder[0]
    assert (first.rung, first.nominal_at) == (Rung.REMINDER, duty.due - timedelta(hours=1))
    assert yellow(duty) == at("09-22", hour=9)


def test_the_water_department_signs_within_the_demo_s_one_minute() -> None:
    way: Way = [("lead_transfer", SENDER, {"violations": [violation(matter="SW-001")]})]
    duty = duties(played(way).opened)["sign_for", organ(WATER)]
    assert duty.due == duty.opened_at + timedelta(minutes=1)
    assert [(rung.rung, rung.nominal_at - duty.due) for rung in duty.ladder] == [
        (Rung.YELLOW, timedelta(0)),
        (Rung.RED, timedelta(minutes=30)),
        (Rung.SUPERVISION, timedelta(hours=24)),
    ]


def test_the_standard_ladder_is_climbed_at_nine_on_working_days() -> None:
    duty = duties(played(RECEIVED).opened)["decide_filing", organ(HANDLER)]
    assert [(rung.rung, rung.nominal_at) for rung in duty.ladder] == [
        (Rung.REMINDER, at("09-30", hour=9)),  # a working day before 8 October
        (Rung.YELLOW, at("10-09", hour=9)),
        (Rung.RED, at("10-13", hour=9)),  # three working days on, the make-up Saturday is one
        (Rung.SUPERVISION, at("10-22", hour=9)),  # ten after the yellow card
    ]


@pytest.mark.parametrize(
    ("which", "reminded"),
    [("assist", "10-09"), ("answer_supervision", "11-19"), ("decide_case", "12-18")],
)
def test_what_is_due_on_a_day_is_reminded_of_at_nine_a_working_day_before(
    which: str, reminded: str
) -> None:
    way, owner, *_ = OPENED[which]
    first = duties(played(way).opened)[which, organ(owner)].ladder[0]
    assert (first.rung, first.nominal_at) == (Rung.REMINDER, at(reminded, hour=9))


@pytest.mark.parametrize("length", [Length(5, Unit.MINUTES), Length(1, Unit.WORKING_DAYS)])
def test_the_demo_s_ladder_reminds_a_minute_before(length: Length) -> None:
    rules = tuple(
        replace(rule, length=length) if rule.sector == "water" else rule for rule in demo().duties
    )
    history = History(replace(demo(), duties=rules))
    history.send("lead_transfer", SENDER, violations=[violation(matter="SW-001")])
    duty = duties(history.opened)["sign_for", organ(WATER)]
    first = duty.ladder[0]
    assert (first.rung, first.nominal_at) == (Rung.REMINDER, duty.due - timedelta(minutes=1))
