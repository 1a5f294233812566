"""A case split by the exchange: the child's beginning is a message of the bus, written once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.codec import unframe
from schemas.disputes import CaseSplit
from schemas.ids import BUS, MessageId, case_id_of, derive
from schemas.seal import verify
from schemas.topics import flow_partition
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, DUTIES, OUTBOX, PROGRESS, WAKES
from services.exchange.incoming import Incoming
from services.exchange.intake import Dead, Refused
from tests.history import (
    HANDLER,
    MONDAY,
    SENDER,
    SUPERIOR,
    History,
    message,
    organ,
    violation,
)
from tests.office import (
    PARTITIONS,
    Log,
    inboxes,
    office,
    outbox,
    rows,
    run,
    sent,
    take,
    told,
)
from tests.unit.services.casework.test_succession import AFTER, HEIR, merged

FLOWS = ("leads", "transfers")


def three(history: History) -> list[Incoming]:
    """A lead with three violations, and an objection to the second, as they lie in the log."""
    log = Log()
    violations = [violation(number) for number in (1, 2, 3)]
    lead = sent(history, "lead_transfer", SENDER, violations=violations)
    objection = sent(history, "objection", HANDLER, numbers=[2])
    return [log.put(lead, MONDAY), log.put(objection, history.at)]


def written(casebook: Casebook, log: Log) -> list[Incoming]:
    """What the outbox holds for the flows, as the broker would give it back."""
    found = []
    for row in rows(casebook, OUTBOX):
        if row.topic in FLOWS:
            schema_id, body = unframe(row.value)
            message = office().codecs[schema_id].decode(body)
            assert row.key == message.envelope.case_id.encode()
            found.append(log.raw(row.value, message.envelope, MONDAY + timedelta(minutes=9)))
    return found


def test_an_organ_that_names_a_message_as_the_bus_will_takes_no_case_of_the_bus(
    casebook: Casebook,
) -> None:
    history = History()
    begun = three(history)
    theirs = MessageId(derive("split", organ(HANDLER), list(history.sent)[-1]))
    lead = message("lead_transfer", SENDER, "squatter", MONDAY)
    envelope = replace(
        lead.envelope,
        message_id=theirs,
        case_id=case_id_of(organ(SENDER), theirs),
        document_number="六岩案移〔2026〕77号",
    )
    places = (each.position for each in begun)
    squatter = Log({(place.topic, place.partition): place.offset + 1 for place in places})
    run(casebook, [*begun, squatter.put(replace(lead, envelope=envelope), MONDAY)])
    own = replace(envelope, case_id=case_id_of(BUS, theirs))
    (refused,) = take(squatter.put(replace(lead, envelope=own), MONDAY))
    assert isinstance(refused, Refused)
    assert (refused.refusal.code, refused.refusal.detail) == ("message.misrouted", "case")
    (split,) = written(casebook, Log())
    run(casebook, [next_there(casebook, split)])
    assert split.key == case_id_of(BUS, theirs).encode()
    states = {row.case_id: row.state for row in rows(casebook, CASES)}
    assert len(states) == 3
    assert case_id_of(organ(SENDER), theirs) in states
    assert states[case_id_of(BUS, theirs)] == "disputed"


def test_an_objection_to_some_writes_the_child_into_its_own_partition(casebook: Casebook) -> None:
    history = History()
    run(casebook, three(history))
    (split,) = written(casebook, Log())
    schema_id, body = unframe(split.value or b"")
    opened = office().codecs[schema_id].open(body)
    assert isinstance(opened.message, CaseSplit)
    signer = verify(opened, office().key, split.stamped_at)
    assert getattr(signer, "organ", None) == BUS
    assert split.position.partition == flow_partition(split.key or b"", PARTITIONS)
    assert [row.state for row in rows(casebook, CASES)] == ["received"]
    run(casebook, [next_there(casebook, split)])
    assert sorted(row.state for row in rows(casebook, CASES)) == ["disputed", "received"]
    assert told(casebook)[-2:] == [(SENDER, "CaseSplit"), (HANDLER, "CaseSplit")]
    negotiating = [row for row in rows(casebook, DUTIES) if row.kind == "negotiate"]
    assert {row.owner for row in negotiating} == {organ(SENDER), organ(HANDLER)}
    assert {row.case_id for row in negotiating} <= {row.case_id for row in rows(casebook, WAKES)}


def test_a_split_that_is_published_twice_begins_one_child_and_is_told_once(
    casebook: Casebook,
) -> None:
    history = History()
    run(casebook, three(history))
    (split,) = written(casebook, Log())
    run(casebook, [next_there(casebook, split)])
    before = (told(casebook), len(rows(casebook, DECISIONS)))
    tally = run(casebook, [next_there(casebook, split)])
    assert [outcome for _, _, outcome in tally.messages] == ["repeated"]
    assert (told(casebook), len(rows(casebook, DECISIONS))) == before
    assert len(rows(casebook, CASES)) == 2


def test_an_objection_that_is_sent_again_splits_nothing_again(casebook: Casebook) -> None:
    history = History()
    records = three(history)
    run(casebook, records)
    run(casebook, [next_there(casebook, records[1])])
    assert len(written(casebook, Log())) == 1


def test_the_designee_of_a_child_gets_the_parent_s_letter(casebook: Casebook) -> None:
    history = History()
    run(casebook, three(history))
    (split,) = written(casebook, Log())
    run(casebook, [next_there(casebook, split)])
    opened = office().codecs[unframe(split.value or b"")[0]].decode(unframe(split.value or b"")[1])
    child = History(at=history.at, count=50)
    child.decide(opened)
    log = Log()
    designation = sent(child, "designation", SUPERIOR, designee=organ("liuzhi-jtj"))
    run(casebook, [next_there(casebook, log.put(designation, child.at))])
    got = [said.message for said in inboxes(casebook) if said.to == "liuzhi-jtj"]
    assert [type(message).__name__ for message in got] == ["Designation", "LeadTransfer"]
    assert got[1].envelope.message_id == history.opened.opening


@pytest.mark.parametrize("since", ["before the split", "after it"])
def test_the_letter_of_a_child_is_opened_by_its_author_s_name_though_that_organ_has_ended(
    casebook: Casebook, since: str
) -> None:
    history = History()
    lead, objection = three(history)
    now = replace(office(), rulebook=merged(office().rulebook, SENDER))
    later = AFTER if since == "before the split" else objection.stamped_at
    run(casebook, [lead], by=now)
    run(casebook, [replace(objection, stamped_at=later)], by=now)
    (split,) = written(casebook, Log())
    run(casebook, [next_there(casebook, replace(split, stamped_at=later))], by=now)
    opened = office().codecs[unframe(split.value or b"")[0]].decode(unframe(split.value or b"")[1])
    child = History(at=AFTER, count=50)
    child.decide(opened)
    designation = sent(child, "designation", SUPERIOR, designee=organ("liuzhi-swj"))
    run(casebook, [next_there(casebook, Log().put(designation, child.at))], by=now)
    got = [said.message for said in inboxes(casebook) if said.to == "liuzhi-swj"]
    assert [type(message).__name__ for message in got] == ["Designation", "LeadTransfer"]
    assert got[1].envelope.sender == organ(SENDER)


def test_the_heir_of_a_child_s_handler_gets_the_parent_s_letter(casebook: Casebook) -> None:
    history = History()
    now = replace(office(), rulebook=merged(office().rulebook, HANDLER))
    run(casebook, three(history), by=now)
    (split,) = written(casebook, Log())
    run(casebook, [next_there(casebook, replace(split, stamped_at=history.at))], by=now)
    time = Log().tick(AFTER, split.position.partition)
    run(casebook, [next_there(casebook, time)], by=now)
    given = {
        office().codecs[schema_id].decode(body).envelope.message_id
        for row in outbox(casebook)
        if (row.topic, row.key) == (f"inbox.{HEIR}", split.key)
        for schema_id, body in [unframe(row.value)]
    }
    assert history.opened.opening in given


@pytest.mark.parametrize("record", ["CaseSplit", "Designation"])
def test_in_an_organ_s_name_a_split_is_refused_and_a_stranger_s_designation_too(
    casebook: Casebook, record: str
) -> None:
    history = History()
    run(casebook, three(history))
    if record == "CaseSplit":
        (split,) = written(casebook, Log())
        body = unframe(split.value or b"")[1]
        genuine = office().codecs[unframe(split.value or b"")[0]].decode(body)
        forged = replace(genuine, envelope=replace(genuine.envelope, sender=organ(HANDLER)))
        (judged,) = take(Log().put(forged, MONDAY))
        assert isinstance(judged, Refused | Dead)
        assert judged.refusal.code == "message.bus_only"
        return
    designation = history.next("designation", "lps-gov", designee=organ("liuzhi-jtj"))
    run(casebook, [next_there(casebook, Log().put(designation, history.at))])
    assert told(casebook)[-1] == ("lps-gov", "Rejected")


def next_there(casebook: Casebook, incoming: Incoming) -> Incoming:
    """The same record at the end of its partition."""
    place = (incoming.position.topic, incoming.position.partition)
    known = {(row.topic, row.partition): row.next_offset for row in rows(casebook, PROGRESS)}
    return replace(incoming, position=replace(incoming.position, offset=known.get(place, 0)))
