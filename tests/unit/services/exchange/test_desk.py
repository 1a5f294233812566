"""One record after the other: decided, written down, answered; repeats get their first answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from schemas.codec import unframe
from schemas.ids import BUS, case_id_of
from schemas.messages import Accepted, Held, LeadTransfer, Rejected
from schemas.parts import Relation
from schemas.seal import verify_copy
from schemas.topics import flow_partition
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, MESSAGES, ORIGINALS, OUTBOX, SAID
from services.casework.case import State
from tests.history import (
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    STRANGER,
    History,
    demo,
    in_state,
    message,
    organ,
    violation,
)
from tests.office import (
    PARTITIONS,
    Log,
    inboxes,
    office,
    rows,
    run,
    sent,
    told,
)

LATER = MONDAY + timedelta(hours=1)


def lead(label: str = "one", **changes: Any) -> LeadTransfer:
    found = message("lead_transfer", SENDER, label, **changes)
    assert isinstance(found, LeadTransfer)
    return found


def codes(casebook: Casebook) -> list[str]:
    """The codes of the Rejected in the outbox."""
    return [said.message.code for said in inboxes(casebook) if isinstance(said.message, Rejected)]


# --------------------------------------------------------------------------- what a decision sends


def test_a_lead_reaches_its_handler_and_its_sender_is_told(casebook: Casebook) -> None:
    tally = run(casebook, [Log().put(lead(), MONDAY)])
    assert tally.messages == [("leads", "LeadTransfer", "accepted")]
    assert told(casebook) == [(HANDLER, "LeadTransfer"), (SENDER, "Accepted")]
    (case,) = rows(casebook, CASES)
    assert (case.state, case.topic) == ("issued", "leads")
    assert case.partition == flow_partition(lead().envelope.case_id.encode(), PARTITIONS)


def test_the_copy_is_what_its_sender_sealed_with_the_delivery_filled(casebook: Casebook) -> None:
    run(casebook, [Log().put(lead(), MONDAY)])
    copy = inboxes(casebook)[0]
    schema_id, body = unframe(copy.value)
    opened = office().codecs[schema_id].open(body)
    key = verify_copy(opened, office().key, MONDAY, demo().bus)
    assert getattr(key, "organ", None) == organ(SENDER)
    delivery = copy.message.envelope.delivery
    assert delivery is not None
    assert (delivery.to, delivery.relation, delivery.rule) == (
        organ(HANDLER),
        Relation.HANDLER,
        "F-001",
    )
    assert delivery.at == MONDAY
    plain = replace(copy.message.envelope, delivery=None, seal=None)
    assert replace(copy.message, envelope=plain) == lead()


def test_every_value_of_an_inbox_has_the_case_as_its_key(casebook: Casebook) -> None:
    run(casebook, [Log().put(lead(), MONDAY)])
    assert {row.key for row in rows(casebook, OUTBOX)} == {lead().envelope.case_id.encode()}


def test_a_whole_case_is_answered_in_its_order(casebook: Casebook) -> None:
    history, log = History(), Log()
    ways = [
        ("lead_transfer", SENDER, {}),
        ("delivered", HANDLER, {}),
        ("signed_for", HANDLER, {}),
        ("filing_reply", HANDLER, {}),
        ("case_progress", HANDLER, {"stage": "concluded"}),
        ("outcome_feedback", HANDLER, {}),
    ]
    run(casebook, [log.put(sent(history, r, s, **c), history.at) for r, s, c in ways])
    assert told(casebook) == [
        (HANDLER, "LeadTransfer"),
        (SENDER, "Accepted"),
        (SENDER, "SignedFor"),
        (HANDLER, "Accepted"),
        (SENDER, "FilingReply"),
        (HANDLER, "Accepted"),
        (HANDLER, "Accepted"),
        (SENDER, "OutcomeFeedback"),
        (HANDLER, "Accepted"),
    ]
    assert [row.outcome for row in rows(casebook, DECISIONS)] == ["accepted"] * 6
    assert [row.state for row in rows(casebook, CASES)] == ["closed"]


def test_all_that_the_bus_said_leads_to_its_case(casebook: Casebook) -> None:
    log = Log()
    twice = lead("two")  # under the number of the first
    number = {"document_number": "案移〔2026〕13号"}
    held = lead("three", violations=[violation(matter=NOBODYS)], envelope=number)
    records = [log.put(one, MONDAY) for one in (lead(), twice, held)]
    run(casebook, records)
    said = [one.message.envelope for one in inboxes(casebook) if one.message.envelope.sender == BUS]
    assert {one.record for one in said} == {"Accepted", "Rejected", "Held"}
    noted = {row.message_id: row.case_id for row in rows(casebook, SAID)}
    assert noted == {one.message_id: one.case_id for one in said}


# ---------------------------------------------------------------------------------- repeats


def test_a_repeat_gets_the_first_receipt_to_the_byte_and_has_no_other_effect(
    casebook: Casebook,
) -> None:
    log = Log()
    run(casebook, [log.put(lead(), MONDAY), log.put(lead(), MONDAY)])
    resent = replace(lead(), envelope=replace(lead().envelope, sent_at=LATER))  # another seal
    tally = run(casebook, [log.put(resent, LATER)])
    assert tally.messages == [("leads", "LeadTransfer", "repeated")]
    assert told(casebook) == [(HANDLER, "LeadTransfer"), *[(SENDER, "Accepted")] * 3]
    assert len({said.value for said in inboxes(casebook)[1:]}) == 1
    assert len(rows(casebook, DECISIONS)) == 1


def test_a_repeated_connector_s_receipt_stays_unanswered(casebook: Casebook) -> None:
    history, log = History(), Log()
    run(casebook, [log.put(sent(history, "lead_transfer", SENDER), history.at)])
    receipt = sent(history, "delivered", HANDLER)
    before = told(casebook)
    run(casebook, [log.put(receipt, history.at), log.put(receipt, history.at)])
    assert told(casebook) == before


def test_a_rejected_message_again_gets_its_rejection_again(casebook: Casebook) -> None:
    log = Log()
    own = lead(violations=[violation(matter="CG-002")])
    run(casebook, [log.put(own, MONDAY), log.put(own, LATER)])
    assert codes(casebook) == ["transfer.own_matter"] * 2
    assert len({said.value for said in inboxes(casebook)}) == 1


def test_what_waits_and_is_sent_again_still_waits_once(casebook: Casebook) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    run(casebook, [log.put(held, history.at), log.put(held, history.at)])
    first, again = (said for said in inboxes(casebook) if said.to == SENDER)
    assert isinstance(first.message, Held)
    assert first.value == again.value


def test_once_released_the_receipt_of_the_held_one_is_its_acceptance(casebook: Casebook) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    mend = [{"number": 1, "matter": "CG-001"}]
    correction = sent(history, "correction", SENDER, corrections=mend)
    run(casebook, [log.put(held, MONDAY), log.put(correction, LATER), log.put(held, LATER)])
    *_, last = inboxes(casebook)
    assert isinstance(last.message, Accepted)
    assert last.message.envelope.in_reply_to == held.envelope.message_id
    assert [row.outcome for row in rows(casebook, MESSAGES)] == ["accepted"] * 2


# ---------------------------------------------------------------------------- ids and numbers


def test_an_id_used_for_other_content_is_refused_and_the_first_stands(casebook: Casebook) -> None:
    log = Log()
    others = [lead(reason="另一理由"), lead(reason="又一理由")]
    run(casebook, [log.put(each, MONDAY) for each in (lead(), *others, others[0], lead())])
    assert codes(casebook) == ["message.id_reused"] * 3
    rejected = [said for said in inboxes(casebook) if isinstance(said.message, Rejected)]
    ids = [said.message.envelope.message_id for said in rejected]
    assert ids[0] == ids[2] != ids[1]
    assert told(casebook)[-1] == (SENDER, "Accepted")
    (row,) = rows(casebook, MESSAGES)
    assert (row.outcome, row.code) == ("accepted", None)
    assert len(rows(casebook, ORIGINALS)) == 1


def test_another_organ_under_the_same_id_burns_nothing_and_gets_nothing(
    casebook: Casebook,
) -> None:
    history, log = in_state(State.ISSUED), Log()
    (theirs,) = history.sent.values()
    reply = history.next("signed_for", HANDLER)
    same = replace(reply, envelope=replace(reply.envelope, message_id=lead().envelope.message_id))
    run(casebook, [log.put(theirs, MONDAY)])
    other = lead(envelope={"document_number": "案移〔2026〕13号"})
    run(casebook, [log.put(same, MONDAY), log.put(other, MONDAY)])
    assert [row.outcome for row in rows(casebook, MESSAGES)] == ["accepted"] * 3
    got = [said for said in inboxes(casebook) if said.to == HANDLER]
    assert [type(said.message).__name__ for said in got] == [
        "LeadTransfer",
        "Accepted",
        "LeadTransfer",
        "Advice",  # the two are alike
    ]
    assert {row.sender for row in rows(casebook, ORIGINALS)} == {organ(SENDER), organ(HANDLER)}


def test_a_stranger_under_the_held_message_s_id_neither_enters_nor_replaces_it(
    casebook: Casebook,
) -> None:
    history, log = History(), Log()
    held = sent(history, "lead_transfer", SENDER, violations=[violation(matter=NOBODYS)])
    mend = [{"number": 1, "matter": "CG-001"}]
    correction = sent(history, "correction", SENDER, corrections=mend)
    own = message("lead_transfer", STRANGER, "x", reason="冒用标识")
    theirs = held.envelope.message_id
    intruders = [
        replace(own, envelope=replace(own.envelope, message_id=theirs, case_id=case_id))
        for case_id in (held.envelope.case_id, case_id_of(organ(STRANGER), theirs))
    ]
    run(casebook, [log.put(each, MONDAY) for each in (held, *intruders, correction)])
    assert codes(casebook) == ["message.misrouted"]  # the other opened a case of its own
    assert len(rows(casebook, CASES)) == 2
    own_case = held.envelope.case_id
    delivered = [said for said in inboxes(casebook) if said.to == HANDLER]
    (first, *_) = (said for said in delivered if said.message.envelope.case_id == own_case)
    assert first.message.envelope.sender == organ(SENDER)
