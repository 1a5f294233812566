"""Which year's guidance was opened in a partition, by which rulebook, is kept with its progress.

Null in a casebook from before: the next Tick of the partition opens the running year.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0005"
down_revision: Final = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("progress", sa.Column("guided", _text(80)))


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
