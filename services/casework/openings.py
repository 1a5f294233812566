"""申请查看: who got a copy asks for what it withholds; the rulebook or its author opens it.

The rulebook's table decides first (openings.csv): at once, its author, or never. What the
clearances show the asker today is opened at once too: it may have got its copy as something else.
The fields travel by an effect of their own (Open), as their sender sealed them (domain, section 6,
item 5). No duty is opened: the domain names none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from schemas.errors import Refusal
from schemas.ids import BUS, MessageId, OrganCode
from schemas.oversight import OpeningAnswer, OpeningRequest
from schemas.parts import Relation
from schemas.text_form import is_blank
from services.casework.case import Case, Handed
from services.casework.effects import Advise, Open, ToOpen
from services.casework.handing import accept, hand, handed_to
from services.casework.kept import Opening
from services.casework.relations import relation_in
from services.casework.steps import Outcome, Situation
from services.casework.succession import standing_for
from services.confidentiality.asked import Asked, Asking, Classed, is_within
from services.rulebook.clearances import clearance
from services.rulebook.model import Treatment
from services.rulebook.openings import How, without_a_row

_ORDER: Final = tuple(How)
NOTHING_KNOWN: Final = Asking()


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What becomes of one field: of its classes the strictest decides."""

    how: How
    rule: str | None
    basis: str | None


_NOBODY: Final = _Ruling(How.NEVER, None, None)


def opening_request(case: Case, message: OpeningRequest, situation: Situation) -> Outcome | Refusal:
    """By one that has a copy of the message, about fields of it; one request at a time."""
    envelope = message.envelope
    handed = copy_of(case, envelope.in_reply_to, envelope.sender)
    if handed is None:
        return Refusal("opening.nothing_delivered", "envelope.in_reply_to")
    before = [
        each
        for each in case.openings
        if (each.message, each.reader) == (handed.message, envelope.sender)
    ]
    if not all(each.answered for each in before):
        return Refusal("opening.pending")
    asking = situation.facts.asked or NOTHING_KNOWN
    if asking.is_erased:
        return Refusal("opening.original_erased", "envelope.in_reply_to")
    if not asking.fields:
        return Refusal("opening.not_withheld", "paths")
    opened = [path for each in before for path in each.opened]
    for position, field in enumerate(asking.fields):
        where = f"paths[{position}]"
        if not field.is_hidden:
            return Refusal("opening.not_withheld", where)
        if any(is_within(field.path, path) for path in opened):
            return Refusal("opening.already_open", where)
    rulings = _rulings(case, handed.to, asking.fields, situation)
    never = _never(rulings, "paths")
    if never is not None:
        return never
    if asking.is_too_large:
        return Refusal("opening.too_large", "paths")
    return _requested(case, message, handed, _sorted(asking.fields, rulings), situation)


def opening_answer(case: Case, message: OpeningAnswer, situation: Situation) -> Outcome | Refusal:
    """By the author that was asked, once, about nothing but what was asked for."""
    envelope = message.envelope
    asked = asked_before(case, envelope.in_reply_to)
    handed = copy_of(case, asked.message, asked.reader) if asked else None
    if asked is None or handed is None:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    if standing_for(asked.owner, situation.rulebook, situation.at) != envelope.sender:
        return Refusal("reply.not_asked")
    if asked.answered:
        return Refusal("opening.answered")
    opened = message.opened or ()
    if set(opened) - set(asked.paths):
        return Refusal("opening.not_asked_for", "opened")
    if set(asked.paths) - set(opened) and is_blank(message.reason):
        return Refusal("opening.reason_missing", "reason")
    asking = situation.facts.asked or NOTHING_KNOWN
    if opened and not asking.fields:
        return Refusal("opening.original_erased", "envelope.in_reply_to")
    # Never by now: the rulebook, or who asks, has changed since it was asked for.
    never = _never(_rulings(case, asked.reader, asking.fields, situation), "opened")
    if never is not None:
        return never
    answered = replace(asked, answered=True, opened=(*asked.opened, *opened))
    openings = tuple(answered if each is asked else each for each in case.openings)
    relation = relation_in(case, asked.reader, situation)
    outcome = Outcome(replace(case, openings=openings))
    outcome = hand(outcome, message, asked.reader, relation, situation.at)
    if opened:
        fields = tuple(
            ToOpen(path, each.withheld_by, each.withheld_basis, None, None)
            for path, each in zip(opened, asking.fields, strict=True)
        )
        outcome = outcome.also(_open(envelope.message_id, asked, handed, envelope.sender, fields))
    return accept(outcome, message)


def copy_of(case: Case, message: MessageId | None, organ: OrganCode) -> Handed | None:
    """Return what the organ was handed of an organ's message; None when nothing was."""
    handed = handed_to(case, message, organ)
    return None if handed is None or handed.author == BUS else handed


def asked_before(case: Case, request: MessageId | None) -> Opening | None:
    """Return what was asked for by a request."""
    return next((each for each in case.openings if each.request == request), None)


_Sorted = tuple[tuple[ToOpen, ...], tuple[str, ...]]  # opened by the rulebook; left to the owner


def _sorted(fields: Sequence[Asked], rulings: Sequence[_Ruling]) -> _Sorted:
    both = tuple(zip(fields, rulings, strict=True))
    at_once = tuple(
        ToOpen(each.path, each.withheld_by, each.withheld_basis, ruling.rule, ruling.basis)
        for each, ruling in both
        if ruling.how is How.AT_ONCE
    )
    return at_once, tuple(each.path for each, ruling in both if ruling.how is not How.AT_ONCE)


def _requested(
    case: Case, message: OpeningRequest, handed: Handed, found: _Sorted, situation: Situation
) -> Outcome:
    """Open what the rulebook opens; ask the owner for the rest, or tell it that nothing is left."""
    envelope = message.envelope
    at_once, rest = found
    owner = standing_for(handed.author, situation.rulebook, situation.at)
    asked = Opening(
        request=envelope.message_id,
        message=handed.message,
        by=envelope.sender,
        owner=handed.author,
        paths=rest,
        answered=not rest,
        opened=tuple(each.path for each in at_once),
    )
    outcome = Outcome(replace(case, openings=(*case.openings, asked)))
    if at_once:
        outcome = outcome.also(_open(envelope.message_id, asked, handed, None, at_once))
    if rest:
        relation = relation_in(case, owner, situation)
        outcome = hand(outcome, message, owner, relation, situation.at)
    else:
        words = "、".join(each.path for each in at_once)
        told = Advise(envelope.message_id, owner, "advice.opened_by_the_rulebook", words)
        outcome = outcome.also(told)
    return accept(outcome, message)


def _open(
    message: MessageId,
    asked: Opening,
    handed: Handed,
    by: OrganCode | None,
    fields: tuple[ToOpen, ...],
) -> Open:
    """Return the effect. `message`: the answer, or the request that the rulebook answers."""
    return Open(
        message=message,
        request=asked.request,
        asker=asked.by,
        by=by,
        about=handed.message,
        record=handed.record,
        author=handed.author,
        to=asked.reader,
        relation=handed.relation,
        fields=fields,
    )


def _rulings(
    case: Case, to: OrganCode, fields: Sequence[Asked], situation: Situation
) -> tuple[_Ruling, ...]:
    relation = relation_in(case, to, situation)
    return tuple(_ruling(relation, field, situation) for field in fields)


def _ruling(relation: Relation, field: Asked, situation: Situation) -> _Ruling:
    if not field.is_hidden:  # any more: a rulebook that came since shows it
        return _Ruling(How.AT_ONCE, None, None)
    found = [_of_class(relation, each, situation) for each in field.classes]
    return max(found, key=lambda ruling: _ORDER.index(ruling.how), default=_NOBODY)


def _of_class(relation: Relation, classed: Classed, situation: Situation) -> _Ruling:
    kind, path, rulebook = classed.field_class, classed.path, situation.rulebook
    if kind is None or relation is Relation.UNKNOWN:
        return _NOBODY
    seen = clearance(rulebook.clearances, relation, kind, path)
    if seen is not None and seen.treatment is Treatment.KEEP:
        return _Ruling(How.AT_ONCE, f"clearances.csv:{seen.line}", seen.basis)
    row = rulebook.openings.rule(relation, kind, path)
    if row is not None:
        return _Ruling(row.how, f"openings.csv:{row.line}", row.basis)
    return _Ruling(without_a_row(kind), None, None)


def _never(rulings: Sequence[_Ruling], where: str) -> Refusal | None:
    for position, ruling in enumerate(rulings):
        if ruling.how is How.NEVER:
            return Refusal("opening.never", f"{where}[{position}]", detail=ruling.rule)
    return None
