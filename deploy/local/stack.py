"""`yichuan up`, `down` and `status`: the broker and the registry of a bare machine.

`up` finds what already runs and starts the rest; `down` ends every process recorded in the home,
those that use the broker first. Both can be repeated, and one at a time works on a home.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from connectors.bus.clock import monotonic
from connectors.bus.home import Home, Settings, cache_dir
from connectors.bus.private import write_private
from deploy.local import kafka, processes, registry
from deploy.local.artifacts import KAFKA, REGISTRY, locked
from deploy.local.fetch import fetch
from deploy.local.java import SCRATCH, Component, environment
from deploy.local.ports import listening_ports, refuse_if_taken
from deploy.local.tls import ensure_tls
from deploy.local.unpack import unpacked
from deploy.local.wording import say
from schemas.errors import UserError

READY_SECONDS_MAX: Final = 180.0  # of all components together
LOGIN_REFUSED_SECONDS_MAX: Final = 20.0  # a broker that just opened its port may not know it yet
LOCK_SECONDS_MAX: Final = 300.0  # another `up` of this home may be downloading
POLL_SECONDS: Final = 0.25
REPORT_SECONDS: Final = 3.0
GRACE_SECONDS: Final = 30.0  # after SIGTERM

Report = Callable[[str], None]


def up(home: Home, settings: Settings, report: Report) -> None:
    """Start what does not run, and return when every component answers a login.

    Raises UserError: stack.external, artifact.changed, artifact.unavailable, port.in_use,
    stack.settings_changed, stack.died, stack.not_ready, stack.login_lost, stack.login_refused,
    stack.format_failed, stack.busy.
    """
    if not settings.stack_is_local:
        raise UserError("stack.external", where=settings.bootstrap)
    with _alone(home, report):
        components = _components(home, settings, report)
        missing = [item for item in components if not _runs(home, item)]
        for port in (port for item in missing for port in item.ports):
            refuse_if_taken(port)
        for item in missing:
            title = f"{item.name} {item.version}"
            report(say(f"正在启动 {title}", f"starting {title}"))
            processes.start(home, item.name, item.argv, environment())
        # Who knows the home alone finds what runs there, whatever settings it was started with.
        write_private(home.ports, str(settings.ports.base))
        _await(home, components, report)


def download(report: Report) -> None:
    """Bring every locked file into the cache and check it: for a host that has no network later.

    Raises UserError artifact.changed, artifact.unavailable.
    """
    fetch(locked().artifacts, cache_dir(), report)


def down(home: Home, report: Report) -> tuple[str, ...]:
    """End every process recorded in the home: users of the broker, the registry, the broker.

    Return the names of those that ran. Raises Broken process.unkillable, UserError stack.busy.
    """
    if not home.run.exists():
        return ()
    stopped = []
    with _alone(home, report):
        recorded = [item.name for item in reversed(processes.all_recorded(home))]
        servers = (REGISTRY, KAFKA)
        for name in (*(name for name in recorded if name not in servers), *servers):
            if processes.stop(home, name, GRACE_SECONDS):
                stopped.append(name)
                report(say(f"已停止 {name}", f"stopped {name}"))
        home.ports.unlink(missing_ok=True)
    return tuple(stopped)


def _components(home: Home, settings: Settings, report: Report) -> list[Component]:
    """Check every download, write the configurations, and return what is to run."""
    lock, cache = locked(), cache_dir()
    with_registry = not settings.registry.url
    wanted = lock.artifacts if with_registry else lock.part(KAFKA)
    fetch(wanted, cache, report)
    (home.path / SCRATCH).mkdir(parents=True, exist_ok=True, mode=0o700)
    ensure_tls(home)
    found = [kafka.component(home, settings, lock, cache)]
    if not _runs(home, found[0]):
        kafka.prepare(home, settings, lock, cache)
    if with_registry:
        folder = unpacked(lock.part(REGISTRY)[0], lock.manifest_sha256, cache)
        found.append(registry.component(home, settings, lock, folder))
        if not _runs(home, found[1]):
            registry.prepare(home, settings)
    return found


def _runs(home: Home, component: Component) -> bool:
    """Whether it runs as these settings say. Raises UserError stack.settings_changed."""
    process = processes.running(home, component.name)
    if process is None:
        return False
    if process.argv != component.argv:
        detail = f"pid {process.pid}"
        raise UserError("stack.settings_changed", where=component.name, detail=detail)
    return True


def _await(home: Home, components: list[Component], report: Report) -> None:
    """Wait until every component answers a login, within READY_SECONDS_MAX."""
    started = reported = monotonic()
    for item in components:
        refused_since: float | None = None
        while True:
            _still_alive(home, components)
            at = monotonic()
            try:
                if _answers(home, item):
                    break
            except UserError:
                refused_since = refused_since or at
                if at - refused_since > LOGIN_REFUSED_SECONDS_MAX:
                    raise
            if at - started > READY_SECONDS_MAX:
                where = str(processes.log_file(home, item.name))
                raise UserError("stack.not_ready", where, f"{at - started:.0f} s", exit_code=3)
            if at - reported > REPORT_SECONDS:
                reported = at
                waited = f"{item.name} ({at - started:.0f} s)"
                report(say(f"等待就绪：{waited}", f"waiting for {waited}"))
            time.sleep(POLL_SECONDS)
        place = f"{item.name} 127.0.0.1:{item.port}"
        report(say(f"已就绪：{place}", f"ready: {place}"))


def _answers(home: Home, component: Component) -> bool:
    """Whether our own process has the port and takes a login there."""
    process = processes.running(home, component.name)
    if process is None or component.port not in listening_ports(process.pid):
        return False
    return component.ready()


def _still_alive(home: Home, components: list[Component]) -> None:
    for item in components:
        if processes.running(home, item.name) is None:
            where = str(processes.log_file(home, item.name))
            raise UserError("stack.died", where=where, detail=item.name, exit_code=3)


@contextmanager
def _alone(home: Home, report: Report) -> Iterator[None]:
    """Let one command at a time start and stop things in a home. Raises UserError stack.busy."""
    home.run.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.path.chmod(0o700)
    path = home.run / "stack.lock"
    with path.open("w", encoding="utf-8") as file:
        if not _locked(file):
            report(
                say("另一个 up 或 down 正在进行，等待中", "another up or down is at work: waiting")
            )
            until = monotonic() + LOCK_SECONDS_MAX
            while not _locked(file):
                if monotonic() > until:
                    raise UserError("stack.busy", where=str(path), exit_code=3)
                time.sleep(POLL_SECONDS)
        yield


def _locked(file: TextIO) -> bool:
    """Whether this command now has the home; the system gives it back when the command ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
