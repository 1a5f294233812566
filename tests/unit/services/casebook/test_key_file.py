"""The exchange's own key: made once, the owner's alone, and no casebook opens with another."""

import base64
import stat
from pathlib import Path

import pytest

from schemas.errors import UserError
from services.casebook.case_keys import CaseKeys
from services.casebook.key_file import made_key, read_key
from services.casebook.store import open_scratch, open_sqlite


def test_it_is_made_with_the_casebook_and_is_the_owner_s_alone(tmp_path: Path) -> None:
    casebook = open_sqlite(tmp_path / "casebook.sqlite")
    path = tmp_path / "keys" / "casebook.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == casebook.key
    casebook.close()
    again = open_sqlite(tmp_path / "casebook.sqlite")
    assert again.key == casebook.key
    again.close()


def test_a_lost_key_is_never_made_anew(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "casebook.sqlite").close()
    path = tmp_path / "keys" / "casebook.key"
    path.unlink()
    with pytest.raises(UserError) as raised:
        open_sqlite(tmp_path / "casebook.sqlite")
    assert (raised.value.code, raised.value.where) == ("casebook.key_missing", str(path))
    assert not path.exists()


def test_another_key_is_refused(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "casebook.sqlite").close()
    made_key(tmp_path / "keys" / "casebook.key")
    with pytest.raises(UserError, match=r"casebook\.key_wrong"):
        open_sqlite(tmp_path / "casebook.sqlite")


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=", b"\xff no base64", b"A" * 100])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "casebook.key"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"casebook\.key_wrong"):
        read_key(path)


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert read_key(tmp_path / "casebook.key") is None


def test_the_key_of_a_casebook_for_a_while_is_written_nowhere(tmp_path: Path) -> None:
    casebook = open_scratch(tmp_path / "casebook.sqlite")
    with casebook.engine.begin() as connection:
        CaseKeys(connection, casebook.key).make(["case"])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".sqlite", ".sqlite-wal", ".sqlite-shm", ".lock"}
    held = (casebook.key.secret, base64.b64encode(casebook.key.secret))
    assert not any(secret in path.read_bytes() for path in files for secret in held)
    casebook.close()


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "casebook.key").mkdir()
    with pytest.raises(UserError, match=r"file\.unreadable"):
        read_key(tmp_path / "casebook.key")
