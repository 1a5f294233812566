"""Which cases are asked whether they are kept, when, and of which partition."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from schemas.ids import CaseId
from services.casebook import expiry
from services.casebook.expiry import Expiry
from services.casebook.rows import from_ms
from services.casebook.sqlite import open_in_memory
from services.casebook.tables import CASE_KEYS, CASES


@pytest.fixture
def connection() -> Iterator[Connection]:
    with open_in_memory().connect() as connection:
        yield connection


def put(
    connection: Connection, case: str, partition: int, rests: int | None, look: int | None
) -> None:
    there = {"case_id": case, "topic": "leads", "partition": partition, "rests_ms": rests}
    said = {"look_ms": look, "state": "concluded", "waiting": 0, "body": "{}"}
    connection.execute(CASES.insert().values(**there, **said))


def test_those_that_are_due_by_then_are_asked_about_the_longest_due_first(
    connection: Connection,
) -> None:
    for case, partition, look in (("c", 0, 9), ("b", 0, 10), ("a", 0, 10), ("d", 0, 11)):
        put(connection, case, partition, 5, look)
    put(connection, "elsewhere", 1, 5, 1)
    due = [case for case, _ in Expiry(connection, {}).due("leads", 0, from_ms(10), 5)]
    assert due == ["c", "a", "b"]
    assert Expiry(connection, {}).due("leads", 0, from_ms(10), 1) == ((CaseId("c"), from_ms(5)),)


def test_under_other_terms_the_partition_s_cases_that_rest_are_asked_about_and_no_others(
    connection: Connection,
) -> None:
    put(connection, "rests", 0, 5, 99)
    put(connection, "goes on", 0, None, 99)
    put(connection, "elsewhere", 1, 5, 99)
    Expiry(connection, {}).ask_all("leads", 0)
    rows = connection.execute(select(CASES.c.case_id, CASES.c.look_ms))
    assert {row.case_id: row.look_ms for row in rows} == {
        "rests": 5,
        "goes on": 99,
        "elsewhere": 99,
    }


@pytest.mark.parametrize("resting", [3, 4])
def test_more_of_them_than_one_statement_may_write_are_asked_about_in_portions(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, resting: int
) -> None:
    for number in range(resting):
        put(connection, f"rests {number}", 0, 5, None if number == 0 else 99 + number)
    monkeypatch.setattr(expiry, "_ASKED_AT_ONCE", 2)
    written: list[int] = []

    @event.listens_for(connection, "after_cursor_execute")
    def note(_: object, cursor: Any, *__: object) -> None:
        written.append(cursor.rowcount)

    Expiry(connection, {}).ask_all("leads", 0)
    assert written == [2, resting - 2, *([0] if resting == 4 else [])]
    assert set(connection.execute(select(CASES.c.look_ms)).scalars()) == {5}


def test_a_month_s_key_goes_once_its_time_is_over_and_no_case_s_with_it(
    connection: Connection,
) -> None:
    names = {"quarantine-2026-01": None, "quarantine-2026-02": b"k", "quarantine-2026-03": b"k"}
    for name, wrapped in {**names, "5f0c2a52": b"k"}.items():
        connection.execute(CASE_KEYS.insert().values(name=name, wrapped=wrapped))
    assert Expiry(connection, {}).quarantines("quarantine-2026-03") == ("quarantine-2026-02",)
