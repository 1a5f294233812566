"""Withheld fields asked for and opened: who asks, what the rulebook says, what the owner answers.

What an organ's copy hides it reads from the copy. Whether it may be opened is told by the table
that is said by hand in tests/unit/services/rulebook/test_openings.py.
"""

from dataclasses import dataclass
from typing import Any

from schemas.classes import FieldClass
from schemas.describe import describe
from schemas.parts import Relation
from services.rulebook.model import Treatment
from services.rulebook.openings import How
from tests.simulation.affair import Affair, Asked, When
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


def _hidden(affair: Affair, scene: Scene) -> _Field | None:
    """Choose a field that some copy hides, of one class and no more."""
    copies = sorted(affair.copies.items())
    if not copies:
        return None
    (message, organ), copy = scene.rng.choice(copies)
    relation = _relation_now(affair, organ)
    if relation is None or code(FAR) in (organ, copy.author) or not copy.hidden:
        return None
    path = scene.rng.choice(sorted(copy.hidden))
    known = {each.path: each for each in describe(copy.record).paths}
    name = contract(path)
    classes = {
        FieldClass(known[above].confidentiality)
        for end in range(1, name.count(".") + 2)
        if (above := ".".join(name.split(".")[:end]).removesuffix("[]")) in known
        and known[above].nullable
    } - {FieldClass.PUBLIC}
    below = [each for each in known if each.startswith((f"{name}.", f"{name}[]"))]
    if name not in known or len(classes) != 1 or (below and name != "complainant"):
        return None
    if expected_of(copy.relation, known[name]) is Treatment.KEEP:
        return None  # a text that tells something of another field
    (kind,) = classes
    how = how_of(relation, kind, name)
    if expected_of(relation, known[name]) is Treatment.KEEP:
        how = How.AT_ONCE
    return _Field(message, organ, copy.author, path, how)


@move("any", "any", 6)
def asks_to_see(affair: Affair, scene: Scene) -> Draft | None:
    field = _hidden(affair, scene)
    if field is None:
        return None
    before = [a for a in affair.asked if (a.message, a.by) == (field.message, field.organ)]
    refused = None
    if any(not each.done for each in before):
        refused = "opening.pending"
    elif any(each.opened and each.path == field.path for each in before):
        refused = "opening.already_open"
    elif field.how is How.NEVER:
        refused = "opening.never"

    def then(a: Affair, when: When) -> None:
        at_once = field.how is How.AT_ONCE
        a.asked.append(
            Asked(
                when.cause, field.message, field.organ, field.author, field.path, at_once, at_once
            )
        )

    told = field.how is How.AT_ONCE and refused is None
    return Draft(
        "opening_request",
        field.organ,
        {"paths": [field.path]},
        reply=field.message,
        then=then,
        code=refused,
        advised=frozenset({(_TOLD, field.author)} if told else ()),
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
    if not affair.asked:
        return None
    open_ = [each for each in affair.asked if not each.done]
    asked = scene.rng.choice(open_ or affair.asked)
    changes: dict[str, Any] = {"opened": [asked.path]}
    refused, sender, chance = None, asked.owner, scene.rng.random()
    if asked.done:
        refused = "opening.answered"
    elif chance < 0.1:
        changes, refused = {"opened": ["envelope.bus"]}, "opening.not_asked_for"
    elif chance < 0.2 and asked.by != asked.owner:
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


def _is_forbidden_now(affair: Affair, asked: Asked) -> bool:
    """Whether who asked has become somebody to whom it is never opened."""
    copy = affair.copies[asked.message, asked.by]
    relation = _relation_now(affair, asked.by)
    known = next(each for each in describe(copy.record).paths if each.path == contract(asked.path))
    if relation is None or expected_of(relation, known) is Treatment.KEEP:
        return relation is None
    return how_of(relation, FieldClass(known.confidentiality), known.path) is How.NEVER
