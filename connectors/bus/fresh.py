"""A file that grows while we run: read again when it has changed."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from connectors.bus.clock import monotonic
from schemas.errors import UserError

COPYING_SECONDS_MAX: Final = 300.0  # a file that is being copied is whole by then
LOOK_SECONDS: Final = 1.0  # between two looks at one that is not

Value = TypeVar("Value")
Stamp = tuple[int, int, int]
LOG: Final = logging.getLogger("yichuan.files")  # of an exchange, too


class Fresh(Generic[Value]):
    """What a file says, read again when it has changed. Raises what `read` raises."""

    def __init__(self, path: Path, read: Callable[[Path], Value]) -> None:
        self._path, self._read = path, read
        self._stamp = stamp_of(path)
        self.value = read(path)

    def changed(self) -> bool:
        """Whether the file was other than before; then `value` is the new one."""
        stamp = stamp_of(self._path)
        if stamp == self._stamp:
            return False
        self.value = self._read(self._path)
        self._stamp = stamp
        return True


class Patient(Fresh[Value]):
    """A file that somebody may just be copying here: what it said before stands meanwhile.

    `unread` is the code of what is wrong with it, as long as something is. What is no better after
    COPYING_SECONDS_MAX is no copying: what cannot be read is raised then, and what only lacks
    something counts. It lacks what `is_less` says, as one does that is cut off between two rows.
    """

    def __init__(
        self,
        path: Path,
        read: Callable[[Path], Value],
        is_less: Callable[[Value, Value], bool] | None = None,
    ) -> None:
        """Read it. Raises what `read` raises: at a start there is nothing to go on with."""
        super().__init__(path, read)
        self._is_less = is_less
        self.unread: str | None = None
        self._since = self._looked = 0.0

    def changed(self) -> bool:
        """Whether `value` is another than before. Raises UserError beyond the limit."""
        at = monotonic()
        if self.unread is not None and at - self._looked < LOOK_SECONDS:
            return False
        before = self._stamp, self.value
        try:
            is_other = super().changed()
        except UserError as error:
            if self._waits(error.code, at):
                return False
            raise
        is_less = is_other and self._is_less is not None and self._is_less(self.value, before[1])
        if is_less and self._waits("file.unreadable", at):
            self._stamp, self.value = before
            return False
        if self.unread is not None:
            LOG.info("%s is whole again", self._path.name)
        self.unread = None
        return is_other

    def _waits(self, code: str, at: float) -> bool:
        """Whether it may still be on its way; noted from the first time on."""
        if self.unread is None:
            self._since = at
            LOG.warning("%s is not whole, what it said before stands: %s", self._path.name, code)
        self.unread, self._looked = code, at
        return at - self._since <= COPYING_SECONDS_MAX


def stamp_of(path: Path) -> Stamp:
    """Return by what a file is known: another may be renamed, or copied, over it."""
    try:
        found = path.stat()
    except OSError:  # gone, or closed to us: who reads it says why
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)
