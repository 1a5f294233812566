"""The exchange tables, with the columns that exchange platforms (前置库) usually have.

An agency that has such tables already gives its own names: `[map.out] payload = "CONTENT"`. Those
of Debezium's outbox event router fit so: id = id, aggregatetype = biz_type, payload = payload.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
    """The three tables; columns by our names (`tables.out.c.payload`), whatever theirs are."""

    metadata: MetaData
    out: Table
    into: Table
    ledger: Table


def tables(
    names: tuple[str, str, str] = (OUT, IN, LEDGER),
    out_columns: Mapping[str, str] | None = None,
    in_columns: Mapping[str, str] | None = None,
) -> Tables:
    """Return the tables. The agency writes EX_OUT and reads EX_IN; EX_LEDGER is ours alone."""
    metadata = MetaData()
    out_name, in_name, ledger_name = names
    theirs = dict(out_columns or {})

    def column(name: str, kind: Any, **options: Any) -> Column[Any]:  # noqa: ANN401 - a type of SQLAlchemy's, and its options
        return Column(theirs.get(name, name), kind, key=name, **options)

    out = Table(
        out_name,
        metadata,
        column("id", _BIG, primary_key=True, autoincrement=True),
        column("biz_type", String(64), comment="record, snake_case or a name of [map.records]"),
        column("biz_key", String(128), comment="the agency's own; not looked at"),
        column("payload", Text, nullable=False, comment="the record as JSON"),
        column("sm3", String(64), comment="of payload; checked where given"),
        column("status", SmallInteger, nullable=False, server_default="0"),
        column("retry", Integer, nullable=False, server_default="0"),
        column("message_id", _ID),
        column("case_id", _ID),
        column("receipt", Text, comment="Accepted or Held, as JSON"),
        column("err_code", String(64)),
        column("err_where", String(200)),
        column("err_zh", String(2000)),
        column("err_en", String(2000)),
        column("remedy_zh", String(500)),
        column("remedy_en", String(500)),
        column("created", _INSTANT),
        column("updated", _INSTANT),
        sqlite_autoincrement=True,  # an id is never used again, so it names one row for ever
    )
    theirs = dict(in_columns or {})
    into = Table(
        in_name,
        metadata,
        column("id", _BIG, primary_key=True, autoincrement=True),
        column("batch_no", BigInteger, nullable=False, comment="order of arrival"),
        column("biz_type", String(64), nullable=False),
        column("message_id", _ID, nullable=False, unique=True),
        column("case_id", _ID, nullable=False),
        column("sender", String(18), nullable=False),
        column("document_number", String(64)),
        column("in_reply_to", _ID),
        column("payload", Text, nullable=False),
        column("sm3", String(64), nullable=False),
        column("status", SmallInteger, nullable=False, server_default="0", comment="agency's"),
        column("created", _INSTANT, nullable=False),
        column("updated", _INSTANT),
        sqlite_autoincrement=True,
    )
    ledger = Table(
        ledger_name,
        metadata,
        Column("message_id", _ID, primary_key=True),
        Column("since", _INSTANT, nullable=False),
    )
    Index(f"{out_name}_status".lower(), out.c.status, out.c.id)
    return Tables(metadata, out, into, ledger)
