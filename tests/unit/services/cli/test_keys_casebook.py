"""`yichuan keys rotate casebook`: with the exchange stopped; what was kept opens, backups too."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.home import Home
from schemas.errors import UserError
from services.casebook import rotation
from services.casebook.case_keys import CaseKeys
from services.casebook.key_file import kept_at, read_key
from services.casebook.store import Casebook, open_sqlite
from services.cli.doctor_here import look_at_casebook
from services.cli.main import main
from services.exchange.workers import only_worker
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture

PLAIN = b"what the case keeps"


@pytest.fixture(autouse=True)
def chosen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))
    home.config.write_text("", encoding="utf-8")


def lock(casebook: Casebook, name: str) -> bytes:
    with casebook.engine.begin() as connection:
        return CaseKeys(connection, casebook.key).lock(name, PLAIN, (name,))


def filled(home: Home) -> bytes:
    casebook = open_sqlite(home.casebook)
    locked = lock(casebook, "case")
    casebook.close()
    return locked


def opened(home: Home, locked: bytes) -> bytes:
    casebook = open_sqlite(home.casebook)
    try:
        with casebook.engine.connect() as connection:
            return CaseKeys(connection, casebook.key).unlock("case", locked, ("case",))
    finally:
        casebook.close()


def rotated(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["keys", "rotate", "casebook", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_casebook_opens_with_the_new_key_and_the_old_one_is_kept(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = filled(home)
    before = read_key(home.casebook_key)
    told = rotated(capsys)
    after = read_key(home.casebook_key)
    assert before is not None
    assert after is not None
    assert (told["before"], told["after"], told["keys"]) == (before.id, after.id, 1)
    assert read_key(Path(told["kept"])) == before
    assert opened(home, locked) == PLAIN
    assert [each.code for each in look_at_casebook(home, home.settings()).found] == []


def test_its_words_name_both_keys_and_what_to_do(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(home)
    assert main(["keys", "rotate", "casebook"]) == 0
    after = read_key(home.casebook_key)
    printed = capsys.readouterr()
    assert after is not None
    assert after.id in printed.out
    assert "备份" in printed.err


def test_while_an_exchange_has_the_casebook_it_is_refused_and_nothing_is_changed(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    running = open_sqlite(home.casebook)
    before = sorted(home.casebook_key.parent.iterdir())
    assert main(["keys", "rotate", "casebook", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "casebook.in_use"
    assert sorted(home.casebook_key.parent.iterdir()) == before
    assert read_key(home.casebook_key) == running.key
    running.close()


def test_while_a_worker_of_this_host_runs_on_another_casebook_it_is_refused(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(home)
    before = read_key(home.casebook_key)
    with only_worker(home, 0):
        assert main(["keys", "rotate", "casebook", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "casebook.in_use"
    assert read_key(home.casebook_key) == before


@pytest.mark.parametrize("step", ["keep_key", "put_in_force"])
def test_a_disk_that_takes_no_key_is_told_and_the_casebook_opens(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], step: str
) -> None:
    locked = filled(home)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as on_a_full_disk:
        on_a_full_disk.setattr(rotation, step, full)
        assert main(["keys", "rotate", "casebook", "--json"]) == 3
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["where"]) == ("file.unwritable", str(home.casebook_key.parent))
    assert opened(home, locked) == PLAIN


def test_where_there_is_no_casebook_none_is_made(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keys", "rotate", "casebook", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "casebook.missing"
    assert not home.casebook.exists()


@pytest.mark.parametrize("more", [["--encryption"], ["--passphrase-file", "x"]])
def test_what_is_of_other_keys_is_no_choice_of_this_one(home: Home, more: list[str]) -> None:
    filled(home)
    before = read_key(home.casebook_key)
    assert main(["keys", "rotate", "casebook", *more]) == 2
    assert read_key(home.casebook_key) == before


def test_backups_of_before_and_after_open_again_in_this_home(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = filled(home)
    old, new = tmp_path / "old.tar", tmp_path / "new.tar"
    assert main(["backup", str(old)]) == 0
    rotated(capsys)
    assert main(["backup", str(new)]) == 0
    for archive in (old, new, old):
        assert main(["restore", str(archive)]) == 0
        assert opened(home, locked) == PLAIN


def test_a_backup_of_after_opens_in_a_home_of_before(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a second host's is, which was set up by an older backup."""
    locked, archive = filled(home), tmp_path / "new.tar"
    before = home.casebook_key.read_bytes()
    told = rotated(capsys)
    assert main(["backup", str(archive)]) == 0
    kept_at(home.casebook_key, told["before"]).unlink()
    kept_at(home.casebook_key, told["after"]).unlink()
    home.casebook_key.write_bytes(before)
    assert main(["restore", str(archive)]) == 0
    assert opened(home, locked) == PLAIN
    after = read_key(home.casebook_key)
    assert after is not None
    assert after.id == told["after"]


def test_a_copy_of_the_database_of_after_does_not_open_with_the_key_of_before(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = filled(home)
    before = home.casebook_key.read_bytes()
    rotated(capsys)
    stolen = Home(tmp_path / "elsewhere")
    stolen.casebook_key.parent.mkdir(parents=True)
    stolen.casebook_key.write_bytes(before)
    with sqlite3.connect(home.casebook) as source, sqlite3.connect(stolen.casebook) as copy:
        source.backup(copy)
    source.close()
    copy.close()
    with pytest.raises(UserError, match=r"casebook\.key_wrong"):
        opened(stolen, locked)
    found = read_key(stolen.casebook_key)
    assert found is not None
    raw = sqlite3.connect(stolen.casebook)
    ((wrapped,),) = raw.execute("SELECT wrapped FROM case_keys").fetchall()
    raw.close()
    with pytest.raises(Exception, match=r"casebook\.unreadable"):
        found.unwrap("case", wrapped)
