"""Many rows into PostgreSQL with few statements: psycopg's executemany asks it row by row."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Column
from sqlalchemy.dialects import postgresql

from services.casebook.tables import METADATA

_NEW_ROWS: Final = re.compile(r"INSERT INTO (\w+) \(([^()]+)\) VALUES \([%s, ]+\)")
_ROWS_OVER: Final = re.compile(
    r"(INSERT INTO \w+ \([^()]+\) VALUES )(\([%s, ]+\))( ON CONFLICT .+)"
)
_PAIRS: Final = r'"\w+" = %s(?:(?:, | AND )"\w+" = %s)*'
_ROWS_CHANGED: Final = re.compile(
    rf"(?:UPDATE|DELETE FROM) (\w+)(?: SET ({_PAIRS}))? WHERE ({_PAIRS})"
)
_NAME: Final = re.compile(r'"(\w+)" = %s')
_ROWS_AT_ONCE: Final = 50  # in one INSERT; a statement has 65,535 parameters at most
_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy types none
_INT4: Final = range(-(2**31), 2**31)
# What psycopg calls the types of our columns, by what SQLAlchemy calls them.
_TYPES: Final = {
    "BIGINT": "int8",
    "BIGSERIAL": "int8",
    "BOOLEAN": "bool",
    "BYTEA": "bytea",
    "INTEGER": "int4",
    "TEXT": "text",
    "VARCHAR": "varchar",
}


def in_bulk(cursor: Any, statement: str, rows: Sequence[Any], _context: object) -> bool:  # noqa: ANN401 - psycopg's
    """Write many rows with fewer statements than rows; return whether that was done.

    New ones by one COPY, in the server's own form: half of what an INSERT for each costs, here and
    there, and bytes are not spelt out in hexadecimal. What may meet a row that is there, many to
    one INSERT. What is changed or deleted by one statement, from lists, one of each column. What
    the server refuses comes out as of any statement.
    """
    if found := _NEW_ROWS.fullmatch(statement):
        table, named = found.groups()
        types = _types(table, named)
        _refuse_cut(types, rows)
        with cursor.copy(f"COPY {table} ({named}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        return True
    if found := _ROWS_OVER.fullmatch(statement):
        begin, one, end = found.groups()
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[first : first + _ROWS_AT_ONCE]
            written = f"{begin}{', '.join([one] * len(part))}{end}"
            cursor.execute(written, [value for row in part for value in row])
        return True
    if found := _ROWS_CHANGED.fullmatch(statement):
        written = _from_lists(*found.groups(default=""))
        cursor.execute(written, [list(column) for column in zip(*rows, strict=True)])
        return True
    return False


@cache
def _from_lists(table: str, setting: str, where: str) -> str:
    """Return an UPDATE, or where it sets nothing a DELETE, of one row as one of many."""
    columns, keys = _NAME.findall(setting), _NAME.findall(where)
    named = ", ".join(f'"{name}"' for name in (*columns, *keys))
    lists = ", ".join(f"%b::{kind}[]" for kind in _types(table, named))
    given = f"unnest({lists}) AS given({named})"
    found = " AND ".join(f'{table}."{key}" = given."{key}"' for key in keys)
    if not columns:
        return f"DELETE FROM {table} USING {given} WHERE {found}"
    wanted = ", ".join(f'"{name}" = given."{name}"' for name in columns)
    return f"UPDATE {table} SET {wanted} FROM {given} WHERE {found}"


def _refuse_cut(types: Sequence[str], rows: Sequence[Any]) -> None:
    """Raise OverflowError for a number that psycopg would cut to the four bytes of its column."""
    for at, kind in enumerate(types):
        if kind == "int4" and any(row[at] is not None and row[at] not in _INT4 for row in rows):
            raise OverflowError(at)


@cache
def _types(table: str, named: str) -> list[str]:
    """Return the types of a table's columns, given as they are written in a statement."""
    columns = METADATA.tables[table].columns
    return [_type(columns[name.strip('" ')]) for name in named.split(",")]


def _type(column: Column[Any]) -> str:
    """Return it without length and collation."""
    written = column.type.compile(_DIALECT)
    return _TYPES[written.split(" ")[0].split("(")[0]]
