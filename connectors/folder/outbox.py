"""The agency's outgoing files: outbox/ → work/ → sent/ or refused/.

A writer puts its file into outbox/ under a name that says "not finished" (`.a.json`, `a.json.part`)
or in another folder, and renames it when it is whole: a rename is the one way to show a file at
once. Who cannot do that is still safe while the file grows: one is taken only when size and time
stood still from one look to the next.

Names say how far a file is, and a rename is one step or none, so there is nothing to lose by a
crash: what lies in work/ at the start is taken again and known by its name and content.

What the secrecy gate refuses is not taken: it keeps its name and place, and refused/ gets the
reason alone. The reason says of which file it is (its inode, size and time), so that the same one
is not judged again, after a restart neither; a file that was mended is, and one whose reason was
removed.
"""

import itertools
import logging
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from connectors.bus.gate import barred
from connectors.bus.outgoing import as_text
from connectors.bus.system import Mark, Source, State, Unfit
from connectors.folder.files import flush_folder, read_bounded, write_whole
from connectors.folder.map import (
    REASON,
    RECEIPT,
    beside,
    digest_of,
    is_partial,
    other_name,
    record_of,
    told_file,
    unfitness,
)
from schemas.document import DOCUMENT_MAX_BYTES
from schemas.errors import Refusal, Unavailable
from schemas.secrecy import Gate

LISTED_MAX: Final = 20_000  # entries looked at in one poll; the rest in a later one
NAMES_TRIED_MAX: Final = 1_000
REASON_BYTES_MAX: Final = 64 * 1024

LOG: Final = logging.getLogger("yichuan.connector")
_Stamp = tuple[int, int, int, int]


class Outbox:
    """outbox/, work/, sent/ and refused/ of one agency. Every method may raise OSError."""

    def __init__(self, root: Path, records: Mapping[str, str], gate: Gate) -> None:
        self.outbox, self.work = root / "outbox", root / "work"
        self.sent, self.refused = root / "sent", root / "refused"
        self._records, self._gate = records, gate
        self._before: dict[str, _Stamp] = {}
        self._ready: list[str] = []  # stood still, not taken yet
        self._left: list[str] = []  # in work/, not given out yet
        self._stuck: set[str] = set()
        self._staying: dict[str, _Stamp] = {}  # refused where they lie

    def open(self) -> None:
        """Remember what an earlier process took and did not finish."""
        self._left = sorted(entry.name for entry in os.scandir(self.work))

    def collect(self, sources_max: int) -> tuple[Source | Unfit, ...]:
        """Take files, by name; those of an earlier process first."""
        staying: list[Unfit] = []
        if not self._left:
            if not self._ready:
                self._ready = self._look()
            names, self._ready = self._ready[:sources_max], self._ready[sources_max:]
            for name in names:
                refusal = self._barred(name)
                if refusal is not None:
                    self._staying[name] = self._before[name]
                    staying.append(Unfit(name, "", refusal, stays=True))
                elif self._take(name):
                    self._left.append(name)
        names = self._left[:sources_max]
        things = tuple(thing for name in names if (thing := self._read(name)) is not None)
        self._left = self._left[sources_max:]
        return (*staying, *things)

    def mark(self, marks: Sequence[Mark]) -> None:
        """Move each file to where its state belongs, and put the notice beside it."""
        for mark in marks:
            self._mark(mark)
        for folder in (self.work, self.sent, self.refused):
            flush_folder(folder)

    def _look(self) -> list[str]:
        """Return the files that stood still since the look before, by name."""
        seen: dict[str, _Stamp] = {}
        with os.scandir(self.outbox) as entries:
            for entry in itertools.islice(entries, LISTED_MAX):
                if not is_partial(entry.name) and (stamp := _stamp(self.outbox / entry.name)):
                    seen[entry.name] = stamp
        still = sorted(name for name, stamp in seen.items() if self._before.get(name) == stamp)
        self._before = seen
        self._stuck &= seen.keys()
        self._staying = {name: at for name, at in self._staying.items() if seen.get(name) == at}
        return [name for name in still if not self._was_refused(name, seen[name])]

    def _barred(self, name: str) -> Refusal | None:
        """Return why the secrecy gate lets a file lie, by its name or its content."""
        path = self.outbox / name
        *_, size_bytes, _ = self._before[name]
        raw = read_bounded(path, DOCUMENT_MAX_BYTES) if size_bytes <= DOCUMENT_MAX_BYTES else None
        record = record_of(name, self._records)
        shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return barred((shown,), record, raw or b"", self._gate)

    def _was_refused(self, name: str, stamp: _Stamp) -> bool:
        """Whether this very file was refused where it lies, and the reason is still to be seen."""
        for path in self._reasons(name):
            if not path.exists():
                continue
            if self._staying.get(name) == stamp:
                return True
            reason = read_bounded(path, REASON_BYTES_MAX)
            if reason is not None and told_file(reason) == list(stamp):
                self._staying[name] = stamp
                return True
        return False

    def _reasons(self, name: str) -> tuple[Path, Path]:
        """Return where the reason of a file that stays may be: another file may have its name."""
        return (
            self.refused / beside(name, REASON),
            self.refused / beside(other_name(name, "stays"), REASON),
        )

    def _show_reason(self, mark: Mark) -> None:
        own, other = self._reasons(mark.place)
        path = other if os.path.lexists(self.refused / mark.place) else own
        stamp = self._staying.get(mark.place)
        notice = {**(mark.notice or {}), "file": list(stamp or ())}
        write_whole(path, as_text(notice).encode())

    def _take(self, name: str) -> bool:
        """Move a file into work/, unless it changed or one of its name is still on its way."""
        path = self.outbox / name
        if os.path.lexists(self.work / name) or _stamp(path) != self._before.get(name):
            return False
        try:
            path.rename(self.work / name)
        except FileNotFoundError:
            return False  # the agency took it back
        except OSError as error:  # this one alone: a mount point, or not ours to move
            if name not in self._stuck:
                LOG.warning("a file cannot be taken: %s", error.strerror)
                self._stuck.add(name)
            return False
        return True

    def _read(self, name: str) -> Source | Unfit | None:
        path = self.work / name
        try:
            found = path.lstat()
        except FileNotFoundError:
            return None
        is_file = stat.S_ISREG(found.st_mode)
        refusal = unfitness(name, is_file=is_file, size_bytes=found.st_size)
        if refusal is not None:
            return Unfit(name, "", refusal)
        raw = read_bounded(path, DOCUMENT_MAX_BYTES)
        if raw is None:
            return Unfit(name, "", Refusal("file.unreadable"))
        return Source(name, digest_of(raw), record_of(name, self._records), raw)

    def _mark(self, mark: Mark) -> None:
        if mark.stays:
            self._show_reason(mark)
            return
        is_refused = mark.state is State.REJECTED
        target = self.refused if is_refused else self.sent
        found = self._find(mark)
        tag = mark.message_id or mark.digest or "copy"
        if found is None or found.parent == target:
            name = found.name if found else mark.place
        else:
            name = self._free(target, mark, tag)
        if mark.notice is not None:
            notice = target / beside(name, REASON if is_refused else RECEIPT)
            write_whole(notice, as_text(mark.notice).encode())
        if found is not None and found.parent != target:
            found.rename(target / name)
            (found.parent / beside(found.name, RECEIPT)).unlink(missing_ok=True)

    def _find(self, mark: Mark) -> Path | None:
        """Return where the file lies now; None when the agency took it away or changed it."""
        if not mark.digest:
            path = self.work / mark.place
            return path if os.path.lexists(path) else None
        names = [mark.place]
        if mark.message_id is not None:
            names.append(other_name(mark.place, mark.message_id))
        for folder in (self.work, self.sent, self.refused):
            for name in names:
                if self._is(folder / name, mark.digest):
                    return folder / name
        return None

    def _free(self, target: Path, mark: Mark, tag: str) -> str:
        """Return a name that hides no other file: one of the same content may be replaced."""
        if not os.path.lexists(target / mark.place) or self._is(target / mark.place, mark.digest):
            return mark.place
        for number in range(1, NAMES_TRIED_MAX):
            name = other_name(mark.place, tag, number)
            if not os.path.lexists(target / name) or self._is(target / name, mark.digest):
                return name
        raise Unavailable("system.unavailable", where=str(target), detail="EEXIST")

    def _is(self, path: Path, digest: str) -> bool:
        raw = read_bounded(path, DOCUMENT_MAX_BYTES)
        return raw is not None and bool(digest) and digest_of(raw) == digest


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return (found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns)
