"""Numbers given before the rows are there."""

from services.casebook.next_numbers import next_numbers
from services.casebook.statements import delete_published, insert
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX


def put(casebook: Casebook, count: int) -> list[int]:
    """Write rows with the numbers that are next; return these."""
    rest = {"source_topic": "leads", "source_partition": 0, "topic": "journal", "key": b"k"}
    with casebook.engine.begin() as connection:
        seqs = next_numbers(connection, OUTBOX, count)
        insert(connection, OUTBOX, [{"seq": seq, **rest} for seq in seqs])
    return seqs


def test_each_is_higher_than_all_that_are_there(casebook: Casebook) -> None:
    first, second = put(casebook, 3), put(casebook, 2)
    assert len(first) == 3
    assert first + second == sorted(set(first + second))


def test_numbers_are_given_though_every_row_is_gone(casebook: Casebook) -> None:
    seqs = put(casebook, 3)
    with casebook.engine.begin() as connection:
        delete_published(connection, OUTBOX, seqs)
    assert len(put(casebook, 2)) == 2
