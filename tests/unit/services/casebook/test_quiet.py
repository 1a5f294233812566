"""At a Tick: a partition that has nothing to do is not asked; one that this batch touched is."""

from datetime import timedelta

from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from tests.batches import lead, partition_of
from tests.history import MONDAY
from tests.office import Log, rows, run, statements

SOON = MONDAY + timedelta(minutes=1)
LATE = MONDAY + timedelta(days=200)


def fired(casebook: Casebook) -> int:
    return sum(row.record == "Tick" for row in rows(casebook, DECISIONS))


def test_ticks_of_partitions_that_owe_nothing_ask_once_for_all_of_them(
    casebook: Casebook,
) -> None:
    log = Log()
    run(casebook, [log.put(lead(1), MONDAY)])
    with statements(casebook.engine) as told:
        run(casebook, [log.tick(SOON, partition) for partition in range(3)])
    asked = [each for each in told if each.startswith("SELECT")]
    assert len([each for each in asked if "FROM wakes" in each or "look_ms" in each]) == 1
    assert fired(casebook) == 0


def test_what_is_due_fires_though_others_rest(casebook: Casebook) -> None:
    log = Log()
    run(casebook, [log.put(lead(1), MONDAY)])
    owing = partition_of(lead(1))
    run(casebook, [log.tick(LATE, partition) for partition in range(3)])
    assert [row.partition for row in rows(casebook, DECISIONS) if row.record == "Tick"] == [owing]


def test_what_the_batch_itself_has_opened_and_is_due_by_its_tick_fires(casebook: Casebook) -> None:
    log = Log()
    partition = partition_of(lead(1))
    run(casebook, [log.tick(MONDAY, partition)])  # there is a row of progress, and nothing owed
    run(casebook, [log.put(lead(1), MONDAY), log.tick(LATE, partition)])
    assert fired(casebook) == 1
