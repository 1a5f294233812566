"""What we are going to read and write, done once with no rows: types and rights, told at the start.

PostgreSQL compares types and rights before it looks at rows, and its words name columns and types,
never values. A CHAR for the status, a TIMESTAMP for our times or a right that is not granted would
else be a database that is away, from the first letter on and for ever.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Table, false, insert, literal, select, update
from sqlalchemy.exc import ProgrammingError

from schemas.errors import UserError

_WORDS_MAX: Final = 200  # characters


def rehearse(
    connection: Connection,
    reads: Iterable[tuple[Table, Any]],
    updates: Iterable[tuple[Table, Iterable[str]]],
    inserts: Iterable[tuple[Table, Iterable[str]]] = (),
) -> None:
    """Do it with no rows: conditions that are asked, columns that are written.

    Raises UserError database.unusable with the table and what PostgreSQL says of it.
    """
    if connection.dialect.name != "postgresql":  # SQLite takes any type; of others nobody knows
        return
    statements: list[tuple[Table, Any]] = [
        (table, select(*table.c).where(condition).limit(0)) for table, condition in reads
    ]
    for table, names in updates:
        values = {table.c[name]: None for name in names}
        statements.append((table, update(table).where(false()).values(values)))
    for table, names in inserts:
        columns = [table.c[name] for name in names]
        nothing = select(*(literal(None, column.type) for column in columns)).where(false())
        statements.append((table, insert(table).from_select(columns, nothing)))
    for table, statement in statements:
        try:
            connection.execute(statement)
        except ProgrammingError as error:
            said = getattr(getattr(error.orig, "diag", None), "message_primary", None)
            detail = (said or type(error.orig).__name__)[:_WORDS_MAX]
            raise UserError("database.unusable", table.fullname, detail, exit_code=3) from None
