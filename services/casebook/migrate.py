"""Bringing a casebook's tables to the form that this program works with, forward only.

Opening for writing migrates by itself, in one transaction, on either database: a county has no
database administrator who would do it beside. Reading never does.
"""

import logging
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, column, inspect, select, table

from connectors.bus.clock import monotonic
from schemas.errors import Broken
from services.casebook.key_file import own_key
from services.casebook.lockbox import WrappingKey
from services.casebook.locked import lock_originals
from services.casebook.tables import METADATA, SETTINGS

LOG: Final = logging.getLogger("yichuan.casebook")
_FOLDER: Final = Path(__file__).with_name("migrations")
_VERSIONS: Final = table("alembic_version", column("version_num"))
_VERSION: Final = select(_VERSIONS.c.version_num)
_FIRST: Final = "0001"  # the release that kept its version in `settings`
_FIRST_SETTING: Final = "1"
_OPEN: Final = frozenset(f"{step:04}" for step in range(1, 8))  # where originals were kept open


def bring_forward(connection: Connection, key_file: Path) -> WrappingKey:
    """Migrate, lock what a release before kept open, and return the exchange's own key.

    Raises Broken casebook.version, UserError casebook.key_missing or casebook.key_wrong.
    """
    before = step_of(connection)
    migrate(connection)
    key = own_key(connection, key_file)
    if before in _OPEN:
        began = monotonic()
        LOG.warning("casebook: locking what a release before kept open")  # as a step is told of
        number = lock_originals(connection, key)
        LOG.warning("casebook: %d originals locked in %.1f s", number, monotonic() - began)
    return key


def migrate(connection: Connection, to: str = "head") -> None:
    """Make the tables, or bring them forward, in the transaction given.

    Raises Broken casebook.version when they are a newer program's, or nobody's.
    """
    found = step_of(connection)
    if found == head():
        return
    from services.casebook.alembic_steps import run_steps  # noqa: PLC0415 - says why

    run_steps(connection, _FOLDER, found, to)


def is_current(connection: Connection) -> bool:
    """Whether there is nothing to migrate. Raises Broken casebook.version, like `migrate`."""
    return step_of(connection) == head()


def is_empty(connection: Connection) -> bool:
    """Whether no exchange has ever opened it. Raises Broken casebook.version, like `migrate`."""
    return step_of(connection) is None


def head() -> str:
    """Return the step that this program works with."""
    return max(_steps())


def check(connection: Connection) -> None:
    """For reading. Raises Broken casebook.version when the tables are not in today's form."""
    if not is_current(connection):
        raise Broken("casebook.version", detail=f"{step_of(connection)}, not {head()}")


def step_of(connection: Connection) -> str | None:
    """Return the step that the tables are at; None: there are none yet.

    Raises Broken casebook.version, like `migrate`.
    """
    there = set(inspect(connection).get_table_names())
    revision = connection.execute(_VERSION).scalar() if _VERSIONS.name in there else None
    if revision is not None:
        if revision not in _steps():
            raise Broken("casebook.version", detail=f"{revision}, not {head()}")
        return str(revision)
    tables = there & set(METADATA.tables)
    if not tables:
        return None
    setting = None
    if SETTINGS.name in tables:
        row = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == "version"))
        setting = row.scalar_one_or_none()
    if setting != _FIRST_SETTING:
        raise Broken("casebook.version", detail=f"{setting}, not {_FIRST_SETTING}")
    return _FIRST


@cache
def _steps() -> frozenset[str]:
    """Return the steps that this program knows, by the names of their files: v0001_….py."""
    return frozenset(path.name[1:5] for path in (_FOLDER / "versions").glob("v[0-9]*.py"))
