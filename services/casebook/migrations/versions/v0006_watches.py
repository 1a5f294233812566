"""A case may have a day to warn of, which a Tick finds (domain, section 5).

Null in a casebook from before: what was accepted till now is not warned of.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"


def upgrade() -> None:
    """Add the column and its index."""
    op.add_column("cases", sa.Column("next_watch_ms", sa.BigInteger()))
    op.create_index("cases_by_watch", "cases", ["topic", "partition", "next_watch_ms"])
