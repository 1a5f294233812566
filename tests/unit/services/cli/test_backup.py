"""`yichuan backup`, `restore`: of a casebook that is written, put back over whatever is there."""

import json
import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from connectors.bus.home import Home
from connectors.bus.private import write_private
from services.casebook import standalone
from services.casebook.key_file import made_key
from services.casebook.store import Casebook, open_sqlite
from services.casebook.wal import wal_of
from services.cli.backup_archive import CASEBOOK, write_archive
from services.cli.exit_codes import NOT_TRIED
from services.cli.main import main
from services.exchange.workers import only_worker
from tests.empty_casebook import empty_casebook

OTHERS: Final = {
    "credentials/admin.toml": "username = 1",
    "keys/bus.pem": "a key",
    "rulebook/rulebook.toml": "of today",
    "rulebooks/hash/rulebook.toml": "of then",
    "schema_ids.json": "{}",
    "tls/ca.key": "its key",
    "yichuan.toml": "[ports]\nbase = 23000\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    for name, content in OTHERS.items():
        write_private(home.path / name, content)
    return home


@pytest.fixture
def casebook(home: Home) -> Iterator[Casebook]:
    opened = empty_casebook(home.casebook)
    yield opened
    opened.close()


def note(casebook: Casebook, value: str) -> None:
    statement = (
        "INSERT INTO settings VALUES ('note', :v) ON CONFLICT (key) DO UPDATE SET value = :v"
    )
    with casebook.engine.begin() as connection:
        connection.execute(text(statement), {"v": value})


def noted(home: Home) -> str:
    casebook = open_sqlite(home.casebook)
    with casebook.engine.begin() as connection:
        found = connection.execute(text("SELECT value FROM settings WHERE key = 'note'"))
        value = str(found.scalar_one())
    casebook.close()
    return value


def files_of(home: Home) -> dict[str, str]:
    return {name: (home.path / name).read_text() for name in OTHERS if (home.path / name).exists()}


def backed_up(home: Home, to: Path) -> Path:
    assert main(["backup", str(to), "--home", str(home.path)]) == 0
    return to


def restore(home: Home, file: Path) -> int:
    return main(["restore", str(file), "--home", str(home.path)])


def refused(capsys: pytest.CaptureFixture[str], *command: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*command, "--json"]) == NOT_TRIED
    error: dict[str, Any] = json.loads(capsys.readouterr().out)["error"]
    return error


def test_what_is_backed_up_while_an_exchange_writes_is_put_on_a_bare_machine(
    home: Home, casebook: Casebook, tmp_path: Path
) -> None:
    note(casebook, "before")
    before = os.umask(0o022)
    file = backed_up(home, tmp_path / "backup.tar")
    os.umask(before)
    note(casebook, "after")  # its writer goes on
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    bare = Home(tmp_path / "bare")
    assert restore(bare, file) == 0
    assert files_of(bare) == OTHERS
    assert noted(bare) == "before"
    modes = {path.stat().st_mode & 0o077 for path in bare.path.rglob("*")}
    assert modes == {0}
    assert [path.name for path in bare.run.iterdir()] == ["exchange.lock"]  # empty; of all who run
    assert list(home.run.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar", "bare", "home"]


def killed_over(home: Home, casebook: Casebook) -> None:
    """Leave the home as a kill does: a -wal that was begun anew since the backup."""
    note(casebook, "lately")
    with closing(sqlite3.connect(home.casebook)) as beside:
        beside.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    note(casebook, "last of all")
    for path in (home.casebook, wal_of(home.casebook)):
        shutil.copy(path, path.with_name(path.name + ".kept"))
    casebook.close()
    for path in (home.casebook, wal_of(home.casebook)):
        path.with_name(path.name + ".kept").rename(path)


def test_over_a_casebook_that_was_killed_its_wal_goes_aside_with_it(
    home: Home, casebook: Casebook, tmp_path: Path
) -> None:
    note(casebook, "before")
    file = backed_up(home, tmp_path / "backup.tar")
    killed_over(home, casebook)
    assert restore(home, file) == 0
    assert noted(home) == "before"
    (aside,) = home.path.glob("replaced-*")
    key = aside / "keys" / "casebook.key"
    key.parent.mkdir()
    shutil.copy(home.casebook_key, key)
    assert noted(Home(aside)) == "last of all"


def test_cut_off_before_the_old_wal_is_away_nothing_opens_until_it_is_done_again(
    home: Home,
    casebook: Casebook,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    note(casebook, "before")
    file = backed_up(home, tmp_path / "backup.tar")
    killed_over(home, casebook)
    with monkeypatch.context() as cut:
        cut.setattr(standalone, "_BESIDE", ())
        assert restore(home, file) == 0
    again = str(tmp_path / "again.tar")
    error = refused(capsys, "backup", again, "--home", str(home.path))
    assert error["code"] == "casebook.foreign_wal"
    for aside in home.path.glob("replaced-*"):
        aside.rename(tmp_path / "aside")  # of the same second
    assert restore(home, file) == 0
    assert noted(home) == "before"


def test_of_the_other_parts_only_what_is_missing_is_put_there_and_folders_as_a_whole(
    home: Home, casebook: Casebook, tmp_path: Path
) -> None:
    note(casebook, "before")
    file = backed_up(home, tmp_path / "backup.tar")
    casebook.close()
    (home.path / "keys" / "bus.pem").write_text("rotated since")
    (home.path / "rulebook" / "rulebook.toml").rename(home.path / "rulebook" / "another.toml")
    write_private(home.path / "rulebooks" / "newer" / "rulebook.toml", "of later")
    shutil.rmtree(home.path / "rulebooks" / "hash")
    shutil.rmtree(home.path / "tls")
    assert restore(home, file) == 0
    there = files_of(home)
    assert there.pop("keys/bus.pem") == "rotated since"
    assert "rulebook/rulebook.toml" not in there  # half of another rulebook would be none
    assert there == {n: c for n, c in OTHERS.items() if n in there}
    assert {"tls/ca.key", "rulebooks/hash/rulebook.toml"} <= there.keys()
    assert (home.path / "rulebooks" / "newer").exists()


def test_a_restore_is_refused_while_an_exchange_holds_the_casebook(
    home: Home, casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note(casebook, "before")
    file = backed_up(home, tmp_path / "backup.tar")
    note(casebook, "after")
    error = refused(capsys, "restore", str(file), "--home", str(home.path))
    assert error["code"] == "casebook.in_use"
    casebook.close()
    assert noted(home) == "after"
    assert not list(home.path.glob("replaced-*"))


def test_a_restore_is_refused_while_an_exchange_runs_on_the_casebook_that_the_home_had_before(
    home: Home, casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = backed_up(home, tmp_path / "backup.tar")
    casebook.close()
    with only_worker(home, 0):  # on PostgreSQL, before the settings said otherwise
        error = refused(capsys, "restore", str(file), "--home", str(home.path))
    assert error["code"] == "casebook.in_use"
    assert restore(home, file) == 0


def test_a_home_with_another_key_keeps_its_casebook(
    home: Home, casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = backed_up(home, tmp_path / "backup.tar")
    casebook.close()
    other = Home(tmp_path / "other")
    made_key(other.casebook_key)
    error = refused(capsys, "restore", str(file), "--home", str(other.path))
    assert error["code"] == "casebook.key_wrong"
    assert not other.casebook.exists()


def test_a_book_that_is_damaged_is_put_over_none(
    home: Home, casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note(casebook, "before")
    casebook.close()
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(home.casebook.read_bytes()[:5000])
    write_archive(tmp_path / "backup.tar", home.path, damaged)
    error = refused(capsys, "restore", str(tmp_path / "backup.tar"), "--home", str(home.path))
    assert error["code"] == "casebook.damaged"
    assert noted(home) == "before"


def test_a_backup_of_a_newer_release_is_put_over_none(
    home: Home, casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No exchange of this one would start on it, and the one that works would be set aside."""
    note(casebook, "before")
    newer = empty_casebook(tmp_path / "newer" / "casebook.sqlite")
    with newer.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    newer.close()
    casebook.close()
    write_archive(tmp_path / "backup.tar", home.path, tmp_path / "newer" / "casebook.sqlite")
    capsys.readouterr()
    assert main(["restore", str(tmp_path / "backup.tar"), "--home", str(home.path), "--json"]) != 0
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "casebook.version"
    assert noted(home) == "before"


def test_a_backup_overwrites_nothing(
    home: Home, casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del casebook
    file = tmp_path / "there"
    file.write_text("older")
    error = refused(capsys, "backup", str(file), "--home", str(home.path))
    assert (error["code"], file.read_text()) == ("backup.exists", "older")
    nowhere = str(tmp_path / "no folder" / "backup.tar")
    error = refused(capsys, "backup", nowhere, "--home", str(home.path))
    assert error["code"] == "file.unwritable"


def test_a_damaged_casebook_is_told_when_it_is_backed_up(
    home: Home, casebook: Casebook, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    casebook.close()
    content = bytearray(home.casebook.read_bytes())
    content[4096 * 3 : 4096 * 9] = b"\xa5" * (4096 * 6)
    home.casebook.write_bytes(content)
    file = tmp_path / "backup.tar"
    error = refused(capsys, "backup", str(file), "--home", str(home.path))
    assert error["code"] == "casebook.damaged"
    assert not file.exists()


def with_members(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Write the archive anew, its members changed."""
    with tarfile.open(file) as tar:
        members = {each.name: tar.extractfile(each) for each in tar}
        read = {name: found.read() for name, found in members.items() if found is not None}
    change(read)
    with tarfile.open(file, "w") as tar:
        for name, content in read.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))


def renamed(members: dict[str, bytes], name: str, to: str) -> None:
    members[to] = members.pop(name)
    members["backup.json"] = members.pop("backup.json").replace(name.encode(), to.encode())


SPOILT: Final[dict[str, Callable[[dict[str, bytes]], Any]]] = {
    "a member is gone": lambda members: members.pop("keys/bus.pem"),
    "a member is another": lambda members: members.update({"keys/bus.pem": b"another"}),
    "the list is gone": lambda members: members.pop("backup.json"),
    "the list is too deep": lambda members: members.update({"backup.json": b"[" * 200_000}),
    "the list is no JSON": lambda members: members.update({"backup.json": b"{"}),
    "no casebook": lambda members: renamed(members, CASEBOOK, "keys/casebook"),
    "outside": lambda members: renamed(members, "keys/bus.pem", "../bus.pem"),
    "outside of a part": lambda members: renamed(members, "keys/bus.pem", "keys/../../bus.pem"),
    "no part of a home": lambda members: renamed(members, "keys/bus.pem", "run/bus.pem"),
    "from the root": lambda members: renamed(members, "keys/bus.pem", "/keys/bus.pem"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_is_no_whole_backup_changes_nothing(
    home: Home,
    casebook: Casebook,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[dict[str, bytes]], None],
) -> None:
    del casebook
    file = backed_up(home, tmp_path / "backup.tar")
    with_members(file, spoil)
    bare = Home(tmp_path / "bare")
    error = refused(capsys, "restore", str(file), "--home", str(bare.path))
    assert error["code"] == "backup.unreadable"
    assert [path for path in bare.path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("length", [0, 700, 40_000])
def test_a_backup_that_was_cut_off_is_refused(
    home: Home,
    casebook: Casebook,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    length: int,
) -> None:
    del casebook
    file = backed_up(home, tmp_path / "backup.tar")
    file.write_bytes(file.read_bytes()[:length])
    error = refused(capsys, "restore", str(file), "--home", str(tmp_path / "bare"))
    assert error["code"] == "backup.unreadable"


def test_no_file_is_no_backup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = refused(capsys, "restore", str(tmp_path / "none"), "--home", str(tmp_path / "bare"))
    assert error["code"] == "file.unreadable"


def test_a_home_that_cannot_be_written_to_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "file"
    place.touch()
    for home in (place, place / "below"):
        assert main(["restore", str(tmp_path / "x"), "--home", str(home), "--json"]) == NOT_TRIED
        error = json.loads(capsys.readouterr().out)["error"]
        assert (error["code"], error["where"]) == ("file.unwritable", str(home))
