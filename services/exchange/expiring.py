"""At a Tick: the content of cases whose legal term is over is erased, with the keys of old months.

What is erased is the key (services/casebook/case_keys.py), here and in the topic of the keys; the
originals are deleted too, and its attachments are put on the list of what the store is to delete
(shedding.py). The decision is journaled like any other.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from schemas.ids import CaseId
from schemas.parts import Flow
from schemas.topics import CASE_KEYS
from services.casebook.case_keys import KeyName, quarantine_of
from services.casebook.rows import OutboxRow, Position
from services.casebook.work import Work
from services.casework.effects import Decision
from services.casework.retention import expire
from services.casework.steps import Facts
from services.exchange.clerk import Clerk
from services.exchange.intake import Sound
from services.exchange.notes import decided_of
from services.rulebook.retention import Retention

ASKED_MAX: Final = 200  # cases asked about by one Tick; the rest is for the next one
UNSENT_AGAIN: Final = timedelta(days=1)  # what an inbox did not take yet still needs the key
_MONTHS: Final = 12


def expire_due(clerk: Clerk, sound: Sound, at: datetime) -> None:
    """Ask about the partition's cases that are due, and erase what is kept no longer."""
    work, retention = clerk.work, clerk.office.rulebook.retention
    position = sound.incoming.position
    due = work.resting_cases(position.place, at, ASKED_MAX)
    work.preload((case_id for case_id, _ in due), (), ())
    later = dict[CaseId, datetime | None]()
    for case_id, since in due:
        case = work.case(case_id)
        tick = sound.envelope.message_id
        answer = None if case is None else expire(case, retention, since, tick, at)
        if not isinstance(answer, Decision):
            later[case_id] = answer
        elif clerk.has_unsent(sound, case_id):
            later[case_id] = at + UNSENT_AGAIN
        else:
            _carry_out(clerk, sound, answer, at)
            _erase(work, case_id, position, at)
            work.blobs.lose_case(case_id)
            work.expiry.forget(case_id)
            work.marks.end(case_id, declined=False)
    work.expiry.ask_again(later)
    if position.place == (next(iter(Flow)).value, 0):
        _quarantines(work, retention, position, at)


def _carry_out(clerk: Clerk, sound: Sound, decision: Decision, at: datetime) -> None:
    if decision.case is not None:
        clerk.put_case(decision.case, sound.incoming)
    clerk.note(decided_of(sound, Facts(), decision, at))


def ask_anew(work: Work, position: Position, before: Retention, then: Retention) -> None:
    """Ask again about the partition's cases: by other terms about all, else whose orders changed.

    An order comes each time somebody sues, and after years a partition has tens of thousands that
    rest: to look at them all takes half of the exchange's time for as many minutes.
    """
    work.flush()
    work.quiet.changed(position.topic, position.partition)
    if then.terms != before.terms:
        work.expiry.ask_all(position.topic, position.partition)
        return
    named = {*before.by_case, *then.by_case}
    changed = (case for case in named if before.by_case.get(case) != then.by_case.get(case))
    work.expiry.ask_about(position.topic, position.partition, changed)


def _quarantines(work: Work, retention: Retention, position: Position, at: datetime) -> None:
    """Erase the keys of the months whose time is over; one partition does it for all."""
    if retention.quarantine is None:
        return
    month = at.astimezone(UTC).year * _MONTHS + at.astimezone(UTC).month - 1
    year, index = divmod(month - retention.quarantine.months, _MONTHS)
    before = quarantine_of(datetime(year, index + 1, 1, tzinfo=UTC))
    for name in work.expiry.quarantines(before):
        _erase(work, name, position, at)


def _erase(work: Work, name: KeyName, position: Position, at: datetime) -> None:
    work.keys.erase(name, at)
    work.add_outbox(OutboxRow(position, CASE_KEYS, name.encode(), None))
