"""The connection to the agency's database: bounded waits, and outages told apart from bad data."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
)

from schemas.errors import Unavailable, UserError

BUSY_SECONDS_MAX: Final = 5  # for a lock
STATEMENT_SECONDS_MAX: Final = 30
_RAISED: Final = "P0001"  # by a trigger of the agency's: PL/pgSQL's RAISE EXCEPTION
BAD_DATA: Final = (IntegrityError, DataError)  # the row's fault, not the database's


def open_engine(url: str, base: Path) -> Engine:
    """Return an engine. A relative SQLite file is looked for from `base`.

    Raises UserError database.unusable, without the URL: it may hold a password.
    """
    try:
        where = _absolute(make_url(url), base)
        engine = create_engine(
            where, pool_pre_ping=True, hide_parameters=True, connect_args=_limits(where)
        )
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        detail = type(error).__name__
        raise UserError(
            "database.unusable", where="source.url", detail=detail, exit_code=3
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
    return engine


@contextmanager
def transaction(
    engine: Engine, as_it_is: tuple[type[SQLAlchemyError], ...] = ()
) -> Iterator[Connection]:
    """One transaction. Raises Unavailable system.unavailable, but errors `as_it_is` themselves."""
    try:
        with engine.begin() as connection:
            yield connection
    except as_it_is:
        raise
    except (SQLAlchemyError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if as_it_is and cause is not None and getattr(cause, "sqlstate", None) == _RAISED:
            raise DataError(None, None, cause) from None
        detail = type(cause).__name__  # its text may hold values of a row
        raise Unavailable("system.unavailable", where="database", detail=detail) from None


def _absolute(url: URL, base: Path) -> URL:
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    return url.set(database=str(base / Path(url.database).expanduser()))


def _limits(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"timeout": BUSY_SECONDS_MAX}
    if url.get_backend_name() == "postgresql":
        settings = {
            "lock_timeout": BUSY_SECONDS_MAX,
            "statement_timeout": STATEMENT_SECONDS_MAX,
            "idle_in_transaction_session_timeout": STATEMENT_SECONDS_MAX,
        }
        options = " ".join(f"-c {name}={seconds}s" for name, seconds in settings.items())
        return {"connect_timeout": BUSY_SECONDS_MAX, "options": options}
    return {}


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see below
    # Text that is no UTF-8 is a refused row, not a query that fails for ever.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_immediate(connection: Connection) -> None:
    """A transaction that reads first and writes later would fail at once when another writes."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
