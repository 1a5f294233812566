"""The exchange tables, with the columns that exchange platforms (前置库) usually have.

An agency that has such tables already gives its own names: `[map.out] payload = "CONTENT"`. One
that has an outbox table for Debezium's outbox event router needs no EX_OUT (see debezium.py).

A message is known by its sender and its id, for a sender chooses its ids. Tables of before, which
know it by its id alone, are changed where we may make tables (older.py).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.exc import SQLAlchemyError

from connectors.database.lacking import hold_columns
from connectors.database.older import bring_up, hold
from schemas.errors import UserError

OUT: Final = "EX_OUT"
IN: Final = "EX_IN"
LEDGER: Final = "EX_LEDGER"
OUTBOX: Final = "outbox"
ANSWERS: Final = "EX_ANSWER"
FILES: Final = "EX_FILE"

_BIG: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER only
_ID: Final = String(36)
_ORGAN: Final = String(18)
_INSTANT: Final = String(40)  # RFC 3339: no two databases agree on a time with its offset


@dataclass(frozen=True, slots=True)
class Tables:
    """The three tables; columns by our names (`tables.out.c.payload`), whatever theirs are.

    SQLite never uses an id again (AUTOINCREMENT), so that it names one row for ever.
    """

    metadata: MetaData
    out: Table
    into: Table
    ledger: Table
    files: Table

    def open(self, connection: Connection, *, create: bool) -> None:
        """Make what is missing and bring up to date what is older, or see that nothing is older.

        Raises UserError database.unusable, database.tables_outdated, database.table_missing.
        """
        _open(connection, self, create=create)


@dataclass(frozen=True, slots=True)
class OutboxTables:
    """The agency's outbox, which is not of `metadata` and never made here, and our three.

    `timed` is ("timestamp",) where the agency names such a column.
    """

    metadata: MetaData
    outbox: Table
    answers: Table
    into: Table
    ledger: Table
    files: Table
    timed: tuple[str, ...]

    def open(self, connection: Connection, *, create: bool) -> None:
        """Make ours where they are missing, and bring up to date what is older.

        Without `create`, see that nothing is older. Raises UserError database.unusable,
        database.tables_outdated, database.table_missing.
        """
        _open(connection, self, create=create)


def tables(
    names: tuple[str, str, str] = (OUT, IN, LEDGER),
    out_columns: Mapping[str, str] = MappingProxyType({}),
    in_columns: Mapping[str, str] = MappingProxyType({}),
    files_name: str = FILES,
) -> Tables:
    """Return the tables. The agency writes EX_OUT, reads EX_IN, EX_FILE; EX_LEDGER is ours."""
    metadata = MetaData()
    out_name, in_name, ledger_name = names
    schema, _, bare = out_name.rpartition(".")
    out = Table(
        bare, metadata, *_out(out_columns), schema=schema or None, sqlite_autoincrement=True
    )
    into, ledger, files = _inbox(metadata, (in_name, ledger_name, files_name), in_columns)
    Index(f"{bare}_status".lower(), out.c.status, out.c.id)
    return Tables(metadata, out, into, ledger, files)


def outbox_tables(
    names: tuple[str, str, str, str] = (OUTBOX, ANSWERS, IN, LEDGER),
    out_columns: Mapping[str, str] = MappingProxyType({}),
    in_columns: Mapping[str, str] = MappingProxyType({}),
    files_name: str = FILES,
) -> OutboxTables:
    """Return the tables. The agency's may be in a schema of its own: `case_db.outbox`."""
    metadata = MetaData()
    out_name, answers_name, in_name, ledger_name = names
    schema, _, bare = out_name.rpartition(".")
    column = partial(_column, out_columns)
    of_theirs = (
        column("id", Text, primary_key=True),
        *(column(name, Text) for name in ("aggregatetype", "aggregateid", "type", "payload")),
        *(column(name, Text) for name in ("timestamp",) if name in out_columns),
    )
    outbox = Table(bare, MetaData(), *of_theirs, schema=schema or None)
    answers = Table(answers_name, metadata, *_answers())
    Index(f"{answers_name}_status".lower(), answers.c.status)
    into, ledger, files = _inbox(metadata, (in_name, ledger_name, files_name), in_columns)
    timed = ("timestamp",) if "timestamp" in out_columns else ()
    return OutboxTables(metadata, outbox, answers, into, ledger, files, timed)


def _inbox(
    metadata: MetaData, names: tuple[str, str, str], columns: Mapping[str, str]
) -> tuple[Table, Table, Table]:
    into = Table(names[0], metadata, *_in(columns), sqlite_autoincrement=True)
    into.append_constraint(UniqueConstraint(into.c.message_id, into.c.sender))
    ledger = Table(
        names[1],
        metadata,
        Column("message_id", _ID, primary_key=True),
        Column("sender", _ORGAN, primary_key=True),
        Column("since", _INSTANT, nullable=False),
    )
    return into, ledger, Table(names[2], metadata, *_files())


def _open(connection: Connection, ours: Tables | OutboxTables, *, create: bool) -> None:
    known_by_id = (ours.into, ours.ledger, ours.files)
    if create:
        bring_up(connection, *known_by_id)
        try:
            ours.metadata.create_all(connection)
        except SQLAlchemyError as error:
            detail = type(error).__name__
            raise UserError(
                "database.unusable", where="create_tables", detail=detail, exit_code=3
            ) from None
    else:
        hold(connection, *known_by_id)
    unused = {table: frozenset[str]() for table in ours.metadata.sorted_tables}
    if isinstance(ours, Tables):
        unused[ours.out] = frozenset({"created"})
    unused[ours.into] = frozenset({"status", "updated"})
    hold_columns(connection, unused.items())


def _answers() -> Iterator[Column[Any]]:
    yield Column("event_id", String(200), primary_key=True, comment="the event's id, as text")
    yield Column("digest", String(64), nullable=False, comment="SHA-256 of what was taken")
    yield Column("status", SmallInteger, nullable=False)
    yield from _answer(partial(_column, {}))


def _out(theirs: Mapping[str, str]) -> Iterator[Column[Any]]:
    column = partial(_column, theirs)
    yield column("id", _BIG, primary_key=True, autoincrement=True)
    yield column("biz_type", String(64), comment="record, snake_case or a name of [map.records]")
    yield column(
        "biz_key", String(128), comment="the agency's own; only the secrecy gate looks at it"
    )
    yield column("payload", Text, nullable=False, comment="the record as JSON")
    yield column("sm3", String(64), comment="of payload; checked where given")
    yield column("status", SmallInteger, nullable=False, server_default="0")
    yield column("retry", Integer, nullable=False, server_default="0")
    yield from _answer(column)


def _answer(column: Callable[..., Column[Any]]) -> Iterator[Column[Any]]:
    """What became of a row: ids, receipt or why it was refused, and when."""
    yield column("message_id", _ID)
    yield column("case_id", _ID)
    yield column("receipt", Text, comment="Accepted or Held, as JSON")
    yield column("err_code", String(64))
    yield column("err_where", String(200))
    yield column("err_zh", String(2000))
    yield column("err_en", String(2000))
    yield column("remedy_zh", String(500))
    yield column("remedy_en", String(500))
    yield column("created", _INSTANT)
    yield column("updated", _INSTANT)


def _in(theirs: Mapping[str, str]) -> Iterator[Column[Any]]:
    column = partial(_column, theirs)
    yield column("id", _BIG, primary_key=True, autoincrement=True)
    yield column("batch_no", BigInteger, nullable=False, comment="order of arrival")
    yield column("biz_type", String(64), nullable=False)
    yield column("message_id", _ID, nullable=False)
    yield column("case_id", _ID, nullable=False)
    yield column("sender", _ORGAN, nullable=False)
    yield column("document_number", String(64))
    yield column("in_reply_to", _ID)
    yield column("payload", Text, nullable=False)
    yield column("sm3", String(64), nullable=False)
    yield column("status", SmallInteger, nullable=False, server_default="0", comment="agency's")
    yield column("created", _INSTANT, nullable=False)
    yield column("updated", _INSTANT)


def _files() -> Iterator[Column[Any]]:
    """Attachments of what arrived: where each lies, or why it cannot be had."""
    yield Column("message_id", _ID, primary_key=True)
    yield Column("sender", _ORGAN, primary_key=True)
    yield Column("position", Integer, primary_key=True, comment="in envelope.attachments, from 0")
    yield Column("name", String(200), nullable=False)
    yield Column("path", String(1000), comment="of the file; null: see err_code")
    yield Column("err_code", String(64))
    yield Column("err_zh", String(2000))
    yield Column("err_en", String(2000))
    yield Column("created", _INSTANT, nullable=False)


def _column(theirs: Mapping[str, str], name: str, kind: Any, **options: Any) -> Column[Any]:  # noqa: ANN401 - a type of SQLAlchemy's, and its options
    return Column(theirs.get(name, name), kind, key=name, **options)
