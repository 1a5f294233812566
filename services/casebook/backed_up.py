"""When a casebook was last backed up. It says so itself, for all hosts that share it.

Of each backup it is the moment at which it began: nothing from after that is surely in it. The copy
in the backup says the same, so a restored casebook was last backed up when its backup was made.
"""

from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, select
from sqlalchemy.exc import DBAPIError

from schemas.errors import UserError
from services.casebook import postgresql, sqlite
from services.casebook.rows import from_ms, to_ms
from services.casebook.standalone import flush
from services.casebook.statements import upsert
from services.casebook.tables import SETTINGS
from services.casebook.which import forget_mark

_KEY: Final = "backup"  # milliseconds since 1970, UTC
_LAST: Final = select(SETTINGS.c.value).where(SETTINGS.c.key == _KEY)
_WRITER: Final = "yichuan-backup"


def last_backup(connection: Connection) -> datetime | None:
    """Return when the last backup that ended well had begun; None: there was none."""
    found = connection.execute(_LAST).scalar()
    return None if found is None else from_ms(int(found))


def note_in_copy(copy: Path, at: datetime) -> None:
    """Write into a file that stands alone when it was copied. Raises UserError file.unwritable."""
    engine = create_engine(URL.create("sqlite", database=str(copy)), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            forget_mark(connection)  # put back, it is another casebook
        _note(engine, at)
    except DBAPIError as error:
        detail = type(error.orig).__name__
        raise UserError("file.unwritable", str(copy), detail, exit_code=3) from None
    flush(copy)


def note_in_casebook(where: Path | URL, at: datetime) -> None:
    """Write into a casebook, beside the exchange that writes it, that it was backed up.

    Only while nobody puts another in its place. Raises UserError backup.not_noted.
    """
    try:
        _note(_writers(where), at)
    except DBAPIError as error:  # without its text: it may tell the address and the login
        detail = type(error.orig).__name__
        raise UserError("backup.not_noted", detail=detail, exit_code=3) from None


def _writers(where: Path | URL) -> Engine:
    if isinstance(where, Path):
        return sqlite.writers(where)
    limits = postgresql.LOCK_SECONDS_MAX, postgresql.STATEMENT_SECONDS_MAX
    engine = postgresql.engine_of(where, _WRITER, *limits)
    event.listen(engine, "connect", postgresql.durable)
    return engine


def _note(engine: Engine, at: datetime) -> None:
    try:
        with engine.begin() as connection:
            upsert(connection, SETTINGS, ("key",), [{"key": _KEY, "value": str(to_ms(at))}])
    finally:
        engine.dispose()
