"""Who holds a lock file goes on alone: one process for an organ or a casebook, and for a folder.

The lock ends with its process, however that ends. A share whose server knows no locks (as some
SMB ones) is used without: whose it is stands in the file all the same.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from connectors.bus.durable import make_folder
from schemas.errors import UserError

_MODE: Final = 0o600
_NO_LOCKS: Final = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_OWNER_BYTES_MAX: Final = 64


@contextmanager
def alone(lock: Path, code: str) -> Iterator[None]:
    """Hold the lock while the block runs. Raises UserError `code`: another process has it."""
    make_folder(lock.parent, 0o700)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, _MODE)
    try:
        _lock(descriptor, lock, code)
        yield
    finally:
        os.close(descriptor)  # lets go of the lock


@contextmanager
def owning(folder: Path, owner: str) -> Iterator[None]:
    """Hold the lock of a folder that is this owner's, and nobody else's.

    A second home of the organ, such as one that was copied, would take its letters and number what
    comes anew; another organ's would send them as its own. Raises UserError
    connector.already_running, folder.of_another, folder.unusable.
    """
    path = folder / ".connector"
    with ExitStack() as undo:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, _MODE)
            undo.callback(os.close, descriptor)
            _own(descriptor, path, owner)
        except OSError as error:
            where = error.filename or str(path)
            raise UserError("folder.unusable", where, error.strerror, exit_code=3) from None
        yield


def _own(descriptor: int, path: Path, owner: str) -> None:
    try:
        _lock(descriptor, path.parent, "connector.already_running")
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    noted = os.pread(descriptor, _OWNER_BYTES_MAX, 0).decode("ascii", "replace").strip()
    if noted not in ("", owner):
        raise UserError("folder.of_another", where=str(path), detail=noted, exit_code=3)
    if not noted:
        os.pwrite(descriptor, f"{owner}\n".encode("ascii"), 0)


def _lock(descriptor: int, where: Path, code: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # the second: what an SMB share says
        raise UserError(code, where=str(where), exit_code=3) from None
