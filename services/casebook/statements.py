"""The statements that a flush is made of, rows in one order, so that locks are too.

SQLAlchemy keeps no compiled form of an INSERT that knows ON CONFLICT, and compiling one takes
longer than running it; and what it does to each value of each row takes as long as writing it. No
column here needs that: the text is made here, for both databases, and the driver gets the values.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Table

_IN_MAX: Final = 400  # values in one IN list; SQLite allows 32,766 parameters

_T = TypeVar("_T")
Values = dict[str, Any]


def upsert(
    connection: Connection,
    table: Table,
    keys: Sequence[str],
    rows: Iterable[Values],
    new: Collection[tuple[str, ...]] = (),
) -> None:
    """Write rows over those of the same keys; a new one that is there after all is an error."""
    values = {tuple(row[key] for key in keys): row for row in rows}
    ordered = sorted(values)
    insert(connection, table, [values[key] for key in ordered if key in new])
    known = [values[key] for key in ordered if key not in new]
    if known:
        named = tuple(known[0])
        over = ", ".join(f'"{name}" = excluded."{name}"' for name in named if name not in keys)
        on_conflict = f" ON CONFLICT ({_quoted(keys)}) DO UPDATE SET {over}"
        _run(connection, _inserting(table.name, named, on_conflict), named, known)


def rewrite(
    connection: Connection,
    table: Table,
    keys: Sequence[str],
    rows: Iterable[Values],
) -> None:
    """Write what is given of rows that are there; all give the same columns."""
    ordered = sorted(rows, key=itemgetter(*keys))
    if ordered:
        columns = tuple(name for name in ordered[0] if name not in keys)
        setting = ", ".join(f'"{name}" = ?' for name in columns)
        written = f"UPDATE {table.name} SET {setting} WHERE {_each(keys)}"
        _run(connection, written, (*columns, *keys), ordered)


def insert_missing(connection: Connection, table: Table, rows: list[Values]) -> None:
    """Make rows. One that is there already stays as it is."""
    if rows:
        named = tuple(rows[0])
        _run(connection, _inserting(table.name, named, " ON CONFLICT DO NOTHING"), named, rows)


def insert(connection: Connection, table: Table, rows: list[Values]) -> None:
    """Append rows, in their order."""
    if rows:
        named = tuple(rows[0])
        _run(connection, _inserting(table.name, named), named, rows)


def _inserting(table: str, named: Sequence[str], on_conflict: str = "") -> str:
    marks = ", ".join("?" for _ in named)
    return f"INSERT INTO {table} ({_quoted(named)}) VALUES ({marks}){on_conflict}"


def _run(
    connection: Connection, written: str, named: Sequence[str], rows: Sequence[Values]
) -> None:
    """Run a statement for each row, its values given to the driver as they are."""
    if connection.dialect.positional is False:  # psycopg's
        written = written.replace("?", "%s")
    connection.exec_driver_sql(written, tuples(named, rows))


def tuples(named: Sequence[str], rows: Iterable[Values]) -> list[tuple[Any, ...]]:
    """Return the values of rows in the order of the names."""
    if len(named) == 1:
        return [(row[named[0]],) for row in rows]
    return list(map(itemgetter(*named), rows))


def _each(keys: Iterable[str]) -> str:
    return " AND ".join(f'"{key}" = ?' for key in keys)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def remove(connection: Connection, table: Table, keys: Sequence[str], rows: list[Values]) -> None:
    """Delete the rows with these keys."""
    if rows:
        _run(connection, f"DELETE FROM {table.name} WHERE {_each(keys)}", keys, rows)


def delete_published(connection: Connection, table: Table, seqs: Iterable[int]) -> None:
    """Take published rows, bodies and all, out of the outbox: each run of numbers at once."""
    runs: list[list[int]] = []
    for seq in sorted(seqs):
        if runs and seq == runs[-1][1] + 1:
            runs[-1][1] = seq
        else:
            runs.append([seq, seq])
    statement = f"DELETE FROM {table.name} WHERE seq BETWEEN ? AND ?"
    if runs:
        _run(connection, statement, ("first", "last"), [{"first": a, "last": b} for a, b in runs])


def parts(keys: Iterable[_T]) -> Iterator[list[_T]]:
    """Yield the keys, each once, in lists that one IN may hold."""
    every = list(dict.fromkeys(keys))
    for start in range(0, len(every), _IN_MAX):
        yield every[start : start + _IN_MAX]
