"""What every contestant has in common: the same leads, office, casebook, producer and finish.

A contestant is a process of its own. It reads the last `messages` records of the flow `leads`, and
says in one line of JSON how long that took, from the first one in its hands once it is warm to
the last one stored, published and acknowledged.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import start_consumer, start_producer
from connectors.bus.layout import EXCHANGE
from services.casebook.progress import begin_progress, lock_progress
from services.casebook.rows import Position, Progress, from_ms
from services.casebook.store import Casebook
from services.exchange.garbage import keep_for_good
from services.exchange.incoming import Incoming
from services.exchange.opening import open_casebook, open_office
from services.exchange.shelf import Shelf

LEADS: Final = "leads"
# Messages before the first that is measured: what is compiled when it is first asked for, and each
# page that is touched for the first time, are costs of a start, not of a message.
WARM: Final = 500


@dataclass(slots=True)
class Finish:
    """Counts what is done; after the last one, says what those took that came when it was warm."""

    name: str
    messages: int
    stages: dict[str, float] = field(default_factory=dict)
    _done: int = 0
    _warmed: int = 0  # messages that were done before the first that is measured
    _began: float = 0.0
    _cpu: float = 0.0

    def begin(self) -> None:
        """Note that messages are in hand: from the first of them that comes to a warm process."""
        if not self._began and self._done >= WARM:
            self._warmed = self._done
            self.stages.clear()
            self._began, self._cpu = monotonic(), time.process_time()

    def done(self, count: int) -> None:
        """Note that so many more are acknowledged; after the last one, end the process."""
        self._done += count
        if self._done < self.messages:
            return
        seconds, cpu = monotonic() - self._began, time.process_time() - self._cpu
        measured = self._done - self._warmed
        line = {
            "name": self.name,
            "messages": measured,
            "seconds": round(seconds, 3),
            "cpu_seconds": round(cpu, 3),
            "stages_us": {
                stage: round(took / measured * 1e6) for stage, took in self.stages.items()
            },
        }
        os.write(1, f"{json.dumps(line)}\n".encode())  # Faust has put its log in stdout's place
        os._exit(0)  # what a framework would still do at its end is not measured

    def timed(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, its processor time counted under a stage."""

        def run(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            try:
                return work(*args, **kwargs)
            finally:
                spent = time.process_time() - began
                self.stages[stage] = self.stages.get(stage, 0.0) + spent

        return run


@dataclass(frozen=True, slots=True)
class Means:
    """What a contestant works with."""

    home: Home
    settings: Settings
    shelf: Shelf
    casebook: Casebook

    async def producer(self) -> AIOKafkaProducer:
        """Return the producer that the exchange has, with its durability."""
        login = self.home.credentials(EXCHANGE)
        return await start_producer(self.settings, login, client_id="bench")


def means(home: Home, begins: Sequence[int], group: str) -> Means:
    """Return them, with a casebook and a group that begin at these offsets of `leads`."""
    settings = home.settings()
    asyncio.run(_place(home, settings, begins, group))
    casebook = open_casebook(home, settings)
    places = {(LEADS, number): Progress(at, from_ms(0)) for number, at in enumerate(begins)}
    with casebook.engine.begin() as connection:
        begin_progress(connection, places)
        lock_progress(connection, places)
    shelf = Shelf(open_office(home, settings))
    keep_for_good()  # as the exchange does: nobody is slower for what it holds
    return Means(home, settings, shelf, casebook)


async def _place(home: Home, settings: Settings, begins: Sequence[int], group: str) -> None:
    login = home.credentials(EXCHANGE)
    consumer = await start_consumer(settings, login, (), group=group, client_id="bench-place")
    places = {TopicPartition(LEADS, number): at for number, at in enumerate(begins)}
    consumer.assign(list(places))
    await consumer.commit(places)
    await consumer.stop()


def incoming(record: Any) -> Incoming:
    """Return an aiokafka record as the exchange takes it."""
    place = Position(record.topic, record.partition, record.offset)
    return Incoming(place, record.key, record.value, from_ms(record.timestamp))


def sources(records: Iterable[Incoming]) -> set[tuple[str, int]]:
    """Return the partitions of records."""
    return {each.position.place for each in records}
