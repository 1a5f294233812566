"""What the broker must still lose, and how far the records below it were copied."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0003"
down_revision: Final = "0002"


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "secrets",
        sa.Column("topic", _text(64), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("offset", sa.BigInteger, primary_key=True),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "copied",
        sa.Column("topic", _text(64), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
    )


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
