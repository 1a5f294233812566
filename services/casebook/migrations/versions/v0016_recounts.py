"""Cases whose duties wait to be counted by another calendar have a list: Ticks go through it.

They were counted in one transaction, all of a partition, however many.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0016"
down_revision: Final = "0015"


def upgrade() -> None:
    """Make the table. Before it nothing was left to wait."""
    op.create_table(
        "recounts",
        sa.Column("topic", _text(64), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("case_id", _text(64), primary_key=True),
        sa.Column("case_seq", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
