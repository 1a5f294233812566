"""Names that outlive a loss of power: a file's own flush keeps its content, its folder's the name.

For both halves of a connector: what is committed or deleted next relies on the file being found.
"""

import errno
import os
from collections.abc import Mapping
from pathlib import Path


def flush_folder(folder: Path) -> None:
    """Make the names in a folder outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # A file system, such as an older SMB mount, that flushes no folders: fsync(2).
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)


def open_new(path: Path, mode: int) -> int:
    """Open a file that was not there, to write, and return its descriptor.

    What lies there under the name is removed first, and never written through: in a folder that
    others write to too they may guess the name and put a link to another file there.
    """
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that was not there, its content on the disk; its name is not yet."""
    with os.fdopen(open_new(path, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_new_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder that was not there, all on the disk; its own name is not yet."""
    folder.mkdir()
    for name, content in files.items():
        write_new(folder / name, content, 0o666)
    flush_folder(folder)


def put_in_place(partial: Path, path: Path) -> None:
    """Give a flushed file, or such a folder, its name, to stay."""
    partial.replace(path)
    flush_folder(path.parent)


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder, and those above it that are missing, to stay, all of that mode.

    Who may write to one above it could put another folder in its place.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in (*reversed(missing), folder):
        each.mkdir(exist_ok=True, mode=mode)
    for each in missing:
        flush_folder(each.parent)
