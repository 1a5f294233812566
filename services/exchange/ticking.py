"""A Tick in its partition: what is due there fires, terms end, and years of guidance begin.

Where the calendar, organs or powers have changed, a few more cases are looked at anew: what they
owe is counted by the other calendar, passes to an heir, or is decided after all.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.ids import CaseId
from schemas.messages import Tick
from schemas.parts import Flow
from services.casework.calendar_end import calendar_ends
from services.casework.case import Case
from services.casework.holds import is_held
from services.casework.projection import is_outdated
from services.casework.steps import Facts
from services.casework.succession import has_gone
from services.exchange.clerk import Clerk
from services.exchange.expiring import expire_due
from services.exchange.intake import Sound
from services.exchange.likeness import note_marks
from services.exchange.lookups import facts_of
from services.exchange.notes import decided_of, original_of
from services.exchange.turned import list_turned, looked_at
from services.exchange.years import years_to_open
from services.rulebook.calendar import local_date

# Cases fired by one Tick, or counted anew where a calendar changes; the rest is for the next Tick.
TICK_CASES_MAX: Final = 2_000
# Cases looked at anew by one Tick: letters go on meanwhile. Whatever touches a case goes before.
TICK_ANEW_MAX: Final = 50
_NOTHING: Final = Facts()


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a Tick has looked at, and which cases it has released: what waits there goes on."""

    seen: str
    released: tuple[CaseId, ...]


def tick(clerk: Clerk, sound: Sound, at: datetime, before: str | None) -> Ticked:
    """Fire what is due; look at what is another's now, and open the years of guidance.

    `before`: what the Tick before has looked at.
    """
    position = sound.incoming.position
    due = clerk.work.due_cases(position.topic, position.partition, at, TICK_CASES_MAX)
    clerk.work.preload_cases(due)
    for case_id in due:
        fire(clerk, sound, case_id, at)
    now = looked_at(clerk.office, at)
    if now != before:
        list_turned(clerk.work, clerk.office, position.place, at)
    released = _look_anew(clerk, sound, at, TICK_ANEW_MAX, due)
    expire_due(clerk, sound, at)
    clerk.tally.messages.append((position.topic, "Tick", "accepted"))
    if now != before and position.topic == Flow.COPIES:
        _open_years(clerk, sound, years_to_open(clerk.office, clerk.work, position, at), at)
    return Ticked(now, released)


def calendar_changed(clerk: Clerk, sound: Sound, at: datetime) -> None:
    """Let the calendar be laid over what the partition's cases owe: here, and at the next Ticks."""
    work, position = clerk.work, sound.incoming.position
    work.flush()
    work.recounts.begin(position.place, at)
    work.quiet.recounts(*position.place)
    _look_anew(clerk, sound, at, TICK_CASES_MAX)


def _look_anew(
    clerk: Clerk, sound: Sound, at: datetime, limit: int, fired: Collection[CaseId] = ()
) -> tuple[CaseId, ...]:
    """Look at cases of the list; return those that are held no longer.

    What touched one since, as this Tick may have, has counted it and passed it on.
    """
    done, released = frozenset(fired), []
    for case_id in clerk.work.to_count_anew(sound.incoming.position.place, limit):
        case = clerk.work.case(case_id)
        if case is None or case_id in done:
            continue
        if is_held(case):
            if _decide_held(clerk, sound, case, at):
                released.append(case_id)
        elif is_outdated(case, clerk.office.rulebook) or has_gone(case, clerk.office.rulebook, at):
            fire(clerk, sound, case_id, at)
    return tuple(released)


def _decide_held(clerk: Clerk, sound: Sound, case: Case, at: datetime) -> bool:
    """Decide a held message by the law of now; return whether it goes on."""
    message = sound.opened.message
    fire(clerk, sound, case.id, at, facts_of(clerk.office, clerk.work, message, case, at))
    now = clerk.work.case(case.id)
    note_marks(clerk.office, clerk.work, message, case, now)
    return now is not None and now.stop is None


def fire(
    clerk: Clerk, sound: Sound, case_id: CaseId, at: datetime, facts: Facts = _NOTHING
) -> None:
    """Let a Tick, or another rulebook, do what it does to one case."""
    incoming, message = sound.incoming, sound.opened.message
    case = clerk.work.case(case_id)
    facts, decision = clerk.decided(incoming, message, case_id, case, facts, at)
    if decision.case is None or decision.case is case:
        return
    clerk.put_case(decision.case, incoming)
    if not decision.effects:  # counted anew, and nothing of it falls due at another time
        return
    if decision.case.is_frozen:  # by this very message: settling it may fire it again
        clerk.work.put_original(original_of(sound))
    clerk.sending.carry_out(decision, incoming, message.envelope, at)
    clerk.note(decided_of(sound, facts, decision, at))


def _open_years(clerk: Clerk, sound: Sound, facts: Facts, at: datetime) -> None:
    incoming, message, on = sound.incoming, sound.opened.message, local_date(at)
    ends = isinstance(message, Tick) and calendar_ends(message, clerk.office.rulebook, on)
    if facts.years or facts.shortened or ends:
        own = sound.envelope.case_id
        facts, decision = clerk.decided(incoming, message, own, None, facts, at)
        clerk.sending.carry_out(decision, incoming, sound.envelope, at)
        clerk.note(decided_of(sound, facts, decision, at))
