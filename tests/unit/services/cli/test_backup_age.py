"""When the last backup was: noted by one that ends well, kept over a restore, judged by its age."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.bus.clock import now
from connectors.bus.home import Home
from schemas.errors import UserError
from services.casebook.backed_up import last_backup, note_in_casebook, note_in_copy
from services.casebook.standalone import copy_alone
from services.casebook.store import open_for_reading, open_sqlite
from services.cli import backup as command
from services.cli.doctor_backup import (
    BACKUP_AGE_MAX,
    BackedUp,
    judge_backup,
    look_at_replaced,
)
from services.cli.doctor_here import look_at_casebook
from services.cli.exit_codes import NOT_TRIED
from services.cli.main import main
from tests.empty_casebook import empty_casebook
from tests.history import MONDAY


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.path.mkdir(mode=0o700)
    empty_casebook(made.casebook).close()
    return made


def noted(home: Home) -> datetime | None:
    engine = open_for_reading(home.casebook)
    try:
        with engine.connect() as connection:
            return last_backup(connection)
    finally:
        engine.dispose()


def run(command: str, file: Path, home: Home) -> int:
    return main([command, str(file), "--home", str(home.path)])


def codes(home: Home, at: datetime) -> list[tuple[str, str]]:
    seen = look_at_casebook(home, home.settings()).backed_up
    return [(each.severity.value, each.code) for each in judge_backup(seen, at)]


def test_one_that_ends_well_is_noted_beside_the_exchange_with_the_time_at_which_it_began(
    home: Home, tmp_path: Path
) -> None:
    running = open_sqlite(home.casebook)
    assert codes(home, now()) == [("warning", "backup.none")]
    before = now()
    assert run("backup", tmp_path / "one.tar", home) == 0
    found = noted(home)
    assert found is not None
    assert before - timedelta(milliseconds=1) <= found <= now()
    assert codes(home, now()) == []
    assert codes(home, found + BACKUP_AGE_MAX + timedelta(seconds=1)) == [("warning", "backup.old")]
    running.close()
    open_sqlite(home.casebook).close()  # its -wal is its own


def test_after_a_restore_it_is_the_time_of_the_backup_that_was_used(
    home: Home, tmp_path: Path
) -> None:
    assert run("backup", tmp_path / "one.tar", home) == 0
    first = noted(home)
    assert run("backup", tmp_path / "two.tar", home) == 0
    assert noted(home) != first
    assert run("restore", tmp_path / "one.tar", home) == 0
    assert noted(home) == first
    bare = Home(tmp_path / "bare")
    assert run("restore", tmp_path / "one.tar", bare) == 0
    assert noted(bare) == first


@pytest.mark.parametrize("broken", ["copy_alone", "write_archive", "put_in_place"])
def test_one_that_did_not_end_well_is_none(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(command, broken, full)
    assert run("backup", tmp_path / "one.tar", home) == NOT_TRIED
    assert not (tmp_path / "one.tar").exists()
    assert noted(home) is None


def test_a_casebook_that_takes_no_note_leaves_the_whole_file_and_says_so(
    home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copied = copy_alone

    def then_locked(path: Path, to: Path) -> None:
        copied(path, to)
        path.unlink()
        path.mkdir()

    monkeypatch.setattr(command, "copy_alone", then_locked)
    file = tmp_path / "one.tar"
    assert main(["backup", str(file), "--home", str(home.path), "--json"]) == NOT_TRIED
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "backup.not_noted"
    bare = Home(tmp_path / "bare")
    assert run("restore", file, bare) == 0
    assert noted(bare) is not None


def test_a_copy_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        note_in_copy(tmp_path / "no folder" / "copy", MONDAY)
    assert (raised.value.code, raised.value.detail) == ("file.unwritable", "OperationalError")


def test_a_clock_that_went_wrong_once_is_put_right_by_the_next(home: Home) -> None:
    note_in_casebook(home.casebook, MONDAY + timedelta(days=4_000))
    note_in_casebook(home.casebook, MONDAY)
    assert noted(home) == MONDAY


@pytest.mark.parametrize("other", ["backup", "restore"])
def test_two_of_a_home_do_not_run_at_a_time(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], other: str
) -> None:
    file = tmp_path / "one.tar"
    assert run("backup", file, home) == 0
    held = os.open(home.run, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    capsys.readouterr()
    words = [other, str(tmp_path / "two.tar" if other == "backup" else file)]
    assert main([*words, "--home", str(home.path), "--json"]) == NOT_TRIED
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "backup.running"
    os.close(held)
    assert main([*words, "--home", str(home.path)]) == 0


def test_where_there_is_no_casebook_or_none_that_opens_others_say_so(
    home: Home, tmp_path: Path
) -> None:
    assert codes(Home(tmp_path), MONDAY) == []
    home.config.write_text('[casebook]\nurl = "nonsense"\n')
    assert codes(home, MONDAY) == []


def test_it_is_a_warning_and_told_in_china_s_time() -> None:
    at = datetime.fromisoformat("2026-03-02T20:00:00+00:00")
    (found,) = judge_backup(BackedUp("casebook.sqlite", at), at + timedelta(days=3))
    assert (found.code, found.where, found.detail) == (
        "backup.old",
        "casebook.sqlite",
        "2026-03-03 04:00",
    )
    assert list(judge_backup(BackedUp("casebook.sqlite", at), at + BACKUP_AGE_MAX)) == []


def test_whoever_has_not_looked_tells_of_no_backup_nothing() -> None:
    shown = (
        "from prometheus_client import generate_latest\n"
        "from connectors.bus.metrics import REGISTRY\n"
        "print(generate_latest(REGISTRY).decode())"
    )
    page = subprocess.run([sys.executable, "-c", shown], check=True, capture_output=True, text=True)
    assert "yichuan_last_backup_timestamp_seconds NaN" in page.stdout.splitlines()


def test_what_a_restore_put_aside_is_told_of_until_it_is_deleted(
    home: Home, tmp_path: Path
) -> None:
    file, real = tmp_path / "one.tar", tmp_path / "disk" / "book.sqlite"
    real.parent.mkdir()
    home.casebook.rename(real)
    home.casebook.symlink_to(real)
    assert run("backup", file, home) == 0
    assert list(look_at_replaced(home)) == []
    for _ in range(2):
        assert run("restore", file, home) == 0
    asides = sorted(real.parent.glob("replaced-*"))
    assert len(asides) == 2
    (real.parent / "replaced-note.txt").touch()  # no folder: none of ours
    told = [(each.severity.value, each.code, each.where) for each in look_at_replaced(home)]
    assert told == [("warning", "backup.replaced_left", str(each)) for each in asides]
    shutil.rmtree(asides[0])
    assert [each.where for each in look_at_replaced(home)] == [str(asides[1])]
