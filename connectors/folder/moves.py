"""A document and its files go from folder to folder: two renames, and a crash may come between.

outbox/ → work/, or back. 1 `a.files` becomes `work/.a.files` · 2 the document is moved · 3
`.a.files` gets its name where the document is. A crash after 1 or 2: the next start puts it where
the document lies. So no document lies in work/ without its files, or beside those of another.

work/ → sent/ or refused/. 1 the document is moved · 2 its files follow. A crash after 1 leaves
files in work/ that have no document there. They follow when their document is marked again, as at
every start; of what is marked no more (it was refused before it was sealed) they go to refused/.
Until then no document of that name is taken.
"""

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from connectors.folder.beside import FILES, files_of, folder_name, has_document, is_files_folder
from connectors.folder.files import stamp_of
from connectors.folder.map import digest_of, names_document, other_name
from schemas.errors import Unavailable

NAMES_TRIED_MAX: Final = 1_000
COMING: Final = "."  # before the name of files that are on the way into work/ or back

LOG: Final = logging.getLogger("yichuan.connector")


class Moves:
    """Moves documents with their files. Every method may raise OSError."""

    def __init__(self, outbox: Path, work: Path, sent: Path, refused: Path) -> None:
        self._outbox, self._work = outbox, work
        self._sent, self._refused = sent, refused
        # Files whose document has left, and they have not; and where it is, if that is known.
        self._strays: dict[Path, Path | None] = {}
        self._is_early = True  # what an earlier process did is not marked again yet
        self._told: set[Path] = set()

    def open(self) -> list[str]:
        """Finish what an earlier process began; return the names of documents in work/."""
        self._is_early, self._strays = True, {}
        names = [entry.name for entry in os.scandir(self._work)]
        folders = {name for name in names if is_files_folder(self._work / name)}
        for name in sorted(folders):
            if name.startswith(COMING):
                self._alone(self._work / name, self._settle)
            elif not has_document(self._work, name):
                self._strays[self._work / name] = None
        return sorted(set(names) - folders)

    def clear(self) -> None:
        """Put away files whose document is not marked again: from the second collecting on."""
        self._is_early = False
        for files in tuple(self._strays):
            self._alone(files, self._put_away)

    def take(self, name: str) -> bool:
        """Move a document and its files into work/, unless one of its name is there."""
        if not names_document(name):
            if os.path.lexists(self._work / name):
                return False
        elif not self._has_room(folder_name(name)):
            return False
        self._carry(name, self._outbox, self._work)
        return True

    def is_joined(self, name: str) -> bool:
        """Put the files of a document in work/ beside it; False: they are not ours to move."""
        coming = self._work / f"{COMING}{folder_name(name)}"
        if os.path.lexists(coming):
            self._alone(coming, self._settle)
        return not os.path.lexists(coming)

    def put_back(self, name: str) -> bool:
        """Put a document from work/ into outbox/; False: it stays, for want of its name there.

        Under another name its files could be lost to a crash. What the agency took is let go, and
        what is not ours to move stays too.
        """
        has_files = files_of(self._work, name) is not None
        try:
            if is_free(self._outbox, name):
                self._carry(name, self._work, self._outbox)
            elif has_files and os.path.lexists(self._work / name):
                return False
            else:
                tag = tag_of(self._work / name)
                (self._work / name).rename(self._outbox / free_name(self._outbox, name, tag))
        except FileNotFoundError:
            self.let_go(name)
        except PermissionError as error:
            self._tell(self._work / name, error)
            return False
        return True

    def let_go(self, name: str) -> None:
        """Move the files of a document out of work/ that the agency took away from there."""
        files = files_of(self._work, name)
        if files is not None and not has_document(self._work, files.name):
            self._alone(files, self._move_out)

    def leave(self, found: Path, target: Path, name: str) -> None:
        """Move a document to sent/ or refused/ under a name that is free, and its files."""
        files = files_of(found.parent, found.name)
        if files is not None:
            self._strays[files] = target / name
        found.rename(target / name)
        if files is not None:
            self._alone(files, self._put_away)

    def leave_again(self, names: Iterable[str], found: Path) -> None:
        """Let files follow to where their document is already, if something came between."""
        places = (self._work, self._sent) if found.parent == self._refused else (self._work,)
        for files in (files_of(folder, name) for folder in places for name in names):
            if files is None or files_of(found.parent, found.name) is not None:
                continue
            whose = self._strays.get(files)
            if whose == found or (whose is None and self._is_early):
                self._strays[files] = found
                self._alone(files, self._put_away)

    def _has_room(self, name: str) -> bool:
        """Whether a document with a folder of that name may come into work/."""
        if has_document(self._work, name):
            return False
        coming, files = self._work / f"{COMING}{name}", self._work / name
        if is_files_folder(coming):
            self._settle(coming)
        if is_files_folder(files):
            self._put_away(files)
        return not os.path.lexists(files)

    def _carry(self, name: str, source: Path, target: Path) -> None:
        """Move a document and its files into work/ or back: both, or none where that fails."""
        files = files_of(source, name)
        if files is None:
            (source / name).rename(target / name)
            return
        coming = files.rename(self._work / f"{COMING}{files.name}")
        try:
            (source / name).rename(target / name)
        except OSError:
            self._arrive(coming, source)
            raise
        self._arrive(coming, target)

    def _settle(self, coming: Path) -> None:
        is_in_work = has_document(self._work, coming.name.removeprefix(COMING))
        self._arrive(coming, self._work if is_in_work else self._outbox)

    def _arrive(self, coming: Path, folder: Path) -> None:
        files = folder / coming.name.removeprefix(COMING)
        if os.path.lexists(files):  # the agency filled another one meanwhile
            self._move_out(coming)
        else:
            coming.rename(files)

    def _put_away(self, files: Path) -> None:
        """Move files to where their document is, or to refused/ where nobody can tell."""
        if not is_files_folder(files) or has_document(files.parent, files.name):
            return
        document = self._strays.get(files)
        if document is None and files in self._strays:
            document = self._refused / f"{files.name.removesuffix(FILES)}.json"
            document = document if os.path.lexists(document) else None
        beside = None if document is None else document.with_name(folder_name(document.name))
        if beside is None or os.path.lexists(beside):
            self._move_out(files)
        else:
            files.rename(beside)

    def _move_out(self, files: Path) -> None:
        """Move files to refused/ under a name that is nobody else's."""
        document = f"{files.name.removeprefix(COMING).removesuffix(FILES)}.json"
        name = document
        if not is_free(self._refused, document):
            name = free_name(self._refused, document, tag_of(files))
        files.rename(self._refused / folder_name(name))

    def _alone(self, files: Path, move: Callable[[Path], None]) -> None:
        """Move files. Where they are not ours to move they stay, and nothing else is kept."""
        try:
            move(files)
        except PermissionError as error:
            self._tell(files, error)
        else:
            self._strays.pop(files, None)

    def _tell(self, path: Path, error: OSError) -> None:
        if path not in self._told:
            LOG.warning("attachments cannot be moved: %s", error.strerror)
            self._told.add(path)


def is_free(folder: Path, name: str) -> bool:
    """Whether neither a file nor files of another document have the name."""
    if not names_document(name):
        return not os.path.lexists(folder / name)
    files = folder_name(name)
    return not has_document(folder, files) and not os.path.lexists(folder / files)


def free_name(folder: Path, name: str, tag: str) -> str:
    """Return a name beside one that is taken. Raises Unavailable where there is none."""
    for number in range(1, NAMES_TRIED_MAX):
        other = other_name(name, tag, number)
        if is_free(folder, other):
            return other
    raise Unavailable("system.unavailable", where=str(folder), detail="EEXIST")


def tag_of(path: Path | None) -> str:
    """Return what tells files of one name apart where their content is not known."""
    stamp = stamp_of(path) if path else None
    return digest_of(repr(stamp).encode())
