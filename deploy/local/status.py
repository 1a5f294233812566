"""What runs of an installation, and where: for `yichuan status`."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from connectors.bus.home import Home, Settings
from deploy.local import processes, registry
from deploy.local.artifacts import KAFKA, REGISTRY, locked
from deploy.local.ports import LOOPBACK, answers, listening_ports

_KAFKA_PORT: Final = 9092  # of a bootstrap address without one
_WEB_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """One component. Elsewhere (`local` false): `running` and `listening` say that it answers.

    `uptime_s` in seconds, `memory_bytes` resident; None where it cannot be known. `casebook_step`:
    of an exchange; `outdated`: it runs another program than is installed.
    """

    name: str
    local: bool
    running: bool
    pid: int | None
    address: str
    port: int | None
    listening: bool
    version: str | None
    uptime_s: float | None
    memory_bytes: int | None
    casebook_step: str | None = None
    outdated: bool | None = None


def status(home: Home, settings: Settings) -> tuple[ComponentStatus, ...]:
    """Return the broker, the registry, and every other process recorded in the home."""
    others = (
        _recorded(home, process.name, None, None)
        for process in processes.all_recorded(home)
        if process.name not in (KAFKA, REGISTRY)
    )
    return (_kafka(home, settings), _registry(home, settings), *others)


def _kafka(home: Home, settings: Settings) -> ComponentStatus:
    if settings.stack_is_local:
        return _recorded(home, KAFKA, settings.ports.base, locked().version(KAFKA))
    first = settings.kafka.bootstrap.split(",")[0].strip()
    parts = urlsplit(f"//{first}")
    return _elsewhere(KAFKA, first, parts.hostname or "", parts.port or _KAFKA_PORT)


def _registry(home: Home, settings: Settings) -> ComponentStatus:
    if settings.stack_is_local and not settings.registry.url:
        return _recorded(home, REGISTRY, registry.ports(settings)[0], locked().version(REGISTRY))
    url = settings.registry_url
    parts = urlsplit(url)
    port = parts.port or _WEB_PORTS.get(parts.scheme, _WEB_PORTS["http"])
    return _elsewhere(REGISTRY, url, parts.hostname or "", port)


def _elsewhere(name: str, address: str, host: str, port: int) -> ComponentStatus:
    reached = answers(host, port)
    return ComponentStatus(
        name=name,
        local=False,
        running=reached,
        pid=None,
        address=address,
        port=port,
        listening=reached,
        version=None,
        uptime_s=None,
        memory_bytes=None,
    )


def _recorded(home: Home, name: str, port: int | None, version: str | None) -> ComponentStatus:
    process = processes.running(home, name)
    open_ports = listening_ports(process.pid) if process else ()
    # The home notes the ports while the stack is up: without that, nothing is known to be there.
    noted = port if home.ports.exists() else None
    shown = port if port in open_ports else next(iter(open_ports), noted)
    return ComponentStatus(
        name=name,
        local=True,
        running=process is not None,
        pid=process.pid if process else None,
        address=f"{LOOPBACK}:{shown}" if shown else "",
        port=shown,
        listening=shown in open_ports,
        version=version,
        uptime_s=round(process.uptime.total_seconds(), 1) if process else None,
        memory_bytes=process.memory_bytes if process else None,
    )
