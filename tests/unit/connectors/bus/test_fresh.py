"""A file that grows while we run: what it says now counts, and what cannot be read is said so."""

import os
from pathlib import Path

import pytest

from connectors.bus.fresh import Fresh


def text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if text == "half":
        raise UnicodeError
    return text


def put(path: Path, text: str, at_ns: int) -> None:
    """Put another file in its place, as whoever writes it does."""
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    os.utime(partial, ns=(at_ns, at_ns))
    partial.replace(path)


def test_it_is_read_again_when_it_has_changed_and_else_not(tmp_path: Path) -> None:
    path = tmp_path / "keys.csv"
    put(path, "one", 1)
    fresh = Fresh(path, text_of)
    assert (fresh.changed(), fresh.value) == (False, "one")
    put(path, "two", 1)  # within one tick of the file system's clock
    assert (fresh.changed(), fresh.value) == (True, "two")
    put(path, "three", 2)
    assert (fresh.changed(), fresh.value) == (True, "three")
    assert not fresh.changed()


def test_one_that_cannot_be_read_is_never_taken_for_what_it_said_before(tmp_path: Path) -> None:
    path = tmp_path / "keys.csv"
    put(path, "one", 1)
    fresh = Fresh(path, text_of)
    put(path, "half", 2)
    for _ in range(2):
        with pytest.raises(UnicodeError):
            fresh.changed()
    put(path, "whole", 3)
    assert (fresh.changed(), fresh.value) == (True, "whole")
