"""The demo's documents are judged here by the law itself, without a bus."""

import json
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from stdnum.cn import ric, uscc

from schemas.checks import lawful_form
from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId, derive
from schemas.messages import CaseTransfer, FilingReply, LeadTransfer, Message
from schemas.parts import Flow
from services.casework.case import State
from services.casework.decide import decide
from services.casework.likeness import Mark, marks_of, to_the_letter
from services.casework.steps import Facts
from services.cli.demo_answers import (
    correction,
    filing_reply,
    outcome,
    progress,
    signed_for,
    withdrawal,
)
from services.cli.demo_scenarios import AGENCIES, LATE_DEPARTMENT, SUPERVISOR, Scenario, scenarios
from services.cli.demo_setting import Setting
from services.cli.demo_transfers import credit_code, resident_number, transfer
from services.rulebook.load import bundled, load

AT = datetime(2026, 9, 28, 9, 30, tzinfo=UTC)
SETTING = Setting(load(bundled("demo")), run=1, today=date(2026, 9, 28))
TARGET = Target(MessageId(derive("a")), CaseId(derive("b")), Flow.LEADS)

EXPECTED_CODES = {
    "one_officer": "transfer.officers_too_few",
    "wrong_addressee": "transfer.addressee_not_competent",
    "split_needed": "transfer.split_needed",
    "choose_addressee": "transfer.choose_addressee",
    "own_matter": "transfer.own_matter",
}
HELD = ("held_then_corrected", "stays_held")
RUNS_A_DAY = 12  # of which the demo is shown here to tell apart what it sends


def message_of(document: dict[str, object], alias: str) -> Message | Refusal:
    defaults = EnvelopeDefaults(
        bus=SETTING.rulebook.bus,
        sender=SETTING.organ(alias).code,
        message_id=MessageId(derive("test", alias, json.dumps(document))),
        sent_at=AT,
        targets=lambda _: (TARGET,),
    )
    return read(None, json.dumps(document).encode(), defaults)


def lawful(document: dict[str, object], alias: str) -> Message:
    message = message_of(document, alias)
    assert not isinstance(message, Refusal), message
    assert lawful_form(message) is None
    return message


def decided(scenario: Scenario) -> tuple[State | None, str | None, str | None]:
    """Return (state, refusal's code, handler) as the law sees the transfer on its own."""
    message = message_of(transfer(scenario, SETTING), scenario.sender)
    assert not isinstance(message, Refusal), message
    refusal = lawful_form(message)
    if refusal is not None:
        return None, refusal.code, None
    decision = decide(None, message, Facts(), SETTING.rulebook, AT)
    if decision.case is None:
        return None, decision.effects[0].refusal.code, None  # type: ignore[union-attr] # a Reject
    return decision.case.state, None, decision.case.handler


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda one: f"{one.number}-{one.twist}")
def test_each_transfer_fares_as_its_story_says(scenario: Scenario) -> None:
    state, code, handler = decided(scenario)
    if scenario.twist in EXPECTED_CODES:
        assert code == EXPECTED_CODES[scenario.twist]
    elif scenario.twist in HELD:
        assert state is State.HELD
    else:
        assert (code, state) == (None, State.ISSUED)
        assert handler == SETTING.organ(scenario.receiver).code


def test_a_run_has_sixty_lawful_transfers_of_many_kinds_in_both_directions() -> None:
    lawful_ones = [one for one in scenarios() if one.twist not in EXPECTED_CODES]
    assert len(lawful_ones) >= 60
    assert {one.record for one in lawful_ones} == {"lead_transfer", "case_transfer"}
    assert len({matter for one in lawful_ones for matter in one.matters}) >= 20
    pairs = Counter((one.sender, one.receiver) for one in lawful_ones)
    assert ("yanjiao", "liuzhi-cgj") in pairs
    assert ("liuzhi-cgj", "yanjiao") in pairs
    parties = set(AGENCIES) - {SUPERVISOR}
    assert {one.sender for one in lawful_ones} == parties
    assert {one.receiver for one in lawful_ones} == {*parties, LATE_DEPARTMENT}
    items = [transfer(one, SETTING) for one in lawful_ones]
    assert any(document["disposals"] for document in items)
    assert any(not document["items"] for document in items)


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda one: str(one.number))
def test_what_follows_each_transfer_is_lawful_in_form(scenario: Scenario) -> None:
    target = TARGET.message_id
    lawful(signed_for(scenario, SETTING, target, AT), scenario.receiver)
    lawful(withdrawal(target), scenario.sender)
    lawful(correction(scenario, SETTING, target), scenario.sender)
    declined = scenario.plan == "declined"
    reply = lawful(filing_reply(scenario, SETTING, target, filed=not declined), scenario.receiver)
    assert isinstance(reply, FilingReply)
    assert len(reply.answers or ()) == len(scenario.matters)
    for stage in ("decided", "served", "executed", "concluded"):
        lawful(progress(scenario, SETTING, target, stage), scenario.receiver)
    lawful(outcome(scenario, SETTING, target), scenario.receiver)


@pytest.mark.parametrize(
    ("fault", "code"),
    [("reasons_missing", "filing.reasons_missing"), ("use_objection", "filing.use_objection")],
)
def test_a_reply_with_a_fault_is_refused_by_its_form(fault: str, code: str) -> None:
    scenario = next(one for one in scenarios() if one.twist == fault)
    document = filing_reply(scenario, SETTING, TARGET.message_id, filed=False, fault=fault)
    message = message_of(document, scenario.receiver)
    assert not isinstance(message, Refusal)
    refusal = lawful_form(message)
    assert refusal is not None
    assert refusal.code == code


def test_document_numbers_repeat_neither_in_a_run_nor_in_the_next() -> None:
    later = Setting(SETTING.rulebook, run=2, today=SETTING.today)
    numbers = Counter(
        (one.sender, transfer(one, setting)["envelope"]["document_number"])
        for setting in (SETTING, later)
        for one in scenarios()
        if one.twist != "number_used"
    )
    assert set(numbers.values()) == {1}


def test_the_used_number_is_one_that_the_same_sender_used_before() -> None:
    again = next(one for one in scenarios() if one.twist == "number_used")
    number = transfer(again, SETTING)["envelope"]["document_number"]
    first = next(
        one
        for one in scenarios()
        if transfer(one, SETTING)["envelope"]["document_number"] == number
    )
    assert first is not again
    assert first.sender == again.sender


def test_the_same_scenario_gives_the_same_document() -> None:
    for scenario in scenarios():
        assert transfer(scenario, SETTING) == transfer(scenario, SETTING)


def test_invented_identity_numbers_have_the_right_check_digit_and_no_real_division() -> None:
    number = resident_number(date(1980, 2, 29), 7)
    assert number.startswith("520299")
    assert ric.calc_check_digit(number) == number[-1]


@pytest.mark.parametrize("kind", ["individual_business", "organisation"])
def test_invented_credit_codes_are_valid_and_of_no_real_division(kind: str) -> None:
    number = credit_code(kind, 1_234)
    assert uscc.is_valid(number)
    assert number[2:8] == "520299"


def test_a_persons_sex_is_the_one_that_the_identity_number_says() -> None:
    persons = [
        party
        for one in scenarios()
        for party in transfer(one, SETTING)["parties"]
        if party["kind"] == "person"
    ]
    assert {ric.get_birth_date(each["id_number"]).isoformat() for each in persons} == {
        each["birth_date"] for each in persons
    }
    assert all((each["sex"] == "男") == (int(each["id_number"][16]) % 2 == 1) for each in persons)


def test_no_run_of_a_day_sends_the_same_violation_as_another_which_may_have_declined_it() -> None:
    of_run = [_letter_marks(run) for run in range(1, RUNS_A_DAY + 1)]
    assert all(of_run)
    assert len(set[Mark]().union(*of_run)) == sum(len(marks) for marks in of_run)


def _letter_marks(run: int) -> set[Mark]:
    setting = Setting(SETTING.rulebook, run, SETTING.today)
    found = set[Mark]()
    for one in scenarios():
        message = message_of(transfer(one, setting), one.sender)
        assert isinstance(message, LeadTransfer | CaseTransfer)
        found |= set(to_the_letter(marks_of(message)))
    return found
