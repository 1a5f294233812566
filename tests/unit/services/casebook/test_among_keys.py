"""A question about many keys: one text on PostgreSQL, and everywhere the rows that are meant."""

import pytest
from sqlalchemy import create_engine, select

from services.casebook.among_keys import among
from services.casebook.statements import insert
from services.casebook.store import Casebook
from services.casebook.tables import CASE_KEYS

BY_NAME = select(CASE_KEYS.c.name).where(among(CASE_KEYS.c.name, "names"))
BY_SEQ = select(CASE_KEYS.c.name).where(among(CASE_KEYS.c.case_seq, "seqs"))


def test_postgresql_is_given_a_list_and_sqlite_one_value_for_each() -> None:
    there = create_engine("postgresql+psycopg://").dialect
    assert "case_keys.name = ANY (%(names)s::TEXT[])" in str(BY_NAME.compile(dialect=there))
    assert "case_keys.case_seq = ANY (%(seqs)s::BIGINT[])" in str(BY_SEQ.compile(dialect=there))
    here = str(BY_NAME.compile(dialect=create_engine("sqlite://").dialect))
    assert here.endswith("case_keys.name IN (__[POSTCOMPILE_names])")  # and nothing asks if it is 1


@pytest.mark.parametrize("asked", [["a"], ["a", "c", "none"], []])
def test_whoever_is_named_is_found_and_nobody_else(casebook: Casebook, asked: list[str]) -> None:
    rows = [
        {"name": name, "wrapped": None, "case_seq": number} for number, name in enumerate("abc")
    ]
    with casebook.engine.begin() as connection:
        insert(connection, CASE_KEYS, rows)
        for _ in range(2):  # the second time by the statement that was kept
            assert set(connection.scalars(BY_NAME, {"names": asked})) == set(asked) - {"none"}
        seqs = [row["case_seq"] for row in rows if row["name"] in asked]
        assert set(connection.scalars(BY_SEQ, {"seqs": seqs})) == set(asked) - {"none"}
