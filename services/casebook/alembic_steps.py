"""Running the steps of `migrations/` by Alembic. Imported only where there is one to run.

To import Alembic and read its steps takes 0.15 s of the processor, of 1.55 s until an exchange has
opened its casebook; and nearly every start is of one that is current.
"""

from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def run_steps(connection: Connection, folder: Path, found: str | None, to: str) -> None:
    """Bring the tables from the step `found` (None: there are none) to another.

    In the transaction given. What no Alembic has written down is first written down as found.
    """
    script = ScriptDirectory(str(folder))

    def steps(revision: Any, _context: MigrationContext) -> Any:  # noqa: ANN401 - Alembic's own
        return script._upgrade_revs(to, revision)  # noqa: SLF001 - Alembic's manual says so

    context = MigrationContext.configure(connection, opts={"fn": steps})
    if found is not None and context.get_current_revision() is None:
        context.stamp(script, found)
    with Operations.context(context):
        context.run_migrations()
