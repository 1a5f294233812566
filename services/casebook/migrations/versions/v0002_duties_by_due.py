"""An index for what is due first; and programs from before the migrations are told to stay away.

Those compare the row `version` of `settings` with "1", and know nothing of `alembic_version`.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Add the index and set the version."""
    op.create_index("duties_by_due", "duties", ["open", "due_ms"])
    settings = sa.table("settings", sa.column("key", sa.String), sa.column("value", sa.Text))
    op.execute(settings.delete().where(settings.c.key == "version"))
    op.execute(settings.insert().values(key="version", value="alembic"))
