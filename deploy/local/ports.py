"""Who listens where on this host."""

import socket
from dataclasses import dataclass
from typing import Final

import psutil

from schemas.errors import UserError

LOOPBACK: Final = "127.0.0.1"
CONNECT_SECONDS_MAX: Final = 3.0


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that has a port. None: the system does not tell this user."""

    pid: int | None
    name: str | None


def refuse_if_taken(port: int) -> None:
    """Refuse a port of 127.0.0.1 that somebody has: UserError port.in_use naming the holder."""
    if is_free(port):
        return
    found = holder(port)
    detail = f"pid {found.pid or '?'} {found.name or '?'}"
    raise UserError("port.in_use", where=f"{LOOPBACK}:{port}", detail=detail, exit_code=3)


def is_free(port: int) -> bool:
    """Whether a listener of ours could have the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def holder(port: int) -> Holder:
    """Return the process that listens on a port, or else has it as its end of a connection."""
    ends = (item for item in psutil.net_connections("tcp") if item.laddr)
    found = [item for item in ends if item.laddr.port == port]
    found.sort(key=lambda item: (item.status != psutil.CONN_LISTEN, item.pid is None))
    pid = next((int(item.pid) for item in found if item.pid), None)
    if pid is None:
        return Holder(None, None)
    try:
        return Holder(pid, str(psutil.Process(pid).name()))
    except psutil.NoSuchProcess:
        return Holder(pid, None)


def listening_ports(pid: int) -> tuple[int, ...]:
    """Return the TCP ports that a process of ours listens on, sorted."""
    try:
        found = psutil.Process(pid).net_connections("tcp")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return ()
    return tuple(sorted({item.laddr.port for item in found if item.status == psutil.CONN_LISTEN}))


def answers(host: str, port: int) -> bool:
    """Whether somebody accepts a connection there within CONNECT_SECONDS_MAX."""
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS_MAX).close()
    except OSError:
        return False
    return True
