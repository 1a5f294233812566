"""Which program the processes on this host run, as their own pages say; only looks."""

import http.client
import re
from dataclasses import dataclass
from typing import Final

from connectors.bus.build import VERSION, code
from deploy.local.ports import LOOPBACK
from services.casebook.migrate import head

_ANSWER_SECONDS_MAX: Final = 3.0
_BODY_BYTES_MAX: Final = 4 << 20
_INFO: Final = re.compile(r"^yichuan_build_info\{([^}\n]*)\} ", re.MULTILINE)
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Build:
    """A program. `code` None: one of before processes said so; an exchange has the others."""

    version: str
    code: str | None
    casebook_step: str | None = None
    rulebook: str | None = None  # the hash that it decides by; several while one comes into force

    @property
    def is_installed(self) -> bool:
        """Whether it is the program that lies here now."""
        return self.code == code()

    def __str__(self) -> str:
        """Tell it as the doctor does."""
        step = f", casebook {self.casebook_step}" if self.casebook_step else ""
        return f"{self.version} ({self.code or '-'}{step})"


def installed() -> Build:
    """Return the program that lies here, and so the one of this very command."""
    return Build(VERSION, code(), head())


def build_at(port: int) -> Build | None:
    """Return what the process at a port runs; None when it does not answer as one of ours."""
    found = _INFO.search(page(port, "/metrics") or "")
    if found is None:
        return None
    labels = dict(_LABEL.findall(found[1]))
    told = (labels.get("code"), labels.get("casebook"), labels.get("rulebook"))
    return Build(labels.get("version", ""), *(each or None for each in told))


def page(port: int, path: str) -> str | None:
    """Return a page of a process on this host; None when it does not answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ANSWER_SECONDS_MAX)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(_BODY_BYTES_MAX).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
