"""The statements that a flush is made of, rows in one order, so that locks are too.

SQLAlchemy keeps no compiled form of an INSERT that knows ON CONFLICT, and compiling one takes
longer than running it. So the text of such a statement is made once, here, for both databases.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Table, TextClause, Update, bindparam, delete, text, update

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
    ordered = sorted(values, key=lambda key: tuple(map(str, key)))
    insert(connection, table, [values[key] for key in ordered if key in new])
    known = [values[key] for key in ordered if key not in new]
    if known:
        connection.execute(_writing_over(table, tuple(keys), tuple(known[0])), known)


def rewrite(
    connection: Connection,
    table: Table,
    keys: Sequence[str],
    columns: Sequence[str],
    rows: Iterable[Values],
) -> None:
    """Write these columns of rows that are there."""
    values = [{f"the_{name}": row[name] for name in (*keys, *columns)} for row in rows]
    if values:
        ordered = sorted(values, key=lambda row: tuple(str(row[f"the_{key}"]) for key in keys))
        connection.execute(_rewriting(table, tuple(keys), tuple(columns)), ordered)


@cache
def _rewriting(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Update:
    where = (table.c[key] == bindparam(f"the_{key}") for key in keys)
    values = {name: bindparam(f"the_{name}") for name in columns}
    return update(table).where(*where).values(**values)


def insert_missing(connection: Connection, table: Table, rows: list[Values]) -> None:
    """Make rows. One that is there already stays as it is."""
    if rows:
        named = tuple(rows[0])
        connection.execute(_inserting(table, named, "DO NOTHING"), rows)


@cache
def _writing_over(table: Table, keys: tuple[str, ...], named: tuple[str, ...]) -> TextClause:
    """Return the statement that writes rows of these columns over those of the same keys."""
    over = ", ".join(f'"{name}" = excluded."{name}"' for name in named if name not in keys)
    return _inserting(table, named, f"({_quoted(keys)}) DO UPDATE SET {over}")


@cache
def _inserting(table: Table, named: tuple[str, ...], on_conflict: str) -> TextClause:
    """Return an INSERT of these columns, each value in the type of its column."""
    binds = ", ".join(f":{name}" for name in named)
    written = text(
        f"INSERT INTO {table.name} ({_quoted(named)}) VALUES ({binds}) ON CONFLICT {on_conflict}"
    )
    return written.bindparams(*(bindparam(name, type_=table.c[name].type) for name in named))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def insert(connection: Connection, table: Table, rows: list[Values]) -> None:
    """Append rows, in their order."""
    if rows:
        connection.execute(table.insert(), rows)


def remove(connection: Connection, table: Table, keys: Sequence[str], rows: list[Values]) -> None:
    """Delete the rows with these keys."""
    if rows:
        where = (table.c[key] == bindparam(f"the_{key}") for key in keys)
        values = [{f"the_{key}": row[key] for key in keys} for row in rows]
        connection.execute(delete(table).where(*where), values)


def delete_published(connection: Connection, table: Table, seqs: list[int]) -> None:
    """Take published rows, bodies and all, out of the outbox."""
    for part in parts(seqs):
        connection.execute(delete(table).where(table.c.seq.in_(part)))


def parts(keys: Iterable[_T]) -> Iterator[list[_T]]:
    """Yield the keys, each once, in lists that one IN may hold."""
    every = list(dict.fromkeys(keys))
    for start in range(0, len(every), _IN_MAX):
        yield every[start : start + _IN_MAX]
