"""What came to the agency, in the connector's ledger: what it was given, what it is being given.

An agency may answer what it can see. So a message is known here before it is put into the agency's
system: a crash between the two books would else refuse the answer as one to nothing. It is known by
its sender and its id, for a sender chooses its ids: one that uses another's, or the bus's, keeps
nothing of theirs from anybody.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from connectors.bus.book import Book
from connectors.bus.system import UNNOTED, Arrival
from schemas.ids import MessageKey
from schemas.messages import Message

# IF NOT EXISTS: an older ledger gains `arriving`. It holds what one reading of the inbox brought.
TABLES: Final = """
CREATE TABLE IF NOT EXISTS got (
  message_id TEXT NOT NULL, sender TEXT NOT NULL, case_id TEXT NOT NULL, flow TEXT NOT NULL,
  record TEXT NOT NULL, document_number TEXT, at TEXT NOT NULL,
  PRIMARY KEY (message_id, sender)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS got_number ON got (document_number) WHERE document_number IS NOT NULL;
CREATE TABLE IF NOT EXISTS arriving (
  message_id TEXT NOT NULL, sender TEXT NOT NULL, case_id TEXT NOT NULL, flow TEXT NOT NULL,
  document_number TEXT, PRIMARY KEY (message_id, sender)
) WITHOUT ROWID;
"""

# A ledger in which a message was its id alone. What was arriving had no sender there.
BY_SENDER: Final = f"""
CREATE TABLE IF NOT EXISTS got (message_id, case_id, flow, record, sender, document_number, at);
CREATE TABLE IF NOT EXISTS arriving (message_id, case_id, flow, document_number);
DROP INDEX IF EXISTS got_number;
ALTER TABLE got RENAME TO got_by_id;
ALTER TABLE arriving RENAME TO arriving_by_id;
{TABLES}
INSERT INTO got SELECT message_id, sender, case_id, flow, record, document_number, at
  FROM got_by_id;
INSERT INTO arriving SELECT message_id, '{UNNOTED}', case_id, flow, document_number
  FROM arriving_by_id;
DROP TABLE got_by_id;
DROP TABLE arriving_by_id;
"""
_FORGET: Final = f"DELETE FROM arriving WHERE message_id = ? AND sender IN (?, '{UNNOTED}')"


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
            (each.message_id, each.sender, each.case_id, each.flow, each.document_number)
            for each in envelopes
        ]
        if rows:
            with self._book.transaction():
                self._db.executemany("INSERT OR IGNORE INTO arriving VALUES (?,?,?,?,?)", rows)

    def refused(self, key: MessageKey) -> None:
        """Note that the agency's system cannot have it."""
        sender, message_id = key
        self._db.execute(_FORGET, (message_id, sender))

    def has(self, key: MessageKey) -> bool:
        """Whether this inbox message was dealt with."""
        sender, message_id = key
        wanted = "SELECT 1 FROM got WHERE message_id = ? AND sender = ?"
        return self._db.execute(wanted, (message_id, sender)).fetchone() is not None

    def arrival(self, offset: int, message: Message) -> Arrival:
        """Return an inbox message as the agency's system takes it."""
        wanted = "SELECT 1 FROM got WHERE message_id = ? AND sender <> ?"
        envelope = message.envelope
        found = self._db.execute(wanted, (envelope.message_id, envelope.sender))
        return Arrival(offset, message, namesake=found.fetchone() is not None)

    def got(self, message: Message, at: datetime) -> None:
        """Note that an inbox message was dealt with; the first time stands."""
        envelope = message.envelope
        self._db.execute(_FORGET, (envelope.message_id, envelope.sender))
        self._db.execute(
            "INSERT OR IGNORE INTO got VALUES (?,?,?,?,?,?,?)",
            (
                envelope.message_id,
                envelope.sender,
                envelope.case_id,
                envelope.flow,
                envelope.record,
                envelope.document_number,
                at.isoformat(),
            ),
        )
