"""By what the violations of open transfers are known again (possible duplicates).

Of cases from before it knows nothing: their letters are sealed originals, which no migration reads.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "marks",
        sa.Column("key", _text(64), primary_key=True),
        sa.Column("case_id", _text(64), primary_key=True),
        sa.Column("first_day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_day", sa.Integer, primary_key=True, autoincrement=False),
    )
    op.create_index("marks_by_case", "marks", ["case_id"])


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
