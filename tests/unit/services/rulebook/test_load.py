import gc
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from connectors.bus.durable import write_new_folder
from schemas.errors import Broken, UserError
from services.rulebook.load import (
    bundled,
    first_kept,
    keep,
    keep_first,
    kept,
    library_calendar,
    load,
    locate,
    read_files,
)
from tests.disk import Disk
from tests.unit.services.rulebook.tiny import FILES, KEYS_HEAD


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_is_loaded_over_the_librarys_calendar(folder: Path) -> None:
    loaded = load(folder)
    assert loaded.name == "tiny"
    assert date(2026, 10, 10) in loaded.calendar.workdays
    assert date(2026, 12, 30) in loaded.calendar.days_off


def test_the_collector_goes_on_after_a_load_as_it_was_before(folder: Path) -> None:
    load(folder)
    assert gc.isenabled()
    gc.disable()
    try:
        load(folder)
        assert not gc.isenabled()
    finally:
        gc.enable()
    (folder / "matters.csv").write_text("", encoding="utf-8")
    with pytest.raises(UserError):
        load(folder)
    assert gc.isenabled()


def test_keys_belong_to_the_version_and_a_remark_beside_the_files_does_not(folder: Path) -> None:
    version = load(folder).hash
    (folder / "README.md").write_text("说明", encoding="utf-8")
    assert load(folder).hash == version
    (folder / "keys.csv").write_text(KEYS_HEAD, encoding="utf-8")
    assert load(folder).hash != version


def test_a_misspelt_file_is_refused(folder: Path) -> None:
    (folder / "calender.csv").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"rules\.invalid calender\.csv"):
        load(folder)


def test_a_file_over_the_limit_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.rulebook.load.FILE_MAX_BYTES", 10)
    with pytest.raises(UserError, match=r"rules\.invalid .*\.csv"):
        read_files(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"rules\.not_found"):
        load(tmp_path / "none")


@pytest.mark.parametrize("name", ["none", "", "..", "demo/../demo", "demo/"])
def test_only_the_name_of_a_bundled_rulebook_names_one(name: str) -> None:
    with pytest.raises(UserError, match=r"rules\.not_found"):
        bundled(name)


def test_a_rulebook_is_located_by_name_or_folder(folder: Path) -> None:
    assert locate("demo") == bundled("demo")
    assert locate(str(folder)) == folder
    with pytest.raises(UserError, match=r"rules\.not_found"):
        locate(str(folder / "none"))


def test_the_librarys_calendar_holds_weekday_holidays_and_made_workdays_only() -> None:
    library = library_calendar()
    assert all(day.weekday() < 5 for day in library.days_off)
    assert all(day.weekday() >= 5 for day in library.workdays)
    assert library.known_until >= date(2026, 12, 31)


# ------------------------------------------------------------------------------- kept by its hash


def test_what_was_in_force_is_kept_by_its_hash_and_once(folder: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "rulebooks"
    assert kept(shelf, load(folder).hash) is None
    first = keep(folder, shelf)
    (folder / "calendar.csv").write_text(FILES["calendar.csv"] + "\n", encoding="utf-8")
    second = keep(folder, shelf)
    assert keep(folder, shelf) == second
    assert first.hash != second.hash
    assert kept(shelf, first.hash) == first
    assert kept(shelf, second.hash) == second
    assert {path.name for path in shelf.iterdir()} == {first.hash, second.hash}


def test_a_later_library_changes_nothing_of_what_is_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = tmp_path / "rulebooks"
    before = keep(folder, shelf)
    later = replace(library_calendar(), known_until=date(2027, 12, 31))
    monkeypatch.setattr("services.rulebook.load.library_calendar", lambda: later)
    after = keep(folder, shelf)
    assert after.hash != before.hash
    assert kept(shelf, before.hash) == before
    assert kept(shelf, after.hash) == after


def test_what_was_changed_on_the_shelf_is_not_taken_for_it(folder: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "rulebooks"
    version = keep(folder, shelf).hash
    with (shelf / version / "calendar.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert kept(shelf, version) is None


def test_a_copy_that_was_cut_short_is_made_anew(folder: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "rulebooks"
    version = load(folder).hash
    (shelf / "scratch-1" / version).mkdir(parents=True)
    (shelf / "scratch-1" / version / "half.csv").write_text("", encoding="utf-8")
    assert keep(folder, shelf).hash == version
    found = kept(shelf, version)
    assert found is not None
    assert {path.name for path in shelf.iterdir()} == {version}


def test_it_is_noted_what_the_logs_begin_under(folder: Path, tmp_path: Path) -> None:
    shelf = tmp_path / "rulebooks"
    version = keep(folder, shelf).hash
    assert first_kept(shelf) is None
    keep_first(shelf, version)
    assert first_kept(shelf) == version


@pytest.mark.parametrize("content", [b"", b"demo\n", b"\xff\x00", b"../rulebook"])
def test_a_note_of_it_that_somebody_has_overwritten_is_named(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "first").write_bytes(content)
    with pytest.raises(Broken, match=r"rulebook\.unknown") as caught:
        first_kept(tmp_path)
    assert caught.value.where == str(tmp_path / "first")


@pytest.mark.parametrize("torn", ["library_calendar.json", "calendar.csv"])
def test_half_of_a_rulebook_on_the_shelf_is_made_whole(
    folder: Path, tmp_path: Path, torn: str
) -> None:
    shelf = tmp_path / "rulebooks"
    version = keep(folder, shelf).hash
    (shelf / version / torn).write_bytes(b"")  # as a loss of power leaves it
    assert keep(folder, shelf).hash == version
    assert kept(shelf, version) == load(folder)
    assert {path.name for path in shelf.iterdir()} == {version}


@pytest.mark.parametrize("half", [b"", b"{", b"{}"])
def test_half_of_a_calendar_on_the_shelf_is_none(folder: Path, tmp_path: Path, half: bytes) -> None:
    shelf = tmp_path / "rulebooks"
    version = keep(folder, shelf).hash
    (shelf / version / "library_calendar.json").write_bytes(half)
    assert kept(shelf, version) is None


def test_two_workers_may_put_one_rulebook_onto_the_shelf_at_one_time(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = tmp_path / "rulebooks"

    def meanwhile(new: Path, files: Mapping[str, bytes]) -> None:
        monkeypatch.undo()
        write_new_folder(new, files)
        keep(folder, shelf)  # another worker begins later, and is first

    monkeypatch.setattr("services.rulebook.load.write_new_folder", meanwhile)
    version = keep(folder, shelf).hash
    assert kept(shelf, version) == load(folder)
    assert {path.name for path in shelf.iterdir()} == {version}


def test_what_is_on_the_shelf_outlives_a_loss_of_power(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = tmp_path / "home" / "rulebooks"
    disk = Disk(monkeypatch)
    version = keep(folder, shelf).hash
    keep_first(shelf, version)
    assert all(disk.keeps(path, tmp_path) for path in (shelf / version).iterdir())
    assert disk.keeps(shelf / "first", tmp_path)
