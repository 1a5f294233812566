"""Marks are found by key and days; a case's own lie together.

By key and case all marks of a matter at a place were read, however long ago they ended.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0013"
down_revision: Final = "0012"

_NAMED: Final = "case_id, key, first_day, last_day"


def upgrade() -> None:
    """Write the table anew."""
    op.drop_index("marks_by_case", "marks")
    op.rename_table("marks", "marks_before")
    op.create_table(
        "marks",
        sa.Column("case_id", _text(64), primary_key=True),
        sa.Column("key", _text(64), primary_key=True),
        sa.Column("first_day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_day", sa.Integer, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO marks ({_NAMED}) SELECT {_NAMED} FROM marks_before")
    op.drop_table("marks_before")
    op.create_index("marks_by_key", "marks", ["key", "last_day", "first_day", "case_id"])


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
