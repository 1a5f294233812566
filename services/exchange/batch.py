"""One batch, one transaction.

What fails for a passing reason is tried again within a limit; what fails for another is redone one
record at a time, until the culprit is found and dead-lettered.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.exc import DataError, IntegrityError

from schemas.errors import Broken
from schemas.ids import CaseId, MessageKey
from services.casebook.ahead import read_ahead
from services.casebook.among import NumberKey
from services.casebook.progress import rulebooks_in_force
from services.casebook.retry import patiently
from services.casebook.store import Casebook
from services.casebook.work import Work
from services.exchange.desk import Desk
from services.exchange.incoming import Incoming
from services.exchange.intake import Dead, Intake, Sound, is_tick
from services.exchange.likeness import expect_marks
from services.exchange.recorded import Remembers, Which, failing, nothing
from services.exchange.sending import Unwritable
from services.exchange.shelf import InForce, Shelf
from services.exchange.tally import Tally
from services.exchange.ticking import TICK_CASES_MAX

# What a database, or its driver, says of a value that it cannot take. Whatever else it says is no
# message's fault: the process stops.
_UNSTORABLE: Final = (DataError, IntegrityError, UnicodeError, OverflowError)

# Decisions that one record's transaction is begun anew without: one, or a case each of a Tick's.
UNWRITABLE_MAX: Final = TICK_CASES_MAX


def take_batch(casebook: Casebook, shelf: Shelf, records: Sequence[Incoming]) -> list[Intake]:
    """Judge records before they are decided, outside the transaction: seals take the longest.

    Raises Unavailable casebook.unavailable, Broken rulebook.unknown.
    """

    def in_force(casebook: Casebook) -> InForce:
        with casebook.engine.connect() as connection:
            return rulebooks_in_force(connection)

    if not {each.position.place for each in records} <= casebook.in_force.keys():
        casebook.in_force.update(patiently(in_force, casebook))
    intakes = shelf.take_in(records, casebook.in_force)
    ticks = [_place_of(intake) for intake in intakes if is_tick(intake)]
    if ticks and casebook.readers is not None:  # else a connection would be made for nothing
        patiently(read_ahead, casebook.readers, ticks, TICK_CASES_MAX)
    return intakes


def _place_of(tick: Sound) -> tuple[str, int, datetime]:
    position = tick.incoming.position
    return position.topic, position.partition, tick.incoming.stamped_at


def run_batch(
    casebook: Casebook, shelf: Shelf, intakes: Sequence[Intake], remembers: Remembers = nothing
) -> Tally:
    """Decide and store the records, or none of them.

    `remembers`: what the journal says of them, when they are decided once more (audit.py).

    Raises Unavailable casebook.unavailable when the database stays away, Broken log.gap when a
    record is missing between the casebook's progress and these, Broken rulebook.unknown when a
    rulebook that is to decide is not here, Broken casebook.refuses when not even the note of a dead
    letter can be stored.
    """
    try:
        return patiently(_once, casebook, shelf, intakes, remembers)
    except (*_UNSTORABLE, Unwritable):
        # Nothing of it is told to be unsent: of a COMMIT whose answer was lost no rows are known,
        # and those of the records behind it would be sent before them.
        tally = Tally()
        for intake in intakes:
            _one(casebook, shelf, intake, tally, remembers)
        return tally


def _one(
    casebook: Casebook, shelf: Shelf, intake: Intake, tally: Tally, remembers: Remembers
) -> None:
    try:
        done = _but_unwritable(casebook, shelf, intake, remembers)
    except _UNSTORABLE:
        try:
            done = patiently(_once, casebook, shelf, [intake], remembers, unstorable=True)
        except _UNSTORABLE as error:
            raise Broken("casebook.refuses", detail=type(error).__name__) from error
    tally.messages += done.messages
    tally.dead += done.dead
    tally.secrets |= done.secrets


def _but_unwritable(
    casebook: Casebook, shelf: Shelf, intake: Intake, remembers: Remembers
) -> Tally:
    """Decide one record. A case of which a copy cannot be written is frozen, as by any defect."""
    failed: set[Which] = set()
    while True:
        try:
            return patiently(_once, casebook, shelf, [intake], failing(remembers, failed))
        except Unwritable as error:
            if error.which in failed or len(failed) == UNWRITABLE_MAX:
                raise
            failed.add(error.which)


def _once(
    casebook: Casebook,
    shelf: Shelf,
    intakes: Sequence[Intake],
    remembers: Remembers,
    *,
    unstorable: bool = False,
) -> Tally:
    tally = Tally()
    with casebook.engine.begin() as connection:
        work = Work(connection, casebook.key, shelf.first.vouch)
        wanted = list(_not_yet_done(work, intakes))
        work.preload(*_keys(wanted))
        work.quiet.look(i.incoming.position.place for i in wanted if is_tick(i))
        expect_marks(work, (i.opened.message for i in wanted if isinstance(i, Sound)))
        desk = Desk(shelf, work, tally, remembers)
        for intake in wanted:
            desk.handle(intake, unstorable=unstorable)
        desk.end()
        work.flush()
        tally.unsent = work.unsent
    for intake in intakes:
        place = intake.incoming.position.place
        found = work.progress(*place)
        casebook.in_force[place] = found.rulebook if found else None
    return tally


def _not_yet_done(work: Work, intakes: Sequence[Intake]) -> Iterable[Intake]:
    """Leave out what was decided before, by whichever worker; find a gap.

    The rows of progress stay locked until the end: who lost a partition meanwhile finds here that
    another has gone on.
    """
    places = {intake.incoming.position.place for intake in intakes}
    expected = {place: progress.next_offset for place, progress in work.lock(places).items()}
    for intake in intakes:
        position, first = intake.incoming.position, intake.incoming.first
        where = position.place
        if position.offset < expected[where]:
            continue
        if first > expected[where]:
            detail = f"{position.topic}/{position.partition}: {expected[where]} → {first}"
            raise Broken("log.gap", detail=detail)
        expected[where] = position.offset + 1
        yield intake


def _keys(
    intakes: Iterable[Intake],
) -> tuple[list[CaseId], list[MessageKey], list[NumberKey]]:
    envelopes = [intake.envelope for intake in intakes if not isinstance(intake, Dead)]
    return (
        [envelope.case_id for envelope in envelopes],
        [(envelope.sender, envelope.message_id) for envelope in envelopes],
        [
            (envelope.sender, envelope.document_number)
            for envelope in envelopes
            if envelope.document_number is not None
        ],
    )
