"""When a case's content is no longer kept: a rule of the rulebook, asked at a Tick. Pure.

A case rests when nothing is owed in it, no day is to be warned of, nothing waits and nothing stops
it, and what was filed has come to its end: until then somebody decides, serves or executes. Its
term runs from the last that happened; whatever happens again begins it anew (rulebook,
retention.toml).
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from schemas.ids import MessageId
from services.casework.case import Case, State
from services.casework.effects import Decision, Erase
from services.rulebook.calendar import ZONE, local_date
from services.rulebook.retention import CaseOrder, Retention, What

HELD_AGAIN_DAYS: Final = 30  # a hold without an end is asked again after so many
_FEBRUARY_29: Final = (2, 29)


@dataclass(frozen=True, slots=True)
class Rest:
    """Since when a case rests, and when to ask about it; None: its life has no term."""

    since: datetime
    look_at: datetime | None


def rest_of(case: Case, retention: Retention, at: datetime) -> Rest | None:
    """Return how the case rests from now on; None when it does not."""
    return Rest(at, look_at(case, retention, at)) if is_at_rest(case) else None


def is_at_rest(case: Case) -> bool:
    """Whether nothing more is expected in the case, and it has content still."""
    return (
        case.erased_at is None
        and case.moves
        and case.state not in (State.NEW, State.HELD, State.FILED)
        and all(watch.told is not None for watch in case.watches)
        and all(duty.closing is not None for duty in case.duties)
    )


def look_at(case: Case, retention: Retention, since: datetime) -> datetime | None:
    """Return when the content of a case that rests since then may be due to be erased."""
    ordered = [_begin(o.since) for o in retention.by_case.get(case.id, ()) if o.what is What.ERASE]
    term = retention.terms.get(case.life)
    own = [] if term is None else [_years_after(since, term.years)]
    return min((max(each, since) for each in (*ordered, *own)), default=None)


def expire(
    case: Case, retention: Retention, since: datetime, tick: MessageId, at: datetime
) -> Decision | datetime | None:
    """Return the erasure; or when to ask again; or None: never, as things are."""
    due = look_at(case, retention, since) if is_at_rest(case) else None
    if due is None or due > at:
        return due
    orders = retention.by_case.get(case.id, ())
    held = [o for o in orders if o.what is What.HOLD and in_force(o, local_date(at))]
    if held:
        return max(_after(order, at) for order in held)
    ordered = next((o for o in orders if o.what is What.ERASE and _begin(o.since) <= at), None)
    basis = ordered.basis if ordered else retention.terms[case.life].basis
    effect = Erase(tick, since, basis, ordered.by if ordered else None)
    return Decision(replace(case, erased_at=at), (effect,))


def in_force(order: CaseOrder, on: date) -> bool:
    """Whether the order stands on that day."""
    return order.since <= on and (order.until is None or on <= order.until)


def _after(order: CaseOrder, at: datetime) -> datetime:
    if order.until is None:
        return at + timedelta(days=HELD_AGAIN_DAYS)
    return _begin(order.until + timedelta(days=1))


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def _years_after(since: datetime, years: int) -> datetime:
    """Return the same instant so many years later; 29 February's is 1 March's in a common year."""
    local = since.astimezone(ZONE)
    if (local.month, local.day) == _FEBRUARY_29:
        local += timedelta(days=1)
    return local.replace(year=local.year + years).astimezone(UTC)
