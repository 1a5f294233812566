"""A small county on the real stack, whose processes can be killed and started again.

Broker, registry, exchange and one connector an agency are each a process of its own.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings
from deploy.local import processes
from tests.faults.agencies import Agency

EXCHANGE: Final = "exchange"
CONNECTOR_PORT_OFFSET: Final = 40
STOP_SECONDS_MAX: Final = 60.0
POLL_SECONDS: Final = 0.2


@dataclass(slots=True)
class County:
    """The running parts. `home` is that of a stack which is up and applied."""

    home: Home
    settings: Settings
    agencies: Sequence[Agency]
    exchange_module: str = "services.exchange"  # a test build names another
    commands: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def start(self) -> None:
        """Start the exchange and a connector for each agency."""
        self.commands[EXCHANGE] = (
            sys.executable,
            "-m",
            self.exchange_module,
            "--home",
            str(self.home.path),
        )
        for number, agency in enumerate(self.agencies):
            config = self.home.path / f"{agency.alias}.connector.toml"
            port = self.settings.ports.base + CONNECTOR_PORT_OFFSET + number
            config.write_text(agency.config(self.home.path, port), encoding="utf-8")
            module = (
                "connectors.folder" if "folder" in config.read_text() else "connectors.database"
            )
            self.commands[agency.alias] = (sys.executable, "-m", module, str(config))
        for name in self.commands:
            self.begin(name)

    def begin(self, name: str) -> None:
        """Start one process."""
        processes.start(self.home, name, self.commands[name], os.environ)

    def kill(self, name: str) -> None:
        """Kill -9 one process, then start it again."""
        self._signal(name, signal.SIGKILL)
        self.begin(name)

    def terminate(self, name: str) -> int:
        """SIGTERM one process, wait for its end, start it again; return its exit status."""
        status = self._signal(name, signal.SIGTERM)
        self.begin(name)
        return status

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
