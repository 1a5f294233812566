"""Files that the secrecy gate lets lie: not taken, not copied (domain, section 6, item 1).

So does a file lie whose attachments may not be read: their folder could not be moved along.

Such a file keeps its name and place, and refused/ gets the reason alone. The reason says of which
file it is (its inode, size and time), so that the same one is not judged again, after a restart
neither; a file that was mended is, and one whose reason was removed.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connectors.bus.gate import barred
from connectors.bus.outgoing import as_text
from connectors.bus.system import Mark
from connectors.folder.beside import CLOSED, Seen, files_of, stamps_in
from connectors.folder.files import Stamp, read_bounded, write_whole
from connectors.folder.map import REASON, beside, other_name, record_of, told_file
from schemas.attachments import ATTACHMENTS
from schemas.errors import Refusal
from schemas.json_text import DOCUMENT_MAX_BYTES, Encoding, from_text, in_utf8
from schemas.secrecy import Gate

REASON_BYTES_MAX: Final = 64 * 1024


class Staying:
    """What was refused where it lies, of one agency's outbox."""

    def __init__(
        self,
        outbox: Path,
        refused: Path,
        records: Mapping[str, str],
        gate: Gate,
        encoding: Encoding,
    ) -> None:
        self._outbox, self._refused = outbox, refused
        self._records, self._gate, self._encoding = records, gate, encoding
        self._known: dict[str, Stamp] = {}

    def refusal(self, name: str, seen: Seen) -> Refusal | None:
        """Return why a file is let lie: by its name or content, or its attachments."""
        _, _, size_bytes, _ = seen.document
        raw = None
        if size_bytes <= DOCUMENT_MAX_BYTES:
            raw = read_bounded(self._outbox / name, DOCUMENT_MAX_BYTES)
        shown = _shown(name)
        record = record_of(name, self._records)
        files = files_of(self._outbox, name)
        beside_it = [each for each, _ in stamps_in(files)] if files else []
        names = (shown, *(_shown(each) for each in beside_it))
        found = barred(names, record, self._plain(raw or b""), self._gate)
        if found is None and CLOSED in beside_it:
            found = Refusal("attachment.unreadable", where=ATTACHMENTS)
        if found is not None:
            self._known[name] = seen.stamp
        return found

    def knows(self, name: str, stamp: Stamp) -> bool:
        """Whether this very file was refused before, and its reason is still to be seen."""
        for path in self._reasons(name):
            if not path.exists():
                continue
            if self._known.get(name) == stamp:
                return True
            reason = read_bounded(path, REASON_BYTES_MAX)
            if reason is not None and told_file(self._plain(reason)) == list(stamp):
                self._known[name] = stamp
                return True
        return False

    def forget_but(self, seen: Mapping[str, Stamp]) -> None:
        """Forget what is no longer there, or is another file now."""
        self._known = {name: at for name, at in self._known.items() if seen.get(name) == at}

    def show(self, mark: Mark) -> None:
        """Write the reason, and of which file it is."""
        own, other = self._reasons(mark.place)
        path = other if os.path.lexists(self._refused / mark.place) else own
        stamp = self._known.get(mark.place)
        notice = {**(mark.notice or {}), "file": list(stamp or ())}
        write_whole(path, from_text(as_text(notice), self._encoding))

    def _reasons(self, name: str) -> tuple[Path, Path]:
        """Return where the reason may be: another file of the name may have been refused."""
        return (
            self._refused / beside(name, REASON),
            self._refused / beside(other_name(name, "stays"), REASON),
        )

    def _plain(self, raw: bytes) -> bytes:
        """Return the bytes in UTF-8 where the configuration says how; else as they are."""
        plain = in_utf8(raw, self._encoding)
        return raw if isinstance(plain, Refusal) else plain


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
