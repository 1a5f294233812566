"""An agency's file, encrypted into the connector's own folder before its message is sealed.

The encrypted file stays there until the store has all of it: so an agency may delete or replace
what it sent, and an upload that was cut off goes on with the very same bytes.
"""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from connectors.bus.durable import make_folder, open_new, put_in_place
from schemas.attachments import size_refusal
from schemas.errors import Refusal, Unavailable
from schemas.file_cipher import CHUNK_BYTES, FileCipher, new_file_key

READ_BYTES: Final = 1024 * 1024
# A link, gone, a socket, closed to us; no number: another thing than a file (open_plain).
NO_FILE_OF_OURS: Final = (errno.ELOOP, errno.ENOENT, errno.ENXIO, errno.EACCES, None)
# What a share says while its server is away. Of EIO nobody can tell it from a damaged disk, for
# which all letters behind this one would wait.
AWAY: Final = (
    *(errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH),
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.ENOTCONN, errno.ECONNRESET, errno.ECONNABORTED),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A file of the agency as it was looked at: what a message says of it."""

    name: str
    path: Path
    size_bytes: int
    sha256: str  # of the file, hex


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that was encrypted, and lies ready to be stored."""

    file: Measured
    blob: str  # SHA-256 of the encrypted file, hex
    path: Path
    key: bytes


def measured(name: str, path: Path) -> Measured | Refusal:
    """Read a file once, for its size and digest.

    Refusals: attachment.unreadable for what is no file of its own, attachment.too_large. Raises
    Unavailable system.unavailable while its share is away.
    """
    try:
        with open_plain(path) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            oversized = size_refusal(size_bytes)
            if oversized is not None:
                return Refusal(oversized[0], detail=oversized[1])
            digest = hashlib.sha256()
            read_bytes = 0
            while data := file.read(READ_BYTES):
                digest.update(data)
                read_bytes += len(data)
                if read_bytes > size_bytes:  # it is still being written
                    return Refusal("attachment.changed")
    except OSError as error:
        if error.errno in AWAY:
            detail = errno.errorcode[error.errno]
            raise Unavailable("system.unavailable", detail=detail) from error
        return Refusal("attachment.unreadable")
    if read_bytes != size_bytes:
        return Refusal("attachment.changed")
    return Measured(name, path, size_bytes, digest.hexdigest())


def staged(file: Measured, folder: Path) -> Staged | Refusal:
    """Encrypt a file into the folder, under a fresh key, flushed to the disk.

    Refusals: attachment.changed where it is no more what was measured. Raises Unavailable
    attachment.staging_failed, as when the disk is full or the file's is away; nothing of it is left
    there then.
    """
    key = new_file_key()
    partial = folder / f".{file.sha256[:16]}.partial"
    try:
        make_folder(folder, 0o700)
        try:
            blob = _encrypted(file, key, partial)
            if blob is None:
                return Refusal("attachment.changed")
            put_in_place(partial, folder / blob)
        finally:
            partial.unlink(missing_ok=True)  # on a disk that is full nothing else could go on
    except OSError as error:
        detail = type(error).__name__
        raise Unavailable("attachment.staging_failed", detail=detail) from error
    return Staged(file, blob, folder / blob, key)


def _encrypted(file: Measured, key: bytes, partial: Path) -> str | None:
    """Encrypt a file, flushed; return the SHA-256, hex. None: it is no more what was measured."""
    cipher = FileCipher(key, file.size_bytes)
    plain, sealed = hashlib.sha256(), hashlib.sha256()
    with os.fdopen(open_new(partial, 0o600), "wb") as out:
        try:
            source = open_plain(file.path)
        except OSError as error:
            if error.errno in NO_FILE_OF_OURS:
                return None
            raise  # a share that is away for a while changes no file
        with source:
            for index in cipher.indexes():
                data = source.read(CHUNK_BYTES)
                plain.update(data)
                chunk = cipher.seal(index, data)
                sealed.update(chunk)
                out.write(chunk)
            longer = source.read(1)
        out.flush()
        os.fsync(out.fileno())
    return None if longer or plain.hexdigest() != file.sha256 else sealed.hexdigest()


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file for reading; a link is not followed, a pipe not waited for.

    Raises OSError, without a number for what is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError
    return os.fdopen(descriptor, "rb")
