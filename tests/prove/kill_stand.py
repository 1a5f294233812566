"""The stack under the kill runs: fresh, in a home and on ports of its own; and how it is killed."""

import os
import signal
from typing import Final

from connectors.bus.home import Home, Settings
from deploy.local import processes
from tests.prove import brokers
from tests.prove.chapter import Ground
from tests.prove.stand import beside, new_home, wait_until

UP_SECONDS_MAX: Final = 400
DOWN_SECONDS_MAX: Final = 120
DEAD_SECONDS_MAX: Final = 10.0


def stack(ground: Ground) -> tuple[Home, Settings]:
    """Bring up a stack for one run, applied and ready; it ends with the prove run."""
    home, settings = new_home(ground, "kill", "tick_seconds = 2.0\n")
    yichuan, env = beside("yichuan"), {"YICHUAN_HOME": str(home.path)}
    ground.ends.callback(ground.command, yichuan, "down", env=env, seconds_max=DOWN_SECONDS_MAX)
    ground.command(yichuan, "up", env=env, seconds_max=UP_SECONDS_MAX)
    if ground.brokers == brokers.BROKERS:
        brokers.join(home, settings)
    for words in (("topics", "apply"), ("schemas", "apply")):
        ground.command(yichuan, *words, env=env, seconds_max=UP_SECONDS_MAX)
    return home, settings


def kill(home: Home, name: str, number: signal.Signals = signal.SIGKILL) -> processes.Process:
    """Kill one process of a home, by a signal it cannot answer; return what it was, once dead."""
    process = processes.running(home, name)
    assert process is not None, f"{name} does not run"
    os.kill(process.pid, number)
    child = processes._children.get(process.pid)
    # One of ours is over when all its threads are: what is ending has no command line any more,
    # and still holds its locks.
    gone = (lambda: child.poll() is not None) if child else lambda: not processes.is_alive(process)
    wait_until(gone, DEAD_SECONDS_MAX, f"{name} dead")
    return process
