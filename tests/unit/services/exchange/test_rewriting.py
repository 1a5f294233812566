"""What the bus wrote for a case's part and a gap took: written again, the same, and only that."""

from datetime import timedelta

from schemas.codec import unframe
from schemas.ids import BUS
from schemas.topics import flow_partition
from services.casebook.progress import Place
from services.casebook.store import Casebook
from services.casebook.tables import CASES, OUTBOX
from services.exchange.incoming import Incoming
from services.exchange.rewriting import write_again
from tests.history import HANDLER, MONDAY, SENDER, History, violation
from tests.office import PARTITIONS, Log, office, outbox, rows, run, sent

PLACES: dict[Place, int] = {("leads", number): 99 for number in range(PARTITIONS)}


def split_off(casebook: Casebook) -> Incoming:
    """A lead of which a part was split off; return the record that the bus wrote for the part."""
    history, log = History(), Log()
    violations = [violation(number) for number in (1, 2, 3)]
    lead = sent(history, "lead_transfer", SENDER, violations=violations)
    objection = sent(history, "objection", HANDLER, numbers=[2])
    run(casebook, [log.put(lead, MONDAY), log.put(objection, history.at)])
    (row,) = [row for row in outbox(casebook) if row.topic == "leads"]
    schema_id, body = unframe(row.value)
    message = office().codecs[schema_id].decode(body)
    found = log.raw(row.value, message.envelope, MONDAY + timedelta(minutes=9))
    with casebook.engine.begin() as connection:
        connection.execute(OUTBOX.delete())
    return found


def test_what_nobody_decided_is_written_again_as_the_same_message(casebook: Casebook) -> None:
    lost = split_off(casebook)
    assert write_again(casebook, office(), PLACES) == 1
    (row,) = outbox(casebook)
    assert (row.topic, row.key, row.value) == ("leads", lost.key, lost.value)
    assert (row.source_topic, row.source_partition) == lost.position.place
    assert row.source_partition == flow_partition(row.key, PARTITIONS)


def test_what_was_decided_is_not_and_what_comes_twice_counts_once(casebook: Casebook) -> None:
    lost = split_off(casebook)
    run(casebook, [lost])
    before = rows(casebook, CASES)
    assert len(before) == 2
    assert write_again(casebook, office(), PLACES) == 0
    twice = Log({lost.position.place: lost.position.offset + 1})
    schema_id, body = unframe(lost.value or b"")
    message = office().codecs[schema_id].decode(body)
    assert message.envelope.sender == BUS
    run(casebook, [twice.raw(lost.value, message.envelope, MONDAY + timedelta(minutes=10))])
    assert rows(casebook, CASES) == before


def test_what_lies_in_a_partition_without_a_gap_is_still_there(casebook: Casebook) -> None:
    lost = split_off(casebook)
    others = {place: 99 for place in PLACES if place != lost.position.place}
    assert write_again(casebook, office(), others) == 0
    assert outbox(casebook) == []


def test_where_the_bus_wrote_nothing_nothing_is_written_again(casebook: Casebook) -> None:
    history, log = History(), Log()
    run(casebook, [log.put(sent(history, "lead_transfer", SENDER), MONDAY)])
    before = len(outbox(casebook))
    assert write_again(casebook, office(), PLACES) == 0
    assert len(outbox(casebook)) == before
