"""A SQLite casebook as one file that stands alone: copied while it is written, and put back."""

import errno
import os
import shutil
import sqlite3
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from connectors.bus.durable import flush_folder, make_folder, open_new, put_in_place
from schemas.errors import UserError
from services.casebook.sqlite import BUSY_MS, MODE, refuse_foreign_wal
from services.casebook.wal import untie

_SOUND: Final = "ok"
# Of the copy: the casebook itself is only read. The disk is full, or fails.
_NOT_WRITTEN: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
    }
)
_BESIDE: Final = ("-wal", "-shm")
_ASIDE: Final = "replaced-"
_SINCE: Final = "%Y%m%dT%H%M%S-%f"  # two in one second are two


def aside_of(path: Path, at: datetime) -> Path:
    """Return where the casebook goes that another one takes the place of: beside it."""
    return path.parent / (_ASIDE + at.strftime(_SINCE))


def left_aside(path: Path) -> tuple[Path, ...]:
    """Return the folders beside a casebook in which replaced ones still lie, the oldest first."""
    return tuple(sorted(each for each in path.parent.glob(f"{_ASIDE}*") if each.is_dir()))


def copy_alone(path: Path, to: Path) -> None:
    """Copy what the casebook holds at one moment to a new file that no -wal fits.

    Whoever writes it goes on. Raises UserError casebook.missing, casebook.foreign_wal,
    casebook.damaged, or file.unwritable for the copy.
    """
    if not path.exists():
        raise UserError("casebook.missing", where=str(path), exit_code=3)
    refuse_foreign_wal(path)
    to.touch(mode=MODE, exist_ok=False)
    try:
        with (
            closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(to, isolation_level=None)) as copy,
        ):
            source.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            source.backup(copy)  # in one step: by steps it begins anew whenever somebody writes
            untie(copy)
    except sqlite3.DatabaseError as error:  # by its name: its text may repeat content
        if error.sqlite_errorcode in _NOT_WRITTEN:
            raise UserError(
                "file.unwritable", str(to), error.sqlite_errorname, exit_code=3
            ) from None
        detail = error.sqlite_errorname
        raise UserError("casebook.damaged", str(path), detail, exit_code=3) from None
    refuse_damaged(to)
    flush(to)


def refuse_damaged(path: Path) -> None:
    """Raise UserError casebook.damaged when a file that stands alone is no whole database."""
    try:
        database = f"file:{quote(str(path))}?immutable=1"
        with closing(sqlite3.connect(database, uri=True)) as copy:
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        found = type(error).__name__
    if found != _SOUND:  # it names pages and indexes, no content
        raise UserError("casebook.damaged", where=str(path), detail=found, exit_code=3)


def put_back(path: Path, copy: Path, aside: Path) -> None:
    """Put a file that stands alone in the casebook's place; what is there goes to `aside`.

    That is a folder of the same file system. For the holder of the casebook's lock. Wherever this
    is cut off, there lies the old casebook with its -wal, or the new one, or the new one under the
    old one's -wal: that is refused (casebook.foreign_wal) until it is done again. All of the old
    one is aside before anything takes its place: without its -wal it would lack what came last.
    """
    partial = path.with_name(f".{path.name}.partial")
    beside = [path.with_name(path.name + suffix) for suffix in _BESIDE]
    before = [each for each in (path, *beside) if each.exists()]
    with ExitStack() as undo:
        undo.callback(partial.unlink, missing_ok=True)
        _move(copy, partial)
        flush(partial)
        if before:
            make_folder(aside, 0o700)
            for each in before:
                os.link(each, aside / each.name)
            flush_folder(aside)
        put_in_place(partial, path)
    for each in beside:
        each.unlink(missing_ok=True)
    flush_folder(path.parent)


def _move(copy: Path, to: Path) -> None:
    """Move a file, also to another disk: there it is its owner's alone from its first byte on."""
    try:
        copy.replace(to)
        to.chmod(MODE)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with copy.open("rb") as source, os.fdopen(open_new(to, MODE), "wb") as target:
            shutil.copyfileobj(source, target)


def flush(path: Path) -> None:
    """Bring a file's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
