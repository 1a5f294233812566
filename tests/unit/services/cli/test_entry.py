"""The entry point: Ctrl-C before the command line is there, and after."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from services.cli import entry, main
from tests.house.tree import REPO

SECONDS_MAX: Final = 60.0  # for the process to end
# Its first import of a library is when somebody presses Ctrl-C. In a terminal, wherever the tests
# were started: a process in the background of a script has Ctrl-C ignored, and hands that on.
INTERRUPTED: Final = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Press:
    def find_spec(self, name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
from services.cli.entry import run
run()
"""


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_while_it_is_imported_ends_it_without_a_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, "errors"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("before", [signal.default_int_handler, signal.SIG_IGN])
def test_the_command_has_the_handler_that_the_process_began_with(
    monkeypatch: pytest.MonkeyPatch, before: "Callable[..., Any] | signal.Handlers"
) -> None:
    """Who starts it in the background of a script has Ctrl-C ignored."""
    found: list[object] = []
    monkeypatch.setattr(main, "run", lambda: found.append(signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, before)
    entry.run()
    assert found == [before]
