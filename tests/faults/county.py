"""A small county on the real stack, whose processes can be killed and started again.

Broker, registry, exchange and one connector an agency are each a process of its own.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Final

from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from deploy.local import processes
from services.exchange import workers
from tests.faults.agencies import Agency

CONNECTOR_PORT_OFFSET: Final = 40
STOP_SECONDS_MAX: Final = 60.0
POLL_SECONDS: Final = 0.2
REPO: Final = Path(__file__).resolve().parents[2]  # where `tests` can be imported from


@dataclass(slots=True)
class County:
    """The running parts. `home` is that of a stack which is up and applied."""

    home: Home
    settings: Settings
    agencies: Sequence[Agency]
    exchange_module: str = "services.exchange"  # a test build names another
    commands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    environment: dict[str, dict[str, str]] = field(default_factory=dict)  # more of it, by process

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The names of the exchanges: as many as are configured."""
        return tuple(workers.name_of(number) for number in workers.numbers(self.settings))

    def start(self) -> None:
        """Start the exchanges and a connector for each agency."""
        for worker in workers.numbers(self.settings):
            self.commands[workers.name_of(worker)] = (
                sys.executable,
                "-m",
                self.exchange_module,
                "--home",
                str(self.home.path),
                "--worker",
                str(worker),
            )
        for number, agency in enumerate(self.agencies):
            config = self.write_config(number, agency)
            module = (
                "connectors.folder" if "folder" in config.read_text() else "connectors.database"
            )
            self.commands[agency.alias] = (sys.executable, "-m", module, str(config))
        for name in self.commands:
            self.begin(name)

    def write_config(self, number: int, agency: Agency) -> Path:
        """Write the configuration of an agency's connector."""
        config = self.home.path / f"{agency.alias}.connector.toml"
        port = self.settings.ports.base + CONNECTOR_PORT_OFFSET + number
        config.write_text(agency.config(self.home.path, port), encoding="utf-8")
        return config

    def begin(self, name: str) -> None:
        """Start one process."""
        self.launch(name, self.commands[name])

    def launch(self, name: str, argv: tuple[str, ...]) -> None:
        """Start one process by these words; with what `environment` has for it."""
        around = {**os.environ, **self.environment.get(name, {})}
        processes.start(self.home, name, argv, around, cwd=REPO)

    def kill(self, name: str) -> None:
        """Kill -9 one process, then start it again."""
        self._signal(name, signal.SIGKILL)
        self.begin(name)

    def terminate(self, name: str) -> int:
        """SIGTERM one process, wait for its end, start it again; return its exit status."""
        status = self._signal(name, signal.SIGTERM)
        self.begin(name)
        return status

    def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP one process, and let it go on after so long, while everything else goes on."""
        process = processes.running(self.home, name)
        assert process is not None, f"{name} does not run:\n{self.log(name)}"
        os.kill(process.pid, signal.SIGSTOP)
        Timer(seconds, os.kill, (process.pid, signal.SIGCONT)).start()

    def supervise(self) -> list[str]:
        """Start again what has ended, as a supervisor of the host does; return the names."""
        ended = [name for name in self.commands if processes.running(self.home, name) is None]
        for name in ended:
            self.begin(name)
        return ended

    def stop(self) -> None:
        """End all of them, connectors first."""
        for name in reversed(self.commands):
            processes.stop(self.home, name, STOP_SECONDS_MAX)

    def log(self, name: str) -> str:
        """Return the end of a process's log, for a failing check."""
        return processes.log_file(self.home, name).read_text(encoding="utf-8")[-2000:]

    def _signal(self, name: str, number: signal.Signals) -> int:
        process = processes.running(self.home, name)
        assert process is not None, f"{name} does not run:\n{self.log(name)}"
        os.kill(process.pid, number)
        _pid, status = os.waitpid(process.pid, 0)
        return os.waitstatus_to_exitcode(status)


def wait_until(
    condition: Callable[[], bool], seconds_max: float, what: str, pause: Callable[[float], None]
) -> float:
    """Return how long it took until the condition held. Raises AssertionError after the limit."""
    began = monotonic()
    while not condition():
        took = monotonic() - began
        assert took < seconds_max, f"{what}: not within {seconds_max:.0f} s"
        pause(POLL_SECONDS)
    return monotonic() - began


def port_bases(used: Mapping[str, int]) -> int:
    """Return a port base that no other stand of the run has."""
    return max(used.values(), default=27_000) + 100


def folder_of(home: Home, alias: str) -> Path:
    """Return where a folder agency of the county lives."""
    return home.path / "agencies" / alias
