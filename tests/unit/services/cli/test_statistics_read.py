from sqlalchemy import text

from services.casebook.store import open_in_memory
from services.cli.statistics_read import CASE


def test_a_case_is_found_without_a_look_at_all_of_them() -> None:
    casebook = open_in_memory()
    with casebook.engine.connect() as connection:
        told = CASE.params(id="a").compile(casebook.engine, compile_kwargs={"literal_binds": True})
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {told}")).all()
    casebook.close()
    assert [row.detail.split()[0] for row in plan] == ["SEARCH", "SEARCH"]
