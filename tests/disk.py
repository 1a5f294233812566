"""A disk that tells what a loss of power would leave of it."""

import os
import stat
from pathlib import Path

import pytest


class Disk:
    """Knows what a loss of power leaves: files as they were flushed, under their folder's names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._kept: set[tuple[int, str]] = set()  # inode of a folder, and a name in it
        self._sizes: dict[int, int] = {}  # inode → bytes that were flushed
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self._flushed)

    def _flushed(self, descriptor: int) -> None:
        self._fsync(descriptor)
        found = os.fstat(descriptor)
        self._sizes[found.st_ino] = found.st_size
        if stat.S_ISDIR(found.st_mode):
            folder = Path(f"/proc/self/fd/{descriptor}").readlink()
            self._kept |= {(found.st_ino, path.name) for path in folder.iterdir()}

    def forget_names(self) -> None:
        """Know no name that was flushed before."""
        self._kept.clear()

    def has_whole(self, path: Path) -> bool:
        """Whether all of a file's content was flushed."""
        found = path.stat()
        return self._sizes.get(found.st_ino) == found.st_size

    def has_name(self, path: Path) -> bool:
        """Whether the name was flushed with its folder."""
        return (path.parent.stat().st_ino, path.name) in self._kept

    def keeps(self, path: Path, below: Path) -> bool:
        """Whether the path is found after a loss of power, where `below` is."""
        above = [each for each in path.parents if each.is_relative_to(below) and each != below]
        return self.has_whole(path) and all(map(self.has_name, (path, *above)))
