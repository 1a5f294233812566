"""Start processes that outlive the command, find them again, end them, and never anybody else's.

A process is recorded in the home as pid, start time and command line; all three must fit before it
is taken for ours, so a pid that the system gave to another process is left alone.
"""

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil

from connectors.bus.clock import monotonic, now
from connectors.bus.home import Home
from connectors.bus.private import write_private
from schemas.errors import Broken, UserError

SAME_START_SECONDS: Final = 120.0  # the host's clock may be set while a process runs
KILL_SECONDS_MAX: Final = 10.0  # after SIGKILL
END_POLL_SECONDS: Final = 0.02
COMMAND_LINE_SECONDS_MAX: Final = 5.0  # between the start and the command line being shown
COMMAND_LINE_POLL_SECONDS: Final = 0.002
LOG_BYTES_MAX: Final = 16 << 20  # a longer log is set aside (.1) at the next start

# The handles of this very process's children: an ended child stays a zombie until it is polled.
_children: Final[dict[int, subprocess.Popen[bytes]]] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """A recorded process. `created` in seconds since the epoch; `log` has its stdout and stderr."""

    name: str
    pid: int
    created: float
    argv: tuple[str, ...]
    log: Path

    @property
    def uptime(self) -> timedelta:
        """Since it was started."""
        return timedelta(seconds=max(0.0, now().timestamp() - self.created))

    @property
    def memory_bytes(self) -> int:
        """Resident memory; 0 when it has ended."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0


def start(
    home: Home,
    name: str,
    argv: tuple[str, ...],
    env: Mapping[str, str],
    cwd: Path | None = None,
) -> Process:
    """Start a process in a session of its own, its output appended to logs/<name>.log.

    `argv[0]` is a binary (a script would be seen under its interpreter's name), `argv` holds no
    secret (everybody on the host can read it), `env` is the whole environment. `cwd`: the home.
    Raises UserError process.running, and OSError when the binary cannot be run.
    """
    if running(home, name) is not None:
        raise UserError("process.running", where=name)
    log = log_file(home, name)
    _set_aside(log)
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 -- argv is built by us, no shell
            argv,
            cwd=cwd or home.path,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    _await_command_line(child.pid)
    process = Process(name, child.pid, _created(child.pid), argv, log)
    record = {"name": name, "pid": process.pid, "created": process.created, "argv": argv}
    write_private(_record(home, name), json.dumps(record))
    return process


def running(home: Home, name: str) -> Process | None:
    """Return the recorded process when it still runs."""
    try:
        found = json.loads(_record(home, name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    process = Process(
        name=name,
        pid=int(found["pid"]),
        created=float(found["created"]),
        argv=tuple(found["argv"]),
        log=log_file(home, name),
    )
    return process if is_alive(process) else None


def is_alive(process: Process) -> bool:
    """Whether this process, and not another with its pid, still runs."""
    child = _children.get(process.pid)
    if child is not None and child.poll() is not None:
        return False
    try:
        seen = psutil.Process(process.pid)
        same_start = abs(seen.create_time() - process.created) <= SAME_START_SECONDS
        return same_start and tuple(seen.cmdline()) == process.argv
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # ended, a zombie, or another user's
        return False


def stop(home: Home, name: str, grace_s: float) -> bool:
    """End a recorded process and its children: SIGTERM, after `grace_s` seconds SIGKILL.

    Return whether it ran. Raises Broken process.unkillable.
    """
    process = running(home, name)
    if process is not None:
        end(process, grace_s)
    _record(home, name).unlink(missing_ok=True)
    return process is not None


def end(process: Process, grace_s: float) -> None:
    """End a process and its children, recorded or not: SIGTERM, after `grace_s` seconds SIGKILL.

    Harmless when it has ended. Raises Broken process.unkillable.
    """
    if not is_alive(process):
        return
    try:
        leader = psutil.Process(process.pid)
        family = [leader, *leader.children(recursive=True)]
        leader.terminate()
    except psutil.NoSuchProcess:
        return
    _left_after([leader], grace_s)
    for member in family:
        if not _has_ended(member):
            _kill(member)
    left = _left_after(family, KILL_SECONDS_MAX)
    child = _children.pop(process.pid, None)
    if child is not None and not left:
        # Not `poll`: a JVM is seen as a zombie while its last threads still end.
        child.wait(KILL_SECONDS_MAX)
    if left:
        pids = ", ".join(str(member.pid) for member in left)
        raise Broken("process.unkillable", where=process.name, detail=f"pid {pids}")


def all_recorded(home: Home) -> tuple[Process, ...]:
    """Return every recorded process that still runs, the first started first."""
    names = sorted(path.stem for path in home.run.glob("*.pid.json"))
    found = (running(home, name.removesuffix(".pid")) for name in names)
    return tuple(sorted((item for item in found if item), key=lambda item: item.created))


def log_file(home: Home, name: str) -> Path:
    """Where a process's stdout and stderr go."""
    return home.logs / f"{name}.log"


def _left_after(family: list[psutil.Process], seconds_max: float) -> list[psutil.Process]:
    """Return those that have not ended within the seconds."""
    until = monotonic() + seconds_max
    while (left := [one for one in family if not _has_ended(one)]) and monotonic() < until:
        time.sleep(END_POLL_SECONDS)
    return left


def _has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more. Its pid may stay until its parent looks: some never do.

    A JVM's first thread is a zombie while its other threads are still ending: not ended yet.
    """
    try:
        if not process.is_running():
            return True
        return bool(process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1)
    except psutil.NoSuchProcess:
        return True


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _await_command_line(pid: int) -> None:
    """Wait until the system shows the new process's command line: for a moment it shows none."""
    until = monotonic() + COMMAND_LINE_SECONDS_MAX
    try:
        while not psutil.Process(pid).cmdline() and monotonic() < until:
            time.sleep(COMMAND_LINE_POLL_SECONDS)
    except psutil.NoSuchProcess:  # it has ended already
        return


def _created(pid: int) -> float:
    """Return when a process was started; now, when it has ended already."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return now().timestamp()


def _record(home: Home, name: str) -> Path:
    return home.run / f"{name}.pid.json"


def _set_aside(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_name(f"{log.name}.1"))
