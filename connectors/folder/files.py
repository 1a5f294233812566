"""Files that are there whole or not at all, on the disk when a function returns."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.bus.durable import write_new
from connectors.bus.sealing import NO_FILE_OF_OURS, open_plain
from schemas.errors import Unavailable

Stamp = tuple[int, ...]  # by which a file is known: stamp_of


@contextmanager
def reachable(folder: Path) -> Iterator[None]:
    """Raise Unavailable system.unavailable for what the file system refuses inside."""
    try:
        yield
    except OSError as error:
        detail = errno.errorcode.get(error.errno or 0, type(error).__name__)
        raise Unavailable("system.unavailable", where=str(folder), detail=detail) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write by a temporary name in the same folder, flushed before it gets its own."""
    partial = path.with_name(f".{path.name[:100]}.partial")
    write_new(partial, content, 0o666)
    partial.replace(path)


def read_bounded(path: Path, bytes_max: int) -> bytes | None:
    """Return a regular file's content; None for anything else, or when there is more.

    A link is not followed and a pipe not waited for.
    """
    try:
        with open_plain(path) as file:
            content = file.read(bytes_max + 1)
    except OSError as error:
        if error.errno in NO_FILE_OF_OURS:
            return None
        raise
    return content if len(content) <= bytes_max else None


def stamp_of(path: Path) -> Stamp | None:
    """Return mode, inode, size in bytes and time of change in ns; None when there is nothing."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return (found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns)
