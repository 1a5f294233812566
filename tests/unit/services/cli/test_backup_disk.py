"""A backup and a restore on a disk that is full, on one that cannot be read, and over links."""

import json
import os
import resource
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from connectors.bus.home import Home
from services.casebook.store import open_sqlite
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
