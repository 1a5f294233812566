"""What a connector knows of its inbox, by what its Kafka client notes of the broker's answers."""

import asyncio
from collections import deque

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError

from connectors.bus import broker
from connectors.bus.broker import KafkaInbox
from schemas.errors import YichuanError
from tests.agency_home import County

READ_BEFORE = 5_000  # letters of years: of an earlier life of this connector
TURN_SECONDS = 0.5


class Consumer:
    """As aiokafka's, of one partition."""

    def __init__(self, place: TopicPartition) -> None:
        self.place = place
        self.end: int | None = None
        self.answered_ms: int | None = None
        self.committed: list[dict[TopicPartition, int]] = []
        self.error: KafkaError | None = None
        self.batches: deque[dict[TopicPartition, list[object]]] = deque()

    def assignment(self) -> set[TopicPartition]:
        """The inbox."""
        return {self.place}

    def highwater(self, _place: TopicPartition) -> int | None:
        """Its end, as the broker last said."""
        return self.end

    def last_poll_timestamp(self, _place: TopicPartition) -> int | None:
        """When it last said anything."""
        return self.answered_ms

    async def position(self, _place: TopicPartition) -> int:
        """What is read next: the committed offset."""
        return READ_BEFORE

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        """Note how far it is read."""
        if self.error is not None:
            raise self.error
        self.committed.append(offsets)

    async def getmany(self, **_limits: object) -> dict[TopicPartition, list[object]]:
        """Nothing, as far as these tests go."""
        return {}


@pytest.fixture
def inbox(county: County, monkeypatch: pytest.MonkeyPatch) -> KafkaInbox:
    """An inbox whose every fetch takes half a second."""
    seconds = iter(range(1_000_000))
    monkeypatch.setattr(broker, "monotonic", lambda: next(seconds) * TURN_SECONDS)
    found = KafkaInbox(county.agency())
    found._consumer = Consumer(found._place)
    return found


def fetch(inbox: KafkaInbox, turns: int = 1) -> None:
    async def run() -> None:
        for _ in range(turns):
            await inbox.fetch()

    asyncio.run(run())


def test_what_an_earlier_life_has_read_is_no_lag(inbox: KafkaInbox) -> None:
    fetch(inbox)
    assert inbox.lag() == 0  # the broker has not answered yet
    inbox._consumer.end, inbox._consumer.answered_ms = READ_BEFORE, 1
    fetch(inbox)
    assert inbox.lag() == 0
    inbox._consumer.end = READ_BEFORE + 3
    assert inbox.lag() == 3


def test_a_broker_that_says_nothing_is_silent_and_one_that_says_nothing_is_new_is_not(
    inbox: KafkaInbox,
) -> None:
    for at in range(1, 101):
        inbox._consumer.end, inbox._consumer.answered_ms = READ_BEFORE, at
        fetch(inbox)
    assert inbox.silent_seconds() == 0.0
    fetch(inbox, turns=100)
    assert inbox.silent_seconds() == 100 * TURN_SECONDS
    inbox._consumer.answered_ms = 200
    fetch(inbox)
    assert inbox.silent_seconds() == 0.0


def test_how_far_it_is_read_is_told_to_the_broker_and_a_refusal_to_the_connector(
    inbox: KafkaInbox,
) -> None:
    """Who passes it over reads all of it again at each start, and nobody is told."""
    consumer = inbox._consumer
    asyncio.run(inbox.commit(7))
    assert consumer.committed == [{consumer.place: 7}]
    consumer.error = CommitFailedError()
    with pytest.raises(YichuanError):
        asyncio.run(inbox.commit(8))
