"""A Tick in its partition: what is due there fires, terms end, and years of guidance begin.

Where the calendar has changed, a few more of the cases that owe something are counted anew.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from schemas.ids import CaseId
from services.casework.projection import is_outdated
from services.casework.steps import Facts
from services.exchange.clerk import Clerk
from services.exchange.expiring import expire_due
from services.exchange.intake import Sound
from services.exchange.notes import decided_of, original_of
from services.exchange.years import guided_by, years_to_open

# Cases fired by one Tick, or counted anew where a calendar changes; the rest is for the next Tick.
TICK_CASES_MAX: Final = 2_000
# Cases counted anew by one Tick: letters go on meanwhile. Whatever touches a case goes before.
TICK_ANEW_MAX: Final = 50


def tick(clerk: Clerk, sound: Sound, at: datetime, guided: str | None) -> str | None:
    """Fire what is due; open the years of guidance, and return that they are."""
    position = sound.incoming.position
    due = clerk.work.due_cases(position.topic, position.partition, at, TICK_CASES_MAX)
    clerk.work.preload_cases(due)
    for case_id in due:
        fire(clerk, sound, case_id, at)
    _count_anew(clerk, sound, at, TICK_ANEW_MAX, due)
    expire_due(clerk, sound, at)
    clerk.tally.messages.append((position.topic, "Tick", "accepted"))
    now = guided_by(clerk.office, position, at)
    if now is not None and now != guided:
        _open_years(clerk, sound, years_to_open(clerk.office, clerk.work, position, at), at)
    return now


def calendar_changed(clerk: Clerk, sound: Sound, at: datetime) -> None:
    """Let the calendar be laid over what the partition's cases owe: here, and at the next Ticks."""
    work, position = clerk.work, sound.incoming.position
    work.flush()
    work.recounts.begin(position.place, at)
    work.quiet.recounts(*position.place)
    _count_anew(clerk, sound, at, TICK_CASES_MAX)


def _count_anew(
    clerk: Clerk, sound: Sound, at: datetime, limit: int, fired: Collection[CaseId] = ()
) -> None:
    """Count cases of the list. What touched one since, as this Tick may have, has counted it."""
    done = frozenset(fired)
    for case_id in clerk.work.to_count_anew(sound.incoming.position.place, limit):
        case = clerk.work.case(case_id)
        if case_id not in done and case and is_outdated(case, clerk.office.rulebook):
            fire(clerk, sound, case_id, at)


def fire(clerk: Clerk, sound: Sound, case_id: CaseId, at: datetime) -> None:
    """Let a Tick, or another rulebook, do what it does to one case."""
    incoming, message = sound.incoming, sound.opened.message
    case = clerk.work.case(case_id)
    _, decision = clerk.decided(incoming, message, case_id, case, Facts(), at)
    if decision.case is None or decision.case is case:
        return
    clerk.put_case(decision.case, incoming)
    if not decision.effects:  # counted anew, and nothing of it falls due at another time
        return
    if decision.case.is_frozen:  # by this very message: settling it may fire it again
        clerk.work.put_original(original_of(sound))
    clerk.sending.carry_out(decision, incoming, message.envelope, at)
    clerk.note(decided_of(sound, Facts(), decision, at))


def _open_years(clerk: Clerk, sound: Sound, facts: Facts, at: datetime) -> None:
    if facts.years or facts.shortened:
        incoming, message = sound.incoming, sound.opened.message
        own = sound.envelope.case_id
        facts, decision = clerk.decided(incoming, message, own, None, facts, at)
        clerk.sending.carry_out(decision, incoming, sound.envelope, at)
        clerk.note(decided_of(sound, facts, decision, at))
