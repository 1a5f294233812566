import asyncio
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from connectors.bus import carrying, later, transfers
from connectors.bus.carrier import Carrier
from connectors.bus.carrying import Carrying
from connectors.bus.desk import Desk
from connectors.bus.desk_thread import DeskThread
from connectors.bus.transfers import Upload
from schemas.errors import Broken, Unavailable
from schemas.ids import MessageId
from tests.agency_home import document
from tests.attached import Sender, taken

Then = Callable[[], object]
FILES = {"a.bin": b"one", "b.bin": b"two"}


class Loop:
    """The loop of one desk, and what it told the connector."""

    def __init__(self, sender: Sender, failures: int = 0, error: type = Unavailable) -> None:
        self.sender, self.failures, self.error = sender, failures, error
        self.told: list[str] = []
        self.pauses: list[float] = []
        self.is_away = False
        self.staged: Then = lambda: None  # done when everything is staged
        self.told_of: Then = lambda: None  # done when a failure is told
        self.wanted = 1  # messages that may be published

    async def run(self) -> Desk:
        """Carry until everything is stored, or something ends the loop."""
        stopping, uploaded = asyncio.Event(), asyncio.Event()
        thread = DeskThread(stopping, self.told.append, lambda: None)
        # A desk is used from one thread: it is opened in that one.
        desk: Desk = await thread.once(self.sender.desk)
        await thread.once(taken, desk)
        self.staged()
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
            while len(await thread.once(desk.waiting, 10)) < self.wanted:
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
        self.told_of()

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
    for module in (carrying, later):
        monkeypatch.setattr(module, "PAUSE_SECONDS_MIN", 0.001)
    sender.put("a", FILES)
    loop = Loop(sender, failures=3)
    asyncio.run(loop.run())
    assert loop.told == ["attachments: attachment.store_unavailable"] * 3
    assert not loop.is_away
    assert len(loop.waiting) == 1


class Missing:
    """The staged files of the messages that are carried first, gone; and put back."""

    def __init__(self, sender: Sender, messages: int) -> None:
        self._folder, self._away = sender.county.agency("yanjiao").folder / "staged", sender.root
        self._messages = messages
        self.names: list[str] = []

    def take(self) -> None:
        """Take them away."""
        # Read apart from the loop's desk, which is used from one thread only.
        with sqlite3.connect(self._folder.parent / "ledger.sqlite") as ledger:
            query = "SELECT blob FROM uploads ORDER BY message_id, blob LIMIT ?"
            self.names = [name for (name,) in ledger.execute(query, (self._messages,))]
        for name in self.names:
            (self._folder / name).rename(self._away / name)

    def put_back(self) -> None:
        """Put them back."""
        for name in self.names:
            if (self._away / name).exists():
                (self._away / name).rename(self._folder / name)


@pytest.mark.parametrize("looked_up", [1, 100])
def test_files_that_are_gone_keep_no_others_back_and_are_told(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, looked_up: int
) -> None:
    monkeypatch.setattr(transfers, "CARRIED_MAX", looked_up)
    for number, name in enumerate("abc"):
        sender.put(name, {"x": name.encode()}, document("lead_transfer", number + 20))
    loop = Loop(sender)
    loop.staged = Missing(sender, 2).take
    asyncio.run(loop.run())
    assert len(loop.waiting) == 1
    assert set(loop.told) == {"attachments: attachment.staging_failed"}
    assert loop.is_away


def test_a_file_that_failed_by_itself_is_tried_again_and_then_all_is_well(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (carrying, later):
        monkeypatch.setattr(module, "PAUSE_SECONDS_MIN", 0.001)
    for number, name in enumerate("ab"):
        sender.put(name, {"x": name.encode()}, document("lead_transfer", number + 20))
    loop, missing = Loop(sender), Missing(sender, 1)
    loop.staged, loop.told_of, loop.wanted = missing.take, missing.put_back, 2
    asyncio.run(loop.run())
    assert loop.told == ["attachments: attachment.staging_failed"]
    assert not loop.is_away


def test_a_file_that_fails_by_itself_is_tried_once_a_round_behind_the_others(
    sender: Sender,
) -> None:
    for number, name in enumerate("ab"):
        sender.put(name, {"x": name.encode()}, document("lead_transfer", number + 20))
    desk = sender.desk()
    taken(desk)
    first, second = desk.files.to_carry()
    carrier = Carrier(sender.county.agency("yanjiao"), sender.store)
    tried: list[object] = []

    def upload(job: object) -> None:
        tried.append(job)
        if job == first:
            raise Unavailable("attachment.staging_failed")

    carrier.upload = upload  # type: ignore[assignment, method-assign] # of a disk that is unfit for one file
    loop = Carrying(desk.files, carrier, _nothing, lambda *_: None, lambda: None)

    async def rounds() -> None:
        for _ in range(2):
            assert await loop._carried((first, second), asyncio.Event())
        await _ended(loop)

    asyncio.run(rounds())
    assert tried == [first, second, second, first]


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
    assert pauses[-1] == later.PAUSE_SECONDS_MAX
    asyncio.run(_ended(loop))


def test_after_a_file_that_was_carried_pauses_begin_anew(sender: Sender) -> None:
    sender.put("a", FILES)
    desk = sender.desk()
    taken(desk)
    carrier = Carrier(sender.county.agency("yanjiao"), sender.store)
    loop = Carrying(desk.files, carrier, _nothing, lambda *_: None, lambda: None)

    async def carried() -> None:
        assert await loop._carried(desk.files.to_carry(), asyncio.Event())
        await _ended(loop)

    before = [loop._longer() for _ in range(3)]
    asyncio.run(carried())
    assert (before[-1], loop._longer()) == (2.0, 0.5)


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


def test_a_store_that_hangs_holds_up_neither_the_stop_nor_the_loop() -> None:
    let, in_hand = threading.Event(), threading.Event()

    class Hanging:
        """A carrier whose store answers when it is let."""

        def upload(self, _job: object) -> None:
            in_hand.set()
            assert let.wait(30), "nobody let it"

        def stop(self) -> None:
            """Not before the part in hand."""

    class Waiting:
        """One file to carry."""

        def to_carry(self, _but: object) -> list[Upload]:
            return [Upload(MessageId("m"), "b", 1)]

        def unfit(self) -> int:
            return 0

    async def in_desk(work: Callable[..., object], *args: object) -> object:
        return work(*args)

    async def stopped() -> None:
        stopping = asyncio.Event()
        files, carrier = cast("Any", Waiting()), cast("Any", Hanging())
        loop = Carrying(files, carrier, in_desk, lambda *_: None, lambda: None)
        task = asyncio.create_task(loop.run(stopping, asyncio.Event(), 0.01))
        assert await asyncio.to_thread(in_hand.wait, 30)
        task.cancel()
        await asyncio.wait([task], timeout=30)
        assert task.cancelled()
        assert not let.is_set()  # it ended while the store still hung
        let.set()

    asyncio.run(stopped())


def test_a_store_that_is_away_is_asked_with_one_file_a_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each further one would wait as long for nothing, and the pauses would not grow."""
    asked: list[str] = []

    class Away:
        """A carrier whose store is away."""

        def upload(self, job: Upload) -> None:
            asked.append(job.blob)
            raise Unavailable("attachment.store_unavailable")

    class Waiting:
        """Files to carry."""

        def to_carry(self, _but: object) -> list[Upload]:
            return [Upload(MessageId("m"), blob, 1) for blob in "abc"]

        def unfit(self) -> int:
            return 0

    async def in_desk(work: Callable[..., object], *args: object) -> object:
        return work(*args)

    async def run() -> None:
        stopping = asyncio.Event()

        async def stop(*_: object) -> None:
            stopping.set()

        monkeypatch.setattr(carrying, "_wait", stop)
        files, carrier = cast("Any", Waiting()), cast("Any", Away())
        loop = Carrying(files, carrier, in_desk, lambda *_: None, lambda: None)
        await loop.run(stopping, asyncio.Event(), 0.0)

    asyncio.run(run())
    assert asked == ["a"]
