"""How Faust's consumer gives batches: whole, one by one, acknowledged when they are done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import faust
import pytest
from aiokafka.errors import (
    ConsumerStoppedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP, ConsumerMessage
from mode import Service

from schemas.errors import Broken
from services.exchange import batches
from services.exchange.batches import BatchConsumer, BatchTransport, Handle, polled_max

FLOW = "leads"
PLACE = TP(FLOW, 0)
FETCH_WAIT_MS = 50
Told = list[list[int]]


@dataclass
class Client:
    """What Faust makes, as far as it is looked at."""

    _fetch_max_wait_ms: int = 1_500


class Fetching(BatchConsumer):
    """A consumer whose broker gives what the test says, and then nothing."""

    given: list[list[int]]
    waits: list[float]  # that it was asked to, where something had come

    def _new_consumer_thread(self) -> Any:
        return Service()

    async def getmany(self, timeout: float) -> AsyncIterator[Any]:  # noqa: ASYNC109 - Faust's
        """Yield what is next; where that is nothing, wait as one does at the end of the log."""
        await asyncio.sleep(0)
        if not self.given:
            await asyncio.Event().wait()
        self.waits.append(timeout)
        for offset in self.given.pop(0):
            yield PLACE, _message(offset)


def _message(offset: int) -> ConsumerMessage:
    return ConsumerMessage(FLOW, 0, offset, 0.0, 1, None, b"", b"", None, tp=PLACE)


def _consumer(
    given: Sequence[Sequence[int]],
    handle: Callable[[Sequence[Any]], Awaitable[None]],
    batch_max: int = 1,
) -> Fetching:
    polled = polled_max(batch_max)
    app = faust.App(
        "test", broker="kafka://127.0.0.1:1", autodiscover=False, broker_max_poll_records=polled
    )
    transport = BatchTransport(app.conf.broker_consumer, app)
    transport.handle, transport.batch_max = handle, batch_max
    app.transport = transport

    async def nobody(*_: Any) -> None:
        """Nothing hangs on it."""

    app.topics._acking_topics.add(FLOW)  # type: ignore[attr-defined]
    consumer = Fetching(transport, nobody, nobody, nobody)
    consumer.given = [list(each) for each in given]
    consumer.waits = []
    return consumer


def _until(done: Callable[[], bool]) -> Awaitable[None]:
    async def wait() -> None:
        while not done():  # noqa: ASYNC110 - nothing tells; the loop turns until it is so
            await asyncio.sleep(0)

    return asyncio.wait_for(wait(), 10)


def _held_up(told: Told) -> tuple[Handle, asyncio.Event]:
    """What notes each batch and is done with it when the event is set."""
    go = asyncio.Event()

    async def handle(messages: Sequence[Any]) -> None:
        told.append([each.offset for each in messages])
        await go.wait()

    return handle, go


def _drained(consumer: Fetching) -> "asyncio.Task[None]":
    fetcher: Any = SimpleNamespace(should_stop=False)
    return asyncio.create_task(consumer._drain_messages(fetcher))


def test_what_was_fetched_is_one_batch_and_the_next_waits_until_it_is_done() -> None:
    told: Told = []

    async def run() -> None:
        handle, go = _held_up(told)
        consumer = _consumer([[4, 5, 6], [7]], handle)
        task = _drained(consumer)
        await _until(lambda: bool(told))
        for _ in range(10):
            await asyncio.sleep(0)
        assert told == [[4, 5, 6]]
        assert len(consumer.unacked) == 3
        assert consumer._new_offset(PLACE) is None
        go.set()
        await _until(lambda: len(told) == 2 and not consumer.unacked)
        assert consumer._new_offset(PLACE) == 8
        task.cancel()

    asyncio.run(run())
    assert told == [[4, 5, 6], [7]]


def _told_of(
    given: Sequence[Sequence[int]], batch_max: int, took: float
) -> tuple[Told, list[float]]:
    """What was handled of what the looks gave, and how long each was to wait at most."""
    told: Told = []

    async def run() -> list[float]:
        async def handle(messages: Sequence[Any]) -> None:
            told.append([each.offset for each in messages])

        consumer = _consumer(given, handle, batch_max)
        consumer._took = took
        task = _drained(consumer)
        await _until(lambda: not consumer.given and bool(told) and not consumer.unacked)
        task.cancel()
        return consumer.waits

    return told, asyncio.run(run())


@pytest.mark.parametrize(("took", "wait"), [(0.01, 0.01), (5.0, 0.06)])
def test_what_came_during_the_last_batch_goes_with_what_was_buffered_before_it(
    took: float, wait: float
) -> None:
    assert _told_of([[0, 1], [2]], 4, took) == ([[0, 1, 2]], [0.0, wait])


def test_nothing_is_waited_for_when_the_first_came_while_there_was_nothing_to_do() -> None:
    assert _told_of([[], [0]], 4, 5.0) == ([[0]], [0.0, 1.0])


@pytest.mark.parametrize(
    ("batch_max", "polled"), [(1, 1), (2, 1), (3, 2), (4, 2), (499, 250), (500, 250)]
)
def test_no_batch_is_greater_than_the_limit(batch_max: int, polled: int) -> None:
    assert polled_max(batch_max) == polled
    looks = [list(range(polled)), list(range(polled, 2 * polled))]
    told, _ = _told_of(looks, batch_max, 0.0)
    assert max(map(len, told)) <= batch_max
    assert [offset for batch in told for offset in batch] == list(range(2 * polled))


def test_an_end_cuts_off_the_reading_and_not_the_batch_in_hand() -> None:
    """Faust cancels what reads, and then waits for what is not acknowledged."""

    async def run() -> None:
        handle, go = _held_up([])
        consumer = _consumer([[0, 1]], handle)
        task = _drained(consumer)
        await _until(lambda: len(consumer.unacked) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(consumer.unacked) == 2
        go.set()
        await _until(lambda: not consumer.unacked)
        assert consumer._new_offset(PLACE) == 2

    asyncio.run(run())


def test_who_reads_again_waits_for_the_batch_that_was_in_hand() -> None:
    """After the partitions have moved Faust begins to read anew."""
    told: Told = []

    async def run() -> None:
        handle, go = _held_up(told)
        consumer = _consumer([[0], [1]], handle)
        first = _drained(consumer)
        await _until(lambda: bool(told))
        first.cancel()
        second = _drained(consumer)
        for _ in range(10):
            await asyncio.sleep(0)
        assert told == [[0]]
        go.set()
        await _until(lambda: told == [[0], [1]])
        second.cancel()

    asyncio.run(run())


async def _cancelled(_: Sequence[Any]) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def _raising(messages: Sequence[Any]) -> None:
    raise KeyError(repr(messages))


@pytest.mark.parametrize(
    ("handle", "told"), [(_cancelled, "cancelled"), (_raising, "KeyError")], ids=["cut", "raised"]
)
def test_a_batch_that_was_cut_off_ends_the_process_and_says_nothing_of_it(
    handle: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would live on and read nothing, or tell what was in hand."""

    class EndedError(Exception):
        """In the place of the end."""

    def end(error: Exception) -> None:
        raise EndedError(str(error))

    async def run() -> None:
        monkeypatch.setattr(batches, "give_up", end)
        with pytest.raises(EndedError) as raised:
            await _drained(_consumer([[0]], handle))
        assert str(raised.value) == str(Broken("exchange.defect", where="batches", detail=told))

    asyncio.run(run())


def test_an_offset_that_the_log_leaves_out_does_not_hold_up_what_is_committed() -> None:
    async def run() -> None:
        done: list[int] = []

        async def handle(messages: Sequence[Any]) -> None:
            done.extend(each.offset for each in messages)

        consumer = _consumer([[3], [5]], handle)
        task = _drained(consumer)
        await _until(lambda: done == [3, 5] and not consumer.unacked)
        assert consumer._new_offset(PLACE) == 6
        task.cancel()

    asyncio.run(run())


def test_no_fetch_is_held_open_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is, what has come for a partition whose records wait here is not asked for."""
    made = Client()
    monkeypatch.setattr(AIOKafkaConsumerThread, "_create_worker_consumer", lambda *_: made)

    async def run() -> None:
        consumer = _consumer([], AsyncMock())
        thread: Any = BatchConsumer._new_consumer_thread(consumer)
        assert thread._create_worker_consumer(consumer.transport) is made
        thread.thread_loop.close()

    asyncio.run(run())
    assert made._fetch_max_wait_ms == FETCH_WAIT_MS


# ----------------------------------------------------------------------- when no more can be read


class EndedError(Exception):
    """In the place of the end."""


def _end(error: Exception) -> None:
    raise EndedError(str(error))


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (UnsupportedCodecError(), "exchange.defect fetch UnsupportedCodecError"),
        (KeyError("王某"), "exchange.defect fetch KeyError"),
        (ConsumerStoppedError(), "exchange.defect fetch ConsumerStoppedError"),
        (TopicAuthorizationFailedError("leads"), "kafka.forbidden"),
    ],
    ids=["library", "any", "stopped", "right"],
)
def test_a_client_that_cannot_go_on_ends_the_process_and_it_says_why(
    raised: Exception, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust would end with a trace of a library, and an exit code that no page knows."""

    class Failing(Fetching):
        async def getmany(self, timeout: float) -> AsyncIterator[Any]:  # noqa: ASYNC109 - Faust's
            """Fail as the client does."""
            await asyncio.sleep(timeout and 0)
            if self.given == []:
                raise raised
            yield

    async def run() -> None:
        consumer = _consumer([], AsyncMock())
        consumer.__class__ = Failing
        with pytest.raises(EndedError) as ended:
            await _drained(consumer)
        assert str(ended.value).startswith(told)
        assert "王某" not in str(ended.value)

    monkeypatch.setattr(batches, "give_up", _end)
    asyncio.run(run())


@dataclass
class Records:
    """What aiokafka's fetcher is asked for, as far as it is asked."""

    error_future: "asyncio.Future[None]"


def _fetched(
    fetcher: Records, monkeypatch: pytest.MonkeyPatch, given: Sequence[Mapping[Any, list[Any]]]
) -> "tuple[Awaitable[Any], list[tuple[float, int]]]":
    """What a look gives, and what Faust's own was asked for."""
    asked: list[tuple[float, int]] = []
    left = list(given)

    async def own(_self: Any, _consumer: Any, _places: Any, timeout: float, most: int) -> Any:  # noqa: ASYNC109
        await asyncio.sleep(0)
        asked.append((timeout, most))
        return left.pop(0) if left else {}

    monkeypatch.setattr(AIOKafkaConsumerThread, "_fetch_records", own)
    thread: Any = BatchConsumer._new_consumer_thread(_consumer([], AsyncMock()))
    thread.thread_loop.close()
    client = SimpleNamespace(_fetcher=fetcher)
    return thread._fetch_records(client, {PLACE}, timeout=1.0, max_records=20), asked


def test_a_look_takes_in_steps_and_waits_in_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        running: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        steps = [{PLACE: [_message(n) for n in range(8)]}, {PLACE: [_message(8)]}]
        taken, asked = _fetched(Records(running), monkeypatch, steps)
        assert [each.offset for each in (await taken)[PLACE]] == list(range(9))
        assert asked == [(1.0, 8), (0.0, 8), (0.0, 8)]

    asyncio.run(run())


def test_a_fetcher_that_has_died_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust asks for what it left, and would ask for ever."""

    async def run() -> None:
        died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        died.set_exception(KafkaError("Unexpected error during data retrieval"))
        taken, asked = _fetched(Records(died), monkeypatch, [])
        with pytest.raises(KafkaError):
            await taken
        assert asked == []

    asyncio.run(run())
