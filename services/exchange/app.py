"""The Faust shell: group, partitions, worker. No rule lives here (design D3).

What was learnt of faust-streaming 0.15.3 stands beside each setting; tests/integration pins it.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from math import ceil
from typing import Any, Final

import faust
from faust.auth import SASLCredentials
from faust.tables import TableManager
from mode.utils.times import Seconds

from connectors.bus.clock import monotonic
from connectors.bus.crash import leave_no_message
from connectors.bus.home import Home, Settings
from connectors.bus.kafka import ssl_context_of, start_producer
from connectors.bus.layout import EXCHANGE, ORIGINAL_BYTES_MAX
from connectors.bus.log_filter import quieten
from connectors.bus.scratch import remove_left_over
from connectors.bus.stores import open_store, store_place
from connectors.bus.watchdog import ended_within
from schemas.errors import YichuanError
from schemas.parts import Flow
from services.casebook.rows import Position
from services.casebook.store import Casebook
from services.exchange import garbage
from services.exchange.align import Aligned, align
from services.exchange.another import client_id_of, refuse_another
from services.exchange.batches import BatchTransport, Handle, polled_max
from services.exchange.closing import closer_of
from services.exchange.erase import Eraser
from services.exchange.incoming import Incoming
from services.exchange.measures import Measures
from services.exchange.milestones import Milestones, stopped, told_to_stop
from services.exchange.opening import open_casebook, open_office
from services.exchange.record_batches import incoming_of, open_within_limits
from services.exchange.shedding import Shedder
from services.exchange.shell import Shell, give_up
from services.exchange.workers import GROUP, SESSION_SECONDS, name_of, only_worker, port_of

_HEARTBEAT_SECONDS: Final = 2.0
_COMMIT_SECONDS: Final = 1.0
_ASSIGNMENT_SECONDS: Final = 0.5  # between two looks at which partitions are ours
_MILLISECONDS: Final = 1000
STOP_SECONDS_MAX: Final = 20.0  # from SIGTERM to the end: supervisors give 30 s and more, then kill


class _NoTables(TableManager):
    """Faust waits a second at each start for tables to be declared; here there is none (D2)."""

    async def sleep(self, n: Seconds) -> None:
        """Not at all."""


class _Worker(faust.Worker):
    """Faust's worker, which waits for a broker that is away also when it is told to stop."""

    async def stop(self) -> None:
        """Stop; what is not done in time is left: stored is stored, the rest is read again."""
        told_to_stop()
        ended_within(STOP_SECONDS_MAX)
        await super().stop()


def run(home: Home, worker: int = 0) -> None:
    """Run one exchange until it is told to stop. Raises UserError before anything is started.

    `worker`: its number, which no other running worker of the bus has (services/exchange/workers).
    """
    leave_no_message()
    garbage.begin()
    open_within_limits()
    settings = home.settings()
    office = open_office(home, settings)
    casebook = open_casebook(home, settings)
    remove_left_over(home.run)
    with only_worker(home, worker):
        mark = refuse_another(home, settings, casebook)  # before anything of the group is changed
        aligned = asyncio.run(align(home, settings, casebook, office, GROUP))
        app = _app(home, settings, worker, mark)
        _declare(app, home, settings, aligned, casebook, worker)
        garbage.keep_for_good()
        # Not through Faust's command line: that would open a web server on every address.
        quiet_worker(app).execute_from_commandline()


def quiet_worker(app: faust.App) -> faust.Worker:
    """Return the worker of an app, which logs warnings and makes nothing of the rest."""
    worker = _Worker(app, loglevel="WARNING", quiet=True)
    # It would set the root logger to DEBUG: for each message aiokafka would make log records, one
    # of them with its key and value, that no handler takes.
    worker.spinner = None
    return worker


def _app(home: Home, settings: Settings, worker: int, mark: str) -> faust.App:
    login = home.credentials(EXCHANGE)
    return faust.App(
        GROUP,
        broker=[f"kafka://{address}" for address in settings.bootstrap.split(",")],
        broker_credentials=SASLCredentials(
            username=login.username,
            password=login.password.get_secret_value(),
            mechanism=settings.kafka.mechanism,
            ssl_context=ssl_context_of(settings),  # given: SASL_SSL, None: SASL_PLAINTEXT
        ),
        autodiscover=False,
        broker_client_id=client_id_of(mark),
        broker_commit_interval=_COMMIT_SECONDS,
        broker_heartbeat_interval=_HEARTBEAT_SECONDS,
        broker_max_poll_records=polled_max(settings.exchange.batch_max),
        broker_session_timeout=SESSION_SECONDS,
        # Static membership: a worker killed and started again gets its partitions at once.
        consumer_group_instance_id=f"{GROUP}-{worker}",
        consumer_auto_offset_reset="earliest",
        datadir=str(home.run / f"faust-{worker}"),
        processing_guarantee="at_least_once",  # exactly_once lost state and doubled (D2)
        store="memory://",
        TableManager=_NoTables,
        stream_wait_empty=True,  # False loses what is in hand when SIGTERM comes
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )


def _declare(
    app: faust.App,
    home: Home,
    settings: Settings,
    aligned: Aligned,
    casebook: Casebook,
    worker: int,
) -> None:
    """Declare what is read, who handles it, and the ticker."""
    shell: asyncio.Future[Shell] = asyncio.Future(loop=_loop(app))
    flows = app.topic(*(flow.value for flow in Flow), key_serializer="raw", value_serializer="raw")

    @app.task
    async def begin() -> None:
        root = logging.getLogger()  # whose handlers Faust has made by now
        quieten(root)
        milestones = Milestones(name_of(worker), root)
        try:
            login = home.credentials(EXCHANGE)
            open_producer = partial(
                start_producer, settings, login, client_id="exchange", bytes_max=ORIGINAL_BYTES_MAX
            )
            producer = await open_producer()
            shelf, remembers = aligned.shelf, aligned.remembers
            measures = Measures(settings, shelf, casebook, worker)
            shedder = Shedder(casebook, open_store(store_place(home)))
            opened = Shell(
                settings,
                shelf,
                casebook,
                producer,
                Eraser(settings, login, casebook),
                measures,
                shedder,
                closer_of(settings, login, casebook),
                open_producer,
                remembers,
            )
            await measures.serve()
        except YichuanError as error:
            give_up(error)
        milestones.started(casebook, shelf.first.rulebook.hash, port_of(settings, worker))
        shell.set_result(opened)
        await _tick_for_ever(app, opened, milestones)

    @app.on_before_shutdown.connect
    async def end(_app: Any, /, *_: Any, **_signal: Any) -> None:  # noqa: ANN401 - Faust's signal
        """The consumer is empty by now: what was in hand is stored and published."""
        if shell.done():
            await shell.result().close()
        stopped()

    async def handle(messages: Sequence[Any]) -> None:
        await (await asyncio.shield(shell)).handle([_incoming(each) for each in messages])

    _read(app, flows, handle, settings.exchange.batch_max)


def _read(app: faust.App, flows: Any, handle: Handle, batch_max: int) -> None:  # noqa: ANN401 - Faust's topic
    """Subscribe to the flows; what comes is handled batch by batch."""
    transport = BatchTransport(app.conf.broker_consumer, app)
    transport.handle, transport.batch_max = handle, batch_max
    app.transport = transport
    app.topics.add(flows)


async def _tick_for_ever(app: faust.App, shell: Shell, milestones: Milestones) -> None:
    while not app.should_stop:
        ours = _ours(app)
        milestones.has((place.topic, place.partition) for place in ours)
        ends = {(place.topic, place.partition): app.consumer.highwater(place) for place in ours}
        try:
            await shell.tick(ends)
        except YichuanError as error:
            give_up(error)
        # A partition that has just become ours gets its Tick at once: with the batch goes out what
        # its last worker stored and did not send.
        await _until_due(app, ours, shell.settings.exchange.tick_seconds)


async def _until_due(app: faust.App, ours: list[Any], seconds: float) -> None:
    due = monotonic() + seconds
    for _ in range(ceil(seconds / _ASSIGNMENT_SECONDS)):
        if app.should_stop or _ours(app) != ours:
            return
        await asyncio.sleep(min(_ASSIGNMENT_SECONDS, max(due - monotonic(), 0)))


def _ours(app: faust.App) -> list[Any]:
    """Return the partitions of the flows that this worker has now."""
    flows = {flow.value for flow in Flow}
    return sorted(place for place in app.consumer.assignment() if place.topic in flows)


def _incoming(message: Any) -> Incoming:  # noqa: ANN401 - Faust's
    position = Position(message.topic, message.partition, message.offset)
    return incoming_of(position, message, round(message.timestamp * _MILLISECONDS))


def _loop(app: faust.App) -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = app.loop
    return loop
