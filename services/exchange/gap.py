"""Records that the log lost before anybody decided them, and who answers for going on. Pure.

A gap that was passed stands in the log for the records that lay there: as a dead letter without
bytes, whose line in the journal says which offsets, who and when. A replay takes it from there, as
it takes defects; so does a casebook that is restored from before it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final

from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.topics import JOURNAL
from services.casebook.progress import NEVER, Place
from services.casebook.rows import DecisionRow, OutboxRow, Position
from services.exchange.incoming import Incoming
from services.exchange.journal import canonical
from services.exchange.originals import Kept
from services.exchange.packed import Unread, unread

CODE: Final = "log.gap"
RECORD: Final = "LogGap"  # of its line in the journal
_PASSED: Final = "gap_passed"
_IS_ONE: Final = f'"record":"{RECORD}"'
_DIGITS: Final = 8

LostBefore = Mapping[int, Kept]  # of one partition, by the first offset


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """Which offsets of a partition are gone, both included."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def place(self) -> Place:
        """The partition."""
        return self.topic, self.partition

    @property
    def offsets(self) -> int:
        """How many records they were at most."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Found:
    """A gap, and between which of the broker's stamps it lies; None: nothing on that side."""

    gap: Gap
    decided_at: datetime | None  # the last record before it that was decided
    goes_on_at: datetime | None  # the first record behind it


@dataclass(frozen=True, slots=True)
class Passed:
    """A gap that somebody answers for."""

    found: Found
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Lost(Unread):
    """Offsets at which nothing is any more."""

    passed: Passed


def name_of(gaps: Iterable[Gap]) -> str:
    """Return by what these gaps are accepted: how many offsets, and a digest of which."""
    found = sorted(gaps)
    digest = hashlib.sha256(canonical([astuple(gap) for gap in found]).encode()).hexdigest()
    return f"{sum(gap.offsets for gap in found)}-{digest[:_DIGITS]}"


def holes(spans: Iterable[tuple[int, int]], begin: int, end: int) -> tuple[tuple[int, int], ...]:
    """Return what is missing from one offset to before another, first and last of each run.

    `spans`: what is there, first and last, in any order; one may be there twice.
    """
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if first >= end:
            break
        if first > begin:
            found.append((begin, first - 1))
        begin = max(begin, last + 1)
    if begin < end:
        found.append((begin, end - 1))
    return tuple(found)


def in_its_place(passed: Passed) -> Incoming:
    """Return what is decided in the place of the records that are gone.

    It is no later than the record before it: the partition's clock does not move.
    """
    gap = passed.found.gap
    missing = unread(CODE, gap.first, gap.last)
    return Incoming(
        Position(gap.topic, gap.partition, gap.last),
        None,
        None,
        passed.found.decided_at or NEVER,
        unread=Lost(missing.first, missing.refusal, passed),
    )


def by_place(every: Iterable[Passed]) -> dict[Place, dict[int, Kept]]:
    """Return what is decided in place of gaps, by partition and first offset."""
    found: dict[Place, dict[int, Kept]] = {}
    for passed in every:
        gap = passed.found.gap
        found.setdefault(gap.place, {})[gap.first] = Kept(in_its_place(passed), None)
    return found


def rows_of(passed: Passed, rulebook: str) -> tuple[DecisionRow, OutboxRow]:
    """Return its row of the casebook, and the same line for the journal."""
    gap = passed.found.gap
    position = Position(gap.topic, gap.partition, gap.last)
    where = gap.topic, str(gap.partition)
    case = CaseId(derive("gaps", *where))  # of no case; ids are UUIDs
    message = MessageId(derive("gap", *where, str(gap.first), str(gap.last)))
    line = _line(passed, rulebook, message, case)
    row = DecisionRow(
        position=position,
        case_id=case,
        message_id=message,
        sender=BUS,
        record=RECORD,
        at=passed.at,
        outcome="dead",
        code=CODE,
        rulebook=rulebook,
        entry=line,
    )
    return row, OutboxRow(position, JOURNAL, case.encode(), line.encode())


def passed_of(line: str) -> Passed | None:
    """Return the gap that a line of the journal tells of; None for any other line."""
    if _IS_ONE not in line:
        return None
    try:
        told = json.loads(line)
        (effect,) = told["effects"]
        gap = Gap(told["topic"], told["partition"], effect["first"], told["offset"])
        found = Found(gap, _instant(effect["decided_at"]), _instant(effect["goes_on_at"]))
        at = datetime.fromisoformat(told["at"])
        return Passed(found, str(effect["by"]), str(effect["reason"]), at)
    except (ValueError, KeyError, TypeError):
        return None


def _line(passed: Passed, rulebook: str, message: MessageId, case: CaseId) -> str:
    """Return it in the form of a decision's entry (notes.py)."""
    found, gap = passed.found, passed.found.gap
    effect = {
        "effect": _PASSED,
        "message": message,
        "first": gap.first,
        "by": passed.by,
        "reason": passed.reason,
        "decided_at": _text(found.decided_at),
        "goes_on_at": _text(found.goes_on_at),
    }
    document = {
        "at": passed.at.isoformat(),
        "topic": gap.topic,
        "partition": gap.partition,
        "offset": gap.last,
        "message": message,
        "case": case,
        "record": RECORD,
        "from": BUS,
        "document_number": None,
        "in_reply_to": None,
        "digest": "",
        "outcome": "dead",
        "code": CODE,
        "rulebook": rulebook,
        "effects_digest": hashlib.sha256(canonical([effect]).encode()).hexdigest(),
        "facts": None,
        "effects": [effect],
    }
    return canonical(document)


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)
