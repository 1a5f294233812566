"""Columns, their types, and partial indexes, that every database takes alike."""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, text
from sqlalchemy.types import TypeEngine

# SQLite numbers rows by itself only for INTEGER, PostgreSQL wants BIGINT.
SEQUENCE: Final = BigInteger().with_variant(Integer, "sqlite")
BYTES: Final = LargeBinary()


def short_text(length: int) -> TypeEngine[str]:
    """Return a text that is ordered by its bytes, whatever language the database was made for."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def place(*, key: bool = False) -> tuple[Column[Any], ...]:
    """Return those that name a partition of the log; `key`: of the primary key."""
    return (
        Column("topic", short_text(64), primary_key=key, nullable=False),
        Column("partition", Integer, primary_key=key, nullable=False, autoincrement=False),
    )


def position(*, key: bool = False) -> tuple[Column[Any], ...]:
    """Return those that name a record of the log."""
    offset = Column("offset", BigInteger, primary_key=key, nullable=False, autoincrement=False)
    return *place(key=key), offset


def part_index(name: str, *columns: str, rows: str, in_sqlite: str = "") -> Index:
    """Return an index that knows of these rows only.

    SQLite uses it for a question that has the same words.
    """
    where = text(rows)
    return Index(name, *columns, postgresql_where=where, sqlite_where=text(in_sqlite or rows))
