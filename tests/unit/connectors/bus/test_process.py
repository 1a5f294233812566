"""A connector's process ends when it is told to, whatever of the agency's or the store's hangs."""

import subprocess
import sys

import pytest

_HANGS = """
import threading
from pathlib import Path
from connectors.bus import exits, process
from schemas.errors import Unavailable

exits.THREADS_SECONDS_MAX = 0.1

def run_file(config, home):
    if {hangs}:
        threading.Thread(target=threading.Event().wait).start()
    if {fails}:
        raise Unavailable("kafka.unreachable")

process.main("connectors.test", run_file)
"""


@pytest.mark.parametrize("hangs", [True, False])
@pytest.mark.parametrize(("fails", "status"), [(True, 75), (False, 0)])
def test_a_thread_that_hangs_keeps_no_process_alive_nor_changes_what_it_ends_with(
    *, hangs: bool, fails: bool, status: int
) -> None:
    program = _HANGS.format(hangs=hangs, fails=fails)
    done = subprocess.run(
        [sys.executable, "-c", program, "agency.toml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    assert ("kafka.unreachable" in done.stderr) is fails
