"""Types of columns that every database takes alike."""

from typing import Final

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.types import TypeEngine

# SQLite numbers rows by itself only for INTEGER, PostgreSQL wants BIGINT.
SEQUENCE: Final = BigInteger().with_variant(Integer, "sqlite")


def short_text(length: int) -> TypeEngine[str]:
    """Return a text that is ordered by its bytes, whatever language the database was made for."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
