"""A row of the agency's that has no room for our words keeps no other row from its answer."""

import logging
from pathlib import Path

import pytest

from connectors.bus.system import Mark, State, System
from schemas.errors import Unavailable
from schemas.ids import MessageId
from tests.agency_sides import DatabaseSide

ONE = MessageId("11111111-3f1e-5a4b-9c55-2b6d4d9e5a11")
LONG = "姓名、住址未填写" * 20
REASON = dict.fromkeys(("where", "detail", "zh", "en", "remedy_zh", "remedy_en"), LONG)
ANSWER = "SELECT status, err_code, err_zh, receipt FROM EX_OUT ORDER BY id"


@pytest.fixture
def side(tmp_path: Path) -> DatabaseSide:
    return DatabaseSide(tmp_path / "exchange.db")


def taken(side: DatabaseSide, *statements: str) -> tuple[System, list[Mark]]:
    """Take two letters from tables that were changed; the first is refused, the second accepted."""
    for name in "ab":
        side.put(name, "lead_transfer", "{}")
    for statement in statements:
        side.query(statement)
    system = side.system()
    system.open()
    first, second = system.collect(5)
    notice = {"code": "field.missing", **REASON}
    return system, [
        Mark(first.place, first.digest, State.REJECTED, notice=notice),
        Mark(second.place, second.digest, State.ACCEPTED, ONE, notice={"envelope": LONG}),
    ]


def limit(*columns: str, characters: int) -> str:
    """Return a trigger by which columns hold no more; SQLite has no lengths of its own."""
    test = " OR ".join(f"length(NEW.{column}) > {characters}" for column in columns)
    return (
        f"CREATE TRIGGER t{characters} BEFORE UPDATE ON EX_OUT WHEN {test}"
        " BEGIN SELECT RAISE(ABORT, 'too long'); END"
    )


@pytest.mark.parametrize(
    ("columns", "characters", "code", "words"),
    [
        (("err_zh", "receipt"), 100, "field.missing", LONG[:50]),
        (("err_zh", "receipt"), 20, "field.missing", None),
        (("err_zh", "err_code", "receipt"), 5, None, None),
    ],
)
def test_what_has_no_room_is_cut_or_left_out_and_the_log_says_so(
    side: DatabaseSide,
    caplog: pytest.LogCaptureFixture,
    columns: tuple[str, ...],
    characters: int,
    code: str | None,
    words: str | None,
) -> None:
    system, marks = taken(side, limit(*columns, characters=characters))
    with caplog.at_level(logging.WARNING):
        system.mark(marks)
    assert side.query(ANSWER) == [(9, code, words, None), (2, None, None, None)]
    assert "row 1 of EX_OUT: IntegrityError" in caplog.text
    assert LONG[:5] not in caplog.text
    system.close()


def test_a_row_that_takes_no_answer_at_all_is_told_as_the_table_s(side: DatabaseSide) -> None:
    stop = "BEGIN SELECT RAISE(ABORT, 'archived'); END"
    system, marks = taken(
        side, f"CREATE TRIGGER t BEFORE UPDATE ON EX_OUT WHEN NEW.status = 9 {stop}"
    )
    with pytest.raises(Unavailable, match=r"system\.unavailable EX_OUT IntegrityError"):
        system.mark(marks)
    system.close()
