"""Faust's consumer, made to give what it fetched as one batch.

Of each record by itself Faust makes a message, an event, four tasks and a turn of a stream, and its
`take_events` waits out its whole time before every batch. Here a batch is what had come when the
last one was done: one record when little comes, up to `batch_max` when much does. The group, the
partitions, the offsets that are committed and the end stay Faust's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import ceil
from typing import Any, Final, cast

from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport

from connectors.bus.clock import monotonic
from connectors.bus.kafka import explain
from schemas.errors import Broken, YichuanError
from services.exchange.reading import look
from services.exchange.shell import give_up

_FETCH_SECONDS: Final = 1.0  # that one look for records waits at most
# That the broker holds a fetch open. aiokafka has one open at a time, without the partitions whose
# records wait here: while a batch is in hand it is open for the idle ones alone, and what has come
# for the others meanwhile is not asked for before it ends.
_FETCH_WAIT_MS: Final = 50
# That a look for what came behind the buffered waits at most: one such fetch to end, and its own.
_REST_SECONDS: Final = 0.06
_FETCHING: Final = "fetch"

Handle = Callable[[Sequence[Any]], Awaitable[None]]  # of Faust's messages, in the order of each log


class _Thread(AIOKafkaConsumerThread):
    """Faust's thread of the client, which would hold each fetch open for 1.5 s."""

    def _create_worker_consumer(self, transport: Any) -> Any:  # noqa: ANN401 - aiokafka ships no types
        consumer: Any = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = _FETCH_WAIT_MS  # noqa: SLF001 - Faust lets nobody say it
        return consumer

    async def _fetch_records(
        self,
        consumer: Any,  # noqa: ANN401 - as above
        active_partitions: Any,  # noqa: ANN401 - as above
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's
        max_records: int | None = None,
    ) -> Any:  # noqa: ANN401 - as above
        """Take what was fetched, within as many bytes as a batch may be of."""
        fetching = consumer._fetcher.error_future  # noqa: SLF001 - Faust asks the fetcher, not it
        if fetching.done() and not fetching.cancelled() and fetching.exception() is not None:
            raise fetching.exception()  # nothing more would come, and nothing be said
        taken = super()._fetch_records

        async def take(number: int, waits: bool) -> Any:  # noqa: ANN401, FBT001 - as Take
            return await taken(consumer, active_partitions, timeout if waits else 0.0, number)

        return await look(take, max_records or 1)


class BatchConsumer(Consumer):
    """Hands batches to `BatchTransport.handle`, one after the other."""

    _in_hand: "asyncio.Task[None] | None" = None
    _took: float = 0.0  # seconds, the last batch

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:  # noqa: ANN401 - Faust's Fetcher
        """Read and handle until one of the two is told to stop. Faust's Fetcher calls it.

        It is cancelled when the exchange ends or the partitions move; the batch in hand is not:
        Faust waits for what was tracked and not acknowledged (`stream_wait_empty`).
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                await self._done_with_it()
                batch = await self._next()
                if batch:
                    await self._track(batch)
                    self._in_hand = asyncio.create_task(self._handled(batch))
        except ConsumerStoppedError as error:
            if not self.app.should_stop:
                give_up(_fetch_ended(error))

    async def _next(self) -> list[Any]:
        """Return what has come. What was buffered came before the last batch: ask for the rest.

        It would lie at the broker until this one is done, and be late by a batch. For no longer
        than that batch took: where all is quick nothing is late.
        """
        batch = await self._look(0.0)
        if not batch:
            return await self._look(_FETCH_SECONDS)
        transport = cast("BatchTransport", self.transport)
        if len(batch) + self.app.conf.broker_max_poll_records <= transport.batch_max:
            batch += await self._look(min(self._took, _REST_SECONDS))
        return batch

    async def _look(self, seconds: float) -> list[Any]:
        try:
            return [message async for _, message in self.getmany(timeout=seconds)]
        except ConsumerStoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - Faust would end with a trace, and exit code 1
            give_up(_fetch_ended(error))

    async def _done_with_it(self) -> None:
        if self._in_hand is None:
            return
        try:
            await asyncio.shield(self._in_hand)
        except asyncio.CancelledError:
            # Not we were told to stop: the batch was cut off in the middle, and Faust would go on
            # as a process that lives and reads nothing.
            if self._in_hand.cancelled():
                give_up(_cut_off("cancelled"))
            raise
        except Exception as error:  # noqa: BLE001 - Faust would log its text, a message's perhaps
            give_up(_cut_off(type(error).__name__))
        self._in_hand = None

    async def _track(self, batch: Sequence[Any]) -> None:
        """Note what must be done before the partitions may go, and what the log leaves out."""
        for message in batch:
            read = self._read_offset[message.tp]
            if read and message.offset > read + 1:
                await self._add_gap(message.tp, read + 1, message.offset)
            self._read_offset[message.tp] = message.offset
            self.track_message(message)

    async def _handled(self, batch: Sequence[Any]) -> None:
        began = monotonic()
        await cast("BatchTransport", self.transport).handle(batch)
        at = monotonic()
        self._took = at - began
        for message in batch:
            self.ack(message)
            # What Faust's own watch for a stream that stands still looks at.
            self.app.monitor.stream_inbound_time[message.tp] = at


def _cut_off(how: str) -> Broken:
    return Broken("exchange.defect", where="batches", detail=how)


def _fetch_ended(error: Exception) -> YichuanError:
    """Return why no more can be read: a right that is gone, else we met what we do not know."""
    told = explain(error, where="flows")
    if told.code == "kafka.forbidden":
        return told
    return Broken("exchange.defect", where=_FETCHING, detail=type(error).__name__)


class BatchTransport(Transport):
    """Faust's transport with that consumer.

    `handle` returns when all of a batch is durable. `batch_max`: records; a look gives
    `polled_max` of it, which is what Faust is told.
    """

    Consumer = BatchConsumer
    handle: Handle
    batch_max: int


def polled_max(batch_max: int) -> int:
    """Return how many records one look may give, so that two are a batch."""
    return ceil(batch_max / 2)
