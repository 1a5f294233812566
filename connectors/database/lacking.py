"""Are the tables and columns there that we read and write: asked at the start, told by name.

What is missing would else fail at the first letter, as a database that is away, again and again.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, Table, inspect

from schemas.errors import UserError


def hold_columns(connection: Connection, tables: Iterable[tuple[Table, frozenset[str]]]) -> None:
    """See that nothing is missing of these tables, but columns that only the agency wants.

    Raises UserError database.table_missing with the first table and all that it lacks.
    """
    seen = inspect(connection)
    for table, unused in tables:
        is_there = seen.has_table(table.name, schema=table.schema)
        columns = seen.get_columns(table.name, table.schema) if is_there else ()
        there = {column["name"].lower() for column in columns}
        wanted = (column.name for column in table.c if column.key not in unused)
        missing = [name for name in wanted if name.lower() not in there]
        if missing:
            where, detail = table.fullname, ", ".join(missing)
            raise UserError("database.table_missing", where, detail, exit_code=3)
