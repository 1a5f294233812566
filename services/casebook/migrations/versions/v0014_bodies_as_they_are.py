"""PostgreSQL keeps what is locked, or is gone in a moment, beside its row and as it is.

It would try to compress each, what is encrypted in vain, and put it away in pieces: an eighth of
what a message costs there. And the outbox keeps its length when it is swept: to cut off its end
everybody would have to wait.
"""

from typing import Final

from alembic import op

revision: Final = "0014"
down_revision: Final = "0013"

_BESIDE_ITS_ROW: Final = 8_160  # bytes of a row: the most that PostgreSQL allows


def upgrade() -> None:
    """Say how the bodies are stored from now on; those that are there stay as they are."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in (("originals", "body"), ("outbox", "value")):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
        op.execute(f"ALTER TABLE {table} SET (toast_tuple_target = {_BESIDE_ITS_ROW})")
    op.execute("ALTER TABLE outbox SET (vacuum_truncate = off)")
