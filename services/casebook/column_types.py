"""Types of columns, and partial indexes, that every database takes alike."""

from typing import Final

from sqlalchemy import BigInteger, Index, Integer, String, text
from sqlalchemy.types import TypeEngine

# SQLite numbers rows by itself only for INTEGER, PostgreSQL wants BIGINT.
SEQUENCE: Final = BigInteger().with_variant(Integer, "sqlite")


def short_text(length: int) -> TypeEngine[str]:
    """Return a text that is ordered by its bytes, whatever language the database was made for."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def partial_index(name: str, *columns: str, rows: str, in_sqlite: str = "") -> Index:
    """Return an index that knows of these rows only.

    SQLite uses it for a question that has the same words.
    """
    where = text(rows)
    return Index(name, *columns, postgresql_where=where, sqlite_where=text(in_sqlite or rows))
