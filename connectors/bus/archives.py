"""Archives that would blow up when they are unpacked: found by reading them, never by unpacking.

What begins like an archive (whatever it is called) is decompressed as a stream, counted and thrown
away: what it says of its own sizes is not believed. Office documents are zip files and are read as
such. What cannot be looked into (encrypted, broken, rar, 7z, xz, whose
dictionary may take any memory) is refused.
One inside another is read through it; each byte that comes out counts, so the work is bounded too.
"""

import bz2
import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from connectors.bus.metering import BOMB, READ_BYTES, Budget, Found, Metered
from schemas.errors import Refusal

ENTRIES_MAX: Final = 10_000  # of an archive
DIRECTORY_MAX_BYTES: Final = 8 * 1024**2  # of a zip file; it is read at once
DEPTH_MAX: Final = 3  # archives in archives
HEAD_BYTES: Final = 512  # tell what a file is
NESTED_IN_MEMORY_MAX_BYTES: Final = 8 * 1024**2  # a larger one is read several times over

_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22
_ZIP_TAIL_BYTES: Final = 65_557  # the end record and the longest comment behind it
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_UNREADABLE: Final = "attachment.archive_unreadable"
_BROKEN: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # zipfile: encrypted
    OverflowError,
    struct.error,
)


_Reader = Callable[[IO[bytes], "Budget", int], None]


def archive_refusal(path: Path) -> Refusal | None:
    """Return why a file may not be handed to anybody who would unpack it; None: it may.

    Refusals: attachment.archive_bomb, attachment.archive_unreadable.
    """
    try:
        with path.open("rb") as file:
            budget = Budget(path.stat().st_size)
            if _ends_as_zip(file):  # with something before it, it is unpacked all the same
                _read(_zip, file, budget, 0)
            else:
                _look(file, budget, 0)
    except Found as found:
        return found.refusal
    return None


def _look(file: IO[bytes], budget: Budget, depth: int) -> None:
    """Read a file through if it is an archive."""
    head = file.read(HEAD_BYTES)
    reader = next((read for is_it, read in _KINDS if is_it(head)), None)
    if reader is None:
        return
    if depth >= DEPTH_MAX:
        raise Found(BOMB, f"> {DEPTH_MAX} archives in one another")
    _read(reader, file, budget, depth)


def _read(reader: _Reader, file: IO[bytes], budget: Budget, depth: int) -> None:
    try:
        file.seek(0)
        reader(file, budget, depth)
    except _BROKEN as error:
        raise Found(_UNREADABLE, type(error).__name__) from None


def _zip(file: IO[bytes], budget: Budget, depth: int) -> None:
    _check_directory(file)
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > ENTRIES_MAX:
            raise Found(BOMB, f"> {ENTRIES_MAX} entries")
        budget.forecast(sum(entry.file_size for entry in entries))
        for entry in sorted(entries, key=lambda each: each.header_offset):
            if entry.compress_type not in _METHODS:
                raise zipfile.BadZipFile
            if not entry.is_dir():
                with archive.open(entry) as inner:
                    _through(inner, budget, depth)


def _check_directory(file: IO[bytes]) -> None:
    """Look at how large a zip's directory is before it is read at once."""
    end = _end_record(file)
    if end is None:
        raise zipfile.BadZipFile
    directory_bytes = int.from_bytes(end[12:16], "little")
    if directory_bytes > DIRECTORY_MAX_BYTES:  # also what zip64 writes in its place
        raise Found(BOMB, f"> {DIRECTORY_MAX_BYTES} bytes of directory")
    file.seek(0)


def _end_record(file: IO[bytes]) -> bytes | None:
    end = file.seek(0, 2)
    tail_bytes = min(end, _ZIP_TAIL_BYTES)
    file.seek(end - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(_ZIP_END)
    return tail[at:] if at >= 0 else None


def _ends_as_zip(file: IO[bytes]) -> bool:
    record = _end_record(file)
    file.seek(0)
    if record is None or len(record) < _ZIP_END_BYTES:
        return False
    return len(record) == _ZIP_END_BYTES + int.from_bytes(record[20:22], "little")


def _tar(file: IO[bytes], budget: Budget, depth: int) -> None:
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for count, member in enumerate(archive, 1):
            if count > ENTRIES_MAX:
                raise Found(BOMB, f"> {ENTRIES_MAX} entries")
            inner = archive.extractfile(member) if member.isreg() else None
            if inner is not None:
                _through(inner, budget, depth)
            archive.members = []  # type: ignore[attr-defined] # else it keeps every header


def _stream(opened: Callable[[Any], Any]) -> _Reader:
    def read(file: IO[bytes], budget: Budget, depth: int) -> None:
        with opened(file) as inner:
            _through(inner, budget, depth)

    return read


def _through(inner: IO[bytes], budget: Budget, depth: int) -> None:
    """Count what comes out of one entry, and look at it if it is an archive itself."""
    metered = io.BufferedReader(Metered(inner, budget), READ_BYTES)
    if not any(is_it(metered.peek(HEAD_BYTES)) for is_it, _ in _KINDS):
        while metered.read(READ_BYTES):
            pass
        return
    start = metered.read(NESTED_IN_MEMORY_MAX_BYTES + 1)
    if len(start) <= NESTED_IN_MEMORY_MAX_BYTES:
        _look(io.BytesIO(start), budget, depth + 1)
        return
    metered.seek(0)
    _look(metered, budget, depth + 1)


def _unknown(file: IO[bytes], budget: Budget, depth: int) -> None:  # noqa: ARG001 - a reader
    raise Found(_UNREADABLE, "rar, 7z, xz")


def _begins(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magic)


_KINDS: Final[tuple[tuple[Callable[[bytes], bool], _Reader], ...]] = (
    (_begins(b"PK\x03\x04", b"PK\x05\x06"), _zip),
    (_begins(b"\x1f\x8b\x08"), _stream(lambda file: gzip.GzipFile(fileobj=file))),
    (_begins(*(b"BZh%d1AY&SY" % level for level in range(1, 10))), _stream(bz2.BZ2File)),
    (lambda head: head[257:262] == b"ustar", _tar),
    (_begins(b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\xfd7zXZ\x00"), _unknown),
)
