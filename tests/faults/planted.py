"""The real exchange or connector with its labelled points, at one of which it is struck.

python -m tests.faults.planted [--strike POINT:VISIT:ACT] [--bug NAME] exchange|folder|database …

The product's own functions run; around some of them stands a look whether the moment has come.
What happened is written into `faults/events.jsonl` of the home before it happens.
"""

import argparse
import asyncio
import functools
import inspect
import json
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from connectors.bus import clock
from connectors.bus import process as connector_process
from connectors.database import app as database_app
from connectors.folder import app as folder_app
from schemas.messages import Tick
from services.exchange import __main__ as exchange_main
from services.exchange.intake import Sound
from tests.faults.bugs import BUGS
from tests.faults.points import Act, Strike, parse

EVENTS: Final = "faults/events.jsonl"
LAST_BYTES: Final = 16
After = Callable[..., bool]  # of the result: whether a message was in hand


class PlantedError(Exception):
    """The exception that nobody expects."""


@dataclass(slots=True)
class Watcher:
    """Counts the visits of the one point, and strikes."""

    name: str
    events: Path
    strike: Strike | None
    left: int = 0
    is_busy: bool = False  # the exchange's batch has more than Ticks
    told: set[str] = field(default_factory=set)
    last: mmap.mmap | None = None  # the point passed last, for whoever kills from outside

    def passes(self, point: str) -> None:
        """A point is passed with a message in hand."""
        if self.last is not None:
            self.last[:] = point.encode().ljust(LAST_BYTES)
        if self.strike is None or self.strike.point != point or self.left <= 0:
            return
        self.left -= 1
        if self.left == 0:
            self.tell("landed", point=point, act=self.strike.act)
            _do(self.strike.act)

    def tell(self, event: str, **more: str) -> None:
        """Append a line; a kill does not take it back."""
        line = {"event": event, "process": self.name, "pid": os.getpid()}
        line |= {"at": clock.now().timestamp(), "cpu": time.process_time(), **more}
        descriptor = os.open(self.events, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, f"{json.dumps(line)}\n".encode())
        os.close(descriptor)

    def tell_once(self, event: str) -> None:
        """Tell what matters only the first time."""
        if event not in self.told:
            self.told.add(event)
            self.tell(event)


def main() -> None:
    """Run one until it is struck or told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--strike", type=parse)
    parser.add_argument("--bug", choices=sorted(BUGS))
    parser.add_argument("--via", help="PORT=PORT: connect to the second where the first is meant")
    parser.add_argument("--migrations", type=Path, help="of the next release")
    parser.add_argument("--name", required=True)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("kind", choices=("exchange", "folder", "database"))
    options, rest = parser.parse_known_args()
    watcher = Watcher(options.name, options.events, options.strike)
    watcher.left = options.strike.visit if options.strike else 0
    with last_of(options.events, options.name).open("w+b") as file:
        file.truncate(LAST_BYTES)
        watcher.last = mmap.mmap(file.fileno(), LAST_BYTES)
    sys.argv = [sys.argv[0], *rest]
    with ExitStack() as planted:
        points = _exchange_points if options.kind == "exchange" else _connector_points
        for target, replacement in points(watcher):
            planted.enter_context(patch(target, replacement))
        if options.via:
            planted.enter_context(_through(*map(int, options.via.split("="))))
        if options.migrations:
            planted.enter_context(patch("services.casebook.migrate._FOLDER", options.migrations))
        if options.bug:
            BUGS[options.bug](planted)
        if options.kind == "exchange":
            exchange_main.main()
        else:
            app = folder_app if options.kind == "folder" else database_app
            connector_process.main(f"connectors.{options.kind}", app.run_file)


def _through(meant: int, proxy: int) -> AbstractContextManager[Any]:
    """Connect to the proxy wherever its port is meant."""
    connect = asyncio.BaseEventLoop.create_connection

    async def connected(self: Any, factory: Any, host: Any, port: Any, **options: Any) -> Any:
        return await connect(self, factory, host, proxy if port == meant else port, **options)

    return patch.object(asyncio.BaseEventLoop, "create_connection", connected)


def last_of(events: Path, name: str) -> Path:
    """Return the file that holds the point which a process passed last."""
    return events.with_name(f"{name}.last")


def _do(act: Act) -> None:
    match act:
        case Act.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Act.TERM:
            os.kill(os.getpid(), signal.SIGTERM)
        case Act.STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        case Act.RAISE:
            raise PlantedError
        case Act.HANG:
            threading.Event().wait()
        case Act.CANCEL:
            task = asyncio.current_task()
            assert task is not None
            task.cancel()


def _exchange_points(watcher: Watcher) -> list[tuple[str, Any]]:
    def taken(intakes: Any) -> bool:
        watcher.is_busy = any(
            not (isinstance(each, Sound) and isinstance(each.opened.message, Tick))
            for each in intakes
        )
        return watcher.is_busy

    def busy(*_: Any) -> bool:
        return watcher.is_busy

    def counted(_: Any) -> bool:
        if watcher.is_busy:
            watcher.tell_once("processed")
        return watcher.is_busy

    shell, work = "services.exchange.shell", "services.casebook.work.Work"
    outbox = "services.exchange.outbox"
    return [
        _around(watcher, f"{shell}.take_batch", "decoded", taken),
        _around(watcher, f"{work}.lock", "locked", busy),
        _around(watcher, "services.exchange.desk.Desk.handle", "decided", busy),
        _around(watcher, f"{work}.flush", "written", busy, before="unwritten"),
        _around(watcher, f"{shell}.run_batch", "committed", busy),
        _around(watcher, "aiokafka.AIOKafkaProducer.send", "half_sent", busy),
        _around(watcher, f"{outbox}._send", "published", busy),
        _around(watcher, f"{outbox}._clear", "cleared", busy),
        _around(watcher, f"{shell}.Shell.handle", "handled", counted),
    ]


def _connector_points(watcher: Watcher) -> list[tuple[str, Any]]:
    def some(result: Any) -> bool:
        return bool(result)

    def always(_: Any) -> bool:
        return True

    def read(_: Any) -> bool:
        watcher.tell_once("processed")
        return True

    desk, broker = "connectors.bus.desk.Desk", "connectors.bus.broker"
    points = [
        _around(watcher, "connectors.bus.ledger.Ledger.put_in_spool", "spooling", some),
        _around(watcher, f"{desk}.take_out", "spooled", some),
        _around(watcher, f"{broker}.KafkaPublisher.publish", "sent", always),
        _around(watcher, "connectors.bus.ledger.Ledger.published", "noted", always),
        _around(watcher, f"{desk}.take_in", "got", always),
        _around(watcher, f"{broker}.KafkaInbox.commit", "read", read),
    ]
    for system in ("connectors.folder.app.Folder", "connectors.database.exchange.ExchangeTables"):
        points += [
            _around(watcher, f"{system}.collect", "taken", some),
            _around(watcher, f"{system}.mark", "shown", always),
            _around(watcher, f"{system}.deliver", "given", always),
        ]
    return points


def _around(
    watcher: Watcher, target: str, point: str, in_hand: After, *, before: str = ""
) -> tuple[str, Any]:
    """Return the target with a point behind it, and with another before it."""
    module, _, name = target.rpartition(".")
    owner = _import(module)
    original = getattr(owner, name)

    def entering() -> None:
        if before and in_hand(None):
            watcher.passes(before)

    def leaving(result: Any) -> None:
        if in_hand(result):
            watcher.passes(point)

    @functools.wraps(original)
    def plain(*args: Any, **kwargs: Any) -> Any:
        entering()
        result = original(*args, **kwargs)
        leaving(result)
        return result

    @functools.wraps(original)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        entering()
        result = await original(*args, **kwargs)
        leaving(result)
        return result

    return target, awaited if inspect.iscoroutinefunction(original) else plain


def _import(path: str) -> Any:
    """Return a module, or a class in one."""
    try:
        return __import__(path, fromlist=["_"])
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(_import(module), name)


if __name__ == "__main__":
    main()
