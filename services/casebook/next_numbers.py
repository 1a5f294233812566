"""The numbers of rows that are about to be written, so that nobody must ask for them afterwards."""

from typing import Final

from sqlalchemy import Connection, Table, func, select, text

# One probe of the sequence's name, not one for each number.
_FROM_SEQUENCE: Final = text(
    "SELECT nextval(named.sequence) FROM generate_series(1, :count),"
    " (SELECT pg_get_serial_sequence(:table, 'seq')::regclass AS sequence OFFSET 0) AS named"
)


def next_numbers(connection: Connection, table: Table, count: int) -> list[int]:
    """Return numbers for new rows of a table, ascending, each higher than all it has.

    On PostgreSQL from its sequence: the end of its index is full of rows that are gone, where the
    table is a queue, and to look for the highest there goes through all of them. On SQLite there
    are none such, and whoever is in a transaction is the only one who writes.
    """
    if not count:
        return []
    if connection.dialect.name == "postgresql":
        values = {"table": table.name, "count": count}
        return list(connection.scalars(_FROM_SEQUENCE, values))
    highest = connection.scalar(select(func.max(table.c.seq))) or 0
    return list(range(highest + 1, highest + count + 1))
