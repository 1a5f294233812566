"""The small SQLite files of a connector: what one says it has, it has, whatever happens next."""

import sqlite3
import stat
from pathlib import Path

import pytest

from connectors.bus.book import Book
from schemas.errors import Unavailable, UserError

TABLES = "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID;"
STEP = "ALTER TABLE t ADD COLUMN b TEXT;"


def test_a_commit_is_on_the_disk_before_it_returns(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.sqlite", TABLES)
    assert book.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert book.db.execute("PRAGMA synchronous").fetchone() == (2,)
    book.close()


def test_only_its_owner_reads_it_and_all_that_lies_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "agency"
    book = Book(folder / "book.sqlite", TABLES)
    with book.transaction():
        book.db.execute("INSERT INTO t VALUES ('x')")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {0o600})
    book.close()


@pytest.mark.parametrize("failure", [ZeroDivisionError, sqlite3.OperationalError])
def test_of_a_transaction_that_fails_nothing_stays_and_the_next_one_begins(
    tmp_path: Path, failure: type[Exception]
) -> None:
    book = Book(tmp_path / "book.sqlite", TABLES)
    ours = Unavailable if failure is sqlite3.OperationalError else failure

    def fail() -> None:
        with book.transaction():
            book.db.execute("INSERT INTO t VALUES ('lost')")
            raise failure

    with pytest.raises(ours):
        fail()
    with book.transaction():
        book.db.execute("INSERT INTO t VALUES ('kept')")
    assert book.db.execute("SELECT a FROM t").fetchall() == [("kept",)]
    book.close()


def test_a_book_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "book.sqlite"
    Book(path, TABLES, (STEP,)).close()
    with pytest.raises(UserError, match=r"connector\.book_unusable.*version 2"):
        Book(path, TABLES)
    book = Book(path, TABLES, (STEP,))
    assert book.db.execute("PRAGMA user_version").fetchone() == (2,)
    book.close()
