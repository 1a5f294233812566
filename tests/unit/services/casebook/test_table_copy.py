"""What is held against what: rows counted, and summed up so that any that differs is noticed."""

import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self, cast

import pytest

from schemas.errors import Broken
from services.casebook.store import open_sqlite
from services.casebook.table_copy import (
    Row,
    Sum,
    into_sqlite,
    refuse_differing_file,
    tables_of,
    without_indexes,
)
from services.casebook.tables import METADATA

ROWS: tuple[Row, ...] = ((1, "矿", None), (2, "", b"\x00"), (2, "", b"\x00"))
# Each value is another than each other one, though some look alike when they are written down.
VALUES = (None, 0, 1, -1, 2**63 - 1, "", "0", "1", "n", "i1;", b"", b"0", b"1", b"n")


def summed(*rows: Row) -> Sum:
    found = Sum()
    assert list(found.of(rows)) == list(rows)
    return found


def test_the_order_of_rows_is_nothing_and_their_number_is() -> None:
    assert summed(*ROWS) == summed(*ROWS[::-1])
    assert summed(*ROWS) != summed(*ROWS[:2])
    assert summed(*ROWS).rows == 3


@pytest.mark.parametrize("width", [1, 2])
def test_no_two_rows_that_differ_have_one_sum(width: int) -> None:
    rows = list(itertools.product(VALUES, repeat=width))
    assert len({summed(row).digests for row in rows}) == len(rows)


def test_where_one_value_ends_and_the_next_begins_is_part_of_a_row() -> None:
    assert summed(("ab", "c")) != summed(("a", "bc"))
    assert summed((b"ab", b"c")) != summed((b"a", b"bc"))
    assert summed(("t1;a", "")) != summed(("", "t1;a"))


def test_a_boolean_is_the_number_that_sqlite_makes_of_it() -> None:
    assert summed((True, False)) == summed((1, 0))


def test_a_value_of_a_type_that_no_column_has_is_refused() -> None:
    with pytest.raises(Broken, match=r"backup\.differs a value of type float"):
        summed((1.5,))


def test_the_tables_are_those_of_a_casebook_without_the_step_that_it_is_at(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "casebook.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "casebook.sqlite")) as copy:
        found = tables_of(copy)
    wanted = {name: set(table.columns.keys()) for name, table in METADATA.tables.items()}
    assert {name: set(columns) for name, columns in found.items()} == wanted


def test_indexes_are_away_until_they_are_made_again(tmp_path: Path) -> None:
    open_sqlite(tmp_path / "casebook.sqlite").close()
    wanted = {str(index.name) for table in METADATA.tables.values() for index in table.indexes}
    there = "SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%'"
    with closing(sqlite3.connect(tmp_path / "casebook.sqlite")) as copy:
        before = set(copy.execute(there))
        again = without_indexes(copy)
        assert copy.execute(there).fetchall() == []
        for statement in again:
            copy.execute(statement)
        assert set(copy.execute(there)) == before == {(name,) for name in wanted}


class Server:
    """A connection to PostgreSQL, as far as a copy uses one, with one table of two columns."""

    def __init__(self, *rows: Row) -> None:
        self.given = rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def cursor(self) -> "Server":
        """Itself."""
        return self

    def execute(self, *_: object) -> None:
        """The types are asked for."""

    def fetchall(self) -> list[tuple[str, str]]:
        """The types."""
        return [("a", "int8"), ("b", "text")]

    def copy(self, statement: bytes) -> "Server":
        """The rows are asked for."""
        assert statement == b'COPY (SELECT "a", "b" FROM "t") TO STDOUT (FORMAT BINARY)'
        return self

    def set_types(self, types: list[str]) -> None:
        """In the order of the columns."""
        assert types == ["int8", "text"]

    def rows(self) -> Iterator[Row]:
        """What lies there."""
        return iter(self.given)


def copied(copy: sqlite3.Connection, *rows: Row) -> Any:
    copy.execute("CREATE TABLE t (a BIGINT PRIMARY KEY, b TEXT)")
    copy.execute("INSERT INTO t VALUES (9, 'of the migration')")
    return into_sqlite(cast("Any", Server(*rows)), copy, tables_of(copy))


def test_only_what_was_read_is_there_not_what_a_migration_wrote() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        sent = copied(copy, (1, "x"), (2, None))
        assert copy.execute("SELECT * FROM t").fetchall() == [(1, "x"), (2, None)]
        refuse_differing_file(copy, tables_of(copy), sent)


@pytest.mark.parametrize(
    "spoil", ["DELETE FROM t WHERE a = 1", "UPDATE t SET b = '' WHERE a = 2", "UPDATE t SET a = -a"]
)
def test_what_is_not_as_it_was_read_is_refused(spoil: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        sent = copied(copy, (1, "x"), (2, None))
        copy.execute(spoil)
        with pytest.raises(Broken, match=r"backup\.differs t [12] rows, 2 sent"):
            refuse_differing_file(copy, tables_of(copy), sent)
