"""A store that is a folder: the home's own is made; one that is named must be there."""

import os
import stat
from pathlib import Path

import pytest

from connectors.bus.blobs import PART_BYTES, Directory
from connectors.bus.home import Home
from connectors.bus.private import write_private
from connectors.bus.stores import open_store, store_place
from tests.agency_home import US
from tests.stores import BLOB, codes_of_all_work


def named(tmp_path: Path, store: str) -> Home:
    home = Home(tmp_path / "home")
    write_private(home.config, f'[attachments]\nstore = "{store}"\n')
    return home


def test_the_homes_own_store_is_made_with_the_first_file(tmp_path: Path) -> None:
    home = named(tmp_path, "")
    store = open_store(store_place(home))
    assert store.size(US, BLOB, 0) is None
    store.put(US, BLOB, 0, b"x")
    assert store.get(US, BLOB, 0) == b"x"
    assert home.attachments.is_dir()


@pytest.mark.parametrize("store", ["share/files", "{absolute}/share/files"])
def test_of_a_share_that_is_not_mounted_nothing_is_stored_deleted_or_called_gone(
    tmp_path: Path, store: str
) -> None:
    home = named(tmp_path, store.format(absolute=tmp_path / "home"))
    opened = open_store(store_place(home))
    assert codes_of_all_work(opened) == {"attachment.store_unavailable"}
    assert not (home.path / "share").exists()


def test_of_a_share_that_answers_with_an_error_nothing_is_called_gone_or_deleted(
    tmp_path: Path,
) -> None:
    """Else a file that is there were refused to its reader, or stayed for good."""
    (tmp_path / US).write_text("what a damaged share has in the place of a folder")
    store = Directory(tmp_path, must_exist=True)
    assert codes_of_all_work(store) == {"attachment.store_unavailable"}


def test_in_a_named_store_that_is_there_what_is_not_stored_is_gone(tmp_path: Path) -> None:
    store = Directory(tmp_path, must_exist=True)
    assert store.get(US, BLOB, 0) is None
    assert store.size(US, BLOB, 0) is None
    store.delete(US, BLOB)
    store.put(US, BLOB, 0, b"x")
    assert store.size(US, BLOB, 0) == 1
    store.delete(US, BLOB)
    assert store.size(US, BLOB, 0) is None


def test_a_link_in_the_place_of_a_part_that_is_being_stored_is_not_written_through(
    tmp_path: Path,
) -> None:
    store, other = Directory(tmp_path / "store"), tmp_path / "other"
    other.write_text("keep")
    store.put(US, BLOB, 0, b"x")
    (part,) = (path for path in (tmp_path / "store").rglob("*") if path.is_file())
    part.with_name(f".{part.name}.{os.getpid()}.partial").symlink_to(other)
    store.put(US, BLOB, 0, b"y")
    assert (store.get(US, BLOB, 0), other.read_text()) == (b"y", "keep")


def test_who_shares_no_group_with_the_store_cannot_even_look_into_its_folders(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        Directory(tmp_path / "store").put(US, BLOB, 0, b"x")
    finally:
        os.umask(before)
    folders = [path for path in (tmp_path / "store").rglob("*") if path.is_dir()]
    assert stat.S_IMODE(max(folders).stat().st_mode) == 0o770


def test_of_a_part_that_somebody_made_too_long_no_more_is_read_than_shows_it(
    tmp_path: Path,
) -> None:
    store = Directory(tmp_path / "store")
    store.put(US, BLOB, 0, b"x")
    (part,) = (path for path in (tmp_path / "store").rglob("*") if path.is_file())
    with part.open("r+b") as file:
        file.truncate(3 * PART_BYTES)
    assert store.get(US, BLOB, 0) == b"x" + bytes(PART_BYTES)
