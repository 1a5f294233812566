"""The index of marks: seen as changed, bounded, and never searched through whole."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from schemas.ids import CaseId
from services.casebook import marks as module
from services.casebook.marks import ALIKE_MAX, LIKE, NEAR, NEAR_MAX, Marks
from services.casebook.store import Casebook
from services.casebook.tables import MARKS
from services.casework.likeness import Mark
from tests.office import statements

DAY = date(2026, 9, 10)
ROWS = 3_000
A, B, C = CaseId("a"), CaseId("b"), CaseId("c")


def at(key: str, first: int = 0, last: int | None = None) -> Mark:
    """A mark from one day of September to another."""
    return Mark(key, DAY + timedelta(first), DAY + timedelta(first if last is None else last))


def stored(casebook: Casebook, case: CaseId, *marks: Mark) -> None:
    with casebook.engine.begin() as connection:
        put = Marks(connection)
        put.put(case, marks)
        put.flush()


def test_days_must_meet_and_the_key_be_the_same(casebook: Casebook) -> None:
    stored(casebook, A, at("k", 0, 4))
    stored(casebook, B, at("other", 0, 4))
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        assert [marks.alike([at("k", day)]) for day in (-1, 0, 4, 5)] == [(), (A,), (A,), ()]
        marks.put(C, (at("k", 0, 4),))  # not written yet: the same
        found = [marks.alike([at("k", day)]) for day in (-1, 0, 4, 5)]
        assert found == [(), (A, C), (A, C), ()]


def test_what_a_transaction_has_changed_lies_over_what_is_stored(casebook: Casebook) -> None:
    stored(casebook, A, at("k"), Mark("whole"))
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        assert set(marks.of(A)) == {at("k"), Mark("whole")}
        marks.end(A, declined=True)
        assert marks.of(A) == (Mark("whole"),)
        assert (marks.alike([at("k")]), marks.same([Mark("whole")])) == ((), (A,))
        marks.flush()
        marks.flush()  # nothing is written twice
        assert (marks.alike([at("k")]), marks.same([Mark("whole")])) == ((), (A,))
        marks.end(A, declined=False)
        assert (marks.of(A), marks.same([Mark("whole")])) == ((), ())
        marks.flush()
    with casebook.engine.begin() as connection:
        assert Marks(connection).of(A) == ()


def test_a_mark_without_days_is_like_no_other_and_the_reverse(casebook: Casebook) -> None:
    stored(casebook, A, Mark("k"))
    stored(casebook, B, at("k"))
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        assert marks.alike([at("k"), Mark("k")]) == (B,)
        assert marks.same([at("k"), Mark("k")]) == (A,)
        marks.put(A, (Mark("k"),))
        marks.put(B, (at("k"),))
        assert marks.alike([at("k"), Mark("k")]) == (B,)
        assert marks.same([at("k"), Mark("k")]) == (A,)


def test_an_answer_names_no_more_than_its_limit_wherever_the_cases_lie(casebook: Casebook) -> None:
    ids = [CaseId(f"{number:03}") for number in range(ALIKE_MAX + 5)]
    for case in ids[::2]:
        stored(casebook, case, at("k"))
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        for case in ids[1::2]:
            marks.put(case, (at("k"),))
        assert marks.alike([at("k")]) == tuple(ids[:ALIKE_MAX])
        marks.put(ids[0], ())
        assert marks.alike([at("k")]) == tuple(ids[1 : ALIKE_MAX + 1])


def test_an_answer_is_whole_though_all_of_a_page_has_changed_since(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NEAR_MAX", 3)  # so that they are asked for page by page
    ids = [CaseId(f"{number:03}") for number in range(ALIKE_MAX + 5)]
    for case in ids:
        stored(casebook, case, at("k"))
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        for case in ids[:ALIKE_MAX]:
            marks.put(case, ())
        assert marks.alike([at("k")]) == tuple(ids[ALIKE_MAX:])


def test_a_batch_is_answered_by_one_look_and_what_lies_outside_it_by_its_own(
    casebook: Casebook,
) -> None:
    stored(casebook, A, at("k", 0, 4), Mark("whole"))
    stored(casebook, B, at("k", 20))
    with casebook.engine.begin() as connection, statements(connection) as asked:
        marks = Marks(connection)
        marks.expect([at("k", 0), at("k", 6), at("new", 3), Mark("whole")])
        assert len(asked) == 2  # those of some days, and those of any
        assert marks.alike([at("k", 3)]) == (A,)
        assert marks.alike([at("k", 5), at("new", 3)]) == ()
        assert marks.same([Mark("whole")]) == (A,)
        marks.put(A, ())
        assert marks.alike([at("k", 3)]) == ()
        assert len(asked) == 2
        assert marks.alike([at("k", 20)]) == (B,)
        assert len(asked) == 3


def test_where_too_much_lies_near_each_is_asked_by_itself(casebook: Casebook) -> None:
    ids = [CaseId(f"{number:05}") for number in range(NEAR_MAX + 1)]
    with casebook.engine.begin() as connection:
        put = Marks(connection)
        for number, case in enumerate(ids):
            put.put(case, (at("k", number),))
        put.flush()
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        marks.expect([at("k", 0), at("k", NEAR_MAX)])
        assert marks.alike([at("k", 7)]) == (ids[7],)
        assert marks.alike([at("k", 0, NEAR_MAX)]) == tuple(ids[:ALIKE_MAX])


def test_of_what_was_not_read_whole_nothing_is_taken_for_all(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NEAR_MAX", 3)
    ids = [CaseId(f"{number:05}") for number in range(6)]
    for number, case in enumerate(ids):
        stored(casebook, case, at("k", number))
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        marks.expect([at("k", 0), at("k", 5)])
        assert [marks.alike([at("k", day)]) for day in range(6)] == [(case,) for case in ids]


def test_more_marks_than_one_query_asks_for_are_all_asked(casebook: Casebook) -> None:
    stored(casebook, A, at("350"))
    with casebook.engine.begin() as connection:
        assert Marks(connection).alike([at(str(number)) for number in range(360)]) == (A,)


def test_neither_look_up_searches_the_table_through(casebook: Casebook) -> None:
    """As the database says itself, among many rows."""
    dialects = {"sqlite": sqlite.dialect, "postgresql": postgresql.dialect}
    with casebook.engine.begin() as connection:
        connection.execute(
            MARKS.insert(),
            [
                {"key": f"{row:064}", "case_id": str(row), "first_day": 1, "last_day": 9}
                for row in range(ROWS)
            ],
        )
        connection.execute(text("ANALYZE"))
        kind = connection.dialect.name
        explain = "EXPLAIN QUERY PLAN" if kind == "sqlite" else "EXPLAIN"
        asked = {"key": f"{7:064}", "first": 1, "last": 9, "after": "", "most": ALIKE_MAX}
        for query in (
            LIKE.params(asked),
            NEAR.params(
                {"keys": [f"{row:064}" for row in range(3)], "first": 1, "last": 9, "most": 9}
            ),
            MARKS.select().where(MARKS.c.case_id == "7"),
        ):
            compiled = query.compile(
                dialect=dialects[kind](), compile_kwargs={"literal_binds": True}
            )
            rows = connection.execute(text(f"{explain} {compiled}"))
            plan = "\n".join(" ".join(map(str, row)) for row in rows)
            assert "marks" in plan
            assert "SCAN marks" not in plan, plan
            assert "Seq Scan" not in plan, plan
