"""Two transfers about one violation are never merged: the handler alone is told (domain, 3).

A violation is known again by marks: digests of what it is about, so that an index of them holds
no place, name or number in words. Alike are two of one matter at one place on overlapping days,
and two of one matter by one party. Both may be right: this is advice and stops nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from schemas.ids import OrganCode
from schemas.messages import Lettered, Message
from schemas.parts import Party, PartyKind, Violation
from services.casework.case import Case, Charge, State
from services.casework.effects import Advise
from services.casework.lives import ENDED
from services.casework.steps import Outcome, Situation

MARKS_MAX: Final = 200  # of one case; what lies beyond is not known again

NOT_YET: Final = frozenset({State.NEW, State.HELD})
# What a violation is about: matter, place, from, to and found on which day, whether it goes on.
_About = tuple[str, str, tuple[date | None, date | None, date | None], bool]
_AT_A_PLACE, _BY_A_PARTY, _TO_THE_LETTER = "place", "party", "letter"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing by which a violation is known again. No days: the whole of it, to the letter."""

    key: str  # SHA-256, hex
    first: date | None = None
    last: date | None = None


def marks_of(letter: Lettered, charges: tuple[Charge, ...] | None = None) -> tuple[Mark, ...]:
    """Return the marks of a letter's violations, each once.

    `charges`: those that its case has now, with what was put right; None: all, as they were sent.
    """
    now = None if charges is None else {charge.number: charge for charge in charges}
    parties = sorted({name for party in letter.parties or () for name in _names(party)})
    found: dict[Mark, None] = {}
    seen: set[_About] = set()
    for violation in letter.violations or ():
        charge = None if now is None else now.get(violation.number)
        if now is not None and charge is None:
            continue
        about = _about(violation, charge)
        if about in seen:  # it adds none
            continue
        seen.add(about)
        # A lawful letter may hold millions: no more are made than are kept.
        for mark in _marks(letter.envelope.sender, about, parties):
            found[mark] = None
            if len(found) == MARKS_MAX:
                return tuple(found)
    return tuple(found)


def is_as_sent(letter: Lettered, charges: tuple[Charge, ...]) -> bool:
    """Whether none of the letter's violations was put right or split off since."""
    now = {charge.number: (charge.matter, charge.place) for charge in charges}
    return all(
        now.get(each.number) == (each.matter, each.place) for each in letter.violations or ()
    )


def to_the_letter(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Return those marks that the same sender's same violation alone has."""
    return tuple(mark for mark in marks if mark.first is None)


def tell_alike(
    before: Case | None, outcome: Outcome, message: Message, situation: Situation
) -> Outcome:
    """Tell who has become the handler by this message, and nobody else.

    Another case is named to its own handler only: to all others it does not exist.
    """
    case, alike = outcome.case, situation.facts.alike
    known = before.handler if before is not None and before.state not in NOT_YET else None
    if not alike or case.handler is None or case.handler == known or case.state in ENDED:
        return outcome
    named = "、".join(other.case for other in alike if other.handler == case.handler)
    envelope = message.envelope
    advice = Advise(
        case.current,
        case.handler,
        "advice.possible_duplicate",
        named or None,
        salt=envelope.message_id,
    )
    return outcome.also(advice)


def may_be_alike(case: Case, other: Case) -> bool:
    """Whether the other is open, and no part that was split from this one, or the reverse."""
    if other.state in NOT_YET | ENDED or other.id == case.id:
        return False
    return other.parent != case.id and case.parent not in (other.id, other.parent or "")


def _about(violation: Violation, charge: Charge | None) -> _About:
    return (
        charge.matter if charge else violation.matter,
        charge.place if charge else violation.place,
        (violation.act_from, violation.act_to, violation.found_on),
        bool(violation.continuing),
    )


def _marks(sender: OrganCode, about: _About, parties: Sequence[str]) -> Iterator[Mark]:
    matter, place, days, continuing = about
    act_from, act_to, found_on = days
    first = act_from or found_on or date.min
    last = date.max if continuing else act_to or first
    yield Mark(_digest(_AT_A_PLACE, matter, place), first, max(first, last))
    for name in parties:
        yield Mark(_digest(_BY_A_PARTY, matter, name), date.min, date.max)
    told = (day.isoformat() if day else "" for day in days)
    yield Mark(_digest(_TO_THE_LETTER, sender, matter, place, *told, *parties))


def _names(party: Party) -> Iterator[str]:
    """Yield what tells the party from others. A person's name alone does not."""
    if party.uscc:
        yield f"uscc {party.uscc}"
    if party.id_number:
        yield f"id {party.id_number}"
    if party.name and party.kind is not PartyKind.PERSON:
        yield f"name {party.name}"


def _digest(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode()).hexdigest()
