"""PostgreSQL: several workers on one casebook, each partition fenced by its row of `progress`.

Every wait ends in seconds, on both sides: a worker that hangs in a transaction is cut off by the
server, so that the one which has its partitions now can go on.
"""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from psycopg.errors import LockNotAvailable, QueryCanceled
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from schemas.errors import Broken, Unavailable, UserError
from services.casebook.away import why_away
from services.casebook.bulk import in_bulk
from services.casebook.key_file import NOTED, own_key
from services.casebook.lockbox import WrappingKey
from services.casebook.migrate import bring_forward, check, head, is_current, is_empty

DRIVER: Final = "postgresql+psycopg"
LOCK_SECONDS_MAX: Final = 5
IDLE_SECONDS_MAX: Final = 15  # between two statements of a transaction
STATEMENT_SECONDS_MAX: Final = 30
_CONNECT_SECONDS_MAX: Final = 5
_SILENCE_SECONDS_MAX: Final = 15  # of a server whose host is gone
_CONNECTIONS_MAX: Final = 3  # the batch, the gauges, one to spare
_MIGRATION_WAIT_SECONDS_MAX: Final = 600  # for another worker's; then the process starts anew
# Of a migration's statement, which grows with the casebook: one cut off is begun again for ever.
_NO_LIMIT: Final = 0
_BY_INDEX: Final = (
    "enable_seqscan = off",
    "enable_mergejoin = off",
    "enable_hashjoin = off",
    "jit = off",
    "max_parallel_workers_per_gather = 0",
)
_WORKER: Final = "yichuan-exchange"
_STARTING: Final = "yichuan-start"
_READER: Final = "yichuan-read"
_MIGRATION_LOCK: Final = 0x7969_6368  # "yich"


def open_to_write(url: URL, key_file: Path) -> tuple[Engine, WrappingKey]:
    """Return the engine of a worker and the key, the tables being made or brought forward before.

    Raises Unavailable casebook.unavailable, casebook.migrating while another worker brings it
    forward, casebook.migration_cancelled; Broken casebook.version; UserError casebook.in_use when
    the tables must change while other workers run, casebook.encoding, casebook.key_missing or
    casebook.key_wrong.
    """
    starting = engine_of(url, _STARTING, _MIGRATION_WAIT_SECONDS_MAX, _NO_LIMIT)
    try:
        with starting.begin() as connection:
            key = _prepare(connection, key_file)
    except DBAPIError as error:
        raise _cut_off(error) or unavailable(error) from None
    finally:
        starting.dispose()
    engine = engine_of(url, _WORKER, LOCK_SECONDS_MAX, STATEMENT_SECONDS_MAX)
    event.listen(engine, "connect", durable)
    event.listen(engine, "connect", _of_today)
    event.listen(engine, "connect", partial(_of_this_key, key.id))
    event.listen(engine, "do_executemany", in_bulk)
    event.listen(engine, "connect", _by_index)
    return engine, key


def open_to_read(url: URL) -> Engine:
    """Return an engine that cannot write.

    Raises Unavailable casebook.unavailable, UserError casebook.missing, Broken casebook.version.
    """
    engine = readers(url)
    with ExitStack() as undo:
        undo.callback(engine.dispose)
        try:
            with engine.connect() as connection:
                if is_empty(connection):
                    raise UserError("casebook.missing", where=str(url.database), exit_code=3)
                check(connection)
        except DBAPIError as error:
            raise unavailable(error) from None
        undo.pop_all()
    return engine


def readers(url: URL) -> Engine:
    """Return an engine that cannot write; a connection is made when it is needed, and closed."""
    engine = engine_of(url, _READER, LOCK_SECONDS_MAX, STATEMENT_SECONDS_MAX, read_only=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")  # who pauses is in no transaction


def _prepare(connection: Connection, key_file: Path) -> WrappingKey:
    """Migrate, one worker at a time, and never under the feet of a running one."""
    _lock_tables(connection)
    if is_current(connection):
        return own_key(connection, key_file)
    refuse_others(connection)
    return bring_forward(connection, key_file)


def _lock_tables(connection: Connection) -> None:
    """Be the only one who makes or changes tables, to the end of the transaction.

    A worker that connects meanwhile waits. Raises UserError casebook.encoding.
    """
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise UserError("casebook.encoding", detail=encoding, exit_code=3)
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})


def refuse_others(connection: Connection) -> None:
    """Keep workers away until the transaction's end. Raises UserError casebook.in_use.

    One that connects waits here, and then finds what this transaction has left.
    """
    _lock_tables(connection)
    others = connection.execute(
        text(
            "SELECT count(DISTINCT pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = :worker"
            " AND pid <> pg_backend_pid()"
        ),
        {"worker": _WORKER},
    ).scalar_one()
    if others:
        detail = f"{others} connections of {_WORKER}"
        raise UserError("casebook.in_use", detail=detail, exit_code=3)


def engine_of(
    url: URL,
    name: str,
    lock_seconds: int,
    statement_seconds: int,
    *,
    idle_seconds: int = IDLE_SECONDS_MAX,
    read_only: bool = False,
) -> Engine:
    """Return an engine whose connections bear a name, and these limits; 0: none."""
    settings = {
        "lock_timeout": f"{lock_seconds}s",
        "statement_timeout": f"{statement_seconds}s",
        "idle_in_transaction_session_timeout": f"{idle_seconds}s",
        "default_transaction_read_only": "on" if read_only else "off",
    }
    arguments = {
        "application_name": name,
        "connect_timeout": _CONNECT_SECONDS_MAX,
        "keepalives_idle": LOCK_SECONDS_MAX,
        "keepalives_interval": LOCK_SECONDS_MAX,
        "keepalives_count": _SILENCE_SECONDS_MAX // LOCK_SECONDS_MAX,
        "tcp_user_timeout": _SILENCE_SECONDS_MAX * 1000,  # milliseconds
        "options": " ".join(f"-c {key}={value}" for key, value in settings.items()),
    }
    if name != _WORKER:
        return create_engine(url, connect_args=arguments, hide_parameters=True, poolclass=NullPool)
    return create_engine(
        url,
        connect_args=arguments,
        hide_parameters=True,  # they are confidential, errors are logged
        isolation_level="READ COMMITTED",
        max_overflow=0,
        pool_pre_ping=True,
        pool_size=_CONNECTIONS_MAX,
        pool_timeout=LOCK_SECONDS_MAX,
    )


def durable(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """A commit reaches the disk, whatever the database's default; a stronger one stays."""
    del entry
    cursor = connection.cursor()
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()


def _by_index(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """What a batch asks is found by an index, also in a table that was not analyzed since it grew.

    The planner takes such a table for a small one, and would read all of it for each batch, or all
    of its index, to put it together with the rows that are to be changed. What is counted for the
    gauges is counted by one process: letters need the other processors.
    """
    del entry
    cursor = connection.cursor()
    for setting in _BY_INDEX:
        cursor.execute(f"SET {setting}")
    cursor.close()
    connection.commit()


def _of_today(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """Refuse a worker whose casebook another program has brought forward: it would spoil it.

    A migration sees every worker that is connected, and keeps the lock until its end: one that
    connects meanwhile waits here, and finds the new version. Raises Broken casebook.version.
    """
    del entry
    lock = "SELECT pg_advisory_xact_lock_shared(%s)"
    cursor = connection.cursor()
    cursor.execute(lock, (_MIGRATION_LOCK,))
    cursor.execute("SELECT version_num FROM alembic_version")
    found = cursor.fetchone()
    cursor.close()
    connection.commit()
    if found is None or found[0] != head():
        connection.close()
        raise Broken("casebook.version", detail=f"{found and found[0]}, not {head()}")


def _of_this_key(key_id: str, connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """Refuse a worker that knows the key of before: it was replaced since this one began.

    Behind `_of_today`, which has waited for the end of that. Raises UserError casebook.key_wrong.
    """
    del entry
    cursor = connection.cursor()
    cursor.execute("SELECT value FROM settings WHERE key = %s", (NOTED,))
    found = cursor.fetchone()
    cursor.close()
    connection.commit()
    if found is None or found[0] != key_id:
        connection.close()
        detail = f"{key_id}, not {found and found[0]}"
        raise UserError("casebook.key_wrong", detail=detail, exit_code=3)


def _cut_off(error: DBAPIError) -> Unavailable | None:
    """Return what ended a migration, or the wait for one; None: the server itself is away."""
    if isinstance(error.orig, QueryCanceled):  # by its administrator: there is no limit of ours
        return Unavailable("casebook.migration_cancelled")
    if isinstance(error.orig, LockNotAvailable):
        return Unavailable("casebook.migrating", detail=f"> {_MIGRATION_WAIT_SECONDS_MAX} s")
    return None


def unavailable(error: DBAPIError) -> Unavailable:
    """Without the error's text: it may tell the address and the login."""
    return Unavailable("casebook.unavailable", detail=why_away(error))
