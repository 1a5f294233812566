"""Reading ahead changes no answer: it counts what it found, and reads nothing for a few cases."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event

from services.casebook import ahead
from services.casebook.ahead import read_ahead
from services.casebook.store import Casebook, open_in_memory
from tests.batches import fired, of_one_partition
from tests.history import MONDAY
from tests.office import Log, everything, run, statements

LATER = MONDAY + timedelta(days=2)
PLACE = ("leads", 0, LATER)


@pytest.fixture
def owing(casebook: Casebook) -> Casebook:
    """A casebook in which three cases of one partition owe something."""
    log = Log()
    run(casebook, [log.put(each, MONDAY) for each in of_one_partition(3)])
    return casebook


@pytest.fixture
def asked(owing: Casebook) -> Iterator[list[str]]:
    """What the readers ask."""
    assert owing.readers is not None
    with statements(owing.readers) as found:
        yield found


def test_what_ticks_will_fire_is_read_on_several_connections_and_changes_nothing(
    owing: Casebook, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "WORTH_CASES_MIN", 2)
    monkeypatch.setattr(ahead, "CONNECTIONS_MAX", 2)
    assert owing.readers is not None
    before = everything(owing)
    assert read_ahead(owing.readers, [PLACE], 10) == 3
    assert everything(owing) == before
    touched = [statement for statement in asked if "FROM wakes" not in statement]
    assert len(touched) == 6  # two shares: cases, duties, keys


def test_few_cases_are_not_worth_it_and_no_more_are_read_than_a_tick_fires(
    owing: Casebook, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert owing.readers is not None
    assert read_ahead(owing.readers, [PLACE], 10) == 0
    assert len(asked) == 1
    monkeypatch.setattr(ahead, "WORTH_CASES_MIN", 1)
    assert read_ahead(owing.readers, [PLACE], 2) == 2
    assert read_ahead(owing.readers, [("leads", 0, MONDAY), ("leads", 1, LATER)], 10) == 0


def test_a_tick_is_read_ahead_before_its_transaction(owing: Casebook, asked: list[str]) -> None:
    log = Log({("leads", 0): 3})
    run(owing, [log.tick(LATER, 0)])
    assert len(fired(owing)) == 3
    assert [statement for statement in asked if "FROM wakes" in statement]


def test_for_letters_alone_no_connection_is_made(owing: Casebook, asked: list[str]) -> None:
    """PostgreSQL begins a process for each: three milliseconds a batch."""
    made: list[object] = []
    assert owing.readers is not None
    event.listen(owing.readers, "connect", lambda *told: made.append(told))
    log = Log({("leads", 0): 3})
    run(owing, [log.put(of_one_partition(4)[3], MONDAY)])
    assert (made, asked) == ([], [])
    run(owing, [log.tick(LATER, 0)])
    assert len(made) == 1


def test_a_casebook_in_memory_has_nothing_to_read_ahead() -> None:
    casebook = open_in_memory()
    assert casebook.readers is None
    casebook.close()
