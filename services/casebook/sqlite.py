"""SQLite: one writing process, told by a lock file that is held for the process's life.

A crash frees the lock. Several workers need PostgreSQL.
"""

import fcntl
import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TextIO, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, StaticPool

from connectors.bus.durable import make_folder
from schemas.errors import UserError
from services.casebook.lockbox import WrappingKey
from services.casebook.migrate import bring_forward, check, migrate
from services.casebook.tables import METADATA
from services.casebook.wal import is_foreign, tie

BUSY_MS: Final = 10_000
CACHE_KIB: Final = 65_536  # of pages in memory; a batch that outgrows it reads and writes twice
# secure_delete: what is deleted or written over is zeroes on the disk, not a free page.
_PRAGMAS: Final = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={BUSY_MS}",
    "secure_delete=ON",
    f"cache_size=-{CACHE_KIB}",
)
MODE: Final = 0o600  # what it holds is confidential


def open_to_write(path: Path, key_file: Path) -> tuple[Engine, TextIO, WrappingKey]:
    """Return the engine, the lock to be closed after it, and the exchange's own key.

    Raises UserError casebook.in_use when another process writes it, casebook.foreign_wal,
    casebook.key_missing or casebook.key_wrong, Broken casebook.version.
    """
    make_folder(path.parent, 0o700)
    with ExitStack() as undo:
        lock = undo.enter_context(only_writer(path))
        # Before SQLite makes it: its -wal and -shm files get the mode that this one has.
        path.touch(mode=MODE)
        path.chmod(MODE)
        refuse_foreign_wal(path)
        engine = writers(path)
        undo.callback(engine.dispose)
        with engine.begin() as transaction:
            key = bring_forward(transaction, key_file)
        undo.pop_all()
    return engine, lock, key


def open_scratch(path: Path) -> tuple[Engine, TextIO]:
    """Return the engine of a new casebook, whose key its caller keeps, and its lock."""
    with ExitStack() as undo:
        lock = undo.enter_context(only_writer(path))
        path.touch(mode=MODE)
        engine = writers(path)
        undo.callback(engine.dispose)
        with engine.begin() as transaction:
            migrate(transaction)
        undo.pop_all()
    return engine, lock


def open_to_read(path: Path) -> Engine:
    """Return an engine that cannot write.

    Raises UserError casebook.missing or casebook.foreign_wal, Broken casebook.version.
    """
    if not path.exists():
        raise UserError("casebook.missing", where=str(path), exit_code=3)
    refuse_foreign_wal(path)
    engine = readers(path)
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        with engine.connect() as connection:
            check(connection)
        undo.pop_all()
    return engine


def readers(path: Path) -> Engine:
    """Return an engine that cannot write; a connection is made when it is needed, and closed."""
    database = f"file:{quote(str(path))}"
    query = {"mode": "ro", "uri": "true"}
    url = URL.create("sqlite", database=database, query=query)
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _patient)
    return engine


def writers(path: Path) -> Engine:
    """Return an engine that writes. Who decides by it has the lock, and made the file."""
    engine = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True)

    def on_connect(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        del entry
        connection.isolation_level = None  # sqlite3's own way of beginning is off: we begin
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", on_connect)

    def on_begin(connection: Connection) -> None:
        # The write lock is taken at once: two writers queue instead of failing half-way.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        tie(cast("sqlite3.Connection", connection.connection.dbapi_connection))

    event.listen(engine, "begin", on_begin)
    return engine


def open_in_memory() -> Engine:
    """Return an engine whose casebook is gone with it: for simulations."""
    engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
    METADATA.create_all(engine)
    return engine


def only_writer(path: Path) -> TextIO:
    """Return the lock of a casebook's one writer, held until it is closed.

    It lies beside the file, so it is the same one through whichever link that is opened. Raises
    UserError casebook.in_use.
    """
    path = path.resolve()
    file = path.with_name(path.name + ".lock")
    file.touch(mode=MODE)
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


def refuse_foreign_wal(path: Path) -> None:
    """Raise UserError casebook.foreign_wal when what lies beside it is of another moment.

    And casebook.damaged, when beside a -wal lies no database that tells.
    """
    try:
        is_another_s = is_foreign(path)
    except sqlite3.DatabaseError as error:  # without its text: it may repeat content
        detail = error.sqlite_errorname
        raise UserError("casebook.damaged", str(path), detail, exit_code=3) from None
    if is_another_s:
        raise UserError("casebook.foreign_wal", where=str(path), exit_code=3)


def _patient(connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - a DBAPI connection
    del entry
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
