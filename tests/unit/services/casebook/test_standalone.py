"""A casebook copied while it is written, and put back: whole, to stay, under no other's -wal."""

import shutil
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from services.casebook.standalone import copy_alone, put_back
from services.casebook.store import Casebook, open_sqlite
from services.casebook.tables import SETTINGS
from services.casebook.wal import is_foreign, wal_of
from tests.disk import Disk


def note(casebook: Casebook, value: str) -> None:
    with casebook.engine.begin() as connection:
        connection.execute(SETTINGS.delete().where(SETTINGS.c.key == "x"))
        connection.execute(SETTINGS.insert().values(key="x", value=value))


def noted(path: Path) -> str:
    casebook = open_sqlite(path, path.parent / "casebook.key")
    with casebook.engine.connect() as connection:
        found = connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.key == "x"))
        value = str(found.scalar_one())
    casebook.close()
    return value


def test_over_a_copy_the_wal_of_the_very_book_that_it_was_copied_from_is_never_laid(
    tmp_path: Path,
) -> None:
    path, found = tmp_path / "casebook.sqlite", tmp_path / "found" / "casebook.sqlite"
    casebook = open_sqlite(path)
    note(casebook, "then")
    copy_alone(path, tmp_path / "copy.sqlite")
    note(casebook, "since")
    found.parent.mkdir()
    shutil.copy(tmp_path / "copy.sqlite", found)
    shutil.copy(wal_of(path), wal_of(found))  # by hand, over a book that a kill had left
    casebook.close()
    assert is_foreign(found)


def test_a_copy_and_what_is_put_back_outlive_a_loss_of_power_and_are_the_owner_s_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = tmp_path / "home" / "casebook.sqlite", tmp_path / "copy.sqlite"
    key = path.parent / "casebook.key"
    casebook = open_sqlite(path, key)
    note(casebook, "then")
    disk = Disk(monkeypatch)
    copy_alone(path, copy)
    note(casebook, "since")
    shutil.copy(wal_of(path), tmp_path / "wal")
    casebook.close()
    shutil.copy(tmp_path / "wal", wal_of(path))
    assert disk.has_whole(copy)
    copy.chmod(0o644)  # as a backup's file may be
    put_back(path, copy, path.parent / "replaced")
    assert not wal_of(path).exists()
    assert {each.name for each in (path.parent / "replaced").iterdir()} == {
        "casebook.sqlite",
        "casebook.sqlite-wal",
    }
    assert disk.keeps(path, path.parent)
    assert disk.has_name(path.parent / "replaced" / "casebook.sqlite-wal")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert noted(path) == "then"
