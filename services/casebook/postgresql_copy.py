"""A casebook in PostgreSQL as one SQLite file, read while exchanges write it, and put back.

The file has the tables of the same step, made by the same migrations: whatever opens a SQLite
casebook opens it. It is the database at one moment, that of one snapshot. Put back, it goes into a
database without a casebook, in one transaction: cut off, it leaves nothing.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg
from psycopg.errors import DataError, LockNotAvailable
from sqlalchemy import URL, Connection, NullPool, create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from schemas.errors import Unavailable, UserError, YichuanError
from services.casebook.away import why_away
from services.casebook.migrate import is_empty, migrate, step_of
from services.casebook.postgresql import (
    LOCK_SECONDS_MAX,
    durable,
    engine_of,
    refuse_others,
)
from services.casebook.sqlite import CACHE_KIB, MODE
from services.casebook.standalone import flush, refuse_damaged
from services.casebook.table_copy import (
    Tables,
    into_postgresql,
    into_sqlite,
    refuse_differing_file,
    refuse_differing_server,
    tables_of,
    without_indexes,
)
from services.casebook.tables import METADATA
from services.casebook.wal import untie

_COPIER: Final = "yichuan-copy"
_TABLE_SECONDS_MAX: Final = 24 * 3600  # of one table; its rows wait for the disk on the other side
_IDLE_SECONDS_MAX: Final = 600  # between two tables
_ANALYZE_SECONDS_MAX: Final = 600  # of all tables; it reads a sample of each
# Nobody sees the file before all of it is flushed: what is cut off is begun anew.
_PRAGMAS: Final = ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}")


def copy_from_server(url: URL, to: Path) -> None:
    """Copy what the casebook holds at one moment to a new file that no -wal fits.

    Whoever writes it goes on. Raises UserError casebook.missing, file.unwritable; Unavailable
    casebook.unavailable, casebook.migrating; Broken casebook.version, backup.differs.
    """
    engine = engine_of(
        url,
        _COPIER,
        LOCK_SECONDS_MAX,
        _TABLE_SECONDS_MAX,
        idle_seconds=_IDLE_SECONDS_MAX,
        read_only=True,
    ).execution_options(isolation_level="REPEATABLE READ")
    to.touch(mode=MODE, exist_ok=False)
    try:
        with _in_our_words(url):
            with engine.connect() as connection:
                step = step_of(connection)
            if step is None:
                raise UserError("casebook.missing", where=str(url.database), exit_code=3)
            _make_tables(to, step)
            with closing(sqlite3.connect(to, isolation_level=None)) as copy:
                for pragma in _PRAGMAS:
                    copy.execute(f"PRAGMA {pragma}")
                tables, indexes = tables_of(copy), without_indexes(copy)
                with engine.connect() as connection:
                    _begin(connection, step, tables)
                    sent = into_sqlite(_psycopg_of(connection), copy, tables)
                for index in indexes:
                    copy.execute(index)
                refuse_differing_file(copy, tables, sent)
                untie(copy)
    except sqlite3.OperationalError as error:  # the disk is full, or fails; it names no content
        raise UserError("file.unwritable", str(to), error.sqlite_errorname, exit_code=3) from None
    finally:
        engine.dispose()
    refuse_damaged(to)
    flush(to)


@contextmanager
def empty_server(url: URL) -> Iterator[Callable[[Path], None]]:
    """Give what fills an empty database with the file of a casebook. All of it, or nothing.

    Before anything is given: raises UserError backup.database_not_empty, casebook.in_use,
    casebook.encoding; Unavailable casebook.unavailable, casebook.migrating. When it is filled:
    UserError backup.not_storable, Broken casebook.version, backup.differs.
    """
    engine = engine_of(
        url, _COPIER, LOCK_SECONDS_MAX, _TABLE_SECONDS_MAX, idle_seconds=_IDLE_SECONDS_MAX
    )
    event.listen(engine, "connect", durable)
    try:
        with _in_our_words(url), engine.begin() as connection:
            refuse_others(connection)
            if not is_empty(connection):
                where = str(url.database)
                raise UserError("backup.database_not_empty", where=where, exit_code=3)
            yield lambda file: _fill(connection, file)
    finally:
        engine.dispose()


def analyze(url: URL) -> bool:
    """Let the planner know the tables that were filled; whether that came to its end in time.

    Nothing hangs on it but how long statistics, traces and the doctor take until the server's
    autovacuum comes by: so what cuts it off is no failure of a restore that is committed.
    """
    engine = engine_of(url, _COPIER, LOCK_SECONDS_MAX, _ANALYZE_SECONDS_MAX).execution_options(
        isolation_level="AUTOCOMMIT"  # each table by itself: what is done stays
    )
    try:
        with engine.connect() as connection:
            there = METADATA.tables.keys() & set(inspect(connection).get_table_names())
            tables = ", ".join(f'"{table}"' for table in sorted(there))
            connection.execute(text(f"ANALYZE {tables}"))
    except DBAPIError:
        return False
    finally:
        engine.dispose()
    return True


def _fill(connection: Connection, file: Path) -> None:
    engine = create_engine("sqlite://", creator=lambda: _open(file), poolclass=NullPool)
    with engine.connect() as copy:
        step = step_of(copy)
    migrate(connection, step or "head")
    with closing(_open(file)) as copy:
        tables = tables_of(copy)
        target = _psycopg_of(connection)
        sent = into_postgresql(copy, target, tables)
        refuse_differing_server(target, tables, sent)


def _begin(connection: Connection, step: str, tables: Tables) -> None:
    """Take the snapshot, of tables that nobody changes any more until it is done with.

    A migration in between would leave the snapshot tables that it knows no rows of.
    """
    names = ", ".join(f'"{table}"' for table in tables)
    connection.execute(text(f"LOCK TABLE {names} IN ACCESS SHARE MODE"))
    if step_of(connection) != step:
        raise Unavailable("casebook.migrating")


def _make_tables(file: Path, step: str) -> None:
    engine = create_engine(URL.create("sqlite", database=str(file)), poolclass=NullPool)
    with engine.begin() as connection:
        migrate(connection, step)


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?immutable=1", uri=True)


def _psycopg_of(connection: Connection) -> psycopg.Connection[Any]:
    found = connection.connection.driver_connection
    assert isinstance(found, psycopg.Connection)  # noqa: S101 - the only driver that we have
    return found


@contextmanager
def _in_our_words(url: URL) -> Iterator[None]:
    """Without the server's own: they repeat rows, its address, the login."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        raise _in_our_word(error, url) from None


def _in_our_word(error: DBAPIError | psycopg.Error, url: URL) -> YichuanError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = type(cause).__name__
    if isinstance(cause, LockNotAvailable):
        return Unavailable("casebook.migrating", detail=f"> {LOCK_SECONDS_MAX} s")
    if isinstance(cause, DataError):
        return UserError("backup.not_storable", str(url.database), name, exit_code=3)
    return Unavailable("casebook.unavailable", detail=why_away(error))
