"""A casebook of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.casebook.store import Casebook, open_sqlite


@pytest.fixture
def casebook(tmp_path: Path) -> Iterator[Casebook]:
    """An empty casebook."""
    opened = open_sqlite(tmp_path / "casebook.sqlite")
    yield opened
    opened.close()
