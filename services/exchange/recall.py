"""What the journal tells of decisions that the casebook does not know: an older one was restored.

They are made once more, and by then something else may lie beyond their cases: another partition's
case comes later, or earlier, than it did. So the facts are those of then, and a decision that stood
frozen by a defect stands so again. The second life writes the first one's lines, to the byte.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from connectors.bus.kafka import explain
from schemas.ids import CaseId, MessageId
from schemas.topics import JOURNAL
from services.casebook.journal_mark import begin_journal, hold_journal
from services.casebook.progress import Place
from services.casebook.retry import patiently
from services.casebook.rows import Position
from services.casebook.store import Casebook
from services.exchange.gap import LostBefore, Passed, by_place, passed_of
from services.exchange.reading import records_until
from services.exchange.recorded import Remembered, Remembers, entry_of, nothing, remembered_among

_PLACE: Final = TopicPartition(JOURNAL, 0)
_READ_MAX: Final = 1_000

_TABLE: Final = """
CREATE TABLE told (topic TEXT, "partition" INTEGER, "offset" INTEGER, case_id TEXT, line TEXT);
CREATE INDEX told_place ON told (topic, "partition", "offset", case_id);
"""
_OF_A_PLACE: Final = (
    'SELECT line FROM told WHERE topic = ? AND "partition" = ? AND "offset" = ? AND case_id = ?'
    " ORDER BY rowid"
)


class Recollection:
    """Lines of the journal, found by where their records lay: as a batch asks for them.

    They may be as many as the journal has, so they lie in a temporary file of SQLite's, which goes
    with the process.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_TABLE)
        self._ends: dict[Place, int] = {}  # the last offset that was decided in the life before
        self._passed: list[Passed] = []

    def note(self, lines: Sequence[str]) -> None:
        """Take lines in. What no exchange wrote is none: `yichuan replay` tells of it."""
        entries = [entry for line in lines if (entry := entry_of(line)) is not None]
        self._passed += [passed for line in lines if (passed := passed_of(line)) is not None]
        for entry in entries:
            place, offset = entry.position.place, entry.position.offset
            self._ends[place] = max(self._ends.get(place, offset), offset)
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO told VALUES (?,?,?,?,?)",
            [(*astuple(entry.position), entry.case, entry.line) for entry in entries],
        )
        self._db.execute("COMMIT")

    def lost(self) -> Mapping[Place, LostBefore]:
        """Return what was decided in place of records that the log had lost."""
        return by_place(self._passed)

    def ends(self) -> dict[Place, int]:
        """Return of each partition which offset was to be decided next."""
        return {place: last + 1 for place, last in self._ends.items()}

    def __call__(
        self,
        position: Position,
        message: MessageId,
        case: CaseId,
        is_resumed: bool,  # noqa: FBT001 - one place of four by which a decision is found
    ) -> Remembered:
        """Return what it says of one; of a defect met again and again, the last."""
        if position.offset > self._ends.get(position.place, -1):
            return nothing()
        rows = self._db.execute(_OF_A_PLACE, (*astuple(position), case)).fetchall()
        entries = [entry for (line,) in rows if (entry := entry_of(line)) is not None]
        return remembered_among(entries[::-1], message, is_resumed=is_resumed)


async def recall(consumer: AIOKafkaConsumer, casebook: Casebook, *, is_behind: bool) -> Remembers:
    """Read the journal from what the casebook knows of it. The consumer is assigned to it then.

    `is_behind`: the casebook is known to lack decisions; one of an earlier release, which has no
    mark, is then held against all of the journal. What it lacks keeps the mark where it is, before
    anything is decided: whoever starts later remembers it, too. Raises Unavailable
    casebook.unavailable, kafka.unreachable, UserError kafka.forbidden.
    """
    try:
        end = (await consumer.end_offsets([_PLACE]))[_PLACE]
        begin = patiently(_begin, casebook, 0 if is_behind else end)
        if begin >= end:
            return nothing
        found = await _read(consumer, begin, end)
    except KafkaError as error:
        raise explain(error, where=JOURNAL) from error
    patiently(_hold, casebook, found)
    return found


async def _read(consumer: AIOKafkaConsumer, begin: int, end: int) -> Recollection:
    found = Recollection()
    consumer.assign([_PLACE])
    consumer.seek(_PLACE, begin)
    async for records in records_until(consumer, _PLACE, end, _READ_MAX):
        found.note([(record.value or b"").decode(errors="replace") for record in records])
    return found


def _begin(casebook: Casebook, offset: int) -> int:
    with casebook.engine.begin() as connection:
        return begin_journal(connection, offset)


def _hold(casebook: Casebook, found: Recollection) -> None:
    with casebook.engine.begin() as connection:
        hold_journal(connection, found.ends())
