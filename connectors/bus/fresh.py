"""A file that grows while we run: read again when it has changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")
Stamp = tuple[int, int, int]


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


def stamp_of(path: Path) -> Stamp:
    """Return by what a file is known: another may be renamed, or copied, over it."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)
