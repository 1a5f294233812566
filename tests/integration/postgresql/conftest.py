"""The casebook on PostgreSQL: one server a session, a database for each test."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, create_engine

from services.casebook.store import Casebook
from tests.office import NewCasebook, open_at
from tests.postgresql import Server, postgresql


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Start PostgreSQL once, and stop it after the last test."""
    with postgresql(durable=False) as running:
        yield running


@pytest.fixture
def nowhere(server: Server) -> Iterator[str]:
    """Return the URL of a database without tables."""
    name = server.new()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
def engine(nowhere: str) -> Iterator[Engine]:
    """Connections to it that the casebook knows nothing of."""
    made = create_engine(nowhere)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """Return the name of a database with the tables in it, which is copied for each test."""
    name = server.new()
    open_at(server.url(name)).close()
    return name


@pytest.fixture(scope="session")
def new_casebook(server: Server, template: str) -> NewCasebook:
    """Return what opens an empty casebook, as often as it is called."""

    @contextmanager
    def opened() -> Iterator[Casebook]:
        name = server.new(template)
        casebook = open_at(server.url(name))
        yield casebook
        casebook.close()
        server.drop(name)

    return opened


@pytest.fixture
def casebook(new_casebook: NewCasebook) -> Iterator[Casebook]:
    """An empty casebook."""
    with new_casebook() as opened:
        yield opened
