"""Withheld fields asked for and opened: who asks, what the rulebook says, what the owner answers.

What an organ's copy hides it reads from the copy. Whether it may be opened is told by the table
that is said by hand in tests/unit/services/rulebook/test_openings.py.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from schemas.classes import FieldClass
from schemas.describe import Path, describe
from schemas.parts import Relation
from services.rulebook.model import Treatment
from services.rulebook.openings import How
from tests.simulation.affair import Affair, Asked, Copied, When
from tests.simulation.county import CITY, COUNTY, FAR, SUPERVISOR, code
from tests.simulation.moves import Draft, Scene, move
from tests.unit.services.confidentiality.canaries import contract
from tests.unit.services.confidentiality.test_clearances_hold import expected_of
from tests.unit.services.rulebook.test_openings import how_of

NOWHERE = "00000000-0000-5000-8000-000000000000"
_TOLD = "advice.opened_by_the_rulebook"


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that a copy hides."""

    message: str
    organ: str
    author: str
    path: str
    how: How


def _relation_now(affair: Affair, organ: str) -> Relation | None:
    """How the organ stands to the case today; None where it is none of these."""
    if organ == affair.handler:
        return Relation.DESIGNEE if affair.state == "designated" else Relation.HANDLER
    above = {code(SUPERVISOR): Relation.SUPERVISOR}
    above |= dict.fromkeys((code(COUNTY), code(CITY)), Relation.SUPERIOR)
    if affair.life in ("joint", "consultation"):
        return above.get(organ, Relation.PARTICIPANT)
    if organ == affair.sender and affair.complaint in ("reachable", "unknown"):
        return Relation.FORWARDER
    if organ in (affair.sender, affair.asking):
        return Relation.SENDER
    if organ in affair.holders:
        return Relation.FORMER_HOLDER
    if affair.dispute and organ in (affair.dispute.holder, affair.dispute.other):
        return Relation.COUNTERPART
    return above.get(organ)


def _hidden(affair: Affair) -> list[_Field]:
    """Every field that some copy hides, of one class and no more."""
    found: list[_Field] = []
    for (message, organ), copy in sorted(affair.copies.items()):
        relation = _relation_now(affair, organ)
        if relation is None or code(FAR) in (organ, copy.author):
            continue
        for path in sorted(copy.hidden):
            how = _how(copy, relation, path)
            if how is not None:
                found.append(_Field(message, organ, copy.author, path, how))
    return found


def _how(copy: Copied, relation: Relation, path: str) -> How | None:
    """Of a field and whatever it lies in the strictest decides; None: it is not foretold."""
    known, name = _paths(copy.record), contract(path)
    below = [each for each in known if each.startswith((f"{name}.", f"{name}[]"))]
    if name not in known or (below and name != "complainant"):
        return None
    if expected_of(copy.relation, known[name]) is Treatment.KEEP:
        return None  # a text that tells something of another field
    names = name.split(".")
    lies_in = (".".join(names[:end]).removesuffix("[]") for end in range(1, len(names) + 1))
    found = [_of_one(known[each], relation) for each in lies_in if known[each].nullable]
    return max(found, key=list(How).index, default=None)


def _of_one(path: Path, relation: Relation) -> How:
    if expected_of(relation, path) is Treatment.KEEP:
        return How.AT_ONCE
    return how_of(relation, FieldClass(path.confidentiality), path.path)


@lru_cache(maxsize=128)
def _paths(record: str) -> dict[str, Path]:
    return {each.path: each for each in describe(record).paths}


def _asks(affair: Affair, field: _Field) -> Draft:
    """Ask for a field; what is refused follows from what was asked before, then from the table."""
    before = [a for a in affair.asked if (a.message, a.by) == (field.message, field.organ)]
    refused = None
    if any(not each.done for each in before):
        refused = "opening.pending"
    elif any(each.opened and each.path == field.path for each in before):
        refused = "opening.already_open"
    elif field.how is How.NEVER:
        refused = "opening.never"
    at_once = field.how is How.AT_ONCE

    def then(a: Affair, when: When) -> None:
        who = (when.cause, field.message, field.organ, field.author)
        a.asked.append(Asked(*who, field.path, done=at_once, opened=at_once))

    return Draft(
        "opening_request",
        field.organ,
        {"paths": [field.path]},
        reply=field.message,
        then=then,
        code=refused,
        advised=frozenset({(_TOLD, field.author)} if at_once and refused is None else ()),
    )


@move("any", "any", 6)
def asks_to_see(affair: Affair, scene: Scene) -> Draft | None:
    fields = [each for each in _hidden(affair) if each.how is not How.NEVER]
    return _asks(affair, scene.rng.choice(fields)) if fields else None


@move("any", "any", 12)
def asks_for_what_nobody_opens(affair: Affair, scene: Scene) -> Draft | None:
    fields = [each for each in _hidden(affair) if each.how is How.NEVER]
    return _asks(affair, scene.rng.choice(fields)) if fields else None


@move("any", "any", 8)
def asks_for_it_again(affair: Affair, scene: Scene) -> Draft | None:
    known = {(each.message, each.by, each.path) for each in affair.asked if each.opened}
    again = [each for each in _hidden(affair) if (each.message, each.organ, each.path) in known]
    return _asks(affair, scene.rng.choice(again)) if again else None


@move("any", "any", 6)
def opens_what_was_not_asked_for(affair: Affair, scene: Scene) -> Draft | None:
    open_ = [each for each in affair.asked if not each.done]
    if not open_:
        return None
    asked = scene.rng.choice(open_)
    changes = {"opened": ["envelope.bus"]}
    return Draft(
        "opening_answer", asked.owner, changes, reply=asked.request, code="opening.not_asked_for"
    )


@move("any", "any", 4)
def asks_for_what_is_not_withheld(affair: Affair, scene: Scene) -> Draft | None:
    """Of a message that it has no copy of; or a field that the copy shows, or that is none."""
    copies = sorted(affair.copies)
    if not copies or scene.rng.random() < 0.4:
        organs = sorted({to for _, _, to, _ in affair.papers})
        organ = scene.rng.choice(organs) if organs else affair.sender
        return Draft("opening_request", organ, reply=NOWHERE, code="opening.nothing_delivered")
    message, organ = scene.rng.choice(copies)
    if any((a.message, a.by, a.done) == (message, organ, False) for a in affair.asked):
        return None
    paths, refused = ["envelope.bus"], "opening.not_withheld"
    if scene.rng.random() < 0.3:
        paths, refused = [f"parties[{number}].phone" for number in range(101)], "opening.too_large"
    return Draft("opening_request", organ, {"paths": paths}, reply=message, code=refused)


@move("any", "any", 8)
def answers_who_asked_to_see(affair: Affair, scene: Scene) -> Draft | None:
    open_ = [each for each in affair.asked if not each.done]
    if not open_:
        return None
    asked = scene.rng.choice(open_)
    changes: dict[str, Any] = {"opened": [asked.path]}
    refused, sender, chance = None, asked.owner, scene.rng.random()
    if chance < 0.15 and asked.by != asked.owner:
        sender, refused = asked.by, "reply.not_asked"
    elif chance < 0.3:
        changes, refused = {"opened": [], "reason": None}, "opening.reason_missing"
    elif chance < 0.5:
        changes = {"opened": []}
    elif _is_forbidden_now(affair, asked):
        refused = "opening.never"

    def then(a: Affair, when: When) -> None:
        asked.done = True
        asked.opened = bool(changes["opened"])

    return Draft("opening_answer", sender, changes, reply=asked.request, then=then, code=refused)


@move("any", "any", 24)
def answers_once_more(affair: Affair, scene: Scene) -> Draft | None:
    done = [each for each in affair.asked if each.done]
    if not done:
        return None
    asked = scene.rng.choice(done)
    changes = {"opened": [asked.path]}
    return Draft(
        "opening_answer", asked.owner, changes, reply=asked.request, code="opening.answered"
    )


def _is_forbidden_now(affair: Affair, asked: Asked) -> bool:
    """Whether who asked has become somebody to whom it is never opened."""
    relation = _relation_now(affair, asked.by)
    copy = affair.copies[asked.message, asked.by]
    return relation is not None and _how(copy, relation, asked.path) is How.NEVER
