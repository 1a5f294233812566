"""A file that grows while we run: what it says now counts, and what cannot be read is said so."""

import os
from pathlib import Path

import pytest

from connectors.bus import fresh as module
from connectors.bus.fresh import COPYING_SECONDS_MAX, LOOK_SECONDS, Fresh, Patient
from schemas.errors import UserError


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


def words_of(path: Path) -> frozenset[str]:
    try:
        text = text_of(path)
    except OSError as error:
        raise UserError("file.unreadable", str(path), error.strerror, exit_code=3) from None
    except UnicodeError:
        raise UserError("keys.none", str(path), exit_code=3) from None
    return frozenset(text.split())


def is_less(now: frozenset[str], before: frozenset[str]) -> bool:
    return not before <= now


def looked(patient: Patient[frozenset[str]]) -> tuple[bool, str | None]:
    """Return whether it changed, and what is wrong with it."""
    return patient.changed(), patient.unread


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock, which the test turns."""
    clock = [1_000.0]
    monkeypatch.setattr(module, "monotonic", lambda: clock[0])
    return clock


def test_half_a_copy_takes_nothing_away_and_the_whole_one_counts(
    tmp_path: Path, at: list[float]
) -> None:
    path = tmp_path / "keys.csv"
    put(path, "one two", 1)
    patient = Patient(path, words_of, is_less)
    put(path, "half", 2)
    assert not patient.changed()
    assert patient.unread == "keys.none"
    assert patient.value == {"one", "two"}
    put(path, "two", 3)  # cut off between two rows
    at[0] += LOOK_SECONDS / 2
    assert looked(patient) == (False, "keys.none")  # not looked at yet
    at[0] += LOOK_SECONDS / 2
    for _ in range(2):
        assert looked(patient) == (False, "file.unreadable")
        at[0] += LOOK_SECONDS
    assert patient.value == {"one", "two"}
    put(path, "one two three", 4)
    assert looked(patient) == (True, None)
    assert patient.value == {"one", "two", "three"}


def test_what_comes_back_as_it_was_is_whole(tmp_path: Path, at: list[float]) -> None:
    path = tmp_path / "keys.csv"
    put(path, "one", 1)
    patient = Patient(path, words_of, is_less)
    path.rename(tmp_path / "away")
    assert looked(patient) == (False, "file.unreadable")
    (tmp_path / "away").rename(path)
    at[0] += LOOK_SECONDS
    assert looked(patient) == (False, None)


def test_what_stays_half_for_longer_than_a_copy_takes_is_told_or_counts(
    tmp_path: Path, at: list[float]
) -> None:
    path = tmp_path / "keys.csv"
    put(path, "one two", 1)
    patient, other = (Patient(path, words_of, is_less) for _ in range(2))
    put(path, "half", 2)
    assert not patient.changed()
    at[0] += COPYING_SECONDS_MAX
    assert not patient.changed()
    at[0] += LOOK_SECONDS
    with pytest.raises(UserError, match=r"keys\.none"):
        patient.changed()
    put(path, "two", 3)  # rows were taken out of it on purpose
    assert not other.changed()
    at[0] += COPYING_SECONDS_MAX + LOOK_SECONDS
    assert looked(other) == (True, None)
    assert other.value == {"two"}


def test_nobody_begins_with_half_a_file(tmp_path: Path) -> None:
    put(tmp_path / "keys.csv", "half", 1)
    with pytest.raises(UserError, match=r"keys\.none"):
        Patient(tmp_path / "keys.csv", words_of)


def test_a_file_in_a_place_that_is_none_is_what_its_reader_says(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "keys.csv"
    put(path, "one", 1)
    patient = Patient(path, words_of)
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("")  # ENOTDIR, as a share that is away may say what it likes
    assert looked(patient) == (False, "file.unreadable")
