"""A broker that refused for a while, one whose clock is another, and what else goes wrong."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NoReturn, cast
from unittest.mock import AsyncMock, Mock

import pytest
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber, TopicAuthorizationFailedError
from pydantic import SecretStr

from connectors.bus.clock import SKEW_MAX, now
from connectors.bus.home import Credentials, Settings
from schemas.errors import Broken
from services.casebook.secrets import Pending
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX
from services.exchange import shell as module
from services.exchange.closing import Closer
from services.exchange.erase import Eraser
from services.exchange.measures import Measures
from services.exchange.shelf import Shelf
from services.exchange.shell import Shell
from tests.batches import of_one_partition
from tests.history import MONDAY, SENDER
from tests.marked import copy, marked
from tests.office import Log, office, rows, run

SHUT = f"inbox.{SENDER}"


@dataclass
class Producer:
    """Takes everything but what goes to one inbox, which fails as told."""

    error: type[KafkaError] | None = None
    taken: list[str] = field(default_factory=list)
    is_stopped: bool = False

    async def send(self, topic: str, _value: bytes, **_: Any) -> "asyncio.Future[Any]":
        """Give one record to the broker."""
        done = asyncio.get_running_loop().create_future()
        if topic == SHUT and self.error is not None:
            done.set_exception(self.error())
        else:
            self.taken.append(topic)
            done.set_result(Mock(offset=len(self.taken)))
        return done

    async def stop(self) -> None:
        """Close."""
        self.is_stopped = True


def shell_of(casebook: Casebook, producer: Any, opened: Any = None) -> Shell:
    shelf, shedder = Shelf(office()), cast("Any", Mock(at_tick=lambda: True))
    measures = Measures(Settings(), shelf, casebook, 0)
    eraser, closer = cast("Any", None), Closer(casebook, Mock())
    return Shell(Settings(), shelf, casebook, producer, eraser, measures, shedder, closer, opened)


def published(casebook: Casebook, error: type[KafkaError]) -> tuple[Shell, Producer, Producer]:
    """Decide letters, publish them with a producer that fails, and have another ready."""
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(3)]
    run(casebook, records)
    old, new = Producer(error), Producer()

    async def opened() -> Any:
        return new

    shell = shell_of(casebook, old, opened)
    sources = {(each.position.topic, each.position.partition) for each in records}
    asyncio.run(_publish(shell, sources))
    return shell, old, new


async def _publish(shell: Shell, sources: set[tuple[str, int]]) -> None:
    await shell.publish(sources)


def test_a_producer_that_has_lost_count_is_replaced_and_what_it_left_is_sent(
    casebook: Casebook,
) -> None:
    shell, old, new = published(casebook, OutOfOrderSequenceNumber)
    assert shell.producer is cast("Any", new)
    assert old.is_stopped
    assert new.taken == [SHUT] * 3
    assert rows(casebook, OUTBOX) == []


def test_a_refusal_stops_its_destination_only_and_the_producer_stays(casebook: Casebook) -> None:
    shell, old, new = published(casebook, TopicAuthorizationFailedError)
    assert shell.producer is cast("Any", old)
    assert not old.is_stopped
    assert new.taken == []
    assert {row.topic for row in rows(casebook, OUTBOX)} == {SHUT}


def test_that_a_destination_refuses_is_not_forgotten_with_another_partition_s_batch(
    casebook: Casebook,
) -> None:
    shell, _, _ = published(casebook, TopicAuthorizationFailedError)
    found = asyncio.run(shell.publish({("leads", 1)}))
    assert found.failed == (SHUT,)
    shell.measures.publishing(found.failed)
    assert f"publish.failing {SHUT}" in shell.measures._ready().reasons


@dataclass
class Refusing:
    """Refuses the third record before it is sent, and the two before it once they are."""

    taken: int = 0

    async def send(self, _topic: str, _value: bytes, **_: Any) -> "asyncio.Future[Any]":
        """Give one record to the broker."""
        self.taken += 1
        if self.taken > 2:
            raise KafkaError
        done = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(done.set_exception, KafkaError())
        return done


def test_of_a_round_of_ticks_that_fails_midway_no_error_is_left_to_nobody(
    casebook: Casebook,
) -> None:
    async def ticked() -> list[str]:
        left: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: left.append(context["message"])
        )
        shell = shell_of(casebook, Refusing())
        await shell.tick({("leads", number): None for number in range(3)})
        assert "ticks.failing" in shell.measures._ready().reasons
        await asyncio.sleep(0)
        del shell
        gc.collect()
        return left

    assert asyncio.run(ticked()) == []


LITTLE = timedelta(minutes=1)


def raised(error: Exception) -> NoReturn:
    """End no process."""
    raise error


def given_up(shell: Shell, records: Sequence[Any], monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Let it handle a batch; return what it ends the process for."""
    monkeypatch.setattr(module, "give_up", raised)
    monkeypatch.setattr(module, "take_batch", Mock(return_value=[None]))
    monkeypatch.setattr(Shell, "_handle", AsyncMock())
    monkeypatch.setattr(module, "portions", lambda taken: [taken])
    try:
        asyncio.run(shell.handle(records))
    except Broken as error:
        return error.code
    return None


def test_what_the_broker_stamps_ahead_of_our_clock_is_not_decided(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = shell_of(casebook, None)
    stamps = (-timedelta(days=30), SKEW_MAX - LITTLE, SKEW_MAX + LITTLE)
    found = [given_up(shell, [Mock(stamped_at=now() + by)], monkeypatch) for by in stamps]
    assert found == [None, None, "clock.ahead"]


@dataclass
class Stamping:
    """A broker whose clock is another."""

    ahead: timedelta
    stamps: int = 1  # 0: it leaves the time to whoever writes

    async def send(self, _topic: str, _value: bytes, **_: Any) -> "asyncio.Future[Any]":
        """Give one record to it."""
        done = asyncio.get_running_loop().create_future()
        stamp = (now() + self.ahead).timestamp()
        done.set_result(Mock(timestamp=int(stamp * 1000), timestamp_type=self.stamps))
        return done


@pytest.mark.parametrize("way", [-1, 1])
def test_ticks_of_a_clock_that_is_far_behind_or_ahead_of_ours_stop_the_exchange(
    casebook: Casebook, way: int
) -> None:
    near = shell_of(casebook, Stamping(way * (SKEW_MAX - LITTLE)))
    asyncio.run(near.tick({("leads", 0): None}))
    far = shell_of(casebook, Stamping(way * (SKEW_MAX + LITTLE)))
    with pytest.raises(Broken, match=r"clock\.skew"):
        asyncio.run(far.tick({("leads", 0): None}))


def test_a_tick_that_the_broker_did_not_stamp_stops_the_exchange(casebook: Casebook) -> None:
    shell = shell_of(casebook, Stamping(timedelta(0), stamps=0))
    with pytest.raises(Broken, match=r"log\.unstamped"):
        asyncio.run(shell.tick({("leads", 0): None}))


@dataclass
class Handled:
    """An exchange that handles whole batches; what its eraser saw, and whether that could erase."""

    casebook: Casebook
    producer: Producer = field(default_factory=Producer)
    can_erase: bool = True
    seen: list[tuple[tuple[str, int], bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open it."""
        self.shell = shell_of(self.casebook, self.producer)
        eraser = Eraser(Settings(), Credentials("exchange", SecretStr("")), self.casebook)
        eraser._erase = self.erased  # type: ignore[method-assign]
        self.shell.eraser = eraser

    async def erased(self, pending: Pending) -> bool:
        """Note a partition, and whether all that was decided had gone out by then."""
        self.seen.append((pending.place, rows(self.casebook, OUTBOX) == []))
        return self.can_erase

    def ready(self) -> tuple[str, ...]:
        """Return what /readyz tells, but for the partitions that no Tick has named."""
        return self.shell.measures._ready().reasons


def test_a_batch_is_done_when_it_is_published_and_its_secret_was_made_unreadable(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "give_up", raised)
    log = Log()
    secret = log.put(marked(1), MONDAY)
    bench = Handled(casebook)
    asyncio.run(bench.shell.handle([log.put(each, MONDAY) for each in of_one_partition(2)]))
    assert bench.seen == []
    asyncio.run(bench.shell.handle([secret]))
    assert bench.seen == [(secret.position.place, True)]
    assert rows(casebook, OUTBOX) == []
    assert bench.ready() == ()


def test_what_could_not_be_erased_or_sent_is_told_until_it_is(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "give_up", raised)
    log, leads = Log(), of_one_partition(2)
    secret = log.put(marked(1), MONDAY)
    bench = Handled(casebook, Producer(TopicAuthorizationFailedError), can_erase=False)
    asyncio.run(bench.shell.handle([secret, log.put(leads[0], MONDAY)]))
    topic, number = secret.position.place
    assert bench.ready() == (f"publish.failing {SHUT}", f"secret.readable {topic}/{number}")
    bench.can_erase, bench.producer.error = True, None
    bench.shell.refusing.ask_all()
    more = log.put(copy(2), MONDAY)
    asyncio.run(bench.shell.handle([more, log.put(leads[1], MONDAY)]))
    assert bench.ready() == ()
