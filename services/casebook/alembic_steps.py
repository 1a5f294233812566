"""Running the steps of `migrations/` by Alembic. Imported only where there is one to run.

To import Alembic and read its steps takes 0.15 s of the processor, of 1.55 s until an exchange has
opened its casebook; and nearly every start is of one that is current.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from connectors.bus.clock import monotonic

LOG: Final = logging.getLogger("yichuan.casebook")


def run_steps(connection: Connection, folder: Path, found: str | None, to: str) -> None:
    """Bring the tables from the step `found` (None: there are none) to another.

    In the transaction given. What no Alembic has written down is first written down as found.
    """
    script = ScriptDirectory(str(folder))

    def steps(revision: Any, _context: MigrationContext) -> Any:  # noqa: ANN401 - Alembic's own
        wanted = script._upgrade_revs(to, revision)  # noqa: SLF001 - Alembic's manual says so
        for step in wanted if revision else ():  # of a new casebook there is nothing to tell
            step.migration_fn = _told(step.revision.revision, step.migration_fn)
        return wanted

    context = MigrationContext.configure(connection, opts={"fn": steps})
    if found is not None and context.get_current_revision() is None:
        context.stamp(script, found)
    with Operations.context(context):
        context.run_migrations()


def _told(step: str, migrate: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step that says when it begins and when it is done: it may take many minutes."""

    def told(*args: Any, **keywords: Any) -> Any:  # noqa: ANN401 - as Alembic calls it
        began = monotonic()
        # A warning: nothing below is shown before the worker runs, and nobody may think it hangs.
        LOG.warning("casebook: bringing it forward, step %s", step)
        done = migrate(*args, **keywords)
        LOG.warning("casebook: step %s done in %.1f s", step, monotonic() - began)
        return done

    return told
