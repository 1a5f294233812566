"""What of attachments is still to be carried, in the connector's ledger: up to the store, and down.

A message whose files are not all stored is not published, nor is any behind it of its case. A copy
whose files are not all in the agency's system has no Delivered yet.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connectors.bus.book import Book
from connectors.bus.sealing import Staged
from connectors.bus.system import Landed, Notice
from connectors.bus.unsealing import Wanted
from schemas.file_cipher import sealed_bytes
from schemas.file_key import Claim, claim_of
from schemas.ids import CaseId, MessageId, MessageKey, OrganCode
from schemas.messages import Message
from schemas.parts import Envelope, Flow

CARRIED_MAX: Final = 100  # looked up at once

# IF NOT EXISTS: a ledger of before there were attachments gains them.
TABLES: Final = """
CREATE TABLE IF NOT EXISTS uploads (
  message_id TEXT NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL,
  PRIMARY KEY (message_id, blob)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS downloads (
  message_id TEXT NOT NULL, position INTEGER NOT NULL, "offset" INTEGER NOT NULL,
  record TEXT NOT NULL, bus TEXT NOT NULL, sender TEXT NOT NULL, name TEXT NOT NULL,
  size INTEGER NOT NULL, sha256 TEXT NOT NULL, blob TEXT NOT NULL, key TEXT, code TEXT,
  PRIMARY KEY (message_id, sender, position)
) WITHOUT ROWID;
"""

# A ledger in which a message was its id alone.
BY_SENDER: Final = f"""
CREATE TABLE IF NOT EXISTS downloads (
  message_id, position, "offset", record, bus, sender, name, size, sha256, blob, key, code
);
ALTER TABLE downloads RENAME TO downloads_by_id;
{TABLES}
INSERT INTO downloads SELECT * FROM downloads_by_id;
DROP TABLE downloads_by_id;
"""


_OF_IT: Final = "sender = ? AND message_id = ?"


@dataclass(frozen=True, slots=True)
class Upload:
    """A staged file that the store has not whole."""

    message_id: MessageId
    blob: str
    sealed_bytes: int


@dataclass(frozen=True, slots=True)
class Download:
    """An attachment that is not in the agency's system yet."""

    offset: int
    record: str
    position: int
    name: str
    wanted: Wanted

    @property
    def message(self) -> MessageKey:
        """Whose it is."""
        return self.wanted.claim.sender, self.wanted.claim.message_id

    def landed(self, path: Path | None = None, notice: Notice | None = None) -> Landed:
        """Return it as a system takes it: where it lies, or why it cannot be had."""
        whose = (self.offset, self.record, self.message)
        return Landed(*whose, self.position, self.name, path, notice)


class Transfers:
    """The two lists, in an open book."""

    def __init__(self, book: Book) -> None:
        self._db = book.db
        self._db.executescript(TABLES)

    def to_upload(self, message_id: MessageId, files: Iterable[Staged]) -> None:
        """Note what a message brings along."""
        rows = [(message_id, file.blob, sealed_bytes(file.file.size_bytes)) for file in files]
        self._db.executemany("INSERT OR IGNORE INTO uploads VALUES (?,?,?)", rows)

    def uploads(self, but: Collection[object]) -> tuple[Upload, ...]:
        """Return what is to be stored, without `but`."""
        query = "SELECT message_id, blob, size FROM uploads ORDER BY message_id, blob LIMIT ?"
        rows = self._db.execute(query, (CARRIED_MAX + len(but),))
        found = (Upload(MessageId(each), blob, size) for each, blob, size in rows)
        return tuple(upload for upload in found if upload not in but)

    def staged_bytes(self) -> int:
        """Return how much of the disk is staged."""
        return int(self._db.execute("SELECT COALESCE(SUM(size), 0) FROM uploads").fetchone()[0])

    def staged(self) -> frozenset[str]:
        """Return the names of all staged files that are still needed."""
        return frozenset(blob for (blob,) in self._db.execute("SELECT blob FROM uploads"))

    def uploaded(self, upload: Upload) -> None:
        """Note that the store has it whole."""
        self._db.execute(
            "DELETE FROM uploads WHERE message_id = ? AND blob = ?",
            (upload.message_id, upload.blob),
        )

    def to_download(self, message: Message, offset: int) -> int:
        """Note what a copy entitles to; return how many files that is."""
        rows = _rows(message, offset)
        marks = ",".join("?" * 12)
        self._db.executemany(f"INSERT OR IGNORE INTO downloads VALUES ({marks})", rows)
        return len(rows)

    def downloads(self, but: Collection[object]) -> tuple[Download, ...]:
        """Return what is to be fetched, without `but` and what was found unfit."""
        query = (
            'SELECT message_id, position, "offset", record, bus, sender, name, size, sha256, blob,'
            ' key FROM downloads WHERE code IS NULL ORDER BY "offset", position LIMIT ?'
        )
        rows = self._db.execute(query, (CARRIED_MAX + len(but),))
        return tuple(download for row in rows if (download := _download(row)) not in but)

    def downloaded(self, download: Download) -> bool:
        """Note that the agency has it; return whether that was the last of its message."""
        self._db.execute(f"DELETE FROM downloads WHERE {_OF_IT} AND position = ?", _of(download))
        (left,) = self._db.execute(
            f"SELECT COUNT(*) FROM downloads WHERE {_OF_IT}", download.message
        ).fetchone()
        return bool(left == 0)

    def place_of(self, message: MessageKey) -> tuple[CaseId, Flow] | None:
        """Return the case and flow of an inbox message that was dealt with."""
        wanted = f"SELECT case_id, flow FROM got WHERE {_OF_IT}"
        row = self._db.execute(wanted, message).fetchone()
        return None if row is None else (CaseId(row[0]), Flow(row[1]))

    def refused(self, download: Download, code: str) -> None:
        """Note that it is unfit: not tried again in this life."""
        self._db.execute(
            f"UPDATE downloads SET code = ? WHERE {_OF_IT} AND position = ?",
            (code, *_of(download)),
        )

    def unfit(self) -> int:
        """Return how many were found unfit."""
        query = "SELECT COUNT(*) FROM downloads WHERE code IS NOT NULL"
        return int(self._db.execute(query).fetchone()[0])

    def try_again(self) -> None:
        """Let what was found unfit be tried once more: it may have been stored again."""
        self._db.execute("UPDATE downloads SET code = NULL")


def _of(download: Download) -> tuple[str, str, int]:
    return (*download.message, download.position)


def _rows(message: Message, offset: int) -> list[tuple[object, ...]]:
    envelope = message.envelope
    return [
        (
            envelope.message_id,
            position,
            offset,
            envelope.record,
            envelope.bus,
            envelope.sender,
            name,
            claim.size_bytes,
            claim.sha256,
            claim.blob,
            key,
            None,
        )
        for position, name, claim, key in entitled(envelope)
    ]


def entitled(envelope: Envelope) -> Sequence[tuple[int, str, Claim, str | None]]:
    """Return (position, name, claim, key wrapped to us) of the attachments that a copy shows.

    What is withheld of one, its name or its key to the bus, says that it is not for us.
    """
    delivery = envelope.delivery
    keys = {each.blob: each.key for each in delivery.keys} if delivery else {}
    return [
        (position, attachment.name, claim, keys.get(claim.blob))
        for position, attachment in enumerate(envelope.attachments or ())
        if attachment.name is not None
        and attachment.key is not None
        and (claim := claim_of(envelope, attachment)) is not None
    ]


def _download(row: tuple[object, ...]) -> Download:
    message_id, position, offset, record, bus, sender, name, size, sha256, blob, key = row
    claim = Claim(
        str(bus),
        OrganCode(str(sender)),
        MessageId(str(message_id)),
        str(blob),
        str(sha256),
        int(str(size)),
    )
    wanted = Wanted(claim, None if key is None else str(key))
    return Download(int(str(offset)), str(record), int(str(position)), str(name), wanted)
