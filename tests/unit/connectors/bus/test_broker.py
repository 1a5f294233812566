"""What a connector publishes with, without a broker: how often it logs in when one was away."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Final

import pytest

from connectors.bus import broker
from connectors.bus.broker import KafkaPublisher
from connectors.bus.unanswered import LiesAt
from schemas.errors import Unavailable
from tests.agency_home import County

BY_THE_WRITER, BY_THE_BROKER = 0, 1  # as Kafka numbers them
LETTERS: Final = 50  # published at once


class Cluster:
    """A broker that may be away, and the producers that it was asked for."""

    def __init__(self) -> None:
        self.is_away = False
        self.stamp_ms, self.stamped_by = 1_000, BY_THE_BROKER
        self.logins = self.sent = 0
        self.open: list[Producer] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()

    async def start_producer(self, *_: object, **__: object) -> "Producer":
        """Log in, as connectors/bus/kafka.py does."""
        self.logins += 1
        self.asked.set()
        await asyncio.sleep(0)  # all that is published at once comes here before the first is done
        await self.may_answer.wait()
        if self.is_away:
            raise Unavailable("kafka.unreachable")
        self.open.append(Producer(self))
        return self.open[-1]


class Producer:
    """As the client's own."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def send_and_wait(self, *_: object, **__: object) -> SimpleNamespace:
        """Send."""
        if self._cluster.is_away:
            raise TimeoutError
        self._cluster.sent += 1
        return SimpleNamespace(
            partition=0,
            offset=self._cluster.sent - 1,
            timestamp=self._cluster.stamp_ms,
            timestamp_type=self._cluster.stamped_by,
        )

    async def stop(self) -> None:
        """Disconnect."""
        self._cluster.open.remove(self)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    made = Cluster()
    monkeypatch.setattr(broker, "start_producer", made.start_producer)
    return made


@pytest.fixture
def publisher(county: County) -> KafkaPublisher:
    return KafkaPublisher(county.agency())


async def fails(publisher: KafkaPublisher) -> None:
    """Publish all letters at once; each must fail so that it is tried again."""
    sends = [publisher.publish("leads", b"case", b"value") for _ in range(LETTERS)]
    for found in await asyncio.gather(*sends, return_exceptions=True):
        assert isinstance(found, Unavailable)
        assert found.code == "kafka.unreachable"


async def lost(publisher: KafkaPublisher, cluster: Cluster) -> None:
    """Connect, and lose the broker and with it the producer."""
    await publisher.open()
    cluster.is_away = True
    await fails(publisher)
    with pytest.raises(Unavailable):
        await publisher.renew()
    cluster.logins = 0
    cluster.asked.clear()


async def back(publisher: KafkaPublisher, cluster: Cluster, *, answers: bool) -> None:
    """Lose the broker and have it back; `answers`: a login is answered at once."""
    await lost(publisher, cluster)
    cluster.is_away = False
    if not answers:
        cluster.may_answer.clear()


@pytest.mark.parametrize(
    ("by", "stamped_at"),
    [(BY_THE_BROKER, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)), (BY_THE_WRITER, None)],
)
def test_an_acknowledgement_bears_the_broker_s_time_and_no_other(
    publisher: KafkaPublisher, cluster: Cluster, by: int, stamped_at: datetime | None
) -> None:
    cluster.stamped_by = by
    found = asyncio.run(publisher.publish("leads", b"case", b"value"))
    assert found == LiesAt(0, 0, stamped_at)


def test_while_the_broker_is_away_all_that_is_published_at_once_logs_in_once(
    publisher: KafkaPublisher, cluster: Cluster
) -> None:
    async def run() -> None:
        await lost(publisher, cluster)
        for turn in (1, 2):
            await fails(publisher)
            assert cluster.logins == turn

    asyncio.run(run())


def test_when_the_broker_is_back_one_producer_is_opened_for_all_and_none_is_left_open(
    publisher: KafkaPublisher, cluster: Cluster
) -> None:
    async def run() -> None:
        await back(publisher, cluster, answers=True)
        await asyncio.gather(*(publisher.publish("leads", b"case", b"x") for _ in range(LETTERS)))
        assert (cluster.logins, cluster.sent, len(cluster.open)) == (1, LETTERS, 1)
        await publisher.close()
        assert cluster.open == []

    asyncio.run(run())


def test_who_gives_up_waiting_for_the_broker_takes_it_from_nobody_else(
    publisher: KafkaPublisher, cluster: Cluster
) -> None:
    async def run() -> None:
        await back(publisher, cluster, answers=False)
        hasty, patient = (
            asyncio.create_task(publisher.publish("leads", b"case", b"x")) for _ in range(2)
        )
        await cluster.asked.wait()
        hasty.cancel()
        renewal = asyncio.create_task(publisher.renew())
        await asyncio.wait([hasty])
        cluster.may_answer.set()
        await asyncio.gather(patient, renewal)
        assert (cluster.logins, cluster.sent, len(cluster.open)) == (1, 1, 1)

    asyncio.run(run())


def test_what_is_being_opened_when_all_ends_is_given_up(
    publisher: KafkaPublisher, cluster: Cluster
) -> None:
    async def run() -> None:
        await back(publisher, cluster, answers=False)
        waiting = asyncio.create_task(publisher.publish("leads", b"case", b"x"))
        await cluster.asked.wait()
        waiting.cancel()
        await publisher.close()
        cluster.may_answer.set()
        await asyncio.wait([waiting])
        assert cluster.open == []
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
