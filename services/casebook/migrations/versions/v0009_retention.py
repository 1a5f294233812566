"""Since when each case rests, and when to ask whether its content is still kept.

Of cases from before the last decision is taken for the last that happened: the next Ticks ask about
each, and find those that do not rest.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0009"
down_revision: Final = "0008"


def upgrade() -> None:
    """Add the columns and their index, and fill them."""
    op.add_column("cases", sa.Column("rests_ms", sa.BigInteger))
    op.add_column("cases", sa.Column("look_ms", sa.BigInteger))
    op.create_index("cases_by_look", "cases", ["topic", "partition", "look_ms"])
    op.execute(
        "UPDATE cases SET rests_ms ="
        " (SELECT max(at_ms) FROM decisions WHERE decisions.case_id = cases.case_id)"
    )
    op.execute("UPDATE cases SET look_ms = rests_ms")
