"""One batch, one transaction: progress, order, repetition, gaps."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from schemas.errors import Broken
from services.casebook.store import Casebook
from services.casebook.tables import (
    DECISIONS,
    MESSAGES,
    OUTBOX,
    PROGRESS,
)
from services.casework.effects import Decision
from tests.batches import LATER, lead, of_one_partition, partition_of
from tests.history import HANDLER, MONDAY, History
from tests.office import (
    PARTITIONS,
    Log,
    NewCasebook,
    everything,
    rows,
    run,
    sent,
)

Decide = Callable[..., Decision]


def test_progress_follows_each_partition_and_its_clock_never_goes_back(
    casebook: Casebook,
) -> None:
    first, second = of_one_partition(2)
    log = Log()
    run(casebook, [log.put(first, LATER), log.put(second, MONDAY)])
    (row,) = rows(casebook, PROGRESS)
    assert (row.topic, row.partition, row.next_offset) == ("leads", 0, 2)
    assert row.clock_ms == LATER.timestamp() * 1000
    received = {row.message_id: row.received_ms for row in rows(casebook, MESSAGES)}
    assert set(received.values()) == {LATER.timestamp() * 1000}


def test_what_was_done_before_is_skipped_whole_or_in_part(casebook: Casebook) -> None:
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(4)]
    run(casebook, records[:2])
    run(casebook, records[:2])
    before = everything(casebook)
    assert run(casebook, records[:1]).messages == []
    assert everything(casebook) == before
    tally = run(casebook, records)
    assert len(tally.messages) == 2
    assert len(rows(casebook, DECISIONS)) == 4


def test_one_record_twice_in_a_batch_is_one_record(casebook: Casebook) -> None:
    record = Log().put(lead(1), MONDAY)
    assert len(run(casebook, [record, record]).messages) == 1


@pytest.mark.parametrize("begun", [True, False])
def test_a_gap_in_the_log_stops_the_process_and_stores_nothing(
    casebook: Casebook, *, begun: bool
) -> None:
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(3)]
    if begun:
        run(casebook, records[:1])
    before = everything(casebook)
    with pytest.raises(Broken) as raised:
        run(casebook, [*records[:1], records[2]] if begun else records[1:])
    assert raised.value.code == "log.gap"
    assert raised.value.detail == ("leads/0: 1 → 2" if begun else "leads/0: 0 → 1")
    assert everything(casebook) == before


def test_the_outbox_keeps_the_order_of_the_log(casebook: Casebook) -> None:
    log = Log()
    leads = [lead(number) for number in range(12)]
    run(casebook, [log.put(each, MONDAY) for each in leads])
    for partition in range(PARTITIONS):
        expected = [each.envelope.case_id for each in leads if partition_of(each) == partition]
        got = [
            row.key.decode()
            for row in rows(casebook, OUTBOX)
            if row.source_partition == partition and row.topic == f"inbox.{HANDLER}"
        ]
        assert list(dict.fromkeys(got)) == expected  # alike as they are, advice follows a lead


def test_wherever_a_batch_ends_everything_is_the_same_to_the_byte(
    casebook: Casebook, new_casebook: NewCasebook
) -> None:
    log, records = Log(), []
    for number in range(3):
        history = History(count=number * 100)
        opening = lead(number)
        history.decide(opening)
        records.append(log.put(opening, history.at))
        for record, sender in (("signed_for", HANDLER), ("filing_reply", HANDLER)):
            records.append(log.put(sent(history, record, sender), history.at))
            records.append(log.tick(history.at + timedelta(days=3), partition_of(opening)))
    run(casebook, records)
    with new_casebook() as other:
        for each in records:
            run(other, [each])
        assert everything(other) == everything(casebook)
