"""Which stored files belong to which message: they are deleted when its content is erased.

Messages of before carried no files, so there is nothing to fill in.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0011"
down_revision: Final = "0010"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "blobs",
        sa.Column("sender", _text(32), primary_key=True),
        sa.Column("blob", _text(64), primary_key=True),
        sa.Column("message_id", _text(36), primary_key=True),
        sa.Column("case_id", _text(64), nullable=False),
        sa.Column("lost", sa.Boolean, nullable=False),
    )
    op.create_index("blobs_by_case", "blobs", ["case_id"])
    op.create_index("blobs_lost", "blobs", ["lost"])


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
