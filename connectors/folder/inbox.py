"""The agency's incoming files: inbox/, each put there once, also when the agency takes it away.

    1 the file is written whole into .staging/ · 2 the book says "ready" · 3 it is renamed into
    inbox/ · 4 the book says "there since …"

A crash after 1: it is written again. After 2 or 3: what is ready and still in .staging/ has not
been shown, so it is shown now; what is ready and no longer in .staging/ was shown, whatever the
agency has done with it since. So nobody may clean .staging/ but this.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.bus.book import Book
from connectors.bus.clock import now
from connectors.bus.durable import flush_folder
from connectors.bus.outgoing import as_text
from connectors.bus.system import Arrival, Arrived, Landed
from connectors.folder.beside import folder_name
from connectors.folder.files import write_whole
from connectors.folder.map import REASON, beside, inbox_name
from schemas.attachments import name_is_fit
from schemas.ids import MessageId
from schemas.json_text import Encoding, from_text
from schemas.render import to_document

_TABLES: Final = """
CREATE TABLE ready (message_id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE there (message_id TEXT PRIMARY KEY, since TEXT NOT NULL) WITHOUT ROWID;
"""


class InFolder:
    """inbox/ of one agency with the book of what was put there. Methods may raise OSError."""

    def __init__(self, root: Path, book: Path, encoding: Encoding = Encoding.UTF_8) -> None:
        self.inbox, self.staging = root / "inbox", root / ".staging"
        self._book = Book(book, _TABLES)
        self._encoding = encoding

    def finish(self) -> None:
        """Show what was ready when something stopped us."""
        rows = self._book.db.execute("SELECT message_id, name FROM ready ORDER BY name").fetchall()
        if rows:
            self._show([(MessageId(message_id), name) for message_id, name in rows])

    def deliver(self, arrivals: Sequence[Arrival]) -> Arrived:
        """Put messages into inbox/, in this order, each once."""
        self.finish()
        new = [arrival for arrival in arrivals if self._since(arrival.id) is None]
        files = [(arrival.id, _name(arrival)) for arrival in new]
        for arrival, (_, name) in zip(new, files, strict=True):
            content = from_text(as_text(to_document(arrival.message)), self._encoding)
            write_whole(self.staging / name, content)
        if files:
            flush_folder(self.staging)
            with self._book.transaction():
                self._book.db.executemany("INSERT OR REPLACE INTO ready VALUES (?,?)", files)
            self._show(files)
        since = {arrival.id: self._since(arrival.id) for arrival in arrivals}
        return Arrived({key: at for key, at in since.items() if at is not None})

    def attach(self, landed: Landed) -> None:
        """Put a file into `<document>.files/` beside its document, or the reason why it is not."""
        document = inbox_name(landed.offset, landed.record, landed.message_id)
        folder = self.inbox / folder_name(document)
        name = landed.name if name_is_fit(landed.name) else f"{landed.position + 1}"
        reason = folder / beside(name, REASON)
        folder.mkdir(exist_ok=True)
        if landed.path is None:
            write_whole(reason, from_text(as_text(landed.notice), self._encoding))
        else:
            if landed.path.exists():
                landed.path.replace(folder / name)
            reason.unlink(missing_ok=True)
        flush_folder(folder)
        flush_folder(self.inbox)

    def close(self) -> None:
        """Close the book."""
        self._book.close()

    def _show(self, files: Iterable[tuple[MessageId, str]]) -> None:
        shown = list(files)
        for _, name in shown:
            staged = self.staging / name
            if staged.exists():
                staged.rename(self.inbox / name)
        flush_folder(self.inbox)
        flush_folder(self.staging)
        at = now()
        since = at.replace(microsecond=at.microsecond // 1000 * 1000).isoformat()
        with self._book.transaction():
            for message_id, _ in shown:
                self._book.db.execute(
                    "INSERT OR IGNORE INTO there VALUES (?,?)", (message_id, since)
                )
                self._book.db.execute("DELETE FROM ready WHERE message_id = ?", (message_id,))

    def _since(self, message_id: MessageId) -> datetime | None:
        row = self._book.db.execute(
            "SELECT since FROM there WHERE message_id = ?", (message_id,)
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row else None


def _name(arrival: Arrival) -> str:
    return inbox_name(arrival.offset, arrival.message.envelope.record, arrival.id)
