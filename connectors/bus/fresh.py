"""A file that grows while we run: read again when it has changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")
_Stamp = tuple[int, int]


class Fresh(Generic[Value]):
    """What a file says, read again when it has changed. Raises what `read` raises."""

    def __init__(self, path: Path, read: Callable[[Path], Value]) -> None:
        self._path, self._read = path, read
        self._stamp = _stamp(path)
        self.value = read(path)

    def changed(self) -> bool:
        """Whether the file was other than before; then `value` is the new one."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return False
        self.value = self._read(self._path)
        self._stamp = stamp
        return True


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)
