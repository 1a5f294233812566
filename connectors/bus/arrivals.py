"""What came to the agency, in the connector's ledger: what it was given, what it is being given.

An agency may answer what it can see. So a message is known here before it is put into the agency's
system: a crash between the two books would else refuse the answer as one to nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from connectors.bus.book import Book
from schemas.ids import MessageId
from schemas.messages import Message

# IF NOT EXISTS: an older ledger gains `arriving`. It holds what one reading of the inbox brought.
TABLES: Final = """
CREATE TABLE IF NOT EXISTS got (
  message_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, flow TEXT NOT NULL, record TEXT NOT NULL,
  sender TEXT NOT NULL, document_number TEXT, at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS got_number ON got (document_number) WHERE document_number IS NOT NULL;
CREATE TABLE IF NOT EXISTS arriving (
  message_id TEXT PRIMARY KEY, case_id TEXT NOT NULL, flow TEXT NOT NULL, document_number TEXT
) WITHOUT ROWID;
"""


class Arrivals:
    """The two lists, in an open book."""

    def __init__(self, book: Book) -> None:
        self._book, self._db = book, book.db
        self._db.executescript(TABLES)

    def expect(self, messages: Iterable[Message]) -> None:
        """Note, on the disk, what the agency's system is given next: it can be answered now.

        Raises Unavailable connector.book_unusable.
        """
        envelopes = [message.envelope for message in messages]
        rows = [
            (each.message_id, each.case_id, each.flow, each.document_number) for each in envelopes
        ]
        if rows:
            with self._book.transaction():
                self._db.executemany("INSERT OR IGNORE INTO arriving VALUES (?,?,?,?)", rows)

    def refused(self, message_id: MessageId) -> None:
        """Note that the agency's system cannot have it."""
        self._db.execute("DELETE FROM arriving WHERE message_id = ?", (message_id,))

    def has(self, message_id: MessageId) -> bool:
        """Whether this inbox message was dealt with."""
        found = self._db.execute("SELECT 1 FROM got WHERE message_id = ?", (message_id,))
        return found.fetchone() is not None

    def got(self, message: Message, at: datetime) -> None:
        """Note that an inbox message was dealt with; the first time stands."""
        envelope = message.envelope
        self._db.execute("DELETE FROM arriving WHERE message_id = ?", (envelope.message_id,))
        self._db.execute(
            "INSERT OR IGNORE INTO got VALUES (?,?,?,?,?,?,?)",
            (
                envelope.message_id,
                envelope.case_id,
                envelope.flow,
                envelope.record,
                envelope.sender,
                envelope.document_number,
                at.isoformat(),
            ),
        )
