"""The exchange tables, with the columns that exchange platforms (前置库) usually have.

An agency that has such tables already gives its own names: `[map.out] payload = "CONTENT"`. Those
of Debezium's outbox event router fit so: id = id, aggregatetype = biz_type, payload = payload.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

OUT: Final = "EX_OUT"
IN: Final = "EX_IN"
LEDGER: Final = "EX_LEDGER"

_BIG: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER only
_ID: Final = String(36)
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


def tables(
    names: tuple[str, str, str] = (OUT, IN, LEDGER),
    out_columns: Mapping[str, str] = MappingProxyType({}),
    in_columns: Mapping[str, str] = MappingProxyType({}),
) -> Tables:
    """Return the tables. The agency writes EX_OUT and reads EX_IN; EX_LEDGER is ours alone."""
    metadata = MetaData()
    out_name, in_name, ledger_name = names
    out = Table(out_name, metadata, *_out(out_columns), sqlite_autoincrement=True)
    into = Table(in_name, metadata, *_in(in_columns), sqlite_autoincrement=True)
    ledger = Table(
        ledger_name,
        metadata,
        Column("message_id", _ID, primary_key=True),
        Column("since", _INSTANT, nullable=False),
    )
    Index(f"{out_name}_status".lower(), out.c.status, out.c.id)
    return Tables(metadata, out, into, ledger)


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
    yield column("message_id", _ID, nullable=False, unique=True)
    yield column("case_id", _ID, nullable=False)
    yield column("sender", String(18), nullable=False)
    yield column("document_number", String(64))
    yield column("in_reply_to", _ID)
    yield column("payload", Text, nullable=False)
    yield column("sm3", String(64), nullable=False)
    yield column("status", SmallInteger, nullable=False, server_default="0", comment="agency's")
    yield column("created", _INSTANT, nullable=False)
    yield column("updated", _INSTANT)


def _column(theirs: Mapping[str, str], name: str, kind: Any, **options: Any) -> Column[Any]:  # noqa: ANN401 - a type of SQLAlchemy's, and its options
    return Column(theirs.get(name, name), kind, key=name, **options)
