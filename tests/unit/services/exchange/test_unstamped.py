"""What a flow took while its topic was set to CreateTime: nothing is decided by a writer's time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from schemas.messages import Message
from services.casebook.progress import progress_now
from services.casebook.rows import Position, to_ms
from services.casebook.store import Casebook
from services.casebook.tables import CASES, DEAD, DECISIONS, MESSAGES
from services.exchange.incoming import UNSTAMPED, Incoming
from services.exchange.intake import Dead, take_in
from services.exchange.originals import kept, original
from services.exchange.record_batches import incoming_of
from services.exchange.secret import note_of
from services.exchange.shelf import Shelf
from tests.batches import LATER, of_one_partition
from tests.history import MONDAY, SENDER
from tests.marked import marked
from tests.office import Log, dead_letters, office, rows, run, sealed, take, told

YEARS = timedelta(days=3650)


def by_writer(incoming: Incoming) -> Incoming:
    """The same record as the exchange reads it where its writer named the time, ten years hence."""
    record = Mock(
        key=incoming.key, value=incoming.value, checksum=incoming.packed, timestamp_type=0
    )
    return incoming_of(incoming.position, record, to_ms(incoming.stamped_at + YEARS))


def progress(casebook: Casebook) -> Any:
    with casebook.engine.begin() as connection:
        (found,) = progress_now(connection).values()
    return found


def leads() -> tuple[Message, Message]:
    first, second = of_one_partition(2)
    return first, second


def test_a_letter_is_a_dead_letter_with_its_bytes_and_its_time_is_nobody_s(
    casebook: Casebook,
) -> None:
    log, (first, second) = Log(), leads()
    run(casebook, [log.put(first, MONDAY)])
    lost = log.put(second, LATER)
    run(casebook, [by_writer(lost)])
    ((key, value, headers),) = dead_letters(casebook)
    assert (key, value, headers["yichuan-code"]) == (lost.key, lost.value, "message.unstamped")
    assert len(rows(casebook, CASES)) == 1
    found = progress(casebook)
    assert (found.next_offset, found.clock) == (2, MONDAY)


def test_written_again_it_is_decided_by_the_broker_s_time_of_then(casebook: Casebook) -> None:
    log, (first, second) = Log(), leads()
    run(casebook, [log.put(first, MONDAY), by_writer(log.put(second, MONDAY))])
    at = MONDAY + timedelta(days=2)
    run(casebook, [log.put(second, at)])
    assert len(rows(casebook, CASES)) == 2
    received = {row.message_id: row.received_ms for row in rows(casebook, MESSAGES)}
    assert received[second.envelope.message_id] == to_ms(at)
    assert told(casebook).count((SENDER, "Accepted")) == 2


def test_a_tick_moves_nothing_and_is_no_dead_letter(casebook: Casebook) -> None:
    log, (first, _) = Log(), leads()
    letter = log.put(first, MONDAY)
    tick = log.tick(MONDAY, letter.position.partition)
    before = rows(casebook, DECISIONS)
    run(casebook, [letter])
    decided = rows(casebook, DECISIONS)
    run(casebook, [by_writer(tick)])
    assert rows(casebook, DECISIONS) == decided != before
    assert rows(casebook, DEAD) == []
    found = progress(casebook)
    assert (found.next_offset, found.clock) == (2, MONDAY)


def test_no_key_is_judged_by_it() -> None:
    """By a time that its writer names every key is in force, also one that was stolen."""
    keys = office().rulebook.directory.keys
    ended = {kid: replace(key, valid_to=MONDAY - YEARS) for kid, key in keys.items()}
    directory = replace(office().rulebook.directory, keys=ended)
    by = replace(office(), rulebook=replace(office().rulebook, directory=directory))
    (found,) = [take_in(by_writer(Log().put(leads()[0], MONDAY - 2 * YEARS)), by)]
    assert isinstance(found, Dead)
    assert found.refusal.code == "message.unstamped"


def test_what_is_secret_leaves_no_bytes(casebook: Casebook) -> None:
    secret = Log().put(marked(1), MONDAY)
    (found,) = take(by_writer(secret))
    assert isinstance(found, Dead)
    assert (found.is_secret, found.incoming.key, found.incoming.value) == (True, None, None)
    assert "message.unstamped" in note_of(found)
    keyed = replace(by_writer(Log().put(leads()[0], MONDAY)), key="绝密".encode())
    assert [each.is_secret for each in take(keyed) if isinstance(each, Dead)] == [True]
    run(casebook, [by_writer(secret)])
    assert [value for _, value, _ in dead_letters(casebook)] == [None]


def test_bytes_that_are_no_message_keep_their_own_code() -> None:
    (found,) = take(Incoming(Position("leads", 0, 0), b"k", b"noise", UNSTAMPED))
    assert isinstance(found, Dead)
    assert found.refusal.code != "message.unstamped"


@pytest.mark.parametrize("is_stamped", [True, False])
def test_the_originals_know_it_too(*, is_stamped: bool) -> None:
    came = Log().put(leads()[0], MONDAY)
    incoming = came if is_stamped else by_writer(came)
    copied = original(incoming, None)
    assert kept(copied.key, copied.value, copied.headers).incoming == incoming


def test_decided_again_it_is_what_it_was(casebook: Casebook) -> None:
    log, (first, second) = Log(), leads()
    records = [log.put(first, MONDAY), by_writer(log.put(second, LATER))]
    run(casebook, records)
    once = [row.entry for row in rows(casebook, DECISIONS)]
    run(casebook, records)
    assert [row.entry for row in rows(casebook, DECISIONS)] == once
    assert Shelf(office()).take_in(records, {}) == take(*records)
    assert sealed(second) == records[1].value
