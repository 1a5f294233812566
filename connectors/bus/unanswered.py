"""What the broker has and the bus has said nothing of yet, in the connector's ledger.

A flow keeps its records for thirty days, decided or not. So the sealed bytes stay here until the
bus has answered. Of a letter that the log has lost before that they go back into the spool: the
same message under the same id, so that it counts once, had it been decided after all. What the
connector says itself (Delivered) is answered by nobody, and is not kept.

Each letter is accepted, held or refused within seconds: of one with no word for long the exchange
is away, or it is a dead letter, sealed for another bus, by ids or keys of another. Its last word is
the broker's: by this host's clock alone, which may stand anywhere, nothing is forgotten.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from connectors.bus.book import Book
from connectors.bus.clock import SKEW_MAX
from schemas.ids import MessageId

LETTERS_MAX: Final = 100_000  # then nothing more is taken from the agency: it stays in its outbox
BYTES_MAX: Final = 2 * 1024 * 1024 * 1024
KEPT_DAYS: Final = 400  # since the broker first had it; of a dead letter no answer ever comes
AGE_SECONDS_MIN: Final = 60.0  # an answer is on its way for less
SILENT: Final = timedelta(minutes=15)  # then it is told of, and may be handed in again


class LiesAt(NamedTuple):
    """Where a record lies in its flow, and since when by the broker's clock (None: unstamped)."""

    partition: int
    offset: int
    stamped_at: datetime | None = None


Place = tuple[str, int]  # of a flow: topic and partition
Spans = Mapping[Place, tuple[int, int]]  # where each begins, and where its next record will lie

# `published_at`: seconds since 1970.
TABLES: Final = """
CREATE TABLE unanswered (
  ordinal INTEGER PRIMARY KEY, message_id TEXT NOT NULL UNIQUE,
  flow TEXT NOT NULL, case_id TEXT NOT NULL, size INTEGER NOT NULL, spooled_at TEXT NOT NULL,
  value BLOB NOT NULL, "partition" INTEGER NOT NULL, "offset" INTEGER NOT NULL,
  published_at REAL NOT NULL
);
CREATE INDEX unanswered_place
  ON unanswered (flow, "partition", "offset", published_at, size);
"""
# When the broker first had what is unanswered: seconds since 1970, where both clocks agreed on it.
STAMPS: Final = """
CREATE TABLE IF NOT EXISTS first_stamps (
  message_id TEXT PRIMARY KEY, stamped_at REAL NOT NULL
) WITHOUT ROWID;
"""
_STAMP: Final = """
INSERT OR IGNORE INTO first_stamps
 SELECT message_id, ? FROM sent WHERE message_id = ? AND place IS NOT NULL
"""
_KEEP: Final = """
INSERT OR REPLACE INTO unanswered
 SELECT ordinal, message_id, spool.flow, spool.case_id, size, spooled_at, value, ?, ?, ?
 FROM spool JOIN sent USING (message_id) WHERE message_id = ? AND place IS NOT NULL
"""
_LOST: Final = """
 FROM unanswered WHERE flow = ? AND "partition" = ? AND published_at <= ?
 AND ("offset" < ? OR "offset" >= ?)
"""
# Under its old number: before whatever of its case was sealed later.
_BACK: Final = f"""
INSERT OR IGNORE INTO spool (ordinal, message_id, flow, case_id, size, spooled_at, value)
 SELECT ordinal, message_id, flow, case_id, size, spooled_at, value {_LOST}
"""
# A release before this list noted of a letter only that it was published.
_IS_SILENT: Final = """
SELECT 1 FROM sent LEFT JOIN unanswered USING (message_id)
 WHERE message_id = ? AND state = 'published' AND place IS NOT NULL
 AND COALESCE(published_at, 0) <= ? AND message_id NOT IN (SELECT message_id FROM spool)
"""


class Unanswered:
    """The list, in an open book."""

    def __init__(self, book: Book) -> None:
        self._db = book.db

    def keep(self, message_id: MessageId, lies_at: LiesAt, at: datetime) -> bool:
        """Keep what leaves the spool, with its partition and offset.

        False: it went out again after KEPT_DAYS, for the last time, and is not kept.
        """
        if self._is_old(message_id, lies_at.stamped_at, at):
            self.answered(message_id)  # there will be no answer
            return False
        values = (lies_at.partition, lies_at.offset, at.timestamp(), message_id)
        self._db.execute(_KEEP, values)
        return True

    def answered(self, message_id: MessageId) -> None:
        """The bus has said what became of it."""
        self._db.execute("DELETE FROM unanswered WHERE message_id = ?", (message_id,))
        self.sealed_anew(message_id)

    def sealed_anew(self, message_id: MessageId) -> None:
        """It was handed in again: its time begins anew."""
        self._db.execute("DELETE FROM first_stamps WHERE message_id = ?", (message_id,))

    def silent(self, at: datetime) -> int:
        """Return of how many letters the bus has said nothing for SILENT or longer."""
        (number,) = self._db.execute(
            "SELECT COUNT(*) FROM unanswered WHERE published_at <= ?", (_before(at),)
        ).fetchone()
        return int(number)

    def is_silent(self, message_id: MessageId, at: datetime) -> bool:
        """Whether it is such a letter, and does not wait to go out again."""
        found = self._db.execute(_IS_SILENT, (message_id, _before(at))).fetchone()
        return found is not None

    def is_full(self) -> bool:
        """Whether nothing more may be taken from the agency."""
        count, size = self._db.execute(
            "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM unanswered"
        ).fetchone()
        return bool(count >= LETTERS_MAX or size >= BYTES_MAX)

    def not_later_than(self, now: datetime) -> None:
        """Take what was published by a clock that was ahead for published now.

        Else nobody would look back for it, nor count it, until that time has come.
        """
        at = now.timestamp()
        self._db.execute("UPDATE unanswered SET published_at = ? WHERE published_at > ?", (at, at))

    def places(self, now: datetime) -> tuple[Place, ...]:
        """Return where something lies that should have been answered by now."""
        rows = self._db.execute(
            'SELECT DISTINCT flow, "partition" FROM unanswered WHERE published_at <= ?',
            (_long_before(now),),
        )
        return tuple((flow, partition) for flow, partition in rows)

    def into_spool(self, spans: Spans, now: datetime) -> int:
        """Put back what is in the log no more; return how many letters."""
        back = 0
        for place, (begin, end) in spans.items():
            lost = (*place, _long_before(now), begin, end)
            self._db.execute(_BACK, lost)
            back += self._db.execute(f"DELETE {_LOST}", lost).rowcount
        return back

    def _is_old(self, message_id: MessageId, stamped_at: datetime | None, at: datetime) -> bool:
        """Whether it has been with the broker for KEPT_DAYS, by stamps that our clock agrees with.

        One clock that is wrong, this host's or the broker's, makes no letter old.
        """
        if stamped_at is None or abs(stamped_at - at) > SKEW_MAX:
            return False
        self._db.execute(_STAMP, (stamped_at.timestamp(), message_id))
        before = (stamped_at - timedelta(days=KEPT_DAYS)).timestamp()
        old = "SELECT 1 FROM first_stamps WHERE message_id = ? AND stamped_at < ?"
        return self._db.execute(old, (message_id, before)).fetchone() is not None


def _before(at: datetime) -> float:
    return (at - SILENT).timestamp()


def _long_before(now: datetime) -> float:
    return now.timestamp() - AGE_SECONDS_MIN
