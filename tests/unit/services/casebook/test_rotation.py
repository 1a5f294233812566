"""Another key for the casebook: all opens as before, and whenever it is cut off, too."""

import base64
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select, update

from connectors.bus.private import write_private
from schemas.errors import Broken, UserError
from services.casebook import key_file, rotation
from services.casebook.case_keys import CaseKeys, quarantine_of
from services.casebook.key_file import (
    kept_at,
    key_in_force,
    note_key,
    noted_key,
    put_in_force,
    read_key,
)
from services.casebook.lockbox import KEY_BYTES, NONCE_BYTES, WrappingKey
from services.casebook.rotation import lock_anew, rotate
from services.casebook.statements import rewrite
from services.casebook.store import Casebook, open_sqlite
from services.casebook.tables import CASE_KEYS
from tests.history import MONDAY
from tests.office import rows

MONTH: Final = quarantine_of(MONDAY)
LOCKED: Final = ("case-1", "case-2", MONTH)
PLAIN: Final = b"what the case keeps"


class Stopped(BaseException):
    """The process ends here, as by kill -9: behind it runs only what undoes a transaction."""


@pytest.fixture
def key_path(tmp_path: Path, casebook: Casebook) -> Path:
    """The file of the key in force, in a folder that this test may change."""
    path = tmp_path / "rotated" / "casebook.key"
    path.parent.mkdir()
    path.write_bytes(base64.b64encode(casebook.key.secret))
    return path


def fill(casebook: Casebook) -> dict[str, bytes]:
    """Lock something under each of a few keys, one of which is erased."""
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, casebook.key)
        found = {name: keys.lock(name, PLAIN, (name,)) for name in LOCKED}
        keys.lock("erased", PLAIN, ("erased",))
        keys.erase("erased", MONDAY)
    return found


def opens(casebook: Casebook, key: WrappingKey | None, locked: dict[str, bytes]) -> bool:
    with casebook.engine.connect() as connection:
        keys = CaseKeys(connection, key)
        assert keys.is_erased("erased")
        with suppress(Broken):
            return all(keys.unlock(name, each, (name,)) == PLAIN for name, each in locked.items())
        return False


def test_all_keys_are_locked_under_the_new_one_and_open_what_they_opened(
    casebook: Casebook, key_path: Path
) -> None:
    locked = fill(casebook)
    before = {row.name: row.wrapped for row in rows(casebook, CASE_KEYS)}
    found = rotate(casebook, key_path)
    new = read_key(key_path)
    assert new is not None
    assert (found.before, found.after, found.keys) == (casebook.key.id, new.id, len(LOCKED))
    assert opens(casebook, new, locked)
    assert not opens(casebook, casebook.key, locked)
    after = {row.name: row.wrapped for row in rows(casebook, CASE_KEYS)}
    assert all(after[name] != before[name] for name in LOCKED)
    assert after["erased"] is None
    with casebook.engine.connect() as connection:
        assert noted_key(connection, key_path) == new


def test_the_old_key_is_kept_by_its_id_and_so_is_the_new_one(
    casebook: Casebook, key_path: Path
) -> None:
    old = casebook.key
    found = rotate(casebook, key_path)
    assert read_key(kept_at(key_path, found.before)) == old
    assert read_key(kept_at(key_path, found.after)) == read_key(key_path)
    assert {path.stat().st_mode & 0o777 for path in key_path.parent.glob("*.*.key")} == {0o600}


def test_more_keys_than_are_held_at_once_are_locked_anew(
    casebook: Casebook, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = fill(casebook)
    monkeypatch.setattr(rotation, "_NEXT", rotation._NEXT.limit(1))
    assert rotate(casebook, key_path).keys == len(LOCKED)
    assert opens(casebook, read_key(key_path), locked)


def test_where_one_does_not_open_nothing_is_changed(casebook: Casebook, key_path: Path) -> None:
    locked = fill(casebook)
    with casebook.engine.begin() as connection:
        where = CASE_KEYS.c.name == "case-2"
        connection.execute(update(CASE_KEYS).where(where).values(wrapped=b"\x01" * 60))
    before = rows(casebook, CASE_KEYS)
    with pytest.raises(Broken, match=r"casebook\.unreadable"):
        rotate(casebook, key_path)
    assert rows(casebook, CASE_KEYS) == before
    assert read_key(key_path) == casebook.key
    assert opens(casebook, casebook.key, {"case-1": locked["case-1"]})


def cut_at(number: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """End the process before its nth step on the disk or in the database; count the steps."""
    told = 0

    def step(of: Any) -> Any:
        def stepping(*arguments: Any, **named: Any) -> Any:
            nonlocal told
            if told == number:
                raise Stopped
            told += 1
            return of(*arguments, **named)

        return stepping

    monkeypatch.setattr(key_file, "write_private", step(write_private))
    monkeypatch.setattr(rotation, "rewrite", step(rewrite))
    monkeypatch.setattr(rotation, "note_key", step(note_key))
    monkeypatch.setattr(rotation, "put_in_force", step(put_in_force))
    return lambda: told


def steps_of_a_whole_one(casebook: Casebook, key_path: Path) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rotation, "_NEXT", rotation._NEXT.limit(1))
        count = cut_at(-1, patch)
        rotate(casebook, key_path)
        return count()


def test_wherever_it_is_cut_off_the_casebook_opens_with_what_is_there(tmp_path: Path) -> None:
    whole = open_sqlite(tmp_path / "whole" / "casebook.sqlite")
    fill(whole)
    steps = steps_of_a_whole_one(whole, tmp_path / "whole" / "keys" / "casebook.key")
    whole.close()
    assert steps == 10  # two files; three pages; the note; the file in force and its three writes
    for number in range(steps):
        path = tmp_path / str(number) / "casebook.sqlite"
        casebook = open_sqlite(path)
        locked = fill(casebook)
        old, key_path = casebook.key, path.parent / "keys" / "casebook.key"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rotation, "_NEXT", rotation._NEXT.limit(1))
            cut_at(number, patch)
            with pytest.raises(Stopped):
                rotate(casebook, key_path)
        casebook.close()
        reader = open_sqlite(path)  # as the next start does
        assert opens(reader, reader.key, locked), number
        assert read_key(key_path) == reader.key
        again = rotate(reader, key_path)
        reader.close()
        last = open_sqlite(path)
        assert (last.key.id, opens(last, last.key, locked)) == (again.after, True)
        assert old in last.key.others
        last.close()


def test_before_the_next_start_readers_find_the_key_by_its_id(
    casebook: Casebook, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = fill(casebook)

    def stop(*_: object) -> None:
        raise Stopped

    monkeypatch.setattr(rotation, "put_in_force", stop)
    with pytest.raises(Stopped):
        rotate(casebook, key_path)
    assert read_key(key_path) == casebook.key
    with casebook.engine.connect() as connection:
        found = key_in_force(connection, key_path)
    assert found is not None
    assert found != casebook.key
    assert opens(casebook, found, locked)


def test_a_casebook_of_before_that_was_put_back_opens_by_the_key_of_then(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    casebook = open_sqlite(path)
    locked = fill(casebook)
    old, key_path = casebook.key, tmp_path / "keys" / "casebook.key"
    casebook.close()
    before = path.read_bytes()
    casebook = open_sqlite(path)
    new = rotate(casebook, key_path).after
    casebook.close()
    path.write_bytes(before)
    again = open_sqlite(path)
    assert again.key == old
    assert read_key(key_path) == old
    assert new in {each.id for each in again.key.others}
    assert opens(again, again.key, locked)
    again.close()
    (tmp_path / "keys" / f"casebook.{old.id}.key").unlink()
    put_in_force(key_path, WrappingKey(os.urandom(KEY_BYTES)))
    (tmp_path / "keys" / f"casebook.{old.id}.key").unlink()
    with pytest.raises(UserError, match=r"casebook\.key_wrong"):
        open_sqlite(path)


def test_what_the_topic_has_under_the_key_of_before_is_taken_over_under_the_new_one(
    casebook: Casebook,
) -> None:
    other = WrappingKey(b"\x07" * KEY_BYTES)
    secret, nonce = b"\x05" * KEY_BYTES, bytes(NONCE_BYTES)
    wrapped = other.wrap("case-9", secret, nonce)
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, WrappingKey(casebook.key.secret, (other,)))
        keys.take_over("case-9", wrapped)
        own = casebook.key.wrap("case-8", secret, nonce)
        keys.take_over("case-8", own)
    found = {row.name: row.wrapped for row in rows(casebook, CASE_KEYS)}
    assert casebook.key.unwrap("case-9", found["case-9"]) == secret
    assert found["case-8"] == own
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, casebook.key)
        with pytest.raises(Broken, match=r"casebook\.unreadable"):
            keys.take_over("case-7", other.wrap("case-7", secret, nonce))
    with casebook.engine.connect() as connection:
        query = select(CASE_KEYS.c.name).where(CASE_KEYS.c.name == "case-7")
        assert connection.execute(query).first() is None


def test_a_casebook_of_no_case_is_rotated_too(casebook: Casebook, key_path: Path) -> None:
    with casebook.engine.connect() as connection:
        new = WrappingKey(b"\x01" * KEY_BYTES)
        assert lock_anew(connection, casebook.key, new) == 0
    assert rotate(casebook, key_path).keys == 0
