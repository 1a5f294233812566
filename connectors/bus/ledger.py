"""The connector's own book: what was sent and got, and the spool of what is still to be sent.

The spool keeps the sealed bytes, so that an agency may delete or replace what it sent, and a
message is published again after a crash as the same bytes: the exchange drops the second.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from connectors.bus import arrivals, transfers, unanswered
from connectors.bus.arrivals import Arrivals
from connectors.bus.book import Book
from connectors.bus.inbox_read import CODE, InboxRead
from connectors.bus.sealing import Staged
from connectors.bus.system import Mark, Notice, State
from connectors.bus.transfers import Transfers
from connectors.bus.unanswered import LiesAt, Unanswered
from schemas.document import Target
from schemas.errors import Broken
from schemas.ids import CaseId, MessageId, is_uuid
from schemas.messages import Message
from schemas.parts import Flow

SPOOL_MESSAGES_MAX: Final = 10_000
SPOOL_BYTES_MAX: Final = 512 * 1024 * 1024
TARGETS_MAX: Final = 20  # of one document number; more help nobody to choose

_TABLES: Final = f"""
CREATE TABLE sent (
  message_id TEXT PRIMARY KEY, place TEXT, digest TEXT NOT NULL,
  case_id TEXT NOT NULL, flow TEXT NOT NULL, record TEXT NOT NULL, document_number TEXT,
  state TEXT NOT NULL, marked TEXT, notice TEXT
) WITHOUT ROWID;
CREATE INDEX sent_number ON sent (document_number) WHERE document_number IS NOT NULL;
CREATE INDEX sent_unmarked ON sent (message_id)
  WHERE place IS NOT NULL AND state <> 'spooled' AND marked IS NOT state;
CREATE TABLE spool (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL UNIQUE,
  flow TEXT NOT NULL, case_id TEXT NOT NULL, size INTEGER NOT NULL, spooled_at TEXT NOT NULL,
  value BLOB NOT NULL
);
CREATE INDEX spool_case ON spool (case_id, ordinal, size, spooled_at);
{unanswered.TABLES}{unanswered.STAMPS}"""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A sealed message on its way out. `place` None: the connector's own (Delivered)."""

    message: Message
    value: bytes  # for the topic
    place: str | None = None
    digest: str = ""
    files: tuple[Staged, ...] = ()


@dataclass(frozen=True, slots=True)
class SentRow:
    """What is known of a message that was sealed here."""

    message_id: MessageId
    case_id: CaseId
    state: State
    place: str | None
    digest: str
    notice: Notice | None

    def mark(self) -> Mark:
        """What its source should show."""
        return Mark(
            self.place or "", self.digest, self.state, self.message_id, self.case_id, self.notice
        )


@dataclass(frozen=True, slots=True)
class SpoolSize:
    """How much waits, and since when."""

    messages: int
    bytes: int
    oldest: datetime | None

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be taken from the agency."""
        return self.messages >= SPOOL_MESSAGES_MAX or self.bytes >= SPOOL_BYTES_MAX


class Ledger(Book):
    """The open ledger. Raises UserError connector.book_unusable when it cannot be opened."""

    def __init__(self, path: Path) -> None:
        by_sender = arrivals.BY_SENDER + transfers.BY_SENDER
        steps = (by_sender, unanswered.TABLES, unanswered.STAMPS)
        super().__init__(path, _TABLES, steps)
        self.arrivals = Arrivals(self)
        self.transfers = Transfers(self)
        self.unanswered = Unanswered(self)
        self.inbox = InboxRead(self, path.with_name(CODE))

    def targets(self, named: str) -> tuple[Target, ...]:
        """Return what a message id or a normal document number means here (schemas/document.py).

        The number of a refused message is free again, so it is not found by it.
        """
        column = "message_id" if is_uuid(named) else "document_number"
        rows = self.db.execute(
            f"SELECT message_id, case_id, flow FROM sent WHERE {column} = ?1 AND"
            f" ({column} = message_id OR state <> 'rejected') UNION"
            f" SELECT message_id, case_id, flow FROM got WHERE {column} = ?1 UNION"
            f" SELECT message_id, case_id, flow FROM arriving WHERE {column} = ?1"
            f" LIMIT {TARGETS_MAX}",
            (named,),
        )
        return tuple(Target(MessageId(m), CaseId(c), Flow(f)) for m, c, f in rows)

    def sent(self, message_id: MessageId) -> SentRow | None:
        """Return what is known of a message that was sealed here."""
        return next(self._sent("message_id = ?", message_id), None)

    def unmarked(self, rows_max: int) -> tuple[SentRow, ...]:
        """Return rows whose source does not show their state yet."""
        return tuple(
            self._sent(
                "place IS NOT NULL AND state <> 'spooled' AND marked IS NOT state LIMIT ?", rows_max
            )
        )

    def put_in_spool(self, outgoing: Outgoing, at: datetime) -> bool:
        """Note a sealed message and keep its bytes until it is published; False: known already.

        A letter that was published and not answered, handed in and sealed again, waits again.
        """
        envelope = outgoing.message.envelope
        added = self.db.execute(
            "INSERT INTO sent VALUES (?,?,?,?,?,?,?,?,NULL,NULL)"
            " ON CONFLICT (message_id) DO UPDATE SET place = excluded.place,"
            " digest = excluded.digest, case_id = excluded.case_id, flow = excluded.flow,"
            " document_number = excluded.document_number, state = excluded.state,"
            " marked = NULL"
            " WHERE sent.state = 'published' AND excluded.place IS NOT NULL",
            (
                envelope.message_id,
                outgoing.place,
                outgoing.digest,
                envelope.case_id,
                envelope.flow,
                envelope.record,
                envelope.document_number,
                State.SPOOLED,
            ),
        )
        if added.rowcount == 0:
            return False
        self.unanswered.sealed_anew(envelope.message_id)
        self.transfers.to_upload(envelope.message_id, outgoing.files)
        self.db.execute(
            "INSERT INTO spool (message_id, flow, case_id, size, spooled_at, value)"
            " VALUES (?,?,?,?,?,?)",
            (
                envelope.message_id,
                envelope.flow,
                envelope.case_id,
                len(outgoing.value),
                at.isoformat(),
                outgoing.value,
            ),
        )
        return True

    def spool_size(self) -> SpoolSize:
        """Return how much waits."""
        count, size, oldest = self.db.execute(
            "SELECT COUNT(*), COALESCE(SUM(size), 0), MIN(spooled_at) FROM spool"
        ).fetchone()
        return SpoolSize(count, size, datetime.fromisoformat(oldest) if oldest else None)

    def published(self, written: Mapping[MessageId, LiesAt], at: datetime) -> int:
        """Note that the broker acknowledged these; a receipt may have come first and stands.

        A letter's bytes are kept until the bus has answered (unanswered.py); return of how many
        no answer is waited for any more.
        """
        given_up = 0
        for message_id, lies_at in written.items():
            given_up += not self.unanswered.keep(message_id, lies_at, at)
            self.db.execute("DELETE FROM spool WHERE message_id = ?", (message_id,))
            self.db.execute(
                "UPDATE sent SET state = ? WHERE message_id = ? AND state = 'spooled'",
                (State.PUBLISHED, message_id),
            )
        return given_up

    def settled(self, message_id: MessageId, state: State, notice: Notice) -> None:
        """Note what the bus said of a message. If it said so, it has it: no need to publish it."""
        self.db.execute("DELETE FROM spool WHERE message_id = ?", (message_id,))
        self.unanswered.answered(message_id)
        self.db.execute(
            "UPDATE sent SET state = ?, notice = ?, marked = NULL WHERE message_id = ?",
            (state, json.dumps(notice, ensure_ascii=False), message_id),
        )

    def marked(self, marks: Iterable[Mark]) -> None:
        """Note what sources show."""
        self.db.executemany(
            "UPDATE sent SET marked = ? WHERE message_id = ?",
            [(mark.state, mark.message_id) for mark in marks],
        )

    def _sent(self, where: str, *values: object) -> Iterator[SentRow]:
        rows = self.db.execute(
            f"SELECT message_id, case_id, state, place, digest, notice FROM sent WHERE {where}",
            values,
        )
        for message_id, case_id, state, place, digest, notice in rows:
            if state not in set(State):
                raise Broken("connector.book_unusable", where=message_id)
            yield SentRow(
                MessageId(message_id),
                CaseId(case_id),
                State(state),
                place,
                digest,
                json.loads(notice) if notice else None,
            )
