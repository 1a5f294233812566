"""A -wal of another moment is never laid over a casebook; one that was only killed always opens."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from schemas.errors import UserError
from services.casebook import wal
from services.casebook.store import open_for_reading, open_sqlite

KILLS: Final = 40
LIFE_SECONDS_MAX: Final = 0.05
GOLDEN: Final = 0.618034  # its multiples are spread over every span
# Writes without end: batches that fit the cache and batches that do not, a -wal begun anew after
# a few of them, copied into the file by every kind of checkpoint, closed and opened again.
WRITER: Final = """
import os, random, sqlite3, sys
from pathlib import Path
from services.casebook import wal
draw = random.Random(int(sys.argv[2]))
print("begins", flush=True)
while True:
    book = sqlite3.connect(sys.argv[1], isolation_level=None)
    for each in ("journal_mode=WAL", "synchronous=OFF", "cache_size=4", "wal_autocheckpoint=9"):
        book.execute("PRAGMA " + each)
    for _ in range(draw.randrange(1, 30)):
        book.execute("BEGIN IMMEDIATE")
        wal.tie(book)
        book.execute("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, content BLOB)")
        rows = [(os.urandom(700),) for _ in range(draw.choice((0, 1, 5, 60)))]
        book.executemany("INSERT INTO rows (content) VALUES (?)", rows)
        if draw.random() < 0.3:
            book.execute("DELETE FROM rows WHERE n % 3 = ?", (draw.randrange(3),))
        book.execute(draw.choice(("COMMIT", "COMMIT", "COMMIT", "ROLLBACK")))
        if draw.random() < 0.2:
            kind = draw.choice(("PASSIVE", "RESTART", "TRUNCATE"))
            book.execute(f"PRAGMA wal_checkpoint({kind})").fetchall()
    book.close()
"""


def killed(path: Path, seed: int) -> None:
    """Let a process write, and kill it at some moment."""
    argv = [sys.executable, "-c", WRITER, str(path), str(seed)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(seed * GOLDEN % 1 * LIFE_SECONDS_MAX)
        os.kill(writer.pid, signal.SIGKILL)


@contextmanager
def written(path: Path) -> Iterator[sqlite3.Connection]:
    """A book that is not closed while the block runs, as a kill would leave it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as book:
        book.execute("PRAGMA journal_mode=WAL")
        book.execute("CREATE TABLE rows (content BLOB)")
        yield book


def write(book: sqlite3.Connection, rows: int = 3) -> None:
    book.execute("BEGIN IMMEDIATE")
    wal.tie(book)
    book.executemany("INSERT INTO rows VALUES (?)", [(os.urandom(700),) for _ in range(rows)])
    book.execute("COMMIT")


def content(path: Path) -> str:
    """What tells all that a book opens with; its -wal is then in the file."""
    with closing(sqlite3.connect(path)) as book:
        assert book.execute("PRAGMA quick_check").fetchone() == ("ok",)
        if not book.execute("PRAGMA table_info(rows)").fetchall():
            return "no table"
        rows = list(book.execute("SELECT n, content FROM rows ORDER BY n"))
        return hashlib.sha256(repr(rows).encode()).hexdigest()


def backup(book: sqlite3.Connection, to: Path) -> Path:
    with closing(sqlite3.connect(to)) as copy:
        book.backup(copy)
    return to


def laid_over(backup: Path, path: Path) -> Path:
    """A backup that was copied over a book which a kill had left; its -wal still lies there."""
    found = backup.with_name("found.sqlite")
    shutil.copy(backup, found)
    shutil.copy(wal.wal_of(path), wal.wal_of(found))
    return found


def checkpoint(book: sqlite3.Connection) -> None:
    book.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()


def test_whenever_a_writer_is_killed_its_own_wal_is_taken_and_not_that_of_an_older_file(
    tmp_path: Path,
) -> None:
    path, old = tmp_path / "casebook.sqlite", tmp_path / "old.sqlite"
    taken, refused = 0, 0
    for seed in range(KILLS):
        killed(path, seed)
        assert not wal.is_foreign(path), seed
        found = None
        if wal.wal_of(path).exists() and old.exists() and old.stat().st_size:
            found = laid_over(old, path)
        own = content(path)  # as SQLite itself lays the -wal over it
        if found is not None and wal.is_foreign(found):
            refused += 1
        elif found is not None:
            # The -wal was begun before the backup and holds all that came since; or nothing in it
            # was committed, and SQLite takes nothing of it. Never is there a mixture.
            assert content(found) in (own, content(old))
            taken += 1
        old.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as book:
            backup(book, old)
    assert refused > 0
    assert taken > 0


def test_a_backup_under_the_wal_of_a_later_life_opens_neither_to_write_nor_to_read(
    tmp_path: Path,
) -> None:
    path, old = tmp_path / "casebook.sqlite", tmp_path / "old.sqlite"
    casebook = open_sqlite(path)
    with closing(sqlite3.connect(path)) as beside:
        backup(beside, old)
        with casebook.engine.begin() as connection:
            connection.execute(text("INSERT INTO settings VALUES ('a', 'b')"))
        checkpoint(beside)
    with casebook.engine.begin() as connection:
        connection.execute(text("UPDATE settings SET value = 'c' WHERE key = 'a'"))
    assert not wal.is_foreign(path)
    found = laid_over(old, path)
    casebook.close()
    before = found.read_bytes()
    with pytest.raises(UserError, match=r"casebook\.foreign_wal"):
        open_sqlite(found)
    with pytest.raises(UserError, match=r"casebook\.foreign_wal"):
        open_for_reading(found)
    assert found.read_bytes() == before
    wal.wal_of(found).unlink()  # as the cure says
    open_sqlite(found).close()


def test_a_newer_file_under_an_older_wal_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    with written(path) as book:
        write(book)
        shutil.copy(wal.wal_of(path), tmp_path / "kept-wal")
        checkpoint(book)
        write(book)
        found = laid_over(backup(book, tmp_path / "newer.sqlite"), path)
        shutil.copy(tmp_path / "kept-wal", wal.wal_of(found))
    assert wal.is_foreign(found)


def test_a_copy_that_was_untied_fits_no_wal(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    with written(path) as book:
        write(book)
        copy = backup(book, tmp_path / "copy.sqlite")
        write(book)
        assert not wal.is_foreign(laid_over(copy, path))  # it holds all that came since
        with closing(sqlite3.connect(copy)) as alone:
            wal.untie(alone)
        assert wal.is_foreign(laid_over(copy, path))


def test_a_casebook_of_a_program_that_tied_nothing_opens_and_is_tied_from_then_on(
    tmp_path: Path,
) -> None:
    path, old = tmp_path / "casebook.sqlite", tmp_path / "old.sqlite"
    with written(path) as book:
        book.execute("CREATE TABLE more (content BLOB)")  # the first page is in the -wal, untied
        assert not wal.is_foreign(path)
        backup(book, old)
        write(book)
        checkpoint(book)
        write(book)
        assert not wal.is_foreign(path)
        assert wal.is_foreign(laid_over(old, path))


def cut(content: bytes) -> Iterator[bytes]:
    """A -wal as far as it may have been written, and one that is no -wal."""
    yield from (content[:length] for length in (0, 31, 32, 40, 56, 3000))
    yield b"\0" * 32 + content[32:]
    yield content[:28] + b"\0\0\0\0" + content[32:]  # its header's checksum is wrong
    yield content[:200] + b"\xff" * 64 + content[264:]  # so is that of the first page


def test_a_wal_of_which_sqlite_takes_nothing_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "casebook.sqlite"
    with written(path) as book:
        write(book)
        checkpoint(book)
        write(book)
        content = wal.wal_of(path).read_bytes()
    alone = tmp_path / "alone.sqlite"
    with closing(sqlite3.connect(alone)) as book:
        wal.untie(book)
    wal.wal_of(alone).write_bytes(content)
    assert wal.is_foreign(alone)
    for each in cut(content):
        wal.wal_of(alone).write_bytes(each)
        assert not wal.is_foreign(alone)


def test_an_empty_file_has_nothing_that_could_be_spoilt(tmp_path: Path) -> None:
    path, empty = tmp_path / "casebook.sqlite", tmp_path / "empty.sqlite"
    empty.touch()
    with written(path) as book:
        write(book)
        assert not wal.is_foreign(laid_over(empty, path))


def test_what_is_written_while_it_is_looked_at_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "casebook.sqlite"
    with written(path) as book:
        write(book)
        number, looks = wal._number, 0

        def begun_anew(asked: Path) -> int:
            nonlocal looks
            looks += 1
            found = number(asked)
            checkpoint(book)
            write(book)
            return found

        monkeypatch.setattr(wal, "_number", begun_anew)
        assert not wal.is_foreign(path)
        assert looks > 1
