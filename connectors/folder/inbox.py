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
from connectors.bus.system import UNNOTED, Arrival, Arrived, Landed
from connectors.folder.beside import folder_name, is_files_folder
from connectors.folder.files import write_whole
from connectors.folder.map import REASON, beside, inbox_name
from schemas.attachments import name_is_fit
from schemas.ids import MessageId, MessageKey, OrganCode
from schemas.json_text import Encoding, from_text
from schemas.render import to_document

_TABLES: Final = """
CREATE TABLE ready (
  sender TEXT NOT NULL, message_id TEXT NOT NULL, name TEXT NOT NULL,
  PRIMARY KEY (message_id, sender)
) WITHOUT ROWID;
CREATE TABLE there (
  sender TEXT NOT NULL, message_id TEXT NOT NULL, since TEXT NOT NULL,
  PRIMARY KEY (message_id, sender)
) WITHOUT ROWID;
"""
# A book in which a message was its id alone.
_BY_SENDER: Final = f"""
ALTER TABLE ready RENAME TO ready_by_id;
ALTER TABLE there RENAME TO there_by_id;
{_TABLES}
INSERT INTO ready SELECT '{UNNOTED}', message_id, name FROM ready_by_id;
INSERT INTO there SELECT '{UNNOTED}', message_id, since FROM there_by_id;
DROP TABLE ready_by_id;
DROP TABLE there_by_id;
"""


class InFolder:
    """inbox/ of one agency with the book of what was put there. Methods may raise OSError."""

    def __init__(self, root: Path, book: Path, encoding: Encoding = Encoding.UTF_8) -> None:
        self.inbox, self.staging = root / "inbox", root / ".staging"
        self._book = Book(book, _TABLES, (_BY_SENDER,))
        self._encoding = encoding

    def finish(self) -> None:
        """Show what was ready when something stopped us."""
        query = "SELECT sender, message_id, name FROM ready ORDER BY name"
        rows = self._book.db.execute(query).fetchall()
        if rows:
            self._show(rows)

    def deliver(self, arrivals: Sequence[Arrival]) -> Arrived:
        """Put messages into inbox/, in this order, each once."""
        self.finish()
        self._recognise(arrivals)
        new = [arrival for arrival in arrivals if self._since(arrival.key) is None]
        files = [(*arrival.key, _name(arrival)) for arrival in new]
        for arrival, (*_, name) in zip(new, files, strict=True):
            content = from_text(as_text(to_document(arrival.message)), self._encoding)
            write_whole(self.staging / name, content)
        if files:
            flush_folder(self.staging)
            with self._book.transaction():
                self._book.db.executemany("INSERT OR REPLACE INTO ready VALUES (?,?,?)", files)
            self._show(files)
        since = {arrival.key: self._since(arrival.key) for arrival in arrivals}
        return Arrived({key: at for key, at in since.items() if at is not None})

    def attach(self, landed: Landed) -> None:
        """Put a file into `<document>.files/` beside its document, or the reason why it is not."""
        document = inbox_name(landed.offset, landed.record, landed.message[1])
        folder = self.inbox / folder_name(document)
        name = landed.name if name_is_fit(landed.name) else f"{landed.position + 1}"
        reason = folder / beside(name, REASON)
        if not is_files_folder(folder):  # a link to a folder is none: EEXIST
            folder.mkdir()
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

    def _recognise(self, arrivals: Iterable[Arrival]) -> None:
        """Say whose it is what an older release has put there and the ledger knows nothing of."""
        unnoted = f"SELECT 1 FROM there WHERE message_id = ? AND sender = '{UNNOTED}'"
        for arrival in arrivals:
            sender, message_id = arrival.key
            if arrival.namesake or self._since(arrival.key) is not None:
                continue
            if self._book.db.execute(unnoted, (message_id,)).fetchone() is None:
                continue
            with self._book.transaction():
                self._book.db.execute(
                    f"UPDATE there SET sender = ? WHERE message_id = ? AND sender = '{UNNOTED}'",
                    (sender, message_id),
                )

    def _show(self, files: Iterable[tuple[OrganCode, MessageId, str]]) -> None:
        shown = list(files)
        for *_, name in shown:
            staged = self.staging / name
            if staged.exists():
                staged.rename(self.inbox / name)
        flush_folder(self.inbox)
        flush_folder(self.staging)
        at = now()
        since = at.replace(microsecond=at.microsecond // 1000 * 1000).isoformat()
        with self._book.transaction():
            for *key, _ in shown:
                self._book.db.execute("INSERT OR IGNORE INTO there VALUES (?,?,?)", (*key, since))
                self._book.db.execute("DELETE FROM ready WHERE sender = ? AND message_id = ?", key)

    def _since(self, key: MessageKey) -> datetime | None:
        row = self._book.db.execute(
            "SELECT since FROM there WHERE sender = ? AND message_id = ?", key
        ).fetchone()
        return datetime.fromisoformat(row[0]) if row else None


def _name(arrival: Arrival) -> str:
    envelope = arrival.message.envelope
    return inbox_name(arrival.offset, envelope.record, envelope.message_id)
