"""A casebook of its own for each test: here on SQLite.

tests/integration/postgresql runs each test that takes one of these again, on PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, create_engine

from services.casebook.store import Casebook
from tests.empty_casebook import empty_casebook
from tests.office import NewCasebook


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """The URL of a database without tables."""
    return f"sqlite:///{tmp_path / 'casebook.sqlite'}"


@pytest.fixture
def engine(nowhere: str) -> Iterator[Engine]:
    """Connections to it that the casebook knows nothing of."""
    made = create_engine(nowhere)
    yield made
    made.dispose()


@pytest.fixture
def casebook(tmp_path: Path) -> Iterator[Casebook]:
    """An empty casebook."""
    opened = empty_casebook(tmp_path / "casebook.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def new_casebook() -> NewCasebook:
    """Return what opens an empty casebook, as often as it is called."""

    @contextmanager
    def opened() -> Iterator[Casebook]:
        with TemporaryDirectory() as folder:
            casebook = empty_casebook(Path(folder) / "casebook.sqlite")
            yield casebook
            casebook.close()

    return opened
