"""What the casebook knows of dead letters: whose they were, and what has become of them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from sqlalchemy import Connection, bindparam, select, tuple_

from schemas.ids import BUS, CaseId, MessageId
from services.casebook.queries import MESSAGES_OF
from services.casebook.rows import Position
from services.casebook.tables import DEAD, MESSAGES
from services.casebook.work import Work
from services.casework.case import Case
from services.cli.casebook_view import case_of
from services.cli.dead_letter import DeadLetter, Mark

ASKED_AT_ONCE_MAX: Final = 400  # letters, and so cases in memory
SOURCES_MAX: Final = 1_000  # dead letters of one message id
_LAY_AT: Final = select(
    DEAD.c.topic, DEAD.c.partition, DEAD.c.offset, DEAD.c.message_id, DEAD.c.case_id
)
_OF_SOURCES: Final = _LAY_AT.where(
    tuple_(DEAD.c.topic, DEAD.c.partition, DEAD.c.offset).in_(bindparam("sources", expanding=True))
)


class Status(StrEnum):
    """What has become of a dead letter."""

    KEPT = "kept"  # nothing more was done
    RESENT = "resent"  # an operator wrote its bytes again
    FROZEN = "frozen"  # its case stands still at it: an operator's word is awaited
    DECIDED = "decided"  # its case was told to try again, and it was decided
    DISCARDED = "discarded"  # its case was told to go on without it


@dataclass(frozen=True, slots=True)
class Fate:
    """A dead letter's message, case and status. Bytes that were no message have neither."""

    message: MessageId | None
    case: CaseId | None
    status: Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an operator's message, and of the case that it was for."""

    outcome: str
    code: str | None
    case: Case | None


def fates_of(
    connection: Connection, letters: Iterable[tuple[DeadLetter, Sequence[Mark]]]
) -> Iterator[Fate]:
    """Yield what is known of each, in their order: few queries for many, and few cases at once."""
    rest = iter(letters)
    while portion := list(islice(rest, ASKED_AT_ONCE_MAX)):
        ids = _ids(connection, [letter.source for letter, _ in portion if letter.source])
        cases = {case for _, case in ids.values() if case is not None}
        work = Work(connection)
        work.preload_cases(cases)
        outcomes = _outcomes(connection, {each for each, _ in ids.values() if each is not None})
        for letter, marks in portion:
            message, case_id = ids.get(letter.source, (None, None))
            kept = Status.RESENT if marks else Status.KEPT
            if message is None or case_id is None:
                yield Fate(message, case_id, kept)
                continue
            case, outcome = work.case(case_id), outcomes.get((message, case_id))
            if case is not None and is_frozen_at(case, message):
                yield Fate(message, case_id, Status.FROZEN)
            elif outcome is not None and outcome != "dead":
                yield Fate(message, case_id, Status.DECIDED)
            else:
                yield Fate(message, case_id, Status.DISCARDED if marks else kept)


def sources_of(connection: Connection, message: str) -> frozenset[Position]:
    """Return where records lay that are dead letters now, and were a message of this id."""
    rows = connection.execute(_LAY_AT.where(DEAD.c.message_id == message).limit(SOURCES_MAX))
    return frozenset(Position(row.topic, row.partition, row.offset) for row in rows)


def is_frozen_at(case: Case, message: MessageId) -> bool:
    """Whether the case stands still at this very message."""
    return case.is_frozen and case.stop is not None and case.stop.message == message


def outcome_of(connection: Connection, settled: MessageId, case_id: CaseId) -> Outcome | None:
    """Return what became of an operator's word; None while it is not decided."""
    row = connection.execute(
        select(MESSAGES.c.outcome, MESSAGES.c.code).where(
            MESSAGES.c.sender == BUS, MESSAGES.c.message_id == settled
        )
    ).first()
    return None if row is None else Outcome(row.outcome, row.code, case_of(connection, case_id))


def _ids(
    connection: Connection, sources: Iterable[Position]
) -> dict[Position | None, tuple[MessageId | None, CaseId | None]]:
    rows = connection.execute(_OF_SOURCES, {"sources": [astuple(each) for each in sources]})
    return {
        Position(row.topic, row.partition, row.offset): (row.message_id, row.case_id)
        for row in rows
    }


def _outcomes(
    connection: Connection, messages: Collection[MessageId]
) -> dict[tuple[MessageId, CaseId], str]:
    rows = connection.execute(MESSAGES_OF, {"ids": list(messages)})
    return {(row.message_id, row.case_id): row.outcome for row in rows}
