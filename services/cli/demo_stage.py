"""The demo's stage: the stack, the exchange and a connector for each agency, left running."""

import http.client
import io
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from deploy.local import processes, stack
from schemas.errors import UserError
from services.cli import rules_activate, schemas, topics
from services.cli.demo_scenarios import AGENCIES
from services.cli.output import in_language
from services.exchange import workers

EXCHANGE_FOLDER: Final = "exchange"  # in an agency's folder, as its connector's configuration says
EXCHANGE_DATABASE: Final = "exchange.sqlite"
READY_SECONDS_MAX: Final = 90.0
_POLL_SECONDS: Final = 0.3
_TICK_SECONDS: Final = "2"
_ANSWER_SECONDS_MAX: Final = 2.0
_OK: Final = 200

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """A process of the demo."""

    name: str
    argv: tuple[str, ...]
    port: int  # /metrics and /healthz

    @property
    def url(self) -> str:
        """Where its metrics are."""
        return f"http://127.0.0.1:{self.port}/metrics"


def raise_stage(home: Home, settings: Settings, report: Report) -> tuple[Part, ...]:
    """Bring up everything that does not run yet, and return the exchanges and the connectors.

    Raises UserError demo.part_died, demo.part_not_ready, exchange.workers_need_postgresql, and what
    the stack raises.
    """
    workers.refuse_several_on_sqlite(settings)
    if settings.stack_is_local:
        stack.up(home, settings, report)
    _quietly(lambda: topics.apply(home=home.path))
    report(in_language("主题、登录、权限、密钥已就绪", "topics, logins, rights and keys are there"))
    _quietly(lambda: schemas.apply(home=home.path))
    report(in_language("消息模式已登记", "the schemas are registered"))
    parts = (*_exchanges(home, settings), *_connectors(home, settings))
    _stop_surplus(home, parts)
    for part in parts:
        if processes.running(home, part.name) is None:
            processes.start(home, part.name, part.argv, _environment(home))
            report(in_language(f"正在启动 {part.name}", f"starting {part.name}"))
    for part in parts:
        _await(home, part)
        report(in_language(f"已就绪：{part.name}", f"ready: {part.name}"))
    # A home from before may decide by an older rulebook; else there is nothing to do.
    _quietly(lambda: rules_activate.activate(yes=True, home=home.path))
    return parts


def system_folder(home: Home, alias: str) -> Path:
    """Return where an agency's own system of the demo lies."""
    return home.path / "agencies" / alias


def _exchanges(home: Home, settings: Settings) -> tuple[Part, ...]:
    parts = []
    for worker in workers.numbers(settings):
        numbered = ("--worker", str(worker)) if worker else ()
        argv = _python("services.exchange", "--home", str(home.path), *numbered)
        parts.append(Part(workers.name_of(worker), argv, workers.port_of(settings, worker)))
    return tuple(parts)


def _stop_surplus(home: Home, parts: tuple[Part, ...]) -> None:
    """End what an earlier demo of more workers left running."""
    wanted = {part.name for part in parts}
    for process in processes.all_recorded(home):
        if process.name.startswith(workers.NAME) and process.name not in wanted:
            processes.stop(home, process.name, stack.GRACE_SECONDS)


def _connectors(home: Home, settings: Settings) -> tuple[Part, ...]:
    parts = []
    for number, (alias, kind) in enumerate(AGENCIES.items(), start=workers.numbers(settings).stop):
        port = workers.port_of(settings, number)  # behind those of the exchanges
        config = system_folder(home, alias) / "connector.toml"
        argv = _python(f"connectors.{kind}", str(config), "--home", str(home.path))
        part = Part(f"connector-{alias}", argv, port)
        _configure(home, part, config, _config(alias, kind, port))
        parts.append(part)
    return tuple(parts)


def _configure(home: Home, part: Part, config: Path, text: str) -> None:
    """Write a connector's configuration; one that runs by another is ended first."""
    config.parent.mkdir(parents=True, exist_ok=True)
    if config.exists() and config.read_text(encoding="utf-8") != text:
        processes.stop(home, part.name, stack.GRACE_SECONDS)
    config.write_text(text, encoding="utf-8")


_SOURCES: Final[Mapping[str, str]] = {
    "folder": f'folder = "{EXCHANGE_FOLDER}"',
    "database": f'url = "sqlite:///{EXCHANGE_DATABASE}"',
}


def _config(alias: str, kind: str, port: int) -> str:
    head = f'organ = "{alias}"\nkind = "{kind}"\nmetrics_port = {port}\n'
    return f"{head}\n[source]\n{_SOURCES[kind]}\npoll_seconds = 0.2\n"


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    """Run a module of ours; -P: the home, where it runs, is no place to import from."""
    return (sys.executable, "-P", "-m", module, *arguments)


def _environment(home: Home) -> dict[str, str]:
    """A demo is watched: its clock ticks more often than the ten seconds that a county needs."""
    watched = {"YICHUAN_EXCHANGE__TICK_SECONDS": _TICK_SECONDS}
    return {**watched, **os.environ, "YICHUAN_HOME": str(home.path)}


def _await(home: Home, part: Part) -> None:
    deadline = monotonic() + READY_SECONDS_MAX
    while not _is_healthy(part.port):
        log = str(processes.log_file(home, part.name))
        if processes.running(home, part.name) is None:
            raise UserError("demo.part_died", where=log, detail=part.name, exit_code=3)
        if monotonic() > deadline:
            raise UserError("demo.part_not_ready", where=log, detail=part.name, exit_code=3)
        time.sleep(_POLL_SECONDS)


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS_MAX)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _quietly(apply: Callable[[], object]) -> None:
    """Run a command of ours for what it does, not for what it prints."""
    with redirect_stdout(io.StringIO()):
        apply()
