"""What an eraser does with a batch: which partitions it looks at, when again, and where it cuts."""

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from pydantic import SecretStr

from connectors.bus.home import Credentials, Settings
from schemas.errors import Broken
from services.casebook import secrets
from services.casebook.secrets import Pending
from services.casebook.store import Casebook
from services.casebook.tables import COPIED
from services.exchange import erase
from services.exchange.erase import PAUSE_SECONDS, Eraser
from tests.history import MONDAY, SENDER, message
from tests.marked import copies
from tests.office import Log, rows, run, take


def eraser_of(casebook: Casebook) -> Eraser:
    return Eraser(Settings(), Credentials("exchange", SecretStr("")), casebook)


def test_a_step_is_due_at_a_tick_at_a_secret_and_where_something_is_left(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    tick, lead = log.tick(MONDAY, 0), log.put(message("lead_transfer", SENDER, "a", MONDAY), MONDAY)
    place = (lead.position.topic, lead.position.partition)
    eraser = eraser_of(casebook)
    assert eraser.due(take(lead), ()) == frozenset()
    assert eraser.due(take(tick), ()) == {(tick.position.topic, 0)}
    assert eraser.due(take(lead), {place}) == {place}

    pending = Pending(place, notes={0: "{}"}, decided_to=1, copied_to=0)
    monkeypatch.setattr(secrets, "pending", lambda *_: (pending,))
    monkeypatch.setattr(Eraser, "_erase", AsyncMock(side_effect=[False, True]))
    assert asyncio.run(eraser.step([place])) == (place,)
    assert eraser.due(take(lead), ()) == {place}
    assert asyncio.run(eraser.step([place])) == ()
    assert eraser.due(take(lead), ()) == frozenset()


def test_a_partition_that_failed_is_left_alone_for_a_while(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, clock = ("leads", 0), Mock(return_value=1_000.0)
    pending = Pending(place, notes={0: "{}"}, decided_to=1, copied_to=0)
    monkeypatch.setattr(secrets, "pending", lambda *_: (pending,))
    monkeypatch.setattr(erase, "monotonic", clock)
    erasing = AsyncMock(side_effect=[KafkaError(), True])
    monkeypatch.setattr(Eraser, "_erase", erasing)
    eraser = eraser_of(casebook)
    for later in (0.0, PAUSE_SECONDS - 0.1):
        clock.return_value = 1_000.0 + later
        assert asyncio.run(eraser.step([place])) == (place,)
        assert erasing.call_count == 1
    clock.return_value = 1_000.0 + PAUSE_SECONDS
    assert asyncio.run(eraser.step([place])) == ()


def test_what_cannot_go_on_is_no_partition_that_failed(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = Pending(("leads", 0), notes={0: "{}"}, decided_to=1, copied_to=0)
    monkeypatch.setattr(secrets, "pending", lambda *_: (pending,))
    monkeypatch.setattr(Eraser, "_erase", AsyncMock(side_effect=Broken("casebook.key_missing")))
    with pytest.raises(Broken):
        asyncio.run(eraser_of(casebook).step([("leads", 0)]))


class Partition:
    """A flow's partition as a consumer sees it, and the producer of its copies: always there."""

    def __init__(self, records: Sequence[Any], lost: str = "") -> None:
        self.records, self.at, self.lost = records, 0, lost

    def assign(self, _: Any) -> None:
        """Nothing to do."""

    def seek(self, _: TopicPartition, offset: int) -> None:
        """Go there."""
        self.at = offset

    async def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[Any, int]:
        """Nothing is deleted yet."""
        return dict.fromkeys(places, 0)

    async def end_offsets(self, places: Sequence[TopicPartition]) -> dict[Any, int]:
        """Where it ends."""
        return dict.fromkeys(places, len(self.records))

    async def getmany(self, **_: Any) -> dict[Any, list[Any]]:
        """Return the next record."""
        self.at += 1
        return {None: list(self.records[self.at - 1 : self.at])}

    async def send(self, *_: Any, **__: Any) -> "asyncio.Future[None]":
        """Take a copy."""
        done = asyncio.get_running_loop().create_future()
        if self.lost == "copy":
            done.set_exception(KafkaError())
        else:
            done.set_result(None)
        return done

    async def send_and_wait(self, *_: Any, **__: Any) -> None:
        """Take a key."""
        if self.lost == "key":
            raise KafkaError

    async def stop(self) -> None:
        """Nothing to do."""


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> AsyncMock:
    cut = AsyncMock()
    monkeypatch.setattr(erase, "delete_below", cut)
    return cut


def in_place(casebook: Casebook, monkeypatch: pytest.MonkeyPatch, lost: str = "") -> None:
    """Two records of one batch, the second a secret, and of the next one not all is decided."""
    log = Log()
    at = [log.put(each, MONDAY) for each in copies(5, 1)]
    run(casebook, at[:3])
    stamps = [5, 5, 9, 9, 9]
    records = [
        Mock(
            topic=each.position.topic,
            partition=0,
            offset=each.position.offset,
            key=each.key,
            value=each.value,
            timestamp=stamp,
            timestamp_type=1,
        )
        for each, stamp in zip(at, stamps, strict=True)
    ]
    opened = AsyncMock(return_value=Partition(records, lost))
    monkeypatch.setattr(erase, "start_consumer", opened)
    monkeypatch.setattr(erase, "start_producer", opened)
    monkeypatch.setattr(erase, "STEP_RECORDS_MAX", 2)
    monkeypatch.setattr(erase, "_READ_MAX", 1)


def test_a_step_that_goes_on_where_a_batch_begins_cuts_there(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, cut: AsyncMock
) -> None:
    in_place(casebook, monkeypatch)
    eraser = eraser_of(casebook)
    assert asyncio.run(eraser.step([("copies", 0)])) == (("copies", 0),)
    assert asyncio.run(eraser.step([("copies", 0)])) == ()
    assert [call.args[3] for call in cut.await_args_list] == [2]


@pytest.mark.parametrize("lost", ["copy", "key"])
def test_nothing_is_deleted_of_which_the_broker_has_not_taken_the_copy_and_its_key(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, cut: AsyncMock, lost: str
) -> None:
    in_place(casebook, monkeypatch, lost)
    monkeypatch.setattr(erase, "PAUSE_SECONDS", 0.0)
    eraser = eraser_of(casebook)
    for _ in range(3):
        assert asyncio.run(eraser.step([("copies", 0)])) == (("copies", 0),)
    assert rows(casebook, COPIED) == []
    assert not cut.called
