"""A casebook copied while it is written, and put back: whole, to stay, under no other's -wal."""

import errno
import os
import shutil
import stat
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import select

from services.casebook import standalone
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


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A casebook whose last change only its -wal has, as a kill leaves it, beside a `copy`."""
    path = tmp_path / "casebook.sqlite"
    casebook = open_sqlite(path, tmp_path / "casebook.key")
    note(casebook, "then")
    copy_alone(path, tmp_path / "copy")
    note(casebook, "last")
    for each in (path, wal_of(path)):
        shutil.copy(each, tmp_path / f"kept-{each.name}")
    casebook.close()
    for each in (path, wal_of(path)):
        shutil.move(tmp_path / f"kept-{each.name}", each)
    return path


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("after", ["put_in_place", "flush_folder"])
def test_killed_once_the_new_one_lies_there_the_old_one_is_aside_with_its_last_change(
    killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    whole = getattr(standalone, after)

    def then_killed(*paths: Path) -> None:
        whole(*paths)
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(standalone, after, then_killed)
        with pytest.raises(Killed):
            put_back(killed, tmp_path / "copy", tmp_path / "aside")
    shutil.copy(tmp_path / "casebook.key", tmp_path / "aside" / "casebook.key")
    assert noted(tmp_path / "aside" / killed.name) == "last"


def over_disks(monkeypatch: pytest.MonkeyPatch, copy: Path) -> None:
    """Let the copy lie on another disk than where it is to go."""
    replace = Path.replace

    def to_another_disk(path: Path, to: Path) -> Path:
        if path == copy:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", to_another_disk)


def test_from_another_disk_it_comes_whole_and_is_nobody_else_s_to_read_on_its_way(
    killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    copied = shutil.copyfileobj

    def looked_at(source: IO[bytes], target: IO[bytes]) -> None:
        modes.append(stat.S_IMODE(os.fstat(target.fileno()).st_mode))
        copied(source, target)

    over_disks(monkeypatch, tmp_path / "copy")
    monkeypatch.setattr(shutil, "copyfileobj", looked_at)
    put_back(killed, tmp_path / "copy", tmp_path / "aside")
    assert modes == [0o600]
    assert noted(killed) == "then"


def test_where_the_disk_is_full_nothing_is_left_of_it_and_the_casebook_stays(
    killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: IO[bytes], target: IO[bytes]) -> None:
        target.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    over_disks(monkeypatch, tmp_path / "copy")
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        put_back(killed, tmp_path / "copy", tmp_path / "aside")
    assert list(tmp_path.glob("*.partial")) + list(tmp_path.glob(".*.partial")) == []
    assert not (tmp_path / "aside").exists()
    assert noted(killed) == "last"
