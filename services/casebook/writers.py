"""Whether somebody has a casebook to write it, whichever database it lies in."""

from pathlib import Path

from psycopg.errors import LockNotAvailable
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from schemas.errors import Unavailable
from services.casebook import postgresql, sqlite


def refuse_writers(where: Path | URL) -> None:
    """Raise UserError casebook.in_use while an exchange has it.

    Who changes it afterwards keeps others away himself: by the lock, or in his own transaction.
    Raises Unavailable casebook.unavailable, or casebook.migrating: one is starting.
    """
    if isinstance(where, Path):
        if where.parent.exists():  # else nobody has ever opened it
            sqlite.only_writer(where).close()
        return
    engine = postgresql.readers(where)
    try:
        with engine.begin() as connection:
            postgresql.refuse_others(connection)
    except DBAPIError as error:
        if isinstance(error.orig, LockNotAvailable):
            detail = f"> {postgresql.LOCK_SECONDS_MAX} s"
            raise Unavailable("casebook.migrating", detail=detail) from None
        raise postgresql.unavailable(error) from None
    finally:
        engine.dispose()
