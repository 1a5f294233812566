"""One batch, one transaction.

What fails for a passing reason is tried again within a limit; what fails for another is redone one
record at a time, until the culprit is found and dead-lettered.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from schemas.errors import Broken, Unavailable
from schemas.ids import CaseId
from services.casebook.store import Casebook
from services.casebook.work import MessageKey, NumberKey, Work
from services.exchange.desk import Desk, Tally
from services.exchange.intake import Dead, Intake
from services.exchange.office import Office

_ATTEMPTS_MAX: Final = 6
_WAIT_SECONDS_MAX: Final = 5.0


def run_batch(casebook: Casebook, office: Office, intakes: Sequence[Intake]) -> Tally:
    """Decide and store the records, or none of them.

    Raises Unavailable casebook.unavailable when the database stays away, Broken log.gap when a
    record is missing between the casebook's progress and these, Broken casebook.refuses when not
    even the note of a dead letter can be stored.
    """
    try:
        return _patiently(casebook, office, intakes)
    except (DBAPIError, StatementError):
        tally = Tally()
        for intake in intakes:
            _one(casebook, office, intake, tally)
        return tally


def _one(casebook: Casebook, office: Office, intake: Intake, tally: Tally) -> None:
    try:
        done = _patiently(casebook, office, [intake])
    except (DBAPIError, StatementError):
        try:
            done = _patiently(casebook, office, [intake], unstorable=True)
        except (DBAPIError, StatementError) as error:
            raise Broken("casebook.refuses", detail=type(error).__name__) from error
    tally.messages += done.messages
    tally.dead += done.dead
    tally.rungs += done.rungs


def _patiently(
    casebook: Casebook, office: Office, intakes: Sequence[Intake], *, unstorable: bool = False
) -> Tally:
    retrying = Retrying(
        retry=retry_if_exception_type(OperationalError),
        stop=stop_after_attempt(_ATTEMPTS_MAX),
        wait=wait_exponential(multiplier=0.1, max=_WAIT_SECONDS_MAX),
        reraise=True,
    )
    try:
        return retrying(_once, casebook, office, intakes, unstorable)
    except OperationalError as error:
        detail = type(error.orig).__name__
        raise Unavailable("casebook.unavailable", detail=detail) from error


def _once(
    casebook: Casebook,
    office: Office,
    intakes: Sequence[Intake],
    unstorable: bool,  # noqa: FBT001 - tenacity passes by position
) -> Tally:
    tally = Tally()
    with casebook.engine.begin() as connection:
        work = Work(connection)
        wanted = list(_not_yet_done(work, intakes))
        work.preload(*_keys(wanted))
        desk = Desk(office, work, tally)
        for intake in wanted:
            desk.handle(intake, unstorable=unstorable)
        work.flush()
    return tally


def _not_yet_done(work: Work, intakes: Iterable[Intake]) -> Iterable[Intake]:
    """Leave out what was decided before; find a gap. The progress row is locked by reading it."""
    expected: dict[tuple[str, int], int] = {}
    for intake in intakes:
        position = intake.incoming.position
        where = (position.topic, position.partition)
        if where not in expected:
            before = work.progress(*where)
            expected[where] = before.next_offset if before else 0
        if position.offset < expected[where]:
            continue
        if position.offset > expected[where]:
            detail = f"{position.topic}/{position.partition}: {expected[where]} → {position.offset}"
            raise Broken("log.gap", detail=detail)
        expected[where] += 1
        yield intake


def _keys(
    intakes: Iterable[Intake],
) -> tuple[list[CaseId], list[MessageKey], list[NumberKey]]:
    envelopes = [
        intake.opened.message.envelope for intake in intakes if not isinstance(intake, Dead)
    ]
    return (
        [envelope.case_id for envelope in envelopes],
        [(envelope.sender, envelope.message_id) for envelope in envelopes],
        [
            (envelope.sender, envelope.document_number)
            for envelope in envelopes
            if envelope.document_number is not None
        ],
    )
