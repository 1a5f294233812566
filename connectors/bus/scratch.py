"""Folders for what is needed for a while and is confidential: they go, however the process ends.

They lie in the home's `run`. Told to end (SIGTERM, SIGHUP), the process takes its own away before
it does; what a kill -9 left is taken away by the next one that looks. Which are in use is told by a
lock on the folder itself, which ends with its process.
"""

import fcntl
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import Final

from connectors.bus.durable import make_folder

_PREFIX: Final = "scratch-"
_UNNAMED: Final = "new-"
_LEFT_OVER: Final = (f"{_PREFIX}*", "replay-*")  # the second: of releases before
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
_BY_SIGNAL: Final = 128  # exit code: this and the signal's number


@contextmanager
def scratch_in(run: Path) -> Iterator[Path]:
    """Give a folder of this block's own, its owner's alone, and remove what others left."""
    make_folder(run, 0o700)
    remove_left_over(run)
    with _ending_in_order():
        unnamed = Path(mkdtemp(prefix=_UNNAMED, dir=run))
        made = run / f"{_PREFIX}{unnamed.name.removeprefix(_UNNAMED)}"
        held = _hold(unnamed)
        try:
            unnamed.rename(made)  # nobody takes it for left over before it is held
            yield made
        finally:
            shutil.rmtree(made)
            if held is not None:
                os.close(held)


def left_over(run: Path) -> tuple[Path, ...]:
    """Return the folders whose process has ended without taking them away."""
    found = []
    for folder in sorted(path for glob in _LEFT_OVER for path in run.glob(glob)):
        with suppress(FileNotFoundError, NotADirectoryError):  # its process is just ending
            held = _hold(folder)
            if held is not None:
                os.close(held)
                found.append(folder)
    return tuple(found)


def remove_left_over(run: Path) -> None:
    """Remove them."""
    for folder in left_over(run):
        shutil.rmtree(folder, ignore_errors=True)  # another process may be at it, too


def _hold(folder: Path) -> int | None:
    """Take the folder's lock and return what holds it; None: its process has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def _ending_in_order() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only that one may say so
        yield
        return
    before = {number: signal.signal(number, _exit) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(_BY_SIGNAL + number)
