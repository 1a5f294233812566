"""What a replay takes from an entry of the journal, and how two entries are held together."""

import json
from dataclasses import fields
from typing import Any

import pytest

from schemas.ids import CaseId, MessageId
from services.casebook.rows import Position
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from services.casework.steps import Facts
from services.exchange.notes import FACTS_TOLD
from services.exchange.recorded import Remembered, entry_of, first_difference, nothing
from tests.batches import lead
from tests.history import MONDAY
from tests.office import Log, rows, run


def entry(**changes: Any) -> str:
    told: dict[str, Any] = {
        "facts": {},
        "outcome": "accepted",
        "code": None,
        "message": "m",
        "case": "c",
        "effects": [],
    }
    place = {"topic": "leads", "partition": 1, "offset": 7}
    return json.dumps(told | place | changes)


def test_every_fact_but_the_held_message_is_told_and_remembered_as_it_was() -> None:
    assert {*FACTS_TOLD, "held"} == {each.name for each in fields(Facts)}
    facts = Facts(number_taken=True, resumed=True, handles=True)
    told = {name: getattr(facts, name) for name in ("number_taken", "resumed", "handles")}
    found = entry_of(entry(facts=told))
    assert found is not None
    assert found.remembered.over(Facts()) == facts
    assert found.is_resumed


def test_a_fact_that_an_older_journal_does_not_tell_is_looked_up() -> None:
    found = entry_of(entry(facts={"number_taken": True}))
    assert found is not None
    looked_up = Facts(handles=True)
    assert found.remembered.over(looked_up) == Facts(number_taken=True, handles=True)


def test_what_was_refused_before_anything_was_looked_up_has_no_facts() -> None:
    found = entry_of(entry(facts=None, outcome="rejected", code="message.misrouted"))
    assert found is not None
    assert (found.facts, found.is_resumed, found.remembered) == (None, False, Remembered())
    assert found.place == (Position("leads", 1, 7), CaseId("c"))
    assert found.message == MessageId("m")


def test_only_a_defect_of_ours_is_taken_as_it_was_decided() -> None:
    failed = entry_of(entry(outcome="dead", code="case.defect"))
    waits = entry_of(entry(outcome="waiting", code="hold.waiting"))
    assert failed is not None
    assert waits is not None
    assert (failed.has_failed, waits.has_failed) == (True, False)
    assert not nothing().has_failed


@pytest.mark.parametrize(
    "changes",
    [
        {"facts": {"number_taken": "perhaps"}},
        {"facts": "x"},
        {"facts": {"handles": None}},
        {"offset": "seven"},
        {"partition": None},
        {"topic": ["leads"], "offset": []},
    ],
)
def test_values_of_another_form_make_a_line_unreadable(changes: dict[str, Any]) -> None:
    assert entry_of(entry(**changes)) is None
    assert entry_of(entry(topic=["leads"])) is not None  # a place of no flow: an entry beside all


def test_the_entries_that_an_exchange_writes_are_read(casebook: Casebook) -> None:
    run(casebook, [Log().put(lead(1), MONDAY)])
    (row,) = rows(casebook, DECISIONS)
    found = entry_of(row.entry)
    assert found is not None
    assert (found.line, found.message, found.case) == (row.entry, row.message_id, row.case_id)


@pytest.mark.parametrize(
    ("recorded", "decided", "path"),
    [
        ('{"a":1,"b":2}', '{"a":1,"b":3}', "b"),
        ('{"a":[{"b":1}]}', '{"a":[{"b":2}]}', "a[0].b"),
        ('{"a":[1,2]}', '{"a":[1]}', "a[]"),
        ('{"a":1}', '{"a":1,"c":1}', "c"),
        ('{"a":1}', '{"a":true}', "a"),
        ('{"a":1}', "[]", "entry"),
        ('{"a": 1}', '{"a":1}', "entry"),  # other bytes, the same values
        ("no JSON", '{"a":1}', "entry"),
    ],
)
def test_the_first_difference_is_told_by_its_path(recorded: str, decided: str, path: str) -> None:
    assert first_difference(recorded, decided) == path
