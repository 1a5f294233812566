"""A key for each case. What lies in `originals` is locked by migrate.py, in the same transaction.

What waits in the outbox stays open (its `case_id` is null): it is published at the next start.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0008"
down_revision: Final = "0007"


def upgrade() -> None:
    """Make the table and add the column."""
    op.create_table(
        "case_keys",
        sa.Column("name", _text(64), primary_key=True),
        sa.Column("wrapped", sa.LargeBinary),
        sa.Column("erased_ms", sa.BigInteger),
    )
    op.add_column("outbox", sa.Column("case_id", _text(64)))


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
