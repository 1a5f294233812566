from threading import Event, get_ident

import pytest

from connectors.bus.health import Health
from connectors.bus.watchdog import EXIT_STUCK, LOOKS_MIN, end, ended_within, watched

SOON = 0.001
SECONDS_MAX = 30.0
STUCK = Health(("progress.stuck leads/2",))


def test_a_stuck_process_is_ended_with_its_reasons_from_a_thread_of_its_own() -> None:
    ended, told = Event(), list[tuple[int, tuple[str, ...]]]()

    def note(reasons: tuple[str, ...]) -> None:
        told.append((get_ident(), reasons))
        ended.set()

    with watched(lambda: STUCK, note, SOON):
        assert ended.wait(SECONDS_MAX)
    ((thread, reasons),) = told
    assert reasons == STUCK.reasons
    assert thread != get_ident()  # whose loop may hang


def test_one_bad_look_between_good_ones_ends_nothing() -> None:
    looks, seen = iter([STUCK, Health(), STUCK, Health(), STUCK, Health()]), Event()
    told: list[tuple[str, ...]] = []

    def live() -> Health:
        found = next(looks, None)
        if found is None:
            seen.set()
        return found or Health()

    with watched(live, told.append, SOON):
        assert seen.wait(SECONDS_MAX)
    assert told == []
    assert LOOKS_MIN > 1


def test_nobody_is_watched_when_the_block_is_over() -> None:
    looks: list[int] = []

    def live() -> Health:
        looks.append(1)
        return Health()

    told: list[tuple[str, ...]] = []
    with watched(live, told.append, SECONDS_MAX):
        pass
    assert looks == []
    assert told == []


def test_the_end_is_at_once_and_says_that_it_may_be_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Ended(BaseException):
        pass

    def stop(status: int) -> None:
        assert status == EXIT_STUCK == 75
        raise Ended

    monkeypatch.setattr("connectors.bus.watchdog.os._exit", stop)
    with pytest.raises(Ended):
        end(STUCK.reasons)
    assert "progress.stuck leads/2" in caplog.text


def test_a_stop_has_its_time_and_a_process_that_ends_before_is_not_kept() -> None:
    told: list[tuple[str, ...]] = []
    ended_within(0.01, told.append).join(SECONDS_MAX)
    assert told == [("not stopped within 0.01 s",)]
    timer = ended_within(SECONDS_MAX, told.append)
    assert timer.daemon
    timer.cancel()
