"""The index of marks: seen as changed, bounded, and never searched through whole."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.dialects import postgresql, sqlite

from schemas.ids import CaseId
from services.casebook import marks as module
from services.casebook.marks import (
    ALIKE_MAX,
    CROWDED_MAX,
    LOOKED_MAX,
    NEAR,
    NEAR_EACH,
    NEAR_MAX,
    ONWARDS,
    Marks,
)
from services.casebook.store import Casebook
from services.casebook.tables import MARKS
from services.casework.likeness import Mark
from tests.office import statements

DAY = date(2026, 9, 10)
ROWS = 3_000
KEYS = st.sampled_from(["k", "l"])
A, B, C = CaseId("a"), CaseId("b"), CaseId("c")


def at(key: str, first: int = 0, last: int | None = None) -> Mark:
    """A mark from one day of September to another."""
    return Mark(key, DAY + timedelta(first), DAY + timedelta(first if last is None else last))


def stored(casebook: Casebook, case: CaseId, *marks: Mark) -> None:
    with casebook.engine.begin() as connection:
        put = Marks(connection)
        put.put(case, marks)
        put.flush()


def crowd(casebook: Casebook, key: str, cases: int, apart: int = 1) -> list[CaseId]:
    """Store so many cases with one mark, each so many days after the last."""
    ids = [CaseId(f"{key}{number:05}") for number in range(cases)]
    with casebook.engine.begin() as connection:
        put = Marks(connection)
        for number, case in enumerate(ids):
            put.put(case, (at(key, number * apart),))
        put.flush()
    return ids


def none_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that each mark is asked about by itself."""
    monkeypatch.setattr(module, "NEAR_MAX", 0)
    monkeypatch.setattr(module, "NEAR_EACH", 0)


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
    none_are_read_at_once(monkeypatch)
    ids = [CaseId(f"{number:03}") for number in range(LOOKED_MAX + 5)]
    with casebook.engine.begin() as connection:
        put = Marks(connection)
        for case in ids:
            put.put(case, (at("k"),))
        put.flush()
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        for case in ids[:LOOKED_MAX]:
            marks.put(case, ())
        assert marks.alike([at("k")]) == tuple(ids[LOOKED_MAX:])


def test_a_batch_is_answered_by_one_look_and_what_lies_outside_it_by_its_own(
    casebook: Casebook,
) -> None:
    stored(casebook, A, at("k", 0, 4), Mark("whole"))
    stored(casebook, B, at("k", -3))
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
        assert marks.alike([at("k", -3)]) == (B,)
        assert len(asked) == 3


def test_where_too_much_lies_near_each_is_asked_by_itself(casebook: Casebook) -> None:
    ids = crowd(casebook, "k", NEAR_MAX + NEAR_EACH + 1)
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        marks.expect([at("k", 0)])
        assert marks.alike([at("k", 7)]) == (ids[7],)
        assert marks.alike([at("k", len(ids))]) == ()
        assert marks.alike([at("k", 0, len(ids))]) == tuple(ids[:ALIKE_MAX])


def test_of_what_was_not_read_whole_nothing_is_taken_for_all(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    none_are_read_at_once(monkeypatch)
    ids = crowd(casebook, "k", 6)
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        marks.expect([at("k", 0), at("k", 5)])
        assert [marks.alike([at("k", day)]) for day in range(6)] == [(case,) for case in ids]


def test_what_is_that_of_too_many_keeps_the_others_from_no_look_at_once(
    casebook: Casebook,
) -> None:
    crowd(casebook, "k", NEAR_MAX + 2 * NEAR_EACH + 1)
    stored(casebook, A, at("other"))
    with casebook.engine.begin() as connection, statements(connection) as asked:
        marks = Marks(connection)
        marks.expect([at("k"), at("other")])
        assert len(asked) == 2
        assert marks.alike([at("other")]) == (A,)
        assert len(asked) == 2
        for _ in range(3):  # the other letters of a batch ask the same
            assert len(marks.alike([at("k"), at("other")])) == 2
        assert len(asked) == 3


def test_of_many_marks_that_are_those_of_too_many_each_is_asked_by_itself(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    none_are_read_at_once(monkeypatch)
    keys = [f"k{number}" for number in range(CROWDED_MAX + 2)]
    stored(casebook, A, *(at(key) for key in keys))
    with casebook.engine.begin() as connection, statements(connection) as asked:
        marks = Marks(connection)
        assert [marks.alike([at(key)]) for key in keys] == [(A,)] * len(keys)
        asked.clear()
        again = Marks(connection)
        again.expect(at(key) for key in keys)
        assert len(asked) == CROWDED_MAX
        assert [again.alike([at(key)]) for key in keys] == [(A,)] * len(keys)
        assert len(asked) == CROWDED_MAX + len(keys)


def test_of_a_mark_that_thousands_have_a_letter_reads_no_more_than_of_a_few_hundred(
    casebook: Casebook,
) -> None:
    """Of one matter in one township on one day, or on later days."""
    crowd(casebook, "k", ROWS, apart=0)
    crowd(casebook, "late", ROWS)
    with casebook.engine.begin() as connection:
        marks = Marks(connection)
        assert len(marks.alike([at("k"), at("late", -1, 0)])) == ALIKE_MAX
        read = {key: len(line.rows) for (key, _), line in marks._read.items()}
        assert read == {"k": LOOKED_MAX, "late": LOOKED_MAX}
        assert not marks._near


# Each example leaves the casebook as it was: its transaction is rolled back.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_answer_is_the_same_wherever_the_cases_lie_and_whatever_was_read_at_once(
    casebook: Casebook, data: st.DataObject
) -> None:
    days = st.integers(0, 4)
    mark = st.builds(lambda key, first, more: at(key, first, first + more), KEYS, days, days)
    of_cases = data.draw(st.lists(st.lists(mark, max_size=3, unique=True), max_size=12))
    before = data.draw(st.lists(st.lists(mark, max_size=3, unique=True), max_size=12))
    is_stored = data.draw(st.lists(st.booleans(), min_size=12, max_size=12))
    asked = data.draw(st.lists(mark, min_size=1, max_size=3))
    looked, near, alike = data.draw(st.tuples(*[st.integers(1, 5)] * 3))
    with pytest.MonkeyPatch.context() as patch, casebook.engine.connect() as connection:
        patch.setattr(module, "LOOKED_MAX", looked)
        patch.setattr(module, "ALIKE_MAX", alike)
        patch.setattr(module, "NEAR_EACH", 0)
        whole = Marks(connection)
        for number, marks in enumerate(of_cases):
            whole.put(CaseId(f"{number:03}"), tuple(marks))
        wanted = [whole.alike([each]) for each in asked]
        earlier = Marks(connection)
        for number, marks in enumerate(before[: len(of_cases)]):
            earlier.put(CaseId(f"{number:03}"), tuple(marks))
        earlier.flush()
        then = Marks(connection)
        for number, marks in enumerate(of_cases):
            if is_stored[number]:
                then.put(CaseId(f"{number:03}"), tuple(marks))
        then.flush()
        patch.setattr(module, "NEAR_MAX", near)
        mixed = Marks(connection)
        for number, marks in enumerate(of_cases):
            if not is_stored[number]:
                mixed.put(CaseId(f"{number:03}"), tuple(marks))
        assert [mixed.alike([each]) for each in asked] == wanted
        connection.rollback()


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
        asked = {"key": f"{7:064}", "first": -1, "last": 9, "after": "", "most": LOOKED_MAX}
        for query in (
            ONWARDS.params(asked),
            NEAR.params({"keys": [f"{row:064}" for row in range(3)], "first": 1, "most": 9}),
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
            assert "TEMP B-TREE" not in plan, plan
            assert "Sort" not in plan, plan
