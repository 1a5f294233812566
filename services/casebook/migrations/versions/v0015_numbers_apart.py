"""Which number a case has, and how a duty ended, stand apart; what has fallen due is swept sooner.

As an index of `cases` it was written at some place or other each time a case changed, on
PostgreSQL: a Tick that fires a thousand duties read most of a thousand of its pages, the more the
more cases there are. And to end a duty, which most messages do, its whole text was written anew.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0015"
down_revision: Final = "0014"

# Of the rows of `wakes`, before PostgreSQL sweeps those that are gone: each Tick reads over them.
# By its own measure two million of ten million would have to be.
_GONE_SHARE: Final = 0.02


def upgrade() -> None:
    """Make the table from what the cases say. What the duties' texts say of their ends stays."""
    op.create_table(
        "case_numbers",
        sa.Column("case_id", _text(64), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO case_numbers (case_id, seq) SELECT case_id, seq FROM cases")
    op.drop_index("cases_by_id", "cases")
    op.add_column("duties", sa.Column("ended", _text(64)))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE wakes SET (autovacuum_vacuum_scale_factor = {_GONE_SHARE})")


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
