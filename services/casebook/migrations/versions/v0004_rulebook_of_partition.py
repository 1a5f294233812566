"""By which rulebook a partition is decided is kept with its progress (design D8).

Null in a casebook from before: the next record of the partition is decided by the rulebook that the
exchange began with, as it was till now, and notes it.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Add the column."""
    op.add_column("progress", sa.Column("rulebook", _text(64)))


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
