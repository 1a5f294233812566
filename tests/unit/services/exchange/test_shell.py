"""A broker that refused for a while, and the producer that has lost count since."""

import asyncio
import gc
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import Mock

from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber, TopicAuthorizationFailedError

from connectors.bus.home import Settings
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX
from services.exchange.measures import Measures
from services.exchange.shelf import Shelf
from services.exchange.shell import Shell
from tests.batches import of_one_partition
from tests.history import MONDAY, SENDER
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


def published(casebook: Casebook, error: type[KafkaError]) -> tuple[Shell, Producer, Producer]:
    """Decide letters, publish them with a producer that fails, and have another ready."""
    log = Log()
    records = [log.put(each, MONDAY) for each in of_one_partition(3)]
    run(casebook, records)
    old, new = Producer(error), Producer()

    async def opened() -> Any:
        return new

    shelf = Shelf(office())
    measures = Measures(Settings(), shelf, casebook, 0)
    shell = Shell(
        Settings(),
        shelf,
        casebook,
        cast("Any", old),
        cast("Any", None),
        measures,
        cast("Any", None),
        opened,
    )
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
        shelf = Shelf(office())
        shell = Shell(
            Settings(),
            shelf,
            casebook,
            cast("Any", Refusing()),
            cast("Any", None),
            Measures(Settings(), shelf, casebook, 0),
            cast("Any", Mock(at_tick=lambda: True)),
            cast("Any", None),
        )
        await shell.tick({("leads", number): None for number in range(3)})
        assert "ticks.failing" in shell.measures._ready().reasons
        await asyncio.sleep(0)
        del shell
        gc.collect()
        return left

    assert asyncio.run(ticked()) == []
