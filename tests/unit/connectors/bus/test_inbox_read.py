"""Letters that the broker deleted before a connector came for them: each stretch is told of once.

By offsets: where the inbox begins and ends, where the group stood, how far the connector has noted.
"""

from pathlib import Path
from typing import Final

import pytest

from connectors.bus.inbox_read import CODE, Span
from connectors.bus.ledger import Ledger

READ: Final = 12  # the connector's own note


def life(folder: Path, span: Span, *came: int) -> dict[str, int]:
    """Open an inbox and read what comes; return how many are missed, by the names of notes."""
    ledger = Ledger(folder / "ledger.sqlite")
    ledger.inbox.opened(span)
    for offset in came:
        ledger.inbox.came(offset)
        ledger.inbox.done(offset + 1)
    missed = ledger.inbox.missed()
    ledger.close()
    return {path.stem: missed for path in (folder / CODE).glob("*")}


def read_before(folder: Path) -> None:
    assert life(folder, Span(0, READ, None), *range(READ)) == {}


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (Span(0, 0, None), {}),  # a new organ
        (Span(0, 9, None), {}),  # whose first letters came before its connector
        (Span(3, 9, None), {"000000000000-000000000002": 3}),  # too long before it
        (Span(9, 9, None), {"000000000000-000000000008": 9}),  # of which none is left
        (Span(3, 9, 5), {}),
        (Span(7, 9, 5), {"000000000005-000000000006": 2}),
    ],
)
def test_by_the_group_s_offset(tmp_path: Path, span: Span, told: dict[str, int]) -> None:
    assert life(tmp_path, span) == told


@pytest.mark.parametrize(
    ("span", "told"),
    [
        (Span(READ, 20, None), {}),  # the broker forgot the group, the connector did not
        (Span(READ + 1, 20, None), {"000000000012-000000000012": 1}),
        (Span(READ + 1, 20, 5), {"000000000012-000000000012": 1}),
        (Span(READ + 2, 20, READ + 1), {"000000000013-000000000013": 1}),
        (Span(0, 4, READ), {}),  # the topic was made anew
    ],
)
def test_by_the_connector_s_own_note(tmp_path: Path, span: Span, told: dict[str, int]) -> None:
    read_before(tmp_path)
    assert life(tmp_path, span) == told


def test_what_went_while_the_connector_was_running_is_told_of_too(tmp_path: Path) -> None:
    assert life(tmp_path, Span(0, 4, 0), 0, 1, 4) == {"000000000002-000000000003": 2}


def test_it_is_told_of_once_and_until_the_note_is_removed(tmp_path: Path) -> None:
    span = Span(3, 9, None)
    assert life(tmp_path, span) == life(tmp_path, span)
    (note,) = (tmp_path / CODE).iterdir()
    text = note.read_text(encoding="utf-8")
    assert "第 0 至 2 条（共 3 条）" in text
    assert "records 0 to 2 of the inbox (3)" in text
    note.unlink()
    assert life(tmp_path, span) == {}


def test_a_topic_that_was_made_anew_is_read_from_its_own_beginning(tmp_path: Path) -> None:
    read_before(tmp_path)
    assert life(tmp_path, Span(0, 2, READ), 0, 1) == {}
    assert life(tmp_path, Span(3, 9, None)) == {"000000000002-000000000002": 1}
