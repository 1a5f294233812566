"""Opening the casebook: the engine, its safety settings, and the lock of a SQLite casebook.

SQLite is for one writing process: the lock file is held for the process's life, so a crash frees
it. Several workers need PostgreSQL.
"""

import fcntl
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from schemas.errors import Broken, UserError
from services.casebook.tables import METADATA, SETTINGS

VERSION: Final = "1"
_BUSY_MS: Final = 10_000
_MODE: Final = 0o600  # what it holds is confidential


@dataclass(frozen=True, slots=True)
class Casebook:
    """An open casebook. `lock` is held while the object lives; None on PostgreSQL or read-only."""

    engine: Engine
    lock: TextIO | None

    def close(self) -> None:
        """Close connections, then let the lock go."""
        self.engine.dispose()
        if self.lock is not None:
            self.lock.close()


def open_sqlite(path: Path) -> Casebook:
    """Open a SQLite casebook for writing, making it if absent.

    Raises UserError casebook.in_use when another process writes it, Broken casebook.version.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as undo:
        lock = undo.enter_context(_lock(path))
        # Before SQLite makes it: its -wal and -shm files get the mode that this one has.
        path.touch(mode=_MODE)
        path.chmod(_MODE)
        engine = _sqlite(URL.create("sqlite", database=str(path)))
        undo.callback(engine.dispose)
        _prepare(engine)
        undo.pop_all()
    return Casebook(engine, lock)


def open_url(url: str) -> Casebook:
    """Open a casebook on a server. Raises UserError casebook.url_unsupported."""
    if not url.startswith("sqlite:///"):
        raise UserError("casebook.url_unsupported", exit_code=3)
    return open_sqlite(Path(url.removeprefix("sqlite:///")))


def open_for_reading(path: Path) -> Engine:
    """Open a SQLite casebook that another process writes. Raises UserError casebook.missing."""
    if not path.exists():
        raise UserError("casebook.missing", where=str(path), exit_code=3)
    database = f"file:{quote(str(path))}"
    query = {"mode": "ro", "uri": "true"}
    engine = create_engine(URL.create("sqlite", database=database, query=query))
    event.listen(engine, "connect", _read_only)
    return engine


def _lock(path: Path) -> TextIO:
    file = path.with_name(path.name + ".lock")
    file.touch(mode=_MODE)
    lock = file.open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "?"
        lock.close()
        raise UserError("casebook.in_use", detail=f"pid {holder}", exit_code=3) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url)

    def on_connect(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        del entry
        connection.isolation_level = None  # sqlite3's own way of beginning is off: we begin
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", on_connect)
    # The write lock is taken at once, so that two writers queue instead of failing half-way.
    event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _read_only(connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - a DBAPI connection
    del entry
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")


def _prepare(engine: Engine) -> None:
    """Make the tables, or check that they are of this version. Raises Broken casebook.version."""
    with engine.begin() as transaction:
        SETTINGS.create(transaction, checkfirst=True)
        row = transaction.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == "version"))
        version = row.scalar_one_or_none()
        if version not in (None, VERSION):
            raise Broken("casebook.version", detail=f"{version}, not {VERSION}")
        METADATA.create_all(transaction)
        if version is None:
            transaction.execute(SETTINGS.insert().values(key="version", value=VERSION))
