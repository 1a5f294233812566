"""The attachments that lie beside a document: `a.lead_transfer.json` has `a.lead_transfer.files/`.

The folder is filled before the document gets its name, and moves with it (moves.py): outbox/ →
work/ → sent/ or refused/. Only what may be called a document has one: `a.lead_transfer.docx`
beside it has none, and takes nothing along.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from connectors.bus.sealing import Measured, measured
from connectors.folder.files import Stamp, stamp_of
from connectors.folder.map import SPELLINGS, names_document
from schemas.attachments import ATTACHMENTS, ATTACHMENTS_MAX
from schemas.errors import Refusal

FILES: Final = ".files"
CLOSED: Final = "."  # stands for what is in a folder that may not be read


class Seen(NamedTuple):
    """A document and its files, as one look found them."""

    document: Stamp
    files: tuple[tuple[str, Stamp | None], ...]

    @property
    def stamp(self) -> Stamp:
        """By what the document is known where it lies: opening a closed folder is a change."""
        closed = [stamp for name, stamp in self.files if name == CLOSED and stamp is not None]
        return self.document + closed[0] if closed else self.document


def folder_name(name: str) -> str:
    """Return the name of the folder that belongs to a document."""
    stem, dot, _ = name.rpartition(".")
    return (stem if dot else name) + FILES


def files_of(folder: Path, document: str) -> Path | None:
    """Return where the files of a document lie; None where it has none, or is no document."""
    path = folder / folder_name(document)
    return path if names_document(document) and is_files_folder(path) else None


def has_document(folder: Path, files: str) -> bool:
    """Whether a document lies there to which a folder of that name belongs."""
    stem = files.removesuffix(FILES)
    return any(os.path.lexists(folder / f"{stem}{spelling}") for spelling in SPELLINGS)


def is_files_folder(path: Path) -> bool:
    """Whether this is such a folder, not a document."""
    return (
        path.name.endswith(FILES)
        and os.path.isdir(path)  # noqa: PTH112 - pathlib's raises for a name that is too long
        and not path.is_symlink()
    )


def names_in(folder: Path) -> tuple[str, ...]:
    """Return the names of what lies in a folder of files, one more than may at the most."""
    if not is_files_folder(folder):
        return ()
    with os.scandir(folder) as entries:
        names = [entry.name for entry, _ in zip(entries, range(ATTACHMENTS_MAX + 1), strict=False)]
    return tuple(sorted(names))


def seen_in(outbox: Path, listed: Iterable[str]) -> dict[str, Seen]:
    """Return each document, and by what it is known whether it and its files stand still."""
    names = tuple(listed)
    folders = {name for name in names if is_files_folder(outbox / name)}
    seen: dict[str, Seen] = {}
    for name in names:
        stamp = None if name in folders else stamp_of(outbox / name)
        if stamp is not None:
            beside = folder_name(name)
            is_its = names_document(name) and beside in folders
            seen[name] = Seen(stamp, stamps_in(outbox / beside) if is_its else ())
    return seen


def stamps_in(folder: Path) -> tuple[tuple[str, Stamp | None], ...]:
    """Return the names of what lies in a folder of files, and by what each is known."""
    try:
        return tuple((name, stamp_of(folder / name)) for name in names_in(folder))
    except PermissionError:  # this one alone: the others go on
        return ((CLOSED, stamp_of(folder)),)


def files_in(folder: Path) -> tuple[Measured, ...] | Refusal:
    """Return the files of a folder, each looked at whole; or why one cannot travel."""
    try:
        names = names_in(folder)
    except PermissionError:
        return Refusal("attachment.unreadable", where=ATTACHMENTS)
    if len(names) > ATTACHMENTS_MAX:
        return Refusal("attachment.too_many", where=ATTACHMENTS, detail=f"> {ATTACHMENTS_MAX}")
    files: list[Measured] = []
    for index, name in enumerate(names):
        found = measured(name, folder / name)
        if isinstance(found, Refusal):
            return Refusal(found.code, where=f"{ATTACHMENTS}[{index}]", detail=found.detail)
        files.append(found)
    return tuple(files)
