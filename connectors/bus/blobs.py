"""Where encrypted attachments are stored: by their sender and the SHA-256 of their content.

A file lies there in parts of PART_BYTES, so that it is never whole in memory, and what was cut off
on either way goes on at the first part that is missing. A store is trusted with nothing: what it
gives back is held against its address, and opens under the file's own key alone. Each sender has a
place of its own, so that nobody's message can name, and so have erased, what another one stored.
"""

import os
import shutil
from pathlib import Path
from typing import Final, Protocol

from connectors.bus.durable import make_folder, put_in_place, write_new
from schemas.errors import Unavailable
from schemas.ids import OrganCode

PART_BYTES: Final = 4 * 1024 * 1024
PART_DIGITS: Final = 6


def parts_of(sealed_bytes: int) -> int:
    """Return in how many parts an encrypted file of that size lies."""
    return -(-sealed_bytes // PART_BYTES)


def part_bytes(sealed_bytes: int, index: int) -> int:
    """Return how long one of its parts is."""
    return min(PART_BYTES, sealed_bytes - index * PART_BYTES)


class BlobStore(Protocol):
    """A store. Every method raises Unavailable attachment.store_unavailable while it is away."""

    def size(self, owner: OrganCode, blob: str, index: int) -> int | None:
        """Return how many bytes a part has; None: it is not there."""

    def put(self, owner: OrganCode, blob: str, index: int, data: bytes) -> None:
        """Store a part, whole or not at all; one that is there is replaced."""

    def get(self, owner: OrganCode, blob: str, index: int) -> bytes | None:
        """Return a part, but of one that is too long PART_BYTES + 1 bytes; None: it is gone."""

    def delete(self, owner: OrganCode, blob: str) -> None:
        """Delete all parts of a file. One that is not there is no error."""


class Directory:
    """A folder that all connectors reach: of one machine, or mounted.

    `must_exist`: a folder that is not there is away, such as one of a share that is not mounted;
    nothing is stored where it would be, and nothing in it counts as gone. Else it is made.
    """

    def __init__(self, root: Path, *, must_exist: bool = False) -> None:
        self._root, self._must_exist = root, must_exist

    def size(self, owner: OrganCode, blob: str, index: int) -> int | None:
        """Return how many bytes a part has; None: it is not there."""
        try:
            return self._part(owner, blob, index).stat().st_size
        except FileNotFoundError as error:
            self._must_be_there(error)
            return None
        except OSError as error:
            raise _away(error) from error

    def put(self, owner: OrganCode, blob: str, index: int, data: bytes) -> None:
        """Store a part by a temporary name, flushed before it gets its own, which is to stay.

        The sender's connector lets go of its copy then.
        """
        path = self._part(owner, blob, index)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            if self._must_exist:
                self._root.stat()
            make_folder(path.parent, 0o770)
            write_new(partial, data, 0o666)
            put_in_place(partial, path)
        except OSError as error:
            raise _away(error) from error

    def get(self, owner: OrganCode, blob: str, index: int) -> bytes | None:
        """Return a part; None: it is not there."""
        try:
            with self._part(owner, blob, index).open("rb") as file:
                return file.read(PART_BYTES + 1)
        except FileNotFoundError as error:
            self._must_be_there(error)
            return None
        except OSError as error:
            raise _away(error) from error

    def delete(self, owner: OrganCode, blob: str) -> None:
        """Delete all parts of a file."""
        try:
            shutil.rmtree(self._folder(owner, blob))
        except FileNotFoundError as error:
            self._must_be_there(error)
        except OSError as error:
            raise _away(error) from error

    def _must_be_there(self, error: OSError) -> None:
        if self._must_exist and not self._root.is_dir():
            raise _away(error) from error

    def _folder(self, owner: OrganCode, blob: str) -> Path:
        return self._root / owner / blob[:2] / blob

    def _part(self, owner: OrganCode, blob: str, index: int) -> Path:
        return self._folder(owner, blob) / f"{index:0{PART_DIGITS}d}"


def _away(error: OSError) -> Unavailable:
    return Unavailable("attachment.store_unavailable", detail=type(error).__name__)
