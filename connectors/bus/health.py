"""How a process says that it lives: /metrics, and /livez, /readyz, /startupz, /healthz.

Live is about the process itself (it makes progress), never about the broker: a broker that is
away must not make a supervisor restart every process. Ready is about serving. Only this host
can ask, and nothing confidential is in any answer.
"""

import errno
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from connectors.bus.metrics import REGISTRY, UNREADY, tell_all
from schemas.errors import UserError

LOOPBACK: Final = "127.0.0.1"
_STOP_SECONDS_MAX: Final = 2.0
_OK: Final = 200
_UNAVAILABLE: Final = 503
_OF_NOW: Final = {"Cache-Control": "no-store"}  # an answer kept by somebody says what was once


@dataclass(frozen=True, slots=True)
class Health:
    """Whether all is well. `reasons` are codes and places that say why not, never content."""

    reasons: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """No reason against it."""
        return not self.reasons


Probe = Callable[[], Health]
Handler = Callable[[web.Request], Awaitable[web.Response]]


@asynccontextmanager
async def serving(
    port: int, *, live: Probe, ready: Probe, started: Probe = Health
) -> AsyncIterator[int]:
    """Serve the pages while the block runs, and give the port: the one chosen where it was 0.

    /healthz is all three together. Raises UserError port.in_use.
    """
    runner = web.AppRunner(
        _app({"startup": started, "live": live, "ready": ready}),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=_STOP_SECONDS_MAX,
    )
    await runner.setup()
    try:
        await _listen(runner, port)
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise UserError("port.in_use", where=f"{LOOPBACK}:{port}", exit_code=3) from None


def _app(probes: dict[str, Probe]) -> web.Application:
    app = web.Application()
    app.router.add_get("/metrics", _metrics(probes))
    app.router.add_get("/startupz", _page({"startup": probes["startup"]}))
    app.router.add_get("/livez", _page({"live": probes["live"]}))
    app.router.add_get("/readyz", _page({"ready": probes["ready"]}))
    app.router.add_get("/healthz", _page(probes))
    return app


def _page(probes: dict[str, Probe]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        found = {name: probe() for name, probe in probes.items()}
        ok = all(health.ok for health in found.values())
        parts = {
            name: {"ok": health.ok, "reasons": list(health.reasons)}
            for name, health in found.items()
        }
        status = _OK if ok else _UNAVAILABLE
        return web.json_response({"ok": ok, **parts}, status=status, headers=_OF_NOW)

    return answer


def _metrics(probes: dict[str, Probe]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        # Who alerts by these reads no page of health: what it says stands here, too.
        tell_all(UNREADY, Counter(_reasons(probes)))
        body = generate_latest(REGISTRY)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, **_OF_NOW})

    return answer


def _reasons(probes: dict[str, Probe]) -> Iterator[tuple[str, str]]:
    """Yield each reason by its first word: what follows is a place, and those have no bound."""
    for name, probe in probes.items():
        for reason in probe().reasons:
            yield name, reason.split()[0].removesuffix(":")
