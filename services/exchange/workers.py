"""The exchange's workers of one installation: their numbers, names and ports.

A worker's number is its identity in the consumer group: kept over restarts, it gets its partitions
back at once. Hosts that share one casebook number theirs on (`[exchange] first_worker`).
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final

from connectors.bus.alone import alone
from connectors.bus.home import Home, Settings
from schemas.errors import UserError
from services.casebook.store import is_shared

PORT_OFFSET: Final = 30  # of worker 0's /metrics, from ports.base
NAME: Final = "exchange"  # of worker 0, as it is recorded in the home
GROUP: Final = "exchange.flows"  # of which every worker is a member
SESSION_SECONDS: Final = 10.0  # so long one stays a member that is not heard of any more


def numbers(settings: Settings) -> range:
    """Return the numbers of the workers that are to run on this host."""
    first = settings.exchange.first_worker
    return range(first, first + settings.exchange.workers)


def name_of(worker: int) -> str:
    """Return the name under which a worker is recorded, shown and logged."""
    return f"{NAME}-{worker}" if worker else NAME


def port_of(settings: Settings, worker: int) -> int:
    """Return where a worker's /metrics and /healthz are."""
    return settings.ports.base + PORT_OFFSET + worker


def refuse_several_on_sqlite(settings: Settings) -> None:
    """Raise UserError exchange.workers_need_postgresql before a second worker is started."""
    exchange = settings.exchange
    if exchange.workers + exchange.first_worker > 1 and not is_shared(settings.casebook.url):
        where = f"[exchange] workers = {exchange.workers}, first_worker = {exchange.first_worker}"
        raise UserError("exchange.workers_need_postgresql", where=where, exit_code=3)


def only_worker(home: Home, worker: int) -> AbstractContextManager[None]:
    """Be the only process of this number: two would throw each other out of the group for ever.

    Raises UserError exchange.already_running.
    """
    return alone(_lock_of(home, worker), "exchange.already_running")


@contextmanager
def no_worker(home: Home, settings: Settings) -> Iterator[None]:
    """Keep every worker of this host stopped meanwhile, whichever casebook it is to write.

    Raises UserError casebook.in_use: one is running.
    """
    # Also one that was started when more were configured, or under other numbers.
    ever = (*home.run.glob(f"{NAME}.lock"), *home.run.glob(f"{NAME}-*.lock"))
    with ExitStack() as held:
        for lock in sorted({*ever, *(_lock_of(home, worker) for worker in numbers(settings))}):
            held.enter_context(alone(lock, "casebook.in_use"))
        yield


def _lock_of(home: Home, worker: int) -> Path:
    return home.run / f"{name_of(worker)}.lock"
