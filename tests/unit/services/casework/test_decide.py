"""Who may speak in a case, and what every message must stand on."""

from dataclasses import replace
from datetime import date

import pytest

from schemas.ids import BUS, OrganCode
from schemas.messages import Accepted, CaseTransfer, Tick
from schemas.parts import Flow, Officer
from services.casework.case import State
from services.casework.decide import decide
from services.casework.effects import Accept, Deliver, OpenDuty, Reject
from services.casework.steps import Facts
from tests.history import (
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    STRANGER,
    History,
    demo,
    in_state,
    is_refused,
    message,
    named,
    officers,
    organ,
    refusal_of,
    violation,
)


@pytest.mark.guidance("二(二)", "record LeadTransfer")
@pytest.mark.guidance("二(二)1·1", "record LeadTransfer", words="违法线索")
@pytest.mark.guidance("附件·2", "record LeadTransfer")
@pytest.mark.guidance("附件2", "record LeadTransfer")
@pytest.mark.guidance("附件2·1", "record LeadTransfer")
@pytest.mark.guidance("附件2·5", "step transfer new issue", words="现将该线索移送你单位处理")
def test_a_lawful_lead_is_delivered_accepted_and_opens_its_duty() -> None:
    history = History()
    effects = history.send("lead_transfer", SENDER)
    assert named(effects) == ["ChangeState", "OpenDuty", "Deliver", "Accept"]
    deliver, accept = effects[2], effects[3]
    assert isinstance(deliver, Deliver)
    assert isinstance(accept, Accept)
    assert (deliver.to, deliver.author) == (organ(HANDLER), organ(SENDER))
    assert accept.rule == deliver.rule == "F-001"
    assert "第三十六条" in (accept.basis or "")
    assert "F-001" in (accept.explanation or "")
    assert [duty.kind for duty in accept.duties] == ["sign_for"]


def test_the_same_case_message_facts_rulebook_and_time_give_the_same_decision() -> None:
    sent = message("lead_transfer", SENDER, "one")
    first = decide(None, sent, Facts(), demo(), MONDAY)
    assert decide(None, sent, Facts(), demo(), MONDAY) == first


def test_an_unknown_and_a_foreign_case_get_the_same_answer() -> None:
    history = in_state(State.RECEIVED)
    foreign = history.send("case_progress", STRANGER)
    unknown = History()
    sent = message("case_progress", STRANGER, "x", MONDAY, history.case)
    nothing = unknown.decide(sent)
    assert refusal_of(foreign) == refusal_of(nothing) == "case.unknown"
    (rejected,) = foreign
    (also,) = nothing
    assert isinstance(rejected, Reject)
    assert isinstance(also, Reject)
    assert rejected.refusal == also.refusal
    assert unknown.case is None


def test_a_case_whose_opening_was_left_in_the_dead_letters_is_unknown() -> None:
    history = in_state(State.NEW)
    assert refusal_of(history.send("withdrawal", SENDER)) == "case.unknown"


def test_an_organ_that_the_directory_does_not_know_on_that_day_is_refused() -> None:
    sent = message("lead_transfer", SENDER, "one")
    rulebook = demo()
    gone = replace(rulebook.directory.organs[organ(SENDER)], valid_to=date(2026, 9, 20))
    organs = {**rulebook.directory.organs, gone.code: gone}
    later = replace(rulebook, directory=replace(rulebook.directory, organs=organs))
    decision = decide(None, sent, Facts(), later, MONDAY)
    assert refusal_of(decision.effects) == "organ.unknown"
    assert decision.case is None
    assert not is_refused(decide(None, sent, Facts(), rulebook, MONDAY).effects)


def test_an_addressee_that_the_directory_does_not_know_is_refused() -> None:
    sent = message("lead_transfer", SENDER, "one")
    envelope = replace(sent.envelope, addressees=(OrganCode("11520203YC0009999X"),))
    effects = History().decide(replace(sent, envelope=envelope))
    (rejected,) = effects
    assert isinstance(rejected, Reject)
    assert rejected.refusal.code == "organ.unknown"
    assert rejected.refusal.where == "envelope.addressees[0]"


@pytest.mark.guidance("二(二)2·1", "refusal officer.expired", words="行政执法人员")
@pytest.mark.parametrize(
    ("officer", "code"),
    [
        (Officer("周怀瑾", organ(SENDER), "520203991099"), "officer.unknown"),
        (Officer("周某某", organ(SENDER), "520203991041"), "officer.unknown"),
        (Officer("周怀瑾", organ(SENDER), None), "officer.unknown"),
        (Officer("蒋旧证", organ(SENDER), "520203991044"), "officer.expired"),
    ],
    ids=["no such certificate", "another's name", "no certificate", "expired in March"],
)
def test_an_officer_must_be_registered_by_name_and_certificate_and_valid(
    officer: Officer, code: str
) -> None:
    sent = message("lead_transfer", SENDER, "one")
    first = (sent.envelope.officers or ())[0]
    envelope = replace(sent.envelope, officers=(first, officer))
    effects = History().decide(replace(sent, envelope=envelope))
    (rejected,) = effects
    assert isinstance(rejected, Reject)
    assert rejected.refusal.code == code
    assert rejected.refusal.where == "envelope.officers[1]"


@pytest.mark.guidance("二(二)2·1", "refusal officer.unknown", words="行政执法人员")
def test_an_officer_of_another_organ_is_unknown_here() -> None:
    changes = {"envelope": {"officers": officers(organ(HANDLER))}}
    assert refusal_of(History().send("lead_transfer", SENDER, **changes)) == "officer.unknown"


@pytest.mark.guidance("附件1·2", "refusal document_number.used", words="号")
def test_a_document_number_that_stands_on_another_message_is_refused() -> None:
    sent = message("lead_transfer", SENDER, "one")
    effects = History().decide(sent, Facts(number_taken=True))
    assert refusal_of(effects) == "document_number.used"
    assert not is_refused(History().decide(sent, Facts(number_taken=False)))


def test_a_case_cannot_be_opened_a_second_time() -> None:
    history = in_state(State.ISSUED)
    before = history.opened
    other = message("lead_transfer", SENDER, "another")
    envelope = replace(other.envelope, case_id=before.id)
    assert refusal_of(history.decide(replace(other, envelope=envelope))) == "case.already_open"
    assert history.opened == before


def test_another_organ_under_the_opening_s_own_id_does_not_enter_the_case() -> None:
    for state in (State.HELD, State.ISSUED):
        history = in_state(state)
        before = history.opened
        other = message("lead_transfer", STRANGER, "another")
        envelope = replace(other.envelope, case_id=before.id, message_id=before.opening)
        assert refusal_of(history.decide(replace(other, envelope=envelope))) == "case.already_open"
        assert history.opened == before


def test_the_opening_itself_again_changes_nothing() -> None:
    history = in_state(State.ISSUED)
    before = history.opened
    assert refusal_of(history.decide(history.sent[before.opening])) == "step.not_allowed"
    assert history.opened == before


def test_the_opening_again_with_nobody_competent_changes_nothing() -> None:
    history = in_state(State.ISSUED)
    before = history.opened
    held = message("lead_transfer", SENDER, "g", violations=[violation(matter=NOBODYS)])
    envelope = replace(held.envelope, case_id=before.id, message_id=before.opening)
    assert refusal_of(history.decide(replace(held, envelope=envelope))) == "step.not_allowed"
    assert history.opened == before


def test_a_case_stays_on_the_flow_that_opened_it() -> None:
    history = in_state(State.ISSUED)
    before = history.opened
    reply = history.next("signed_for", HANDLER)
    elsewhere = replace(reply, envelope=replace(reply.envelope, flow=Flow.TRANSFERS))
    assert refusal_of(history.decide(elsewhere)) == "message.misrouted"
    assert history.opened == before
    assert not is_refused(history.decide(reply))


def test_a_stranger_on_another_flow_learns_nothing_of_the_case() -> None:
    history = in_state(State.ISSUED)
    reply = history.next("signed_for", STRANGER)
    elsewhere = replace(reply, envelope=replace(reply.envelope, flow=Flow.TRANSFERS))
    assert refusal_of(history.decide(elsewhere)) == "case.unknown"


def test_a_record_of_the_bus_from_an_organ_is_refused() -> None:
    history = in_state(State.ISSUED)
    before = history.opened
    told = history.next("signed_for", HANDLER)
    forged = Accepted(replace(told.envelope, record="Accepted"))
    assert refusal_of(history.decide(forged)) == "message.bus_only"
    assert history.opened == before


def test_a_tick_without_a_case_does_nothing() -> None:
    sent = message("lead_transfer", SENDER, "one")
    envelope = replace(sent.envelope, record="Tick", sender=BUS)
    decision = decide(None, Tick(envelope, "leads", 0), Facts(), demo(), MONDAY)
    assert decision.case is None
    assert decision.effects == ()


@pytest.mark.guidance("二(二)1·1", "record CaseTransfer", words="立案查处的案件")
@pytest.mark.guidance("附件·1", "record CaseTransfer")
@pytest.mark.guidance("附件1", "record CaseTransfer")
@pytest.mark.guidance("附件1·1", "record CaseTransfer")
@pytest.mark.guidance("附件1·5", "step transfer new issue", words="现将该案移送你单位处理")
@pytest.mark.guidance("二(二)1", "record CaseTransfer")
def test_a_case_transfer_keeps_the_day_on_which_its_sender_filed() -> None:
    history = History()
    effects = history.send("case_transfer", SENDER)
    filed_on = next(iter(history.sent.values()))
    assert isinstance(filed_on, CaseTransfer)
    assert history.opened.filed_on == filed_on.filed_on
    assert any(isinstance(effect, OpenDuty) for effect in effects)
