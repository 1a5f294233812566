"""What the bus wrote for a case's part and a gap took: written again, the same, and only that."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, insert

from schemas.codec import unframe
from schemas.ids import BUS
from schemas.topics import flow_partition
from services.casebook.progress import Place
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DECISIONS, OUTBOX
from services.exchange import rewriting
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


def written_more(casebook: Casebook, numbers: list[int]) -> None:
    """As many decisions more that wrote a record, each of this number; nobody decided any."""
    (one,) = [row for row in rows(casebook, DECISIONS) if row.record == "Objection"]
    decided = one._asdict()
    del decided["seq"]
    (own,) = (
        effect["record"]["envelope"]["message_id"]
        for effect in json.loads(one.entry)["effects"]
        if effect["effect"] == "written"
    )
    more = [{"entry": one.entry.replace(own, str(UUID(int=each)))} for each in numbers]
    with casebook.engine.begin() as connection:
        connection.execute(insert(DECISIONS), [decided | each for each in more])


def again(casebook: Casebook) -> list[str]:
    """Write again; return whose ids, in their order."""
    with casebook.engine.begin() as connection:
        connection.execute(OUTBOX.delete())
    write_again(casebook, office(), PLACES)
    values = [unframe(row.value) for row in outbox(casebook)]
    return [office().codecs[number].decode(body).envelope.message_id for number, body in values]


def test_in_pieces_or_at_once_the_same_is_written_and_each_once(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    split_off(casebook)
    written_more(casebook, [3, 1, 2, 3, 1, 4])
    whole = again(casebook)
    assert whole[1:] == [str(UUID(int=each)) for each in (3, 1, 2, 4)]
    for most in (1, 2, 3, len(rows(casebook, DECISIONS))):
        monkeypatch.setattr(rewriting, "DECISIONS_MAX", most)
        assert again(casebook) == whole


def test_whether_one_was_decided_is_not_asked_of_each_by_itself(casebook: Casebook) -> None:
    split_off(casebook)
    asked: list[str] = []
    event.listen(casebook.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    write_again(casebook, office(), PLACES)
    for_one = len(asked)
    written_more(casebook, list(range(20)))
    asked.clear()
    assert write_again(casebook, office(), PLACES) == 21
    assert len(asked) == for_one


def test_of_decisions_that_write_nothing_no_entry_is_read(casebook: Casebook) -> None:
    split_off(casebook)
    with casebook.engine.begin() as connection:
        connection.execute(DECISIONS.update().values(record="Delivered"))
    assert write_again(casebook, office(), PLACES) == 0
