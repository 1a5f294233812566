"""PostgreSQL goes about it by an index, also where it knows the tables: few that owe among many."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, Select, text

from services.casebook import queries
from services.casebook.expiry import UNSENT_OF_CASE
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS

CASES, PARTITIONS, OWING_EVERY = 20_000, 10, 100
OWING = CASES // PARTITIONS // OWING_EVERY  # of one partition
READ_MAX = 10 * OWING * PARTITIONS  # rows: what owes anywhere some times, not what ever was
DECIDED = 2  # decisions of each case
OF_A_CASE_MAX = 10  # rows, of indexes too
A_CASE = hashlib.md5(b"7", usedforsecurity=False).hexdigest()
ASKED = {"topic": "leads", "partition": 3, "at": 1, "most": 2_000, "last": "", "case": A_CASE}
GONE = {"kinds": ["sign_for", "handle"], "owners": ["o", "p"], "reasons": ["gap", "no_superior"]}
_OWES = f"n / {PARTITIONS} % {OWING_EVERY} = 0"
_CASES = f"""
    INSERT INTO cases (case_id, topic, partition, state, waiting, body, rests_ms, look_ms)
    SELECT md5(n::text), 'leads', n % {PARTITIONS}, 'closed', 0, repeat('x', 200),
    CASE WHEN {_OWES} THEN NULL ELSE 1 END, CASE WHEN {_OWES} THEN NULL ELSE 2 END
    FROM generate_series(1, {CASES}) AS n
"""
_NUMBERS = "INSERT INTO case_numbers (case_id, seq) SELECT case_id, seq FROM cases"
_DUTIES = """
    INSERT INTO duties (case_seq, position, duty_id, case_id, kind, owner, due_ms, open, body)
    SELECT seq, 0, left(case_id, 36), case_id, 'sign_for', 'o', seq, look_ms IS NULL, 'x'
    FROM cases
"""
_DECISIONS = f"""
    INSERT INTO decisions (topic, partition, "offset", case_id, message_id, sender, record, at_ms,
    outcome, rulebook, entry, case_seq)
    SELECT 'leads', 0, seq * {DECIDED} + n, case_id, left(case_id, 36), 'o', 'x', n, 'accepted',
    'r', '"effect":"delivered"', seq FROM cases, generate_series(1, {DECIDED}) AS n
"""
_WAITED = """
    INSERT INTO outbox (source_topic, source_partition, topic, value, case_id)
    SELECT 'leads', n, 'inbox.x', 'x', md5(n::text) FROM generate_series(1, {}) AS n
"""
_HELD = "UPDATE cases SET stopped = 'gap' WHERE look_ms IS NULL"


@pytest.fixture(params=["analyzed", "as it grew"])
def filled(casebook: Casebook, request: pytest.FixtureRequest) -> Casebook:
    """A casebook of many cases of which few owe something."""
    with casebook.engine.begin() as connection:
        for statement in (_CASES, _NUMBERS, _DUTIES, _DECISIONS):
            connection.execute(text(statement))
        if request.param == "analyzed":
            connection.execute(text("ANALYZE"))
    return casebook


def read(casebook: Casebook, query: Select[Any], by: Engine | None = None) -> tuple[float, float]:
    """Return how many rows a worker's session, or another's, finds, and how many it reads."""
    engine = by or casebook.engine
    told = query.compile(engine)
    values = {name: {**ASKED, **GONE}.get(name, value) for name, value in told.params.items()}
    with engine.connect() as connection:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {told}"
        explained = connection.exec_driver_sql(explain, values).scalar_one()
    plan = explained[0]["Plan"]
    scans = [node for node in _nodes(plan) if "Scan" in node["Node Type"]]
    return plan["Actual Rows"], sum(map(_rows, scans))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _rows(scan: dict[str, Any]) -> float:
    each = scan["Actual Rows"] + scan.get("Rows Removed by Filter", 0)
    return float(each * scan["Actual Loops"])


def test_those_that_owe_are_found_without_reading_those_that_do_not(filled: Casebook) -> None:
    found, rows = read(filled, queries.OWING)
    assert found == OWING
    assert rows <= READ_MAX


def test_those_that_were_to_be_asked_about_are_found_without_reading_the_others(
    filled: Casebook,
) -> None:
    found, rows = read(filled, queries.OWING_OF_BEFORE)
    assert found == 0
    assert rows <= READ_MAX


def test_what_an_organ_owes_is_found_without_reading_what_nobody_owes(filled: Casebook) -> None:
    found, rows = read(filled, queries.OWED_BY)
    assert found == OWING
    assert rows <= READ_MAX


def test_what_is_held_is_found_without_reading_what_is_not(filled: Casebook) -> None:
    with filled.engine.begin() as connection:
        connection.execute(text(_HELD))
    found, rows = read(filled, queries.STOPPED_FOR)
    assert found == OWING
    assert rows <= READ_MAX


def test_a_case_s_decisions_are_found_and_counted_without_reading_those_of_others(
    filled: Casebook,
) -> None:
    """By a session that reads, as `trace` and `resend` do: none of its ways is forbidden to it."""
    in_order = queries.DECISIONS_OF.order_by(DECISIONS.c.seq).limit(CASES)
    for asked, answer in ((in_order, DECIDED), (queries.DECISIONS_COUNTED, 1)):
        found, rows = read(filled, asked, filled.readers)
        assert found == answer
        assert rows <= OF_A_CASE_MAX


def test_what_waits_of_a_case_is_not_looked_for_where_nothing_waits_any_more(
    casebook: Casebook,
) -> None:
    """A Tick asks it of each case that is to be erased; an outage leaves a table of gigabytes."""
    with casebook.engine.begin() as connection:
        for statement in (_WAITED.format(2_000), "DELETE FROM outbox", _WAITED.format(3)):
            connection.execute(text(statement))
        connection.execute(text("ANALYZE outbox"))
        explain = f"EXPLAIN (FORMAT JSON) {UNSENT_OF_CASE.compile(connection)}"
        values = {"case": A_CASE, "param_1": 1}
        explained = connection.exec_driver_sql(explain, values).scalar_one()
    plan = [node["Node Type"] for node in _nodes(explained[0]["Plan"])]
    assert plan == ["Limit", "Index Scan"]
