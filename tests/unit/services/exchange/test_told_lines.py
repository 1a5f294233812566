"""How the lines of the journal are held, of which a replay has hundreds of thousands."""

import sys
from collections.abc import Iterator

import pytest

from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from services.exchange.audit import Audit
from services.exchange.recorded import entry_of
from services.exchange.told_lines import as_told
from tests.batches import of_one_partition
from tests.history import MONDAY
from tests.office import Log, rows, run


@pytest.fixture
def lines(casebook: Casebook) -> list[str]:
    log = Log()
    run(casebook, [log.put(lead, MONDAY) for lead in of_one_partition(2)])
    return [row.entry for row in rows(casebook, DECISIONS)]


def test_a_line_is_what_it_was_and_takes_a_quarter_of_the_memory(lines: list[str]) -> None:
    for number, line in enumerate(lines):
        told = as_told(line, number)
        assert (told.line, told.number, told.is_due) == (line, number, True)
        assert sys.getsizeof(told.kept) < sys.getsizeof(line) / 4


def test_an_entry_holds_its_line_once(lines: list[str]) -> None:
    told = as_told(lines[0], 0)
    entry = entry_of(told.line, told.kept)
    assert entry is not None
    assert entry.kept is told.kept
    assert entry.line == lines[0]


def test_a_replay_holds_no_line_as_text(lines: list[str], casebook: Casebook) -> None:
    """Neither those of the journal nor, to know them again, those that it has decided."""
    audit = Audit(casebook, None, [as_told(line, number) for number, line in enumerate(lines)])  # type: ignore[arg-type] # nothing is decided
    assert audit._compare(lines[0]) is None
    held = [audit._decided, *audit._left, *audit._left.values()]
    texts = [each for each in _reached(held) if isinstance(each, str) and len(each) > 300]
    assert texts == []
    assert audit._compare(lines[0]) is None  # known again


def _reached(held: object) -> Iterator[object]:
    """Yield what is reached through collections, and what our own values hold."""
    yield held
    if isinstance(held, dict):
        yield from _reached([*held, *held.values()])
    elif isinstance(held, list | tuple | set):
        for each in held:
            yield from _reached(each)
    else:
        for name in getattr(held, "__slots__", ()):
            yield from _reached(getattr(held, name))
