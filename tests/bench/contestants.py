"""The contestants: python -m tests.bench.contestants NAME HOME MESSAGES GROUP BEGINS.

pass-through  aiokafka alone: reads and writes the bytes on, no work
bare          the bare-work limit (bare.py): the work in a tight loop, no rules, no framework
exchange      the exchange as it runs, but for its ticker
plain         the exchange's own shell behind an aiokafka loop instead of Faust's
faust         a textbook agent: the exchange's own functions, one message at a time
faststream    a textbook subscriber: the same
"""

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiokafka.helpers import create_ssl_context
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.security import SASLScram512

from connectors.bus.home import home_at
from connectors.bus.kafka import ssl_context_of, start_consumer
from connectors.bus.layout import EXCHANGE
from connectors.bus.stores import open_store, store_place
from services.exchange import app as exchange_app
from services.exchange import shell
from services.exchange.batch import run_batch, take_batch
from services.exchange.closing import closer_of
from services.exchange.erase import Eraser
from services.exchange.incoming import Incoming
from services.exchange.measures import Measures
from services.exchange.outbox import publish
from services.exchange.shedding import Shedder
from tests.bench.bare import work_on
from tests.bench.contest import LEADS, Finish, Means, incoming, means, sources

BATCH: Final = 500
OUT: Final = "inbox.liuzhi-cgj"


async def pass_through(at: Means, finish: Finish, group: str) -> None:
    """Write each record on, in batches, and acknowledge."""
    producer, consumer = await at.producer(), await _consumer(at, group)
    while True:
        for records in (await consumer.getmany(timeout_ms=500, max_records=BATCH)).values():
            finish.begin()
            sends = [await producer.send(OUT, each.value, key=each.key) for each in records]
            await asyncio.gather(*sends)
            await consumer.commit()
            finish.done(len(records))


async def bare(at: Means, finish: Finish, group: str) -> None:
    """Do the work in a tight loop."""
    producer, consumer = await at.producer(), await _consumer(at, group)
    office = at.shelf.first
    while True:
        got = await consumer.getmany(timeout_ms=500, max_records=BATCH)
        records = [incoming(each) for part in got.values() for each in part]
        if records:
            finish.begin()
            await work_on(records, office, at.casebook.engine, producer)
            await consumer.commit()
            finish.done(len(records))


async def plain(at: Means, finish: Finish, group: str) -> None:
    """Give the exchange's shell its batches without Faust: what Faust costs is the difference."""
    login, home = at.home.credentials(EXCHANGE), at.home
    begin, consumer = at.producer, await _consumer(at, group)
    whole = shell.Shell(
        *(at.settings, at.shelf, at.casebook, await begin()),
        eraser=Eraser(at.settings, login, at.casebook),
        measures=Measures(at.settings, at.shelf, at.casebook, 0),
        shedder=Shedder(at.casebook, open_store(store_place(home))),
        closer=closer_of(at.settings, login, at.casebook),
        open_producer=begin,
    )
    while True:
        got = await consumer.getmany(timeout_ms=500, max_records=BATCH)
        if records := [incoming(each) for part in got.values() for each in part]:
            finish.begin()
            await whole.handle(records)
            await consumer.commit()
            finish.done(len(records))


async def _one(at: Means, producer: Any, finish: Finish, record: Incoming) -> None:
    finish.begin()
    run_batch(at.casebook, at.shelf, take_batch(at.casebook, at.shelf, [record]))
    await publish(at.casebook, producer, sources([record]))


def textbook_faust(at: Means, finish: Finish, group: str) -> None:
    """Run an agent as Faust's manual has it: one event at a time, at least once."""
    app = exchange_app._app(at.home, at.settings, 0, "0" * 16)
    app.conf.id = group
    leads = app.topic(LEADS, key_serializer="raw", value_serializer="raw")
    producer: list[Any] = []

    @app.agent(leads)
    async def decide(stream: Any) -> None:
        async for event in stream.events():
            if not producer:
                producer.append(await at.producer())
            await _one(at, producer[0], finish, exchange_app._incoming(event.message))
            finish.done(1)

    exchange_app.quiet_worker(app).execute_from_commandline()


async def textbook_faststream(at: Means, finish: Finish, group: str) -> None:
    """Run a subscriber as FastStream's manual has it: one message at a time, acknowledged after."""
    login = at.home.credentials(EXCHANGE)
    security = SASLScram512(
        username=login.username,
        password=login.password.get_secret_value(),
        use_ssl=True,
        ssl_context=ssl_context_of(at.settings) or create_ssl_context(),
    )
    broker = KafkaBroker(at.settings.bootstrap, security=security, logger=None)
    producer = await at.producer()

    @broker.subscriber(
        LEADS, group_id=group, auto_offset_reset="earliest", ack_policy=AckPolicy.NACK_ON_ERROR
    )
    async def decide(_body: bytes, message: KafkaMessage) -> None:
        await _one(at, producer, finish, incoming(message.raw_message))
        finish.done(1)

    await FastStream(broker).run(log_level=logging.WARNING)


def exchange(at: Means, finish: Finish, group: str) -> None:
    """Run the exchange itself, as it is started."""
    at.casebook.close()
    handle = shell.Shell.handle

    async def counted(self: Any, records: Any) -> None:
        finish.begin()
        await handle(self, records)
        finish.done(len(records))

    async def no_tick(self: Any, ends: Any) -> None:
        del self, ends

    changes: dict[str, Any] = {"handle": counted, "tick": no_tick}
    for name, change in changes.items():
        setattr(shell.Shell, name, change)
    for stage, name in (("verify", "take_batch"), ("decide and store", "run_batch")):
        setattr(shell, name, finish.timed(stage, getattr(shell, name)))
    exchange_app.GROUP = group  # type: ignore[attr-defined] # a new one reads from the beginning
    exchange_app.run(at.home)


async def _consumer(at: Means, group: str) -> Any:
    login = at.home.credentials(EXCHANGE)
    return await start_consumer(
        at.settings, login, [LEADS], group=group, client_id="bench", records_max=BATCH
    )


LOOPS: Final[dict[str, Callable[..., Any]]] = {
    "pass-through": pass_through,
    "bare": bare,
    "plain": plain,
    "faststream": textbook_faststream,
}
APPS: Final[dict[str, Callable[..., Any]]] = {"exchange": exchange, "faust": textbook_faust}


def main(name: str, home: str, messages: str, group: str, begins: str) -> None:
    """Run one contestant until the last message is done."""
    at = means(home_at(Path(home)), json.loads(begins), group)
    finish = Finish(name, int(messages))
    if name in APPS:
        APPS[name](at, finish, group)
    else:
        asyncio.run(LOOPS[name](at, finish, group))


if __name__ == "__main__":
    main(*sys.argv[1:])
