"""A replay on a backup's casebook reads what it decides itself, and deletes nothing of before."""

from services.casebook.store import Casebook
from services.casebook.tables import DEAD, DECISIONS, OUTBOX
from services.exchange.decided_anew import last_decision, take_decided
from tests.batches import of_one_partition
from tests.history import MONDAY
from tests.office import Log, rows, run, statements


def test_what_was_decided_before_stays_unread_and_what_is_decided_is_given_once(
    casebook: Casebook,
) -> None:
    first, second, third = of_one_partition(3)
    log = Log()
    with casebook.engine.connect() as connection:
        assert last_decision(connection) == 0
    run(casebook, [log.put(first, MONDAY)])
    before = [row.entry for row in rows(casebook, DECISIONS)]
    with casebook.engine.connect() as connection:
        last = last_decision(connection)
    for letter in (second, third):
        run(casebook, [log.put(letter, MONDAY)])
        (new,) = (row.entry for row in rows(casebook, DECISIONS) if row.entry not in before)
        with casebook.engine.begin() as connection:
            assert take_decided(connection, last) == [new]
            assert take_decided(connection, last) == []
        assert [row.entry for row in rows(casebook, DECISIONS)] == before
        assert (rows(casebook, OUTBOX), rows(casebook, DEAD)) == ([], [])


def test_no_decision_of_before_is_deleted_by_a_sweep_of_all(casebook: Casebook) -> None:
    run(casebook, [Log().put(letter, MONDAY) for letter in of_one_partition(1)])
    with casebook.engine.begin() as connection, statements(connection) as asked:
        take_decided(connection, last_decision(connection))
    (deleted,) = (each for each in asked if each.startswith("DELETE FROM decisions"))
    assert "WHERE decisions.seq > " in deleted
