import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.bus.desk import Desk
from tests.agency_home import County, county_at
from tests.agency_sides import DatabaseSide, FolderSide, Side
from tests.attached import Sender, directory

NewDesk = Callable[[], Desk]


@pytest.fixture
def county(tmp_path: Path) -> County:
    return county_at(tmp_path / "home")


@pytest.fixture
def sender(county: County, tmp_path: Path) -> Iterator[Sender]:
    made = Sender(county, tmp_path / "theirs", directory(tmp_path))
    yield made
    made.close()


@pytest.fixture(params=["folder", "database"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Side:
    if request.param == "folder":
        return FolderSide(tmp_path / "exchange")
    return DatabaseSide(tmp_path / "exchange.db")


@pytest.fixture
def new_desk(county: County, side: Side) -> Iterator[NewDesk]:
    """Return what opens a desk anew; the one before is let go as by kill -9."""
    before: list[Desk] = []

    def make() -> Desk:
        for old in before:
            old.close()
        before.clear()
        desk = Desk(county.agency(), side.system())
        before.append(desk)
        return desk

    yield make
    for old in before:
        old.close()


@pytest.fixture
def desk(new_desk: NewDesk) -> Desk:
    opened = new_desk()
    opened.open()
    return opened


@pytest.fixture
def small_disk() -> Iterator[Callable[[int], None]]:
    """Return what lets no file grow beyond so many bytes, as on a disk that is nearly full."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(file_bytes: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, most))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
