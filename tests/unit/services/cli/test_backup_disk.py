"""A backup and a restore on a disk that is full, on one that cannot be read, and over links."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from connectors.bus.home import Home
from schemas.errors import UserError
from services.casebook.store import open_sqlite
from services.casebook.wal import wal_of
from services.cli.exit_codes import NOT_TRIED
from services.cli.main import main
from tests.empty_casebook import empty_casebook

REPO: Final = Path(__file__).parents[4]
ROW_BYTES: Final = 3_000_000
FULL_BYTES: Final = 2_000_000  # the longest file of a process: it fails as on a full disk
BOUND: Final = (
    "import resource, sys\n"
    "from services.cli.main import main\n"
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({FULL_BYTES}, {resource.RLIM_INFINITY}))\n"
    "sys.exit(main(sys.argv[1:]))\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.path.mkdir(mode=0o700)
    casebook = empty_casebook(made.casebook)
    with casebook.engine.begin() as connection:
        many = {"v": "x" * ROW_BYTES}
        connection.execute(text("INSERT INTO settings VALUES ('much', :v)"), many)
    casebook.close()
    return made


def note(home: Home, key: str) -> None:
    casebook = open_sqlite(home.casebook)
    with casebook.engine.begin() as connection:
        connection.execute(text("INSERT INTO settings VALUES (:k, '')"), {"k": key})
    casebook.close()


def keys(home: Home) -> set[str]:
    casebook = open_sqlite(home.casebook)
    with casebook.engine.connect() as connection:
        found = set(connection.scalars(text("SELECT key FROM settings")))
    casebook.close()
    return found


def run(command: str, file: Path, home: Home) -> int:
    return main([command, str(file), "--home", str(home.path)])


def on_a_full_disk(command: str, file: Path, home: Home) -> dict[str, Any]:
    words = [sys.executable, "-c", BOUND, command, str(file), "--home", str(home.path), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    ended = subprocess.run(words, check=False, env=environment, capture_output=True, text=True)
    assert ended.returncode == NOT_TRIED, ended.stderr
    error: dict[str, Any] = json.loads(ended.stdout)["error"]
    return error


def test_a_full_disk_is_no_damaged_casebook(home: Home, tmp_path: Path) -> None:
    error = on_a_full_disk("backup", tmp_path / "backup.tar", home)
    assert error["code"] == "file.unwritable"
    assert str(home.run) in error["where"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
    assert list(home.run.iterdir()) == []
    assert run("backup", tmp_path / "backup.tar", home) == 0


def test_a_full_disk_is_no_unreadable_backup(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    assert run("backup", file, home) == 0
    note(home, "since")
    error = on_a_full_disk("restore", file, home)
    assert error["code"] == "file.unwritable"
    assert str(home.run) in error["where"]
    assert "since" in keys(home)


def linked(home: Home, disk: Path) -> Path:
    """Let the casebook lie on another disk, and a link to it in the home."""
    disk.mkdir()
    real = disk / "book.sqlite"
    home.casebook.rename(real)
    home.casebook.symlink_to(real)
    return real


def test_a_casebook_behind_a_link_stays_there_and_its_wal_goes_aside_with_it(
    home: Home, tmp_path: Path
) -> None:
    real = linked(home, tmp_path / "disk")
    file = tmp_path / "backup.tar"
    assert run("backup", file, home) == 0
    killed = open_sqlite(home.casebook)
    with killed.engine.begin() as connection:
        connection.execute(text("INSERT INTO settings VALUES ('since', '')"))
    shutil.copy(real, tmp_path / "book")
    shutil.copy(wal_of(real), tmp_path / "wal")
    killed.close()
    shutil.copy(tmp_path / "book", real)
    shutil.copy(tmp_path / "wal", wal_of(real))
    assert run("restore", file, home) == 0
    assert home.casebook.is_symlink()
    assert "since" not in keys(home)
    (aside,) = real.parent.glob("replaced-*")
    assert sorted(path.name for path in aside.iterdir()) == ["book.sqlite", "book.sqlite-wal"]
    assert list(home.path.glob("replaced-*")) == []


def test_a_backup_laid_over_a_killed_casebook_behind_a_link_is_refused(
    home: Home, tmp_path: Path
) -> None:
    real = linked(home, tmp_path / "disk")
    older = tmp_path / "older"
    shutil.copy(real, older)
    note(home, "one")
    running = open_sqlite(home.casebook)
    with running.engine.begin() as connection:
        connection.execute(text("INSERT INTO settings VALUES ('two', '')"))
    shutil.copy(wal_of(real), tmp_path / "wal")
    running.close()
    shutil.copy(older, real)
    shutil.copy(tmp_path / "wal", wal_of(real))
    with pytest.raises(UserError, match=r"casebook\.foreign_wal"):
        open_sqlite(home.casebook)


def test_through_a_link_it_has_the_same_one_writer(home: Home, tmp_path: Path) -> None:
    real = linked(home, tmp_path / "disk")
    running = open_sqlite(real, home.casebook_key)
    with pytest.raises(UserError, match=r"casebook\.in_use"):
        open_sqlite(home.casebook)
    running.close()


def test_what_lies_beside_a_wal_and_is_no_database_is_damaged(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = open_sqlite(home.casebook)
    with running.engine.begin() as connection:
        connection.execute(text("INSERT INTO settings VALUES ('two', '')"))
    shutil.copy(wal_of(home.casebook), tmp_path / "wal")
    running.close()
    home.casebook.write_bytes(b"no database" * 1_000)
    shutil.copy(tmp_path / "wal", wal_of(home.casebook))
    capsys.readouterr()
    words = ["backup", str(tmp_path / "backup.tar"), "--home", str(home.path), "--json"]
    assert main(words) == NOT_TRIED
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["detail"]) == ("casebook.damaged", "SQLITE_NOTADB")
    with pytest.raises(UserError, match=r"casebook\.damaged"):
        open_sqlite(home.casebook)


def test_a_backup_that_the_disk_does_not_give_back_is_unreadable_and_its_copy_is_not(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "backup.tar"
    assert run("backup", file, home) == 0

    def failing(*_: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(tarfile.ExFileObject, "read", failing)
    capsys.readouterr()
    assert main(["restore", str(file), "--home", str(home.path), "--json"]) == NOT_TRIED
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["where"]) == ("file.unreadable", str(file))


def test_a_member_that_is_there_twice_makes_no_whole_backup(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "backup.tar"
    with tarfile.open(file, "w") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("keys/bus.pem"), BytesIO(b""))
    capsys.readouterr()
    assert main(["restore", str(file), "--home", str(home.path), "--json"]) == NOT_TRIED
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "backup.unreadable"


def test_what_lies_behind_links_is_backed_up_and_a_circle_of_them_ends(
    home: Home, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "rulebook.toml").write_text("of then")
    (home.path / "rulebooks").mkdir()
    for name in ("one", "two"):  # of one rulebook there may be two names
        (home.path / "rulebooks" / name).symlink_to(elsewhere)
    (home.path / "rulebooks" / "circle").symlink_to(home.path / "rulebooks")
    assert run("backup", tmp_path / "backup.tar", home) == 0
    bare = Home(tmp_path / "bare")
    assert run("restore", tmp_path / "backup.tar", bare) == 0
    for name in ("one", "two"):
        assert (bare.path / "rulebooks" / name / "rulebook.toml").read_text() == "of then"
    assert len(list((bare.path / "rulebooks").iterdir())) == 2


def test_what_gets_another_name_while_it_is_backed_up_stops_no_backup(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = home.path / "keys" / ".bus.pem.partial"
    partial.write_text("a key")
    is_file = Path.is_file

    def put_in_place_meanwhile(path: Path) -> bool:
        found = is_file(path)
        if path == partial:
            partial.rename(home.path / "keys" / "bus.pem")
        return found

    monkeypatch.setattr(Path, "is_file", put_in_place_meanwhile)
    file = tmp_path / "backup.tar"
    assert run("backup", file, home) == 0
    monkeypatch.undo()
    with tarfile.open(file) as tar:
        assert "keys/.bus.pem.partial" not in tar.getnames()
    assert run("restore", file, Home(tmp_path / "bare")) == 0
