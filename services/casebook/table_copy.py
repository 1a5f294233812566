"""Rows of a casebook from PostgreSQL into a SQLite file and back, as they are stored.

Nothing that is locked is opened, and of rows there is one in memory at a time, whatever the tables
hold. What arrived is read once more and held against what was sent: by the number of rows, and by a
sum of their digests, for the two have no order in common.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from psycopg import Connection, Cursor

from schemas.errors import Broken

_DIGEST_BYTES: Final = 16
_SUMS: Final = 1 << (8 * _DIGEST_BYTES)
_NOT_OURS: Final = "alembic_version"  # whoever makes the tables writes it
_BOOLEAN: Final = "bool"

Tables = Mapping[str, tuple[str, ...]]  # the names of each one's columns
Row = tuple[Any, ...]


@dataclass(slots=True)
class Sum:
    """How many rows went by, and the sum of their digests."""

    rows: int = 0
    digests: int = 0

    def of(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows, counted."""
        for row in rows:
            self.rows += 1
            self.digests = (self.digests + _digest(row)) % _SUMS
            yield row


def tables_of(copy: sqlite3.Connection) -> Tables:
    """Return what there is to be copied, as the tables of a SQLite casebook name it."""
    names = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {
        name: tuple(column for _, column, *_ in copy.execute(f'PRAGMA table_info("{name}")'))
        for (name,) in names.fetchall()
        if name != _NOT_OURS and not name.startswith("sqlite_")
    }


def without_indexes(copy: sqlite3.Connection) -> tuple[str, ...]:
    """Drop the indexes; return the statements that make them again when the tables are full.

    Row by row each would be written all over: of 200,000 decisions 18 GB for a file of 3.
    """
    found = copy.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > ''")
    indexes = dict(found.fetchall())
    for name in indexes:
        copy.execute(f'DROP INDEX "{name}"')
    return tuple(indexes.values())


def into_sqlite(
    source: Connection[Any], copy: sqlite3.Connection, tables: Tables
) -> dict[str, Sum]:
    """Copy all rows into new tables; return what went by, for `refuse_differing_file`.

    `source`: in the transaction whose snapshot is meant; `copy`: in autocommit.
    """
    sums = {table: Sum() for table in tables}
    with source.cursor() as cursor:
        for table, columns in tables.items():
            places = ", ".join("?" * len(columns))
            statement = f'INSERT INTO "{table}" ({_named(columns)}) VALUES ({places})'
            copy.execute("BEGIN")
            copy.execute(_emptied(table))
            copy.executemany(statement, sums[table].of(_of_postgresql(cursor, table, columns)))
            copy.execute("COMMIT")
    return sums


def into_postgresql(
    copy: sqlite3.Connection, target: Connection[Any], tables: Tables
) -> dict[str, Sum]:
    """Copy all rows into empty tables, and let each sequence go on behind the highest number.

    In the caller's transaction, as `refuse_differing_server` after it.
    """
    sums = {table: Sum() for table in tables}
    with target.cursor() as cursor:
        for table, columns in tables.items():
            types = _types(cursor, table, columns)
            are_bool = [kind == _BOOLEAN for kind in types]
            written = f'COPY "{table}" ({_named(columns)}) FROM STDIN (FORMAT BINARY)'
            cursor.execute(_emptied(table).encode())
            with cursor.copy(written.encode()) as rows:
                rows.set_types(types)
                for row in sums[table].of(_of_sqlite(copy, table, columns)):
                    rows.write_row(_typed(row, are_bool) if any(are_bool) else row)
            _move_sequences(cursor, table, columns)
    return sums


def refuse_differing_file(
    copy: sqlite3.Connection, tables: Tables, sent: Mapping[str, Sum]
) -> None:
    """Raise Broken backup.differs when a table does not hold what was sent to it."""
    for table, columns in tables.items():
        _compare(table, _of_sqlite(copy, table, columns), sent[table])


def refuse_differing_server(
    target: Connection[Any], tables: Tables, sent: Mapping[str, Sum]
) -> None:
    """Raise Broken backup.differs when a table does not hold what was sent to it."""
    with target.cursor() as cursor:
        for table, columns in tables.items():
            _compare(table, _of_postgresql(cursor, table, columns), sent[table])


def _compare(table: str, rows: Iterable[Row], sent: Sum) -> None:
    found = Sum()
    for _ in found.of(rows):
        pass
    if found != sent:
        raise Broken("backup.differs", where=table, detail=f"{found.rows} rows, {sent.rows} sent")


def _of_postgresql(cursor: Cursor[Any], table: str, columns: tuple[str, ...]) -> Iterator[Row]:
    types = _types(cursor, table, columns)
    written = f'COPY (SELECT {_named(columns)} FROM "{table}") TO STDOUT (FORMAT BINARY)'
    with cursor.copy(written.encode()) as rows:
        rows.set_types(types)
        yield from rows.rows()


def _of_sqlite(copy: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> Iterator[Row]:
    yield from copy.execute(f'SELECT {_named(columns)} FROM "{table}"')


def _types(cursor: Cursor[Any], table: str, columns: tuple[str, ...]) -> list[str]:
    """Return the types of columns as psycopg names them. Raises Broken casebook.version."""
    cursor.execute(
        "SELECT attname, typname FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
        " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        (f'"{table}"',),
    )
    there = dict(cursor.fetchall())
    if there.keys() != set(columns):
        raise Broken("casebook.version", where=table, detail="other columns than a migration made")
    return [there[column] for column in columns]


def _move_sequences(cursor: Cursor[Any], table: str, columns: tuple[str, ...]) -> None:
    for column in columns:
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", (f'"{table}"', column))
        ((sequence,),) = cursor.fetchall()
        if sequence is not None:
            highest = (
                f'SELECT setval(%s, max("{column}")) FROM "{table}" HAVING max("{column}") > 0'
            )
            cursor.execute(highest.encode(), (sequence,))


def _emptied(table: str) -> str:
    """Return what takes away the rows that a migration itself wrote."""
    return f'DELETE FROM "{table}"'


def _named(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _typed(row: Row, are_bool: list[bool]) -> Row:
    """Return a row as PostgreSQL wants it: SQLite knows no booleans."""
    return tuple(
        bool(value) if is_bool and value is not None else value
        for value, is_bool in zip(row, are_bool, strict=True)
    )


def _digest(row: Row) -> int:
    told = hashlib.blake2b(b"".join(map(_told, row)), digest_size=_DIGEST_BYTES)
    return int.from_bytes(told.digest())


def _told(value: object) -> bytes:
    """Return a value so that no two that differ are alike, of whichever database they are."""
    match value:
        case None:
            return b"n"
        case int():
            return b"i%d;" % value
        case str():
            return b"t%d;%b" % (len(value), value.encode())
        case bytes():
            return b"b%d;%b" % (len(value), value)
        case _:
            raise Broken("backup.differs", detail=f"a value of type {type(value).__name__}")
