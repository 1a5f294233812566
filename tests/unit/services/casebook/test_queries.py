"""What is asked for each batch is found by an index, however much history there is."""

from sqlalchemy import Select, text

from services.casebook import queries
from services.casebook.store import open_in_memory

LARGE = {"case_keys", "cases", "decisions", "duties", "messages", "numbers", "originals"}
LARGE |= {"case_numbers", "outbox", "recounts", "wakes"}
ASKED = {
    "keys": [("leads", 1), ("copies", 2)],
    "ids": ["a", "b"],
    "organ": "a",
    "numbers": ["1", "2"],
    "cases": ["a", "b"],
    "kinds": ["sign_for", "handle"],
    "owners": ["a", "b"],
    "reasons": ["gap", "no_superior"],
    "seqs": [1, 2],
    "names": ["a", "b"],
    "case": "a",
    "sender": "a",
    "message": "b",
    "topic": "leads",
    "partition": 1,
    "at": 1,
    "most": 1,
    "sources": [("leads", 1), ("copies", 2)],
    "after": 7,
    "first": 7,
    "shut": ["inbox.a"],
}


def plan(query: Select[tuple[object, ...]]) -> list[str]:
    """How SQLite goes about it; what it does for one column it does in PostgreSQL too."""
    casebook = open_in_memory()
    with casebook.engine.connect() as connection:
        bound = query.params(ASKED)
        told = bound.compile(casebook.engine, compile_kwargs={"literal_binds": True})
        rows = connection.execute(text(f"EXPLAIN QUERY PLAN {told}")).all()
    casebook.close()
    return [str(row.detail) for row in rows]


def test_no_question_of_a_batch_reads_a_whole_table() -> None:
    asked = {
        name: query
        for name, query in vars(queries).items()
        if isinstance(query, Select) and not name.startswith("_")
    }
    assert len(asked) == 23
    for name, query in asked.items():
        scanned = {step.split()[1] for step in plan(query) if step.startswith("SCAN")}
        assert not scanned & LARGE, f"{name}: {plan(query)}"


def test_nor_all_of_an_index_from_some_key_on() -> None:
    """Where a search begins says nothing of where it ends: something must be the same in all.

    But for the outbox, out of which everything goes.
    """
    for name, query in vars(queries).items():
        if isinstance(query, Select) and not name.startswith("_"):
            searched = [step for step in plan(query) if step.startswith("SEARCH")]
            found = [step for step in searched if step.split()[1] in LARGE - {"outbox"}]
            assert all("=?" in step for step in found), f"{name}: {found}"
