"""The agency's outgoing files: outbox/ → work/ → sent/ or refused/.

A writer puts its file into outbox/ under a name that says "not finished" (`.a.json`, `a.json.part`)
or in another folder, and renames it when it is whole: a rename is the one way to show a file at
once. Who cannot do that is still safe while the file grows: one is taken only when size and time
stood still from one look to the next.

A file that goes on growing after it was taken (its writer still has it open) is put back to where
it stood still too early: what it becomes is another message.

Names say how far a file is, and a rename is one step or none, so there is nothing to lose by a
crash: what lies in work/ at the start is taken again and known by its name and content. Attachments
go with their document (moves.py).

What the secrecy gate refuses is not taken (staying.py).
"""

import heapq
import logging
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from connectors.bus.durable import flush_folder
from connectors.bus.outgoing import as_text
from connectors.bus.sealing import AWAY
from connectors.bus.system import Mark, Source, State, Unfit
from connectors.folder.beside import Seen, files_in, files_of, folder_name, seen_in
from connectors.folder.files import read_bounded, stamp_of, write_whole
from connectors.folder.map import (
    REASON,
    RECEIPT,
    beside,
    digest_of,
    is_partial,
    other_name,
    record_of,
    unfitness,
)
from connectors.folder.moves import Moves, free_name, is_free, tag_of
from connectors.folder.staying import Staying
from schemas.errors import Refusal, Unavailable
from schemas.json_text import DOCUMENT_MAX_BYTES, Encoding, from_text, in_utf8
from schemas.secrecy import Gate

LISTED_MAX: Final = 20_000  # files looked at in one poll, by name; the rest in a later one
READ_BYTES_MAX: Final = 32 * 1024 * 1024  # given out at once; the last may go beyond
FILES_BYTES_MAX: Final = 1024**3  # of attachments given out at once; the last may go beyond

LOG: Final = logging.getLogger("yichuan.connector")


class Outbox:
    """outbox/, work/, sent/ and refused/ of one agency. Every method may raise OSError."""

    def __init__(
        self,
        root: Path,
        records: Mapping[str, str],
        gate: Gate,
        encoding: Encoding = Encoding.UTF_8,
    ) -> None:
        self.outbox, self.work = root / "outbox", root / "work"
        self.sent, self.refused = root / "sent", root / "refused"
        self._records, self._encoding = records, encoding
        self._moves = Moves(self.outbox, self.work, self.sent, self.refused)
        self._staying = Staying(self.outbox, self.refused, records, gate, encoding)
        self._before: dict[str, Seen] = {}
        self._ready: list[str] = []  # stood still, not taken yet
        self._left: list[str] = []  # in work/, not given out yet
        self._is_first = True  # nothing was collected yet
        self._stuck: set[str] = set()
        self._given: dict[str, str] = {}  # name in work/ → digest of what was given out of it

    def open(self) -> None:
        """Remember what an earlier process took and did not finish."""
        self._left, self._is_first = self._moves.open(), True

    def collect(self, sources_max: int) -> tuple[Source | Unfit, ...]:
        """Take files, by name; those of an earlier process first."""
        staying: list[Unfit] = []
        if not self._is_first:
            self._moves.clear()
        self._is_first = False
        if not self._left:
            if not self._ready:
                self._ready = self._look()
            names, self._ready = self._ready[:sources_max], self._ready[sources_max:]
            for name in names:
                refusal = self._staying.refusal(name, self._before[name])
                if refusal is not None:
                    staying.append(Unfit(name, "", refusal, stays=True))
                elif self._take(name):
                    self._left.append(name)
        return (*staying, *self._given_out(sources_max))

    def _given_out(self, sources_max: int) -> list[Source | Unfit]:
        """Read what lies in work/, in order, up to the limits."""
        things: list[Source | Unfit] = []
        read_bytes = files_bytes = 0
        for name in self._left[:sources_max]:
            try:
                thing = self._read(name)
            except (OSError, Unavailable):
                if not things:
                    raise
                break  # it is the first of the next time; nobody else has those before it
            self._left = self._left[1:]
            if thing is not None:
                things.append(thing)
            if isinstance(thing, Source):
                read_bytes += len(thing.raw)
                files_bytes += sum(file.size_bytes for file in thing.files)
            if read_bytes >= READ_BYTES_MAX or files_bytes >= FILES_BYTES_MAX:
                break
        return things

    def mark(self, marks: Sequence[Mark]) -> None:
        """Move each file to where its state belongs, and put the notice beside it."""
        for mark in marks:
            self._mark(mark)
        for folder in (self.work, self.sent, self.refused):
            flush_folder(folder)

    def _look(self) -> list[str]:
        """Return the files that stood still since the look before, by name."""
        with os.scandir(self.outbox) as entries:
            whole = (entry.name for entry in entries if not is_partial(entry.name))
            listed = heapq.nsmallest(LISTED_MAX, whole)
        seen = seen_in(self.outbox, listed)
        still = sorted(name for name, found in seen.items() if self._before.get(name) == found)
        self._before = seen
        self._stuck &= seen.keys()
        self._staying.forget_but({name: found.stamp for name, found in seen.items()})
        return [name for name in still if not self._staying.knows(name, seen[name].stamp)]

    def _take(self, name: str) -> bool:
        """Move a file into work/, unless it changed or one of its name is still on its way."""
        path = self.outbox / name
        seen = self._before.get(name)
        if seen is None or stamp_of(path) != seen.document:
            return False
        try:
            return self._moves.take(name)
        except FileNotFoundError:
            return False  # the agency took it back
        except OSError as error:  # this one alone: a mount point, or not ours to move
            if error.errno in AWAY or os.path.lexists(self.work / name):
                return True  # its files did not follow, or nobody knows yet: _read looks there
            if name not in self._stuck:
                LOG.warning("a file cannot be taken: %s", error.strerror)
                self._stuck.add(name)
            return False

    def _read(self, name: str) -> Source | Unfit | None:
        path = self.work / name
        try:
            found = path.lstat()
        except FileNotFoundError:
            self._moves.let_go(name)
            return None
        is_file = stat.S_ISREG(found.st_mode)
        refusal = unfitness(name, is_file=is_file, size_bytes=found.st_size)
        if refusal is not None:
            return Unfit(name, "", refusal)
        if not self._moves.is_joined(name):
            return None  # until it can be put together, at a next start
        before = stamp_of(path)
        raw = read_bounded(path, DOCUMENT_MAX_BYTES)
        if before is None or stamp_of(path) != before:
            self._put_back(name)
            return None
        if raw is None:
            return Unfit(name, "", Refusal("file.unreadable"))
        digest = digest_of(raw)
        self._given[name] = digest
        plain = in_utf8(raw, self._encoding)
        if isinstance(plain, Refusal):
            return Unfit(name, digest, plain)
        files = files_in(self.work / folder_name(name))
        if isinstance(files, Refusal):
            return Unfit(name, digest, files)
        return Source(name, digest, record_of(name, self._records), plain, files=files)

    def _mark(self, mark: Mark) -> None:
        if mark.stays:
            self._staying.show(mark)
            return
        is_refused = mark.state is State.REJECTED
        target = self.refused if is_refused else self.sent
        found = self._find(mark)
        if found is None or found.parent == target:
            name = found.name if found else mark.place
        else:
            name = self._free(target, mark, found)
        if mark.notice is not None:
            notice = target / beside(name, REASON if is_refused else RECEIPT)
            write_whole(notice, from_text(as_text(mark.notice), self._encoding))
        if found is not None and found.parent != target:
            self._moves.leave(found, target, name)
            (found.parent / beside(found.name, RECEIPT)).unlink(missing_ok=True)
        elif found is not None:
            self._moves.leave_again(_names(mark), found)
        given = self._given.get(mark.place)
        if given is not None and given == mark.digest:
            del self._given[mark.place]
            if found is None:  # its writer went on after we had read it
                self._put_back(mark.place)

    def _put_back(self, name: str) -> None:
        """Put a file from work/ into outbox/, where it is looked at again until it stands still."""
        if not self._moves.put_back(name):
            self._left.append(name)  # there is another one of its name: read again where it lies

    def _find(self, mark: Mark) -> Path | None:
        """Return where the file lies now; None when the agency took it away or changed it."""
        path = self.work / mark.place
        if not mark.digest:
            return path if os.path.lexists(path) else None
        # By the tag of its message first: one of the same content may have had other attachments.
        left = (folder / name for name in _names(mark) for folder in (self.sent, self.refused))
        return next((each for each in (path, *left) if self._is(each, mark.digest)), None)

    def _free(self, target: Path, mark: Mark, found: Path) -> str:
        """Return a name that hides no other file, and no other's attachments.

        One of the same content may be replaced where neither has attachments.
        """
        has_files = files_of(found.parent, found.name) is not None
        tag = mark.message_id or mark.digest or tag_of(found)
        for name in (mark.place, other_name(mark.place, tag)):
            if is_free(target, name):
                return name
            is_alone = not has_files and files_of(target, name) is None
            if is_alone and self._is(target / name, mark.digest):
                return name
        return free_name(target, mark.place, tag_of(found))

    def _is(self, path: Path, digest: str) -> bool:
        raw = read_bounded(path, DOCUMENT_MAX_BYTES)
        return raw is not None and digest_of(raw) == digest


def _names(mark: Mark) -> tuple[str, ...]:
    """Return the names that a message's file may have, the surest first."""
    if mark.message_id is None:
        return (mark.place,)
    return (other_name(mark.place, mark.message_id), mark.place)
