"""The process around a connector: one for each organ and home, stopped by SIGTERM or SIGINT."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from connectors.bus import metrics
from connectors.bus.agency import Agency, ConnectorConfig, load_agency
from connectors.bus.alone import alone
from connectors.bus.broker import KafkaInbox, KafkaPublisher
from connectors.bus.build import VERSION
from connectors.bus.carrier import Carrier
from connectors.bus.connector import Connector
from connectors.bus.crash import leave_no_message
from connectors.bus.desk import Desk
from connectors.bus.exits import in_words, leave, status_of
from connectors.bus.health import serving
from connectors.bus.home import Home, home_at
from connectors.bus.log_filter import quieten
from connectors.bus.stores import open_store
from connectors.bus.system import System
from connectors.bus.watchdog import watched
from schemas.errors import YichuanError

_CLOSE_SECONDS_MAX: Final = 10.0

LOG: Final = logging.getLogger("yichuan.connector")
Run = Callable[[Path, Home | None], None]


def run(
    config: ConnectorConfig,
    home: Home | None,
    system_of: Callable[[Agency], System],
    poll_seconds: float,
) -> None:
    """Run one connector until it is told to stop. Raises YichuanError for what cannot go on.

    One for each organ: UserError connector.already_running for a second.
    """
    leave_no_message()
    agency = load_agency(config, home)
    with alone(agency.folder / "lock", "connector.already_running"):
        asyncio.run(_run(agency, system_of, poll_seconds, config.metrics_port))


def main(program: str, run_file: Run) -> None:
    """The command of a kind: `python -m connectors.<kind> CONFIG [--home HOME]`."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    parser.add_argument("config", type=Path)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    log_to_stderr()
    try:
        run_file(options.config, home_at(options.home) if options.home else None)
    except YichuanError as error:
        sys.stderr.write(in_words(error))
        leave(status_of(error))
    leave(0)


def log_to_stderr() -> None:
    """Log ids and codes, a line each; the Kafka client only when something is wrong."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    quieten(logging.getLogger())


async def _run(
    agency: Agency, system_of: Callable[[Agency], System], poll_seconds: float, port: int
) -> None:
    publisher, inbox = KafkaPublisher(agency), KafkaInbox(agency)
    connector = Connector(
        agency.alias,
        lambda: Desk(agency, system_of(agency)),
        publisher,
        inbox,
        poll_seconds,
        lambda files: Carrier(agency, open_store(agency.store), files.landing),
    )
    vitals = connector.vitals
    vitals.unread = lambda: agency.keyring.unread
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        connector.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        async with serving(
            port, live=vitals.live, ready=vitals.ready, started=vitals.started
        ) as open_port:
            metrics.tell_build(f"connector-{agency.alias}")
            LOG.info(
                "%s: yichuan %s, /metrics and /healthz on port %d",
                agency.alias,
                VERSION,
                open_port,
            )
            if await _opened(stopped, publisher, inbox):
                LOG.info("%s: connected", agency.alias)
                with watched(vitals.live):
                    await connector.run()
            LOG.info("%s: stopped", agency.alias)
    finally:
        for end in (publisher, inbox):
            with suppress(TimeoutError):  # a broker that is away: what is not closed ends with us
                await asyncio.wait_for(end.close(), _CLOSE_SECONDS_MAX)


async def _opened(stopped: asyncio.Event, publisher: KafkaPublisher, inbox: KafkaInbox) -> bool:
    """Connect; False when the process is told to stop before the broker answers."""
    stop = asyncio.create_task(stopped.wait())
    opening = [asyncio.create_task(publisher.open()), asyncio.create_task(inbox.open())]
    try:
        for task in opening:
            await asyncio.wait([stop, task], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                return False
            await task
    finally:
        for pending in (stop, *opening):
            pending.cancel()
        await asyncio.gather(stop, *opening, return_exceptions=True)
    return True
