"""Desk work is done again while the agency's system is away: within a limit, and till we stop."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from connectors.bus import desk_thread
from connectors.bus.desk_thread import DeskThread
from schemas.errors import Broken, Unavailable, YichuanError

AWAY = Unavailable("system.unavailable")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_seconds: float) -> None:
        """Wait for nothing."""

    monkeypatch.setattr("tenacity.asyncio._portable_async_sleep", nothing)


class Desk:
    """A thread, and what it has told."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.told: list[str] = []
        self.thread = DeskThread(
            self.stopping, self.told.append, lambda: self.told.append("worked")
        )

    def does(self, work: Callable[[], object]) -> object:
        """Do it, and let the thread end."""

        async def run() -> object:
            try:
                return await self.thread.patiently(work)
            finally:
                self.thread.close()

        return asyncio.run(run())


def failing(*errors: YichuanError) -> Callable[[], str]:
    left: Iterator[YichuanError] = iter(errors)

    def work() -> str:
        for error in left:
            raise error
        return "done"

    return work


def test_while_it_is_away_the_work_is_done_again_and_each_failure_told() -> None:
    desk = Desk()
    assert desk.does(failing(AWAY, AWAY)) == "done"
    assert desk.told == ["system.unavailable"] * 2 + ["worked"]


def test_what_does_not_pass_by_itself_ends_it_at_once() -> None:
    desk = Desk()
    with pytest.raises(Broken):
        desk.does(failing(Broken("connector.quarantine_full"), AWAY))
    assert desk.told == ["connector.quarantine_full"]


def test_a_system_that_is_away_for_too_long_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_thread, "SYSTEM_SECONDS_MAX", 0.0)
    desk = Desk()
    with pytest.raises(Unavailable):
        desk.does(failing(AWAY, AWAY))
    assert desk.told == ["system.unavailable"]


def test_a_connector_that_is_told_to_stop_waits_for_no_system() -> None:
    desk = Desk()
    desk.stopping.set()
    with pytest.raises(Unavailable):
        desk.does(failing(AWAY, AWAY))
    assert desk.told == ["system.unavailable"]
