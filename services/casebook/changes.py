"""What a transaction will write, gathered while it decides. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter
from typing import Final

from schemas.ids import CaseId, MessageId, OrganCode
from services.casebook.rows import (
    DeadRow,
    DecisionRow,
    MessageRow,
    Original,
    OutboxRow,
    Progress,
    SecretRow,
    ToVouch,
    to_ms,
)
from services.casebook.statements import Values
from services.casework.case import Case, Duty
from services.casework.retention import Rest

_END: Final = frozenset({"closed_at", "closing"})
_BUT_END: Final = attrgetter(*(each.name for each in fields(Duty) if each.name not in _END))


@dataclass(slots=True)
class New:
    """Keys of rows that were looked for and not found."""

    cases: set[CaseId] = field(default_factory=set)
    messages: set[tuple[OrganCode, MessageId]] = field(default_factory=set)
    numbers: set[tuple[OrganCode, str]] = field(default_factory=set)


class Wrote(Enum):
    """What is to be written of a duty."""

    OPENED = 1  # all of it: it is new
    MOVED = 2  # all of it
    FIRED = 3  # what no index knows of
    ENDED = 4  # when and how it ended, and nothing else


@dataclass(slots=True)
class Changes:
    """What a transaction will write."""

    progress: dict[tuple[str, int], Progress] = field(default_factory=dict)
    cases: dict[CaseId, tuple[Case, tuple[str, int], Rest | None]] = field(default_factory=dict)
    duties: dict[tuple[CaseId, int], Wrote] = field(default_factory=dict)  # by their position
    wakes: dict[CaseId, tuple[Values | None, Values | None]] = field(default_factory=dict)
    messages: dict[tuple[OrganCode, MessageId], MessageRow] = field(default_factory=dict)
    numbers: dict[tuple[OrganCode, str], MessageId | None] = field(default_factory=dict)
    originals: dict[tuple[OrganCode, MessageId], Original | None] = field(default_factory=dict)
    decisions: list[DecisionRow] = field(default_factory=list)
    said: dict[tuple[int, MessageId], CaseId] = field(default_factory=dict)
    outbox: list[OutboxRow] = field(default_factory=list)
    dead: list[DeadRow] = field(default_factory=list)
    secrets: list[SecretRow] = field(default_factory=list)
    new: New = field(default_factory=New)
    vouched: Mapping[ToVouch, bytes] = field(default_factory=dict)

    def whole(self, value: bytes | ToVouch | None) -> bytes | None:
        """Return what is written of a value: with the exchange's word, where it gets one."""
        return self.vouched[value] if isinstance(value, ToVouch) else value

    def put_case(
        self, before: Case | None, after: Case, topic: str, partition: int, rest: Rest | None
    ) -> None:
        """Note a case, and those of its duties that changed. A duty keeps its position for ever."""
        self.cases[after.id] = (after, (topic, partition), rest)
        old = before.duties if before else ()
        for position, duty in enumerate(after.duties):
            known = old[position] if position < len(old) else None
            if duty is known or duty == known:
                continue
            row = after.id, position
            self.duties[row] = _both(self.duties.get(row), _wrote(known, duty))
        stored, _ = self.wakes.get(after.id, (_wake(before, topic, partition), None))
        self.wakes[after.id] = (stored, _wake(after, topic, partition))


def _wake(case: Case | None, topic: str, partition: int) -> Values | None:
    at = case.due_next if case else None
    if case is None or at is None:
        return None
    return {"topic": topic, "partition": partition, "at_ms": to_ms(at), "case_id": case.id}


def _wrote(before: Duty | None, after: Duty) -> Wrote:
    if before is None:
        return Wrote.OPENED
    if _BUT_END(before) == _BUT_END(after):
        return Wrote.ENDED
    return Wrote.FIRED if _found_by(before) == _found_by(after) else Wrote.MOVED


def _both(before: Wrote | None, now: Wrote) -> Wrote:
    if before is None or before is now:
        return now
    return Wrote.OPENED if before is Wrote.OPENED else Wrote.MOVED


def _found_by(duty: Duty) -> tuple[object, ...]:
    """Return what the indexes have of a duty."""
    return duty.kind, duty.owner, duty.due, duty.closing is None
