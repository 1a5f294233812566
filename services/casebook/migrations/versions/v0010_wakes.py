"""What is due, in a table of its own; what the bus said, by its days; room for what changes.

An index on a column that each firing changes makes PostgreSQL write into every other index of the
row too, and SQLite into all that the statement names. Ids are spread over all of an index: among
ten million duties a thousand that fire together would each touch pages of their own.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0010"
down_revision: Final = "0009"

_FILLED_PERCENT: Final = 85  # of a page of PostgreSQL: a row that changes finds room beside itself


def upgrade() -> None:
    """Make the tables, fill them, and drop what they stand in for."""
    op.create_table(
        "wakes",
        sa.Column("topic", _text(64), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("case_id", _text(64), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO wakes (topic, partition, at_ms, case_id)"
        " SELECT topic, partition, min(ms), case_id FROM ("
        "SELECT topic, partition, next_rung_ms AS ms, case_id FROM duties"
        " WHERE next_rung_ms IS NOT NULL"
        " UNION ALL SELECT topic, partition, next_watch_ms, case_id FROM cases"
        " WHERE next_watch_ms IS NOT NULL) AS due GROUP BY topic, partition, case_id"
    )
    op.drop_index("duties_by_rung", "duties")
    op.drop_index("cases_by_watch", "cases")
    op.rename_table("said", "said_before")
    op.create_table(
        "said",
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("message_id", _text(36), primary_key=True),
        sa.Column("case_id", _text(64), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO said SELECT 0, message_id, case_id FROM said_before")
    op.drop_table("said_before")
    if op.get_bind().dialect.name == "postgresql":
        for table in ("cases", "duties"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = {_FILLED_PERCENT})")


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
