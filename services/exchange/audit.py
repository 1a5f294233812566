"""Deciding a log once more, by the same code, and holding each decision against the journal.

Into a casebook of its own, which is thrown away: nothing that the exchange wrote is touched. A
decision is its whole entry, to the byte; seals and the edges of batches are none (design, promise
5). What the secrecy gate refused is gone: its note, or the gate itself, refuses it again, and the
journal's entry says whether it was the same refusal. Of a case whose content was erased at its term
nothing is decided anew: its records are counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final

from schemas.ids import CaseId, MessageId
from schemas.messages import CaseSettled, Tick
from services.casebook.progress import Place
from services.casebook.rows import Position
from services.casebook.store import Casebook
from services.exchange.batch import run_batch
from services.exchange.decided_anew import last_decision, take_decided
from services.exchange.gap import Lost
from services.exchange.intake import Dead, Intake, Sound
from services.exchange.kept_keys import ERASED, ERASED_CODE
from services.exchange.originals import Kept
from services.exchange.portions import portions
from services.exchange.reading import LOOK_BYTES_MAX
from services.exchange.recorded import (
    Entry,
    Remembered,
    entry_of,
    first_difference,
    remembered_among,
)
from services.exchange.recover import judge_kept
from services.exchange.shelf import Shelf
from services.exchange.told_lines import Told, digest_of

ENTRIES_MAX: Final = 1_000_000  # of the journal, held in memory: some 2 kB each, folded

NOTHING_KNOWN: Final[Mapping[Place, int]] = MappingProxyType({})

_Place = tuple[Position, CaseId]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the journal and the replay part. It holds places, ids and a field's path, no content.

    `field`: `missing` when the journal lacks the decision, `extra` when nothing leads to it,
    `unreadable` for a line that no exchange writes.
    """

    topic: str
    partition: int
    offset: int
    message: str
    field: str


@dataclass(slots=True)
class Counts:
    """What was replayed, by flow."""

    records: Counter[str] = field(default_factory=Counter)
    ticks: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    refused_by_gate: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)  # by the log, before they were decided
    erased: Counter[str] = field(default_factory=Counter)  # past their term: not decided anew
    decisions: Counter[str] = field(default_factory=Counter)
    rulebooks: set[str] = field(default_factory=set)
    defects: int = 0  # decisions in whose place a defect stood, taken as recorded


class Audit:
    """One replay against one journal."""

    def __init__(
        self,
        casebook: Casebook,
        shelf: Shelf,
        journal: Iterable[Told],
        known: Mapping[Place, int] = NOTHING_KNOWN,
    ) -> None:
        """`casebook`: to be thrown away; `known`: where it goes on in each partition, else at 0."""
        self.counts = Counts()
        self._casebook, self._shelf = casebook, shelf
        with casebook.engine.connect() as connection:
            self._last = last_decision(connection)  # of before
        self._left: dict[_Place, list[tuple[Entry, bool]]] = {}
        self._decided: set[bytes] = set()  # digests of lines given, each once
        self._known = known
        self._unreadable: Difference | None = None
        self._lost: set[CaseId] = set()  # cases of which records were erased
        seen: set[bytes] = set()
        for told in journal:
            self._note(told, seen)

    def replay(self, records: Iterable[Kept], batch_max: int) -> Difference | None:
        """Decide the records in their order; return the first difference, or None."""
        if self._unreadable is not None:
            return self._unreadable
        for batch in _batches(records, batch_max):
            found = self._replay(batch)
            if found is not None:
                return found
        left = (entry for waiting in self._left.values() for entry, is_due in waiting if is_due)
        kept = (entry for entry in left if entry.case not in self._lost)
        extra = min(kept, key=lambda entry: _order(entry.position), default=None)
        return None if extra is None else _difference(extra, "extra")

    def _note(self, told: Told, seen: set[bytes]) -> None:
        """Take a line in, once: after a crash a batch is published once more."""
        line = told.line
        entry = entry_of(line, told.kept)
        if entry is None:
            where = Difference("journal", 0, told.number, "", "unreadable")
            self._unreadable = self._unreadable or where
            return
        if entry.position.offset < self._known.get(entry.position.place, 0):
            return
        digest = digest_of(line)
        if digest not in seen:
            seen.add(digest)
            self._left.setdefault(entry.place, []).append((entry, told.is_due))

    def _replay(self, batch: Sequence[Kept]) -> Difference | None:
        """One batch; where a frozen case is settled it ends: what follows may be decided again."""
        for record in batch:
            if record.note == ERASED:
                self._lost |= self._cases_at.get(record.incoming.position, set())
        intakes = judge_kept(self._casebook, self._shelf, batch)
        for part in _parts(intakes):
            for intake in part:
                self._count(intake)
            run_batch(self._casebook, self._shelf, part, self._remembers)
            for line in self._given():
                found = self._compare(line)
                if found is not None:
                    return found
        return None

    @cached_property
    def _cases_at(self) -> dict[Position, set[CaseId]]:
        """Of which cases a record decided: its own is not known any more where it was erased."""
        found: dict[Position, set[CaseId]] = {}
        for position, case in self._left:
            found.setdefault(position, set()).add(case)
        return found

    def _given(self) -> list[str]:
        """Return what was decided."""
        with self._casebook.engine.begin() as connection:
            return take_decided(connection, self._last)

    def _compare(self, line: str) -> Difference | None:
        digest = digest_of(line)
        if digest in self._decided:
            return None
        self._decided.add(digest)
        entry = entry_of(line)
        if entry is None:  # ours, just written
            raise AssertionError(line)
        if entry.case in self._lost:
            return None
        self.counts.decisions[entry.position.topic] += 1
        waiting = self._left.get(entry.place)
        if not waiting:
            return _difference(entry, "missing")
        recorded, _ = waiting.pop(0)  # nearly always the only one
        self.counts.defects += recorded.has_failed
        if recorded.line == line:
            return None
        return _difference(entry, first_difference(recorded.line, line))

    def _remembers(
        self,
        position: Position,
        message: MessageId,
        case: CaseId,
        is_resumed: bool,  # noqa: FBT001 - one place of four by which a decision is found
    ) -> Remembered:
        """Return what the journal's next entry for it says; each is compared before another."""
        entries = [entry for entry, _ in self._left.get((position, case), ())]
        return remembered_among(entries, message, is_resumed=is_resumed)

    def _count(self, intake: Intake) -> None:
        topic = intake.incoming.position.topic
        is_lost = isinstance(intake.incoming.unread, Lost)
        counted = self.counts.lost if is_lost else self.counts.records
        counted[topic] += intake.incoming.position.offset + 1 - intake.incoming.first
        if isinstance(intake, Dead) and intake.refusal.code == ERASED_CODE:
            self.counts.erased[topic] += 1
            return
        if isinstance(intake, Sound):
            self.counts.rulebooks.add(intake.rulebook)
            self.counts.ticks[topic] += isinstance(intake.opened.message, Tick)
            return
        self.counts.dead[topic] += isinstance(intake, Dead) and not is_lost
        self.counts.refused_by_gate[topic] += intake.is_secret


def _batches(records: Iterable[Kept], batch_max: int) -> Iterator[list[Kept]]:
    batch: list[Kept] = []
    size = 0
    for record in records:
        batch.append(record)
        size += record.incoming.bytes
        if len(batch) >= batch_max or size >= LOOK_BYTES_MAX:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _parts(intakes: Sequence[Intake]) -> Iterator[list[Intake]]:
    for portion in portions(intakes):
        part: list[Intake] = []
        for intake in portion:
            part.append(intake)
            if isinstance(intake, Sound) and isinstance(intake.opened.message, CaseSettled):
                yield part
                part = []
        if part:
            yield part


def _difference(entry: Entry, field_: str) -> Difference:
    position = entry.position
    return Difference(position.topic, position.partition, position.offset, entry.message, field_)


def _order(position: Position) -> tuple[str, int, int]:
    return position.topic, position.partition, position.offset
