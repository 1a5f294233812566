"""Exchange tables of an older release, in which a message was its id alone, brought up to date.

Its sender becomes part of what is unique in EX_IN, and of the primary keys of EX_LEDGER and
EX_FILE, which gain the column. What the agency has put to its tables stays: columns, indexes,
triggers, views and the next id. It is one transaction, at the first start, where we may make
tables.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
    func,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import AddConstraint, DropConstraint

from connectors.bus.system import UNNOTED
from schemas.errors import UserError

_HEAD: Final = re.compile(r'\s*CREATE\s+TABLE\s+("[^"]*"|\[[^]]*\]|`[^`]*`|[^\s(]+)', re.IGNORECASE)
_BESIDE: Final = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'table'"
_NEXT_ID: Final = "SELECT seq FROM sqlite_sequence WHERE name = ? COLLATE NOCASE"


class _Older(NamedTuple):
    """A table that knows a message by its id alone: by which key."""

    table: Table
    key: tuple[str, ...]  # columns, by their names in the table
    constraint: str | None  # its name, where it has one
    is_primary: bool
    lacks_sender: bool


def hold(connection: Connection, into: Table, ledger: Table, files: Table) -> None:
    """See that the tables know a message by its sender, too.

    Raises UserError database.tables_outdated.
    """
    for older in _older(connection, into, ledger, files):
        raise _outdated(older)


def bring_up(connection: Connection, into: Table, ledger: Table, files: Table) -> None:
    """Change the tables that know a message by its id alone; those that are missing stay missing.

    Raises UserError database.tables_outdated for one that we cannot change.
    """
    olders = sorted(_older(connection, into, ledger, files), key=lambda each: each.table is into)
    for older in olders:
        try:
            _change(connection, older, into)
        except SQLAlchemyError as error:
            raise _outdated(older) from error


def _older(connection: Connection, into: Table, ledger: Table, files: Table) -> Iterator[_Older]:
    seen = inspect(connection)
    for table in (into, ledger, files):
        if not seen.has_table(table.name):
            continue
        columns = {column["name"].lower() for column in seen.get_columns(table.name)}
        lacks_sender = table.c.sender.name.lower() not in columns
        primary: Any = seen.get_pk_constraint(table.name)
        keys = [(primary["constrained_columns"], primary["name"], True)]
        uniques = seen.get_unique_constraints(table.name)
        keys += [(each["column_names"], each["name"], False) for each in uniques]
        for key, name, is_primary in keys:
            if table.c.message_id.name in key and table.c.sender.name not in key:
                yield _Older(table, tuple(key), name, is_primary, lacks_sender)


def _outdated(older: _Older) -> UserError:
    kind = "PRIMARY KEY" if older.is_primary else "UNIQUE"
    names = ", ".join(_with_sender(older))
    return UserError(
        "database.tables_outdated", where=older.table.name, detail=f"{kind} ({names})", exit_code=3
    )


def _with_sender(older: _Older) -> tuple[str, ...]:
    return (*older.key, older.table.c.sender.name)


def _change(connection: Connection, older: _Older, into: Table) -> None:
    table, is_sqlite = older.table, connection.dialect.name == "sqlite"
    if connection.dialect.name == "postgresql":  # an index over all that ever came takes its time
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    if older.lacks_sender:
        quoted = connection.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(
            f"ALTER TABLE {quoted} ADD COLUMN sender VARCHAR(18) DEFAULT '{UNNOTED}' NOT NULL"
        )
        if "position" in older.key:
            _name_senders(connection, table, into)
    if is_sqlite:
        _rebuild(connection, older)
    else:
        _exchange_keys(connection, older)


def _name_senders(connection: Connection, files: Table, into: Table) -> None:
    """Say of the attachments whose they are, as far as the agency has kept the rows."""
    whose = select(func.min(into.c.sender)).where(into.c.message_id == files.c.message_id)
    named = func.coalesce(whose.scalar_subquery(), UNNOTED)
    if inspect(connection).has_table(into.name):
        connection.execute(update(files).values(sender=named))


def _exchange_keys(connection: Connection, older: _Older) -> None:
    kind = PrimaryKeyConstraint if older.is_primary else UniqueConstraint
    before, now = kind(*older.key, name=older.constraint), kind(*_with_sender(older))
    for key in (before, now):
        columns = (Column(name, String) for name in _with_sender(older))
        Table(older.table.name, MetaData(), *columns, key)
    connection.execute(DropConstraint(before))
    connection.execute(AddConstraint(now))


def _rebuild(connection: Connection, older: _Older) -> None:
    """SQLite changes no key: the rows go into a table of the same text but for that."""
    name = older.table.name
    of_it = "tbl_name = ? COLLATE NOCASE"
    query = f"SELECT sql FROM sqlite_master WHERE type = 'table' AND {of_it}"
    text = connection.exec_driver_sql(query, (name,)).scalar_one()
    beside = connection.exec_driver_sql(f"{_BESIDE} AND {of_it}", (name,)).scalars().all()
    key, found = _key_pattern(older.key), _HEAD.match(text)
    if found is None or len(key.findall(text)) != 1:
        raise _outdated(older)
    sender = older.table.c.sender.name
    widened = key.sub(lambda match: f'{match[1]}, "{sender}")', text)
    new, old = f'"{name}_with_sender"', f'"{name}"'
    # What else names the table, a view or another's trigger, is left as it is.
    connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")
    connection.exec_driver_sql(f"CREATE TABLE {new} {widened[found.end() :]}")
    connection.exec_driver_sql(f"INSERT INTO {new} SELECT * FROM {old}")
    last = _next_id(connection, name)
    connection.exec_driver_sql(f"DROP TABLE {old}")
    connection.exec_driver_sql(f"ALTER TABLE {new} RENAME TO {old}")
    connection.exec_driver_sql("PRAGMA legacy_alter_table = OFF")
    if last is not None:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))
    for statement in beside:
        connection.exec_driver_sql(statement)


def _key_pattern(key: Sequence[str]) -> re.Pattern[str]:
    columns = r"\s*,\s*".join(rf'["`\[]?{re.escape(name)}["`\]]?' for name in key)
    return re.compile(rf"((?:UNIQUE|PRIMARY\s+KEY)\s*\(\s*{columns})\s*\)", re.IGNORECASE)


def _next_id(connection: Connection, name: str) -> int | None:
    """Return the last id that was given; None where SQLite may give one again."""
    counted = "SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'"
    if connection.exec_driver_sql(counted).first() is None:
        return None
    found: int | None = connection.exec_driver_sql(_NEXT_ID, (name,)).scalar()
    return found
