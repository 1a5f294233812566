"""An empty SQLite casebook, for tests of what is done with one: a copy of one that was made once.

To make one is to run every step of the migrations: twenty times the work of opening it, and half
of what a test of the exchange took. How one is made is for test_store.py and test_migrate.py.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.util import LRUCache

from connectors.bus.home import Home
from services.casebook.sqlite import MODE
from services.casebook.store import Casebook, open_sqlite

_COMPILED: Final[Any] = LRUCache(2_000)  # statements, for all casebooks of a process
_DIALECT: Final[dict[str, Any]] = {}


@cache
def _made() -> tuple[bytes, bytes]:
    """The file and its key; no other process or session sees them."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "casebook.sqlite"
        open_sqlite(file).close()
        return file.read_bytes(), Home(file.parent).casebook_key.read_bytes()


def empty_casebook(file: Path) -> Casebook:
    """Open an empty casebook where there is none yet, its key in the same home."""
    casebook, key = _made()
    key_file = Home(file.parent).casebook_key
    key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, content in ((file, casebook), (key_file, key)):
        path.touch(mode=MODE, exist_ok=False)
        path.write_bytes(content)
    opened = open_sqlite(file)
    hasten(opened)
    return opened


def hasten(casebook: Casebook) -> None:
    """Let it wait for no disk, and compile no statement that another one here has compiled.

    No test cuts the power. A process that dies, or a transaction that is rolled back, leaves the
    same either way.
    """
    event.listen(casebook.engine, "connect", _without_waiting)
    casebook.engine.dispose()
    casebook.engine.update_execution_options(compiled_cache=_COMPILED)
    # What is compiled is kept by the dialect's identity: all engines of a process have one.
    casebook.engine.dialect = _DIALECT.setdefault("one", casebook.engine.dialect)


def _without_waiting(connection: Any, _entry: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")
