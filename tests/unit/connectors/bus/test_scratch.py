"""What is confidential and needed for a while goes, however its process ends."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from connectors.bus.scratch import left_over, remove_left_over, scratch_in

SECONDS_MAX: Final = 20.0
HOLDER: Final = """
import sys, time
from pathlib import Path
from connectors.bus.scratch import scratch_in
with scratch_in(Path(sys.argv[1])) as folder:
    (folder / "letters").write_text("unredacted")
    print(folder, flush=True)
    time.sleep(60)
"""


def started(run: Path) -> tuple[subprocess.Popen[str], Path]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    return holder, Path(holder.stdout.readline().strip())


def ended(holder: subprocess.Popen[str], number: int) -> int:
    os.kill(holder.pid, number)
    with holder:
        return holder.wait(SECONDS_MAX)


def test_it_is_its_owner_s_alone_and_goes_with_the_block(tmp_path: Path) -> None:
    with scratch_in(tmp_path / "run") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert left_over(tmp_path / "run") == ()
    assert list((tmp_path / "run").iterdir()) == []


def test_it_goes_with_an_error_too_and_signals_mean_again_what_they_meant(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ZeroDivisionError), scratch_in(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_process_that_is_told_to_end_takes_it_away(tmp_path: Path, number: int) -> None:
    holder, folder = started(tmp_path)
    assert (folder / "letters").exists()
    assert ended(holder, number) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_is_found_and_taken_away_but_not_what_is_in_use(tmp_path: Path) -> None:
    holder, folder = started(tmp_path)
    assert left_over(tmp_path) == ()
    remove_left_over(tmp_path)
    assert folder.exists()
    ended(holder, signal.SIGKILL)
    old = tmp_path / "replay-of-an-earlier-release"
    (old / "keys").mkdir(parents=True)
    assert left_over(tmp_path) == (old, folder)
    with scratch_in(tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]
