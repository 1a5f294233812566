"""What the casebook knows of dead letters: whose they were, and what has become of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, and_, select

from schemas.ids import BUS, CaseId, MessageId
from services.casebook.rows import Position
from services.casebook.tables import DEAD, MESSAGES
from services.casework.case import Case
from services.cli.casebook_view import case_of
from services.cli.dead_letter import DeadLetter, Mark


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


def fate_of(connection: Connection, letter: DeadLetter, marks: Sequence[Mark]) -> Fate:
    """Return what is known of a letter."""
    message, case_id = _ids(connection, letter.source)
    kept = Status.RESENT if marks else Status.KEPT
    if message is None or case_id is None:
        return Fate(message, case_id, kept)
    case = case_of(connection, case_id)
    if case is not None and is_frozen_at(case, message):
        return Fate(message, case_id, Status.FROZEN)
    row = connection.execute(
        select(MESSAGES.c.outcome).where(
            MESSAGES.c.message_id == message, MESSAGES.c.case_id == case_id
        )
    ).first()
    if row is not None and row.outcome != "dead":
        return Fate(message, case_id, Status.DECIDED)
    return Fate(message, case_id, Status.DISCARDED if marks else kept)


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


def _ids(connection: Connection, source: Position | None) -> tuple[MessageId | None, CaseId | None]:
    if source is None:
        return None, None
    row = connection.execute(
        select(DEAD.c.message_id, DEAD.c.case_id).where(
            and_(
                DEAD.c.topic == source.topic,
                DEAD.c.partition == source.partition,
                DEAD.c.offset == source.offset,
            )
        )
    ).first()
    return (None, None) if row is None else (row.message_id, row.case_id)
