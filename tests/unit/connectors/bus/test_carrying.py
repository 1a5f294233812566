import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.bus import carrying
from connectors.bus.carrier import Carrier
from connectors.bus.carrying import Carrying
from connectors.bus.desk import Desk
from connectors.bus.desk_thread import DeskThread
from schemas.errors import Broken, Unavailable
from tests.agency_home import County
from tests.attached import Sender, directory, taken

FILES = {"a.bin": b"one", "b.bin": b"two"}


@pytest.fixture
def sender(county: County, tmp_path: Path) -> Iterator[Sender]:
    made = Sender(county, tmp_path / "theirs", directory(tmp_path))
    yield made
    made.close()


class Loop:
    """The loop of one desk, and what it told the connector."""

    def __init__(self, sender: Sender, failures: int = 0, error: type = Unavailable) -> None:
        self.sender, self.failures, self.error = sender, failures, error
        self.told: list[str] = []
        self.pauses: list[float] = []
        self.is_away = False

    async def run(self) -> Desk:
        """Carry until everything is stored, or something ends the loop."""
        stopping, uploaded = asyncio.Event(), asyncio.Event()
        thread = DeskThread(stopping, self.told.append, lambda: None)
        # A desk is used from one thread: it is opened in that one.
        desk: Desk = await thread.once(self.sender.desk)
        await thread.once(taken, desk)
        carrier = Carrier(self.sender.county.agency("yanjiao"), self.sender.store)
        upload = carrier.upload

        def perhaps(job: object) -> None:
            if self.failures:
                self.failures -= 1
                raise self.error("attachment.store_unavailable")
            upload(job)  # type: ignore[arg-type] # an Upload

        carrier.upload = perhaps  # type: ignore[assignment, method-assign] # a store that is away at first
        loop = Carrying(desk.files, carrier, thread.patiently, self.failed, self.worked)

        async def stop_when_done() -> None:
            while len(await thread.once(desk.waiting, 10)) == 0:
                await uploaded.wait()
                uploaded.clear()
            stopping.set()

        ending = asyncio.create_task(stop_when_done())
        try:
            await loop.run(stopping, uploaded, 0.01)
            self.waiting = await thread.once(desk.waiting, 10)
        finally:
            ending.cancel()
            await thread.once(desk.close)
            thread.close()
            self.sender.desks.clear()
        return desk

    def failed(self, what: str, code: str) -> None:
        """As the connector notes it."""
        self.told.append(f"{what}: {code}")
        self.is_away = True

    def worked(self) -> None:
        """As the connector notes it."""
        self.is_away = False


def test_all_files_are_stored_and_then_the_message_may_be_published(sender: Sender) -> None:
    sender.put("a", FILES)
    loop = Loop(sender)
    asyncio.run(loop.run())
    assert len(loop.waiting) == 1
    assert loop.told == []


def test_while_the_store_is_away_it_is_told_and_tried_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying, "PAUSE_SECONDS_MIN", 0.001)
    sender.put("a", FILES)
    loop = Loop(sender, failures=3)
    asyncio.run(loop.run())
    assert loop.told == ["attachments: attachment.store_unavailable"] * 3
    assert not loop.is_away
    assert len(loop.waiting) == 1


def test_what_cannot_go_on_ends_the_loop(sender: Sender) -> None:
    sender.put("a", FILES)
    with pytest.raises(Broken):
        asyncio.run(Loop(sender, failures=1, error=Broken).run())


def test_pauses_grow_up_to_their_limit(sender: Sender) -> None:
    desk = sender.desk()
    carrier = Carrier(sender.county.agency("yanjiao"), sender.store)
    loop = Carrying(desk.files, carrier, _nothing, lambda *_: None, lambda: None)
    pauses = [loop._longer() for _ in range(12)]
    assert pauses[:3] == [0.5, 1.0, 2.0]
    assert pauses[-1] == carrying.PAUSE_SECONDS_MAX
    asyncio.run(_ended(loop))


async def _nothing(*_: object) -> tuple[object, ...]:
    return ()


async def _ended(loop: Carrying) -> None:
    stopping = asyncio.Event()
    stopping.set()
    await loop.run(stopping, asyncio.Event(), 0.01)


def test_a_carrier_that_is_told_to_stop_gives_up_between_two_parts(sender: Sender) -> None:
    sender.put("a", FILES)
    desk = sender.desk()
    taken(desk)
    carrier = Carrier(sender.county.agency("yanjiao"), sender.store)
    carrier.stop()
    first, _ = desk.files.to_carry()
    with pytest.raises(Unavailable, match="stopping"):
        carrier.upload(first)  # type: ignore[arg-type] # an upload
