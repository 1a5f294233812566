"""Where a partition may be cut: behind every secret, below the progress, where a batch begins."""

from typing import NamedTuple

import pytest

from services.casebook.secrets import Pending
from services.exchange import erase
from services.exchange.erase import _Copy
from services.exchange.packed import Packed, Unread


class Record(NamedTuple):
    """A record as the broker's client gives it."""

    offset: int
    timestamp: int
    key: bytes | None = None
    value: bytes | None = b"v"
    topic: str = "copies"
    partition: int = 0
    checksum: Packed | Unread = Packed(0, is_inflated=False)
    timestamp_type: int = 1


def pending(*secrets_at: int, copied_to: int = 0, decided_to: int) -> Pending:
    notes = dict.fromkeys(secrets_at, "{}")
    return Pending(("copies", 0), notes, copied_to, decided_to)


def records(*stamps: int, first: int = 0) -> list[Record]:
    return [Record(offset, stamp) for offset, stamp in enumerate(stamps, first)]


def taken(copy: _Copy, of: list[Record]) -> list[int]:
    return [incoming.position.offset for incoming in copy.take(of)]


def test_the_end_of_the_log_is_a_place_to_cut() -> None:
    copy = _Copy(pending(1, decided_to=2), 0, end=2)
    assert taken(copy, records(5, 5)) == [0, 1]
    assert (copy.cut, copy.is_over) == (2, True)


def test_a_batch_is_never_cut_in_two() -> None:
    copy = _Copy(pending(1, decided_to=4), 0, end=6)
    assert taken(copy, records(5, 5, 5, 9, 9, 9)) == [0, 1, 2]
    assert copy.cut == 3


def test_a_batch_that_is_not_decided_to_its_end_is_left_for_the_next_step() -> None:
    copy = _Copy(pending(1, decided_to=2), 0, end=3)
    assert taken(copy, records(5, 5, 5)) == [0, 1]
    assert (copy.cut, copy.is_over, copy.next_offset) == (None, True, 2)
    later = _Copy(pending(1, copied_to=2, decided_to=3), 2, end=3)
    assert taken(later, records(5, 5, first=1)) == [2]
    assert later.cut == 3


def test_a_batch_that_begins_right_behind_the_progress_is_a_place_to_cut() -> None:
    copy = _Copy(pending(1, decided_to=2), 0, end=3)
    assert taken(copy, records(5, 5, 9)) == [0, 1]
    assert copy.cut == 2


def test_nothing_is_cut_below_a_secret_that_is_still_note() -> None:
    copy = _Copy(pending(1, 4, decided_to=5), 0, end=5)
    assert taken(copy, records(1, 2, 3, 4, 5)) == [0, 1, 2, 3, 4]
    assert copy.cut == 5


def test_what_was_copied_before_is_not_copied_again() -> None:
    copy = _Copy(pending(3, copied_to=2, decided_to=4), 2, end=4)
    assert taken(copy, records(1, 2, 3, first=1)) == [2, 3]
    assert copy.cut == 4


def test_what_was_copied_whole_only_needs_the_cut() -> None:
    copy = _Copy(pending(1, copied_to=2, decided_to=2), 2, end=2)
    assert (copy.cut, copy.is_over) == (2, True)


@pytest.mark.parametrize("limit", ["STEP_RECORDS_MAX", "STEP_BYTES_MAX"])
def test_a_step_does_no_more_than_its_limit(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase, limit, 2)
    copy = _Copy(pending(4, decided_to=5), 0, end=5)
    assert taken(copy, records(1, 2)) == [0, 1]
    copy.bytes += 2
    assert (copy.cut, copy.is_over) == (None, True)


def test_nothing_is_cut_above_the_progress_though_the_log_ends_there() -> None:
    copy = _Copy(pending(1, copied_to=5, decided_to=3), 5, end=5)
    assert (copy.cut, copy.is_over) == (None, True)


def test_where_writers_name_the_time_no_place_is_told_from_it() -> None:
    """Records of one batch have each its own then."""
    copy = _Copy(pending(1, decided_to=6), 0, end=6)
    of_writers = [each._replace(timestamp_type=0) for each in records(1, 2, 3, 4)]
    assert taken(copy, [*of_writers, *records(9, 10, first=4)]) == [0, 1, 2, 3, 4]
    assert copy.cut == 5
