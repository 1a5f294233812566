"""What is kept aside is read again a bounded number of bytes at a time."""

from pathlib import Path

import pytest

from connectors.bus import quarantine
from connectors.bus.quarantine import Quarantine, Record
from schemas.errors import Refusal
from tests.agency_home import AT

KEPT = [Record(offset, 1, f"value {offset}".encode()) for offset in (7, 8, 9, 10, 11)]


def test_values_come_in_the_order_of_the_inbox_and_no_more_are_read_than_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "TRIED_BYTES_MAX", len(KEPT[0].value) + 1)
    kept = Quarantine(tmp_path / "kept")
    assert list(kept.batches()) == []
    for record in reversed(KEPT):
        kept.put(record, Refusal("inbox.not_ours"), AT)
    batches = kept.batches()
    assert next(batches) == tuple(KEPT[:2])
    later = Record(11, 1, b"another")  # than was there when the first were read
    kept.put(later, Refusal("inbox.not_ours"), AT)
    assert list(batches) == [(KEPT[2], KEPT[3]), (later,)]
