"""The working set of one transaction: loaded (`preload`), decided in memory, written (`flush`).

Each in bulk, for a batch. Nothing of it exists before the transaction commits.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Connection

from schemas.ids import CaseId, MessageId, MessageKey, OrganCode
from services.casebook.among import (
    NumberKey,
    cases_among,
    messages_among,
    numbers_among,
    read_cases,
)
from services.casebook.blobs import Blobs
from services.casebook.case_keys import CaseKeys
from services.casebook.changes import Changes
from services.casebook.expiry import Expiry, Resting
from services.casebook.lockbox import WrappingKey
from services.casebook.locked import original_of
from services.casebook.marks import Marks
from services.casebook.progress import Place, lock_progress, locked
from services.casebook.queries import DUE, ORIGINAL
from services.casebook.quiet import Quiet
from services.casebook.recounts import Recounts
from services.casebook.rows import (
    DeadRow,
    DecisionRow,
    MessageRow,
    Original,
    OutboxRow,
    Progress,
    SecretRow,
    Unsent,
    to_ms,
)
from services.casebook.vouching import Vouch, Vouching
from services.casebook.write import flush
from services.casework.case import Case
from services.casework.retention import Rest

_K = TypeVar("_K")
DAY_MS: Final = 86_400_000


class Work:
    """What one batch has read and will write. Not shared between threads or transactions."""

    def __init__(
        self,
        connection: Connection,
        wrapping: WrappingKey | None = None,
        vouch: Vouch | None = None,
    ) -> None:
        self._connection = connection
        self._seqs: dict[CaseId, int] = {}  # of the cases that are there, as far as they were read
        self.keys = CaseKeys(connection, wrapping, self._seqs)
        self.expiry = Expiry(connection, self._seqs)
        self.recounts = Recounts(connection, self._seqs)
        self.blobs = Blobs(connection)  # stored files
        self.quiet = Quiet(connection)  # partitions
        self._vouching = Vouching(vouch)
        self._progress: dict[tuple[str, int], Progress | None] = {}
        self._cases: dict[CaseId, Case | None] = {}
        self._messages: dict[MessageKey, MessageRow | None] = {}
        self._numbers: dict[NumberKey, MessageId | None] = {}
        self._changes = Changes()
        self.marks = Marks(connection)  # of the violations of transfers
        self.unsent: list[Unsent] = []  # what was written, and is to be published once it stands

    def lock(self, places: Iterable[Place]) -> dict[Place, Progress]:
        """Return how far the partitions are, and keep others from them until the end.

        Rows that are missing are made, at offset 0. All are locked in one order.
        """
        found = lock_progress(self._connection, places)
        self._progress.update(found)
        return found

    def progress(self, topic: str, partition: int) -> Progress | None:
        """Return how far the partition is; None when nothing of it was ever decided."""
        if (topic, partition) not in self._progress:
            place = (topic, partition)
            self._progress[place] = locked(self._connection, [place]).get(place)
        return self._progress[topic, partition]

    def advance(self, topic: str, partition: int, progress: Progress) -> None:
        """Note how far the partition will be."""
        self._progress[topic, partition] = progress
        self._changes.progress[topic, partition] = progress

    def preload(
        self,
        cases: Iterable[CaseId],
        messages: Iterable[MessageKey],
        numbers: Iterable[NumberKey],
    ) -> None:
        """Read what the batch will ask for, a few queries for all of it."""
        cases = tuple(cases)
        self.preload_cases(cases)
        self.keys.load(cases)
        self._load_messages(key for key in messages if key not in self._messages)
        self._load_numbers(key for key in numbers if key not in self._numbers)

    def preload_cases(self, cases: Iterable[CaseId]) -> None:
        """Read cases whose content will hardly be asked for: none of it, and no key."""
        self._load_cases(key for key in cases if key not in self._cases)

    def case(self, case_id: CaseId) -> Case | None:
        """Return the case as this transaction sees it."""
        if case_id not in self._cases:
            self._load_cases([case_id])
        return self._cases[case_id]

    def put_case(self, case: Case, topic: str, partition: int, rest: Rest | None = None) -> None:
        """Replace the case; only duties that changed are written."""
        before = self.case(case.id)
        self.quiet.changed(topic, partition)
        if _is_new(case.id, self._cases, self._changes.cases):
            self._changes.new.cases.add(case.id)
        self._changes.put_case(before, case, topic, partition, rest)
        self._cases[case.id] = case

    def message(self, sender: OrganCode, message_id: MessageId) -> MessageRow | None:
        """Return what became of the sender's message of this id."""
        key = (sender, message_id)
        if key not in self._messages:
            self._load_messages([key])
        return self._messages[key]

    def cases_of(self, message_id: MessageId) -> tuple[CaseId, ...]:
        """Return the cases that messages of this id lie in, whoever sent them, by sender."""
        return cases_among(self._connection, self._changes.messages, message_id)

    def put_message(self, row: MessageRow) -> None:
        """Write what became of a message."""
        key = (row.sender, row.message_id)
        if _is_new(key, self._messages, self._changes.messages):
            self._changes.new.messages.add(key)
        self._messages[key] = row
        self._changes.messages[key] = row

    def number(self, organ: OrganCode, number: str) -> MessageId | None:
        """Return the message that bears the organ's document number."""
        key = (organ, number)
        if key not in self._numbers:
            self._load_numbers([key])
        return self._numbers[key]

    def put_number(self, organ: OrganCode, number: str, message_id: MessageId | None) -> None:
        """Give the number to a message, or free it."""
        if _is_new((organ, number), self._numbers, self._changes.numbers):
            self._changes.new.numbers.add((organ, number))
        self._numbers[organ, number] = message_id
        self._changes.numbers[organ, number] = message_id

    def original(self, sender: OrganCode, message_id: MessageId) -> Original | None:
        """Return the sealed message. The sender is asked for: two organs may use one id."""
        key = (sender, message_id)
        if key in self._changes.originals:
            return self._changes.originals[key]
        row = self._connection.execute(ORIGINAL, {"sender": sender, "message": message_id}).first()
        return None if row is None else original_of(self.keys, row)

    def put_original(self, original: Original) -> None:
        """Keep the sealed message."""
        self._changes.originals[original.sender, original.message_id] = original

    def drop_original(self, sender: OrganCode, message_id: MessageId) -> None:
        """Keep the sealed message no longer: it was refused, at once or after it had waited."""
        if self._changes.originals.pop((sender, message_id), None) is None:
            self._changes.originals[sender, message_id] = None  # stored before: delete it

    def due_cases(self, topic: str, partition: int, at: datetime, limit: int) -> tuple[CaseId, ...]:
        """Return up to `limit` cases with a rung or a warning to fire, the longest owed first.

        What this transaction has changed is written first: where a batch ended is no matter.
        """
        if self.quiet.owes_nothing(topic, partition, at):
            return ()
        self.flush()
        values = {"topic": topic, "partition": partition, "at": to_ms(at), "most": limit}
        found = {CaseId(r.case_id): r.case_seq for r in self._connection.execute(DUE, values)}
        self._seqs.update(found)
        return tuple(found)

    def resting_cases(self, place: Place, at: datetime, limit: int) -> Resting:
        """Return cases to ask whether they are kept, as `Expiry.due`; changes are written first."""
        if self.quiet.rests(*place, at):
            return ()
        self.flush()
        return self.expiry.due(*place, at, limit)

    def to_count_anew(self, place: Place, limit: int) -> tuple[CaseId, ...]:
        """Return cases of those to be looked at anew (recounts.py); each is given once."""
        found = () if self.quiet.is_counted(*place) else self.recounts.take(place, limit)
        self.preload(found, (), ())
        return found

    def add_decision(self, row: DecisionRow) -> None:
        """Write a decision."""
        self._changes.decisions.append(row)

    def add_said(self, message_id: MessageId, case_id: CaseId, at: datetime) -> None:
        """Note of which case the bus said something, and when."""
        self._changes.said[to_ms(at) // DAY_MS, message_id] = case_id

    def add_outbox(self, row: OutboxRow) -> None:
        """Write something to publish; rows keep their order."""
        self._changes.outbox.append(row)

    def add_dead(self, row: DeadRow) -> None:
        """Write a dead letter's note."""
        self._changes.dead.append(row)

    def add_secret(self, row: SecretRow) -> None:
        """Note that the broker must lose a record."""
        self._changes.secrets.append(row)

    def flush(self) -> None:
        """Write what has changed. Raises what the database raises; the caller rolls back."""
        self._changes.vouched = self._vouching.of(self._changes)
        self.unsent += flush(self._connection, self._changes, self.keys, self._seqs)
        self.marks.flush()
        self._changes = Changes()

    def _load_cases(self, keys: Iterable[CaseId]) -> None:
        self._cases.update(read_cases(self._connection, keys, self._seqs))

    def _load_messages(self, keys: Iterable[MessageKey]) -> None:
        self._messages.update(messages_among(self._connection, keys))

    def _load_numbers(self, keys: Iterable[NumberKey]) -> None:
        self._numbers.update(numbers_among(self._connection, keys))


def _is_new(key: _K, read: Mapping[_K, object], changed: Mapping[_K, object]) -> bool:
    """Whether the row was looked for and not found.

    It is inserted, not written over: if another worker makes one meanwhile, this transaction fails
    and is run again.
    """
    return key not in changed and key in read and read[key] is None
