"""Whether the -wal that lies beside a SQLite casebook is that file's own.

SQLite does not ask: it lays whatever -wal it finds over the file. When a backup is put back over a
casebook whose -wal a kill or a loss of power left, that makes a book which is new in some pages and
old in the others, and nothing looks wrong.

So each transaction draws a number (`user_version`) and notes that of the transaction before it
(`application_id`), both in the header of the first page. A -wal is begun anew only when all of the
old one lies in the file; so the file has the number that the first transaction of its -wal noted
as the one before, or that of one of its transactions, as far as they were copied into the file.
Whatever moment the process was killed at, it has one of these; a file of another moment has none.
Source: SQLite, "Database File Format", sections 1.3 and 4.
"""

import os
import sqlite3
import struct
from contextlib import closing, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final
from urllib.parse import quote

_LOOKS_MAX: Final = 5  # while a writer begins its -wal anew between two looks
_HEAD: Final = struct.Struct(">IIII8sII")  # magic, version, page size, its number, salts, checksum
_SALTS: Final = slice(16, 24)
_SUMMED: Final = 24  # of the header: what its checksum is over
_MAGIC: Final = {0x377F0682: "<", 0x377F0683: ">"}  # → the order of the words that are summed
_FRAME: Final = struct.Struct(">II8sII")  # page, size at a commit, salts, checksum
_FRAME_SUMMED: Final = 8
_NUMBERS: Final = struct.Struct(">60x I 4x I")  # of the first page: user_version, application_id
_FIRST_PAGE: Final = 1
_WORD: Final = 0xFFFFFFFF
_BITS: Final = 31  # a PRAGMA's number has a sign

Sums = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Wal:
    """Of a -wal: its salts, and the numbers that its file may have; None: it does not tell."""

    salts: bytes
    numbers: frozenset[int] | None


def tie(connection: sqlite3.Connection) -> None:
    """Draw the number of the transaction that has begun, and note the one before."""
    (before,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA application_id = {before}")
    untie(connection)


def untie(connection: sqlite3.Connection) -> None:
    """Draw a number that no -wal knows: for a copy that is to stand alone."""
    drawn = int.from_bytes(os.urandom(4), "big") >> (32 - _BITS)
    connection.execute(f"PRAGMA user_version = {drawn or 1}")


def is_foreign(path: Path) -> bool:
    """Whether a -wal lies there that is of another file than the casebook, or of another moment.

    May be asked while it is written: then the -wal is looked at before and after the file.
    """
    for _ in range(_LOOKS_MAX):
        before = _salts(path)
        if before is None or not path.stat().st_size:  # SQLite itself lays nothing over nothing
            return False
        number = _number(path)
        after = _read(path)
        if after is None:
            return False
        if after.salts == before:
            return after.numbers is not None and number not in after.numbers
    return False  # begun anew at each look: its writer is at work


def wal_of(path: Path) -> Path:
    """Return where SQLite keeps the casebook's -wal: beside the file, not beside a link to it."""
    file = path.resolve()
    return file.with_name(file.name + "-wal")


def _number(path: Path) -> int:
    """Return the number in the file alone.

    Asked by SQLite: a file that is opened and closed beside it would lose the locks of this
    process (SQLite, "How To Corrupt An SQLite Database File", 2.2). Where a checkpoint was cut
    off, the first page may count more pages than the file has: that is as it should be.
    """
    database = f"file:{quote(str(path))}?immutable=1"
    with closing(sqlite3.connect(database, uri=True)) as connection:
        connection.execute("PRAGMA writable_schema = ON")  # else that count would be refused
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        return int(found)


def _salts(path: Path) -> bytes | None:
    """Return what the frames of a -wal are known by; None: there is none to be laid over."""
    with suppress(FileNotFoundError), wal_of(path).open("rb") as file:
        head = file.read(_HEAD.size)
        return head[_SALTS] if _begins(head) else None
    return None


def _begins(head: bytes) -> Sums | None:
    """Return the sums behind a whole header; None: SQLite takes no frame of such a file."""
    if len(head) < _HEAD.size:
        return None
    magic, *_, first, second = _HEAD.unpack(head)
    order = _MAGIC.get(magic)
    if order is None or _sums(head[:_SUMMED], order, (0, 0)) != (first, second):
        return None
    return first, second


def _read(path: Path) -> _Wal | None:
    # Unbuffered: of a -wal that a long reader let grow to gigabytes, only the heads are read.
    with suppress(FileNotFoundError), wal_of(path).open("rb", buffering=0) as file:
        head = file.read(_HEAD.size)
        sums = _begins(head)
        return _Wal(head[_SALTS], _numbers(file, head, sums)) if sums is not None else None
    return None


def _numbers(file: FileIO, head: bytes, sums: Sums) -> frozenset[int] | None:
    """Return what the frames behind the header tell; None when no first page is among them."""
    magic, _, size, *_ = _HEAD.unpack(head)
    order, salts = _MAGIC[magic], head[_SALTS]
    numbers: set[int] = set()
    while frame := _frame(file.read(_FRAME.size), salts):
        page, *_, first, second = frame
        if numbers and page != _FIRST_PAGE:
            file.seek(size, os.SEEK_CUR)
            continue
        content = file.read(size)
        # What lies behind the first page of the first transaction need not be verified: one
        # number too many does no harm, a wrong one before would.
        if not numbers:
            sums = _sums(_FRAME.pack(*frame)[:_FRAME_SUMMED], order, sums)
            if len(content) < size or _sums(content, order, sums) != (first, second):
                break
            sums = first, second
        if page == _FIRST_PAGE and len(content) == size:
            own, before = _NUMBERS.unpack_from(content)
            numbers |= {own} if numbers else {own, before}
    return frozenset(numbers) or None


def _frame(head: bytes, salts: bytes) -> tuple[int, int, bytes, int, int] | None:
    """Return the header of a frame; None: it is cut off, or a left-over of an earlier -wal."""
    if len(head) < _FRAME.size:
        return None
    frame: tuple[int, int, bytes, int, int] = _FRAME.unpack(head)
    return frame if frame[2] == salts else None


def _sums(content: bytes, order: str, sums: Sums) -> Sums:
    """Return SQLite's running checksum behind the content, whose length is a multiple of 8."""
    first, second = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _WORD
        second = (second + odd + first) & _WORD
    return first, second
