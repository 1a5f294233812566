"""分别立案: part of a transfer is objected to and goes on in a child case (guidance 二(三)3)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schemas.disputes import CaseSplit
from schemas.parts import Relation
from services.casework.case import State
from services.casework.effects import Accept, Advise, Effect, Reject, Write
from services.casework.splitting import children_of
from tests.history import (
    FAILED,
    HANDLER,
    SENDER,
    SUPERIOR,
    History,
    delivered_to,
    demo,
    duties,
    filed,
    is_refused,
    ledger,
    organ,
    refusal_of,
    state_of,
    the,
    violation,
)


def three() -> History:
    """A lead with three violations, signed for."""
    history = History()
    history.send("lead_transfer", SENDER, violations=[violation(number) for number in (1, 2, 3)])
    history.send("signed_for", HANDLER)
    return history


def child_of(history: History, effects: tuple[Effect, ...], **policy: int) -> History:
    """The child case, as the bus's message makes it when it comes."""
    record = the(Write, effects).record
    child = History(at=history.at + timedelta(seconds=3), count=100)
    if policy:
        child.rulebook = replace(demo(), disputes=replace(demo().disputes, **policy))  # type: ignore[arg-type] # hops_max
    assert not is_refused(child.decide(record))
    return child


@pytest.mark.guidance("二(三)3·2", "step transfer received split", words="应当分别立案")
def test_scenario_14_one_of_three_is_objected_to_and_two_are_filed() -> None:
    history = three()
    effects = history.send("objection", HANDLER, numbers=[2])
    assert state_of(history) is State.RECEIVED
    assert [charge.number for charge in history.opened.charges] == [1, 3]
    assert ledger(effects) == []  # the clock for what is left runs on
    assert delivered_to(effects) == [(SENDER, Relation.COUNTERPART)]
    all_three = history.send("filing_reply", HANDLER, answers=[filed(n) for n in (1, 2, 3)])
    assert refusal_of(all_three) == "filing.number_unknown"
    history.send("filing_reply", HANDLER, answers=[filed(1), filed(3)])
    assert state_of(history) is State.FILED
    child = child_of(history, effects)
    assert state_of(child) is State.DISPUTED
    assert [charge.number for charge in child.opened.charges] == [2]
    child.send("negotiation_result", HANDLER, **FAILED)
    child.send("designation_request", HANDLER)
    effects = child.send("designation", SUPERIOR, designee=organ("liuzhi-jtj"))
    assert ("liuzhi-jtj", Relation.DESIGNEE) in delivered_to(effects)
    assert child.opened.handler == organ("liuzhi-jtj")


def test_the_child_begins_with_its_parent_s_letter_and_the_objection_s_time() -> None:
    history = three()
    effects = history.send("objection", HANDLER, numbers=[1, 3])
    objected_at = history.at
    child = child_of(history, effects)
    case = child.opened
    assert case.parent == history.opened.id
    assert case.id != case.parent
    assert case.current == history.opened.opening
    assert (case.sender, case.handler) == (organ(SENDER), organ(HANDLER))
    owed = duties(case)
    assert set(owed) == {("negotiate", organ(HANDLER)), ("negotiate", organ(SENDER))}
    assert {duty.opened_at for duty in owed.values()} == {objected_at}


def test_both_organs_hear_the_child_s_id_and_the_bus_answers_itself_quietly() -> None:
    history = three()
    effects = history.send("objection", HANDLER, numbers=[2])
    record = the(Write, effects).record
    child = History(at=history.at)
    effects = child.decide(record)
    assert delivered_to(effects) == [
        (SENDER, Relation.COUNTERPART),
        (HANDLER, Relation.COUNTERPART),
    ]
    assert the(Accept, effects).quiet
    signed = child.send("signed_for", HANDLER, envelope={"in_reply_to": child.opened.opening})
    assert delivered_to(signed) == []  # the bus waits for no signature


def test_a_child_is_answered_by_what_began_it_or_by_the_letter() -> None:
    for answer in ("opening", "current"):
        history = three()
        child = child_of(history, history.send("objection", HANDLER, numbers=[2]))
        agreed = {"handler": organ(HANDLER), "handles_from": "2026-10-12"}
        for side in (HANDLER, SENDER):
            child.send("negotiation_result", side, **agreed)
        named = {"in_reply_to": getattr(child.opened, answer)}
        effects = child.send("filing_reply", HANDLER, answers=[filed(2)], envelope=named)
        assert not is_refused(effects)
        assert state_of(child) is State.FILED


def test_the_same_split_again_opens_nothing() -> None:
    history = three()
    effects = history.send("objection", HANDLER, numbers=[2])
    child = child_of(history, effects)
    before = child.opened
    again = child.decide(the(Write, effects).record)
    assert the(Reject, again).refusal.code == "case.already_open"
    assert child.opened == before


def test_an_objection_to_some_before_signing_signs_and_twice_splits_twice() -> None:
    history = History()
    history.send("lead_transfer", SENDER, violations=[violation(number) for number in (1, 2, 3)])
    first = history.send("objection", HANDLER, numbers=[1])
    assert ledger(first) == [("sign_for", "met"), ("decide_filing", "open")]
    second = history.send("objection", HANDLER, numbers=[2])
    ids = {the(Write, effects).record.envelope.case_id for effects in (first, second)}
    assert len(ids) == 2
    last = history.send("objection", HANDLER, numbers=[3])
    assert not [effect for effect in last if isinstance(effect, Write)]
    assert state_of(history) is State.DISPUTED


def test_an_objection_to_some_that_may_no_longer_come_splits_nothing() -> None:
    history = three()
    history.send("filing_reply", HANDLER, answers=[filed(n) for n in (1, 2, 3)])
    before = history.opened
    assert refusal_of(history.send("objection", HANDLER, numbers=[2])) == "objection.after_filing"
    history = three()
    history.send("withdrawal", SENDER)
    asked = {"in_reply_to": list(history.sent)[-1]}
    history.send("withdrawal_answer", HANDLER, envelope=asked)
    before = history.opened
    assert refusal_of(history.send("objection", HANDLER, numbers=[2])) == "step.not_allowed"
    assert history.opened == before


def test_a_child_beyond_the_last_hop_is_referred_as_it_begins() -> None:
    history = three()
    effects = history.send("objection", HANDLER, numbers=[2])
    child = child_of(history, effects, hops_max=1)
    assert state_of(child) is State.REFERRED
    assert set(duties(child.opened)) == {("request_designation", organ(HANDLER))}


def test_the_request_drafted_for_a_child_names_no_document_number() -> None:
    history = three()
    child = child_of(history, history.send("objection", HANDLER, numbers=[2]))
    draft = the(Advise, child.send("negotiation_result", HANDLER, **FAILED)).explanation
    assert draft is not None  # it has the number of no letter: that one was the parent's
    names = [demo().directory.organs[organ(each)].name for each in (SENDER, HANDLER)]
    told = "{}移送的第2项违法行为，{}提出管辖异议，".format(*names)
    document = json.loads(draft)
    assert document["history"].startswith(told)
    assert draft == json.dumps(document, ensure_ascii=False, sort_keys=True)  # one form only


@pytest.mark.parametrize("given", [{"contact_unknown": True, "complainant": None}, {}])
def test_a_child_of_a_complaint_keeps_what_is_known_of_the_complainant(
    given: dict[str, Any],
) -> None:
    history = History()
    violations = [violation(number) for number in (1, 2)]
    history.send("complaint_forward", SENDER, violations=violations, **given)
    effects = history.send("objection", HANDLER, numbers=[2])
    child = child_of(history, effects)
    assert child.opened.complainant is history.opened.complainant
    assert isinstance(the(Write, effects).record, CaseSplit)


def test_the_message_that_makes_a_child_is_the_bus_s_own_and_nobody_is_answered() -> None:
    history = three()
    record = the(Write, history.send("objection", HANDLER, numbers=[2])).record
    assert the(Accept, History(at=history.at).decide(record)).quiet


def test_charges_without_a_day_are_kept_in_order() -> None:
    history = three()
    record = the(Write, history.send("objection", HANDLER, numbers=[2])).record
    assert isinstance(record, CaseSplit)
    undated = tuple(replace(charge, act_on=None, found_on=None) for charge in record.charges)
    child = History(at=history.at)
    child.decide(replace(record, charges=undated))
    assert [charge.number for charge in child.opened.charges] == [2]


def test_a_sender_that_took_it_back_and_objects_to_some_is_not_both_sides_of_the_child() -> None:
    history = three()
    history.send("objection", HANDLER, numbers=[1, 2, 3])
    for side in (HANDLER, SENDER):
        history.send("negotiation_result", side, handler=organ(SENDER))
    assert history.opened.handler == organ(SENDER)
    child = child_of(
        history, history.send("objection", SENDER, numbers=[2], competent=organ(HANDLER))
    )
    dispute = child.opened.in_dispute()
    assert {dispute.holder, dispute.other} == {organ(HANDLER), organ(SENDER)}
    assert {(duty.kind, duty.owner) for duty in child.opened.duties} == {
        ("negotiate", organ(HANDLER)),
        ("negotiate", organ(SENDER)),
    }
    assert {handed.to for handed in child.opened.handed} == {organ(HANDLER), organ(SENDER)}
    child.send("designation", SUPERIOR, designee=organ("liuzhi-jtj"))  # the letter has its author
    letter = next(each for each in child.opened.handed if each.record == "LeadTransfer")
    assert letter.author == organ(SENDER)


def test_what_was_split_from_a_case_is_found_by_its_objections() -> None:
    history = three()
    assert children_of(history.opened) == ()
    children = []
    for number in (1, 2):
        effects = history.send("objection", HANDLER, numbers=[number])
        children.append(the(Write, effects).record.envelope.case_id)
    assert children_of(history.opened) == tuple(children)
