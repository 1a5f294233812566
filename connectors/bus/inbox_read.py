"""How far an inbox was read, in the connector's own book, and what was gone before it was read.

The broker keeps an inbox for 400 days, and where a group stood for as long as it is told to, which
by Kafka's default is a week without a member. Where a group stood too far back, or nobody knows,
the client begins at the oldest record that is left, and says nothing. So it is noted here, too; and
letters that are gone are told of in a note for each stretch, until somebody removes the note.
"""

import logging
from pathlib import Path
from typing import Final, NamedTuple

from connectors.bus.book import Book
from connectors.bus.private import write_private

CODE: Final = "inbox.gap"
LOG: Final = logging.getLogger("yichuan.connector")

# IF NOT EXISTS: a ledger of an older release gains it.
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS inbox_read (
  one INTEGER PRIMARY KEY CHECK (one = 1), next_offset INTEGER NOT NULL
);
"""
_NOTE: Final = """\
inbox.gap {first}-{last}

收件箱中第 {first} 至 {last} 条（共 {count} 条）未及收取即满保留期（400 天）被删除，
本机关没有收到。从 0 起的，是此前没有收件位置的记录：其中也可能有早已收过的。
请告知县里的运维和司法行政部门，按 deploy/runbook.md 的 inbox.gap 一节补回；
补齐后删除本文件，/healthz 才恢复正常。

The records {first} to {last} of the inbox ({count}) were deleted by Kafka, which keeps them for 400
days, before they were read: this organ did not get them. Where it begins with 0, nothing was known
of how far the inbox had been read: some may have come long ago. Tell the county's operator and the
supervisor; deploy/runbook.md, inbox.gap, says how they come again. Then remove this file: until
then /healthz tells of it.
"""


class Span(NamedTuple):
    """Of an inbox as it was opened: the oldest offset there, the next to come, the group's own."""

    begin: int
    end: int
    committed: int | None


class InboxRead:
    """The note of how far it is, in an open book, and a folder of what was missed."""

    def __init__(self, book: Book, folder: Path) -> None:
        self._book, self._folder = book, folder
        book.db.executescript(_TABLES)
        row = book.db.execute("SELECT next_offset FROM inbox_read").fetchone()
        self._next: int | None = row[0] if row else None

    def opened(self, span: Span) -> None:
        """Begin where it was left; tell of what is gone from there."""
        known = max(self._next or 0, span.committed or 0)
        if known > span.end:  # the topic was made anew: its offsets are others
            known = 0
        self._missed(known, span.begin)
        self.done(max(known, span.begin))

    def came(self, first: int) -> None:
        """Tell of what is gone between what was read and the first of what came now."""
        if self._next is not None:
            self._missed(self._next, first)

    def done(self, next_offset: int) -> None:
        """Note that everything before the offset is dealt with, or was told of."""
        with self._book.transaction():
            self._book.db.execute("INSERT OR REPLACE INTO inbox_read VALUES (1, ?)", (next_offset,))
        self._next = next_offset

    def missed(self) -> int:
        """Return how many records were missed, by the notes that are still there."""
        stretches = (path.stem.split("-") for path in self._folder.glob("[0-9]*-[0-9]*.txt"))
        return sum(int(last) - int(first) + 1 for first, last in stretches)

    def _missed(self, first: int, begin: int) -> None:
        if first >= begin:
            return
        last = begin - 1
        text = _NOTE.format(first=first, last=last, count=begin - first)
        write_private(self._folder / f"{first:012d}-{last:012d}.txt", text)
        LOG.error("%s: %d records are gone unread, %d to %d", CODE, begin - first, first, last)
