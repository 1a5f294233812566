import pytest

from connectors.bus import vitals as module
from connectors.bus.vitals import LOOPS, STUCK_SECONDS_MAX, Vitals


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock, which the test turns."""
    clock = [1_000.0]
    monkeypatch.setattr(module, "monotonic", lambda: clock[0])
    return clock


def test_what_is_not_open_yet_has_not_started_and_is_not_ready(at: list[float]) -> None:
    vitals = Vitals()
    assert vitals.started().reasons == vitals.ready().reasons == ("starting",)
    assert vitals.live().ok
    vitals.opened()
    assert vitals.started().ok
    assert vitals.ready().ok
    assert at


def test_a_loop_that_does_not_turn_is_named_and_the_others_are_not(at: list[float]) -> None:
    vitals = Vitals()
    vitals.opened()
    at[0] += STUCK_SECONDS_MAX + 1
    for loop in LOOPS[1:]:
        vitals.turned(loop)
    assert vitals.live().reasons == (f"stuck: {LOOPS[0]}",)
    vitals.turned(LOOPS[0])
    assert vitals.live().ok


def test_the_time_before_it_is_open_counts_against_no_loop(at: list[float]) -> None:
    vitals = Vitals()
    at[0] += STUCK_SECONDS_MAX + 1
    vitals.opened()
    assert vitals.live().ok


def test_what_is_away_kept_or_waiting_for_long_is_not_ready(at: list[float]) -> None:
    vitals = Vitals()
    vitals.opened()
    vitals.failing["publish"] = "kafka.unreachable"
    vitals.kept, vitals.oldest_seconds = 2, 301.0
    assert vitals.ready().reasons == ("publish: kafka.unreachable", "quarantine: 2", "spool: 301 s")
    assert vitals.live().ok  # it waits, and goes on by itself
    assert at


def test_letters_of_which_the_bus_says_nothing_are_told_of(at: list[float]) -> None:
    vitals = Vitals(silent=2)
    vitals.opened()
    assert vitals.ready().reasons == ("unanswered: 2",)
    assert vitals.live().ok
    assert at


def test_a_file_of_the_home_that_is_half_copied_is_told_by_its_name(at: list[float]) -> None:
    vitals = Vitals()
    vitals.opened()
    vitals.unread = lambda: (("keys.csv", "file.unreadable"),)
    assert vitals.ready().reasons == ("unread: keys.csv file.unreadable",)
    assert vitals.live().ok
    assert at
