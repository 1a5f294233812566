"""Starting, finding and ending processes, with real ones."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from connectors.bus.clock import monotonic
from connectors.bus.home import Home
from deploy.local import processes
from schemas.errors import UserError

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
SLEEPS = "import time; print('awake', flush=True); time.sleep(600)"
HEADLESS = """
import ctypes, os, threading
threading.Thread(target=os.read, args=(0, 1)).start()
print("awake", flush=True)
ctypes.CDLL(None).syscall(60, 0)  # exit of the first thread alone, as a JVM's does
"""
GRACE = 20.0


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    for process in processes.all_recorded(made):
        processes.stop(made, process.name, 0.1)


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def first_line(process: processes.Process) -> str:
    """Return the first line of a process's log, waiting for it at most GRACE seconds."""
    deadline = psutil.Process(process.pid)
    for _ in range(int(GRACE / 0.05)):
        lines = process.log.read_text(encoding="utf-8").splitlines()
        if lines:
            return lines[0]
        psutil.wait_procs([deadline], timeout=0.05)
    pytest.fail("the process said nothing")


def test_a_started_process_is_found_again_and_ends_when_told(home: Home) -> None:
    started = processes.start(home, "sleeper", python(SLEEPS), {})
    assert first_line(started) == "awake"
    assert processes.running(home, "sleeper") == started
    assert processes.all_recorded(home) == (started,)
    assert os.getsid(started.pid) == started.pid  # it survives the terminal of its starter
    assert started.memory_bytes > 0

    assert processes.stop(home, "sleeper", GRACE) is True
    assert not psutil.pid_exists(started.pid)
    assert processes.stop(home, "sleeper", GRACE) is False
    assert processes.all_recorded(home) == ()


def test_a_process_is_found_at_once_after_its_start(home: Home) -> None:
    for number in range(100):
        started = processes.start(home, f"sleeper-{number}", ("/bin/sleep", "600"), {})
        assert processes.is_alive(started)
    assert len(processes.all_recorded(home)) == 100


def test_a_process_that_ignores_sigterm_is_killed_with_its_children(home: Home) -> None:
    started = processes.start(home, "stubborn", python(STUBBORN), {})
    child = psutil.Process(int(first_line(started)))
    processes.stop(home, "stubborn", 0.2)
    assert not psutil.pid_exists(started.pid)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_process_whose_parent_never_looks_after_it_has_ended_all_the_same(home: Home) -> None:
    """In a container the first process may leave zombies for ever: that must not stop `down`."""
    careless = (
        "import sys, time; from pathlib import Path; from connectors.bus.home import Home\n"
        "from deploy.local import processes\n"
        f"processes.start(Home(Path({str(home.path)!r})), 'orphan', ('/bin/sleep', '600'), {{}})\n"
        "print('started', flush=True); time.sleep(600)"
    )
    parent = processes.start(home, "careless", python(careless), {})
    assert first_line(parent) == "started"
    orphan = processes.running(home, "orphan")
    assert orphan is not None
    assert processes.stop(home, "orphan", GRACE) is True
    assert psutil.Process(orphan.pid).status() == psutil.STATUS_ZOMBIE
    assert processes.running(home, "orphan") is None


def test_a_process_has_not_ended_while_any_of_its_threads_lives() -> None:
    command = (sys.executable, "-c", HEADLESS)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        seen = psutil.Process(child.pid)
        until = monotonic() + GRACE
        while seen.status() != psutil.STATUS_ZOMBIE:
            assert monotonic() < until
        assert child.poll() is None
        assert processes._left_after([seen], 0.2) == [seen]
        child.stdin.close()
        assert processes._left_after([seen], GRACE) == []
        assert child.poll() is not None


def test_the_same_name_is_refused_while_it_runs(home: Home) -> None:
    processes.start(home, "sleeper", python(SLEEPS), {})
    with pytest.raises(UserError) as refused:
        processes.start(home, "sleeper", python(SLEEPS), {})
    assert refused.value.code == "process.running"


def test_a_process_that_died_is_not_running_and_its_name_is_free(home: Home) -> None:
    started = processes.start(home, "sleeper", python(SLEEPS), {})
    os.kill(started.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(started.pid)], timeout=GRACE)
    assert processes.running(home, "sleeper") is None
    again = processes.start(home, "sleeper", python(SLEEPS), {})
    assert again.pid != started.pid


def test_a_process_whose_record_is_gone_can_still_be_ended(home: Home) -> None:
    started = processes.start(home, "sleeper", python(SLEEPS), {})
    (home.run / "sleeper.pid.json").unlink()
    processes.end(started, GRACE)
    assert not psutil.pid_exists(started.pid)
    processes.end(started, GRACE)


@pytest.mark.parametrize("field", ["created", "argv"])
def test_another_process_with_a_recorded_pid_is_left_alone(home: Home, field: str) -> None:
    stranger = processes.start(home, "stranger", python(SLEEPS), {})
    record = home.run / "stranger.pid.json"
    told = json.loads(record.read_text(encoding="utf-8"))
    other = {"created": told["created"] - 3600, "argv": ["another", "program"]}
    forged = home.run / "ours.pid.json"
    forged.write_text(json.dumps(told | {field: other[field]}), encoding="utf-8")

    assert processes.running(home, "ours") is None
    assert processes.stop(home, "ours", GRACE) is False
    assert processes.running(home, "stranger") == stranger
