"""Each rule of clearance and redaction taken away in turn: the canary test must fail without it.

A canary stands in every field of a record, and those of names, numbers and addresses stand in every
text of it too. What a relation gets of it is held against the clearances as said by hand.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from itertools import count
from types import MappingProxyType
from typing import Any, Final
from unittest.mock import patch

from schemas.describe import describe
from schemas.inline import schema_of
from schemas.messages import Message
from schemas.parts import Relation
from schemas.topics import RECORDS, Author
from services.confidentiality import masks
from services.confidentiality.kinds import IDENTIFYING, KINDS, Kind, kind_of
from services.confidentiality.redact import Redactor
from services.rulebook.model import Clearances, Treatment
from tests.history import demo
from tests.unit.services.confidentiality.canaries import contract, filled, leaves
from tests.unit.services.confidentiality.test_clearances_hold import (
    PLACES,
    TELLING,
    expected_of,
    is_judged,
)

# Of these no form tells that they are numbers of somebody: only that they stand in such a field.
_LOOKS: Final = {Kind.PHONE: "8580{0:05}", Kind.IDENTITY: "E52{0:06}"}
# And these stand in no field: only their form tells.
TOLD: Final = {"phone": "13900139000", "identity": "52020319800101123X"}
_SEEN_BY: Final = (
    Relation.FORWARDER,
    Relation.COPY_RECIPIENT,
    Relation.OTHER_DEPARTMENT,
    Relation.SUPERVISOR,
    Relation.PARTICIPANT,
)
# Officials in office: every relation sees them, so nothing is looked for because of them.
NEVER_HIDDEN: Final = frozenset(
    {
        "Contact.name",
        "Contact.phone",
        "Contact.address",
        "Officer.name",
        "Officer.certificate",
        "SignedFor.signed_by",
    }
)
BY_ORGANS: Final = tuple(each.name for each in RECORDS.values() if each.author is Author.ORGAN)
_NOTHING: Final = re.compile(r"(?!)(?P<identity>)(?P<phone>)")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and what is left without it."""

    name: str
    without: Callable[[], AbstractContextManager[Any]]
    relations: tuple[Relation, ...] = _SEEN_BY
    records: tuple[str, ...] = TELLING
    clearances: Clearances | None = None  # None: the demo's


def rules() -> Iterator[Rule]:
    """Yield every rule that hides or shows something."""
    yield from _clearance_rules()
    yield from _mask_rules()
    for kind in IDENTIFYING:
        rest = IDENTIFYING - {kind}
        yield Rule(f"sought in texts: {kind}", _patch("plan", "IDENTIFYING", rest))
    for name in TOLD:
        yield Rule(f"found by its form: {name}", _patch("told_numbers", "NUMBERS", _numbers(name)))
    yield Rule("files go whole", _patch("redact", "_has_files", lambda _: False))
    yield from _kind_rules()


def finding(rule: Rule) -> str | None:
    """Return the first that the canary test finds where the rule is away."""
    for record in rule.records:
        planted(record)  # kept from here on: made while every rule is in its place
    with rule.without():
        return next(
            (
                found
                for relation in rule.relations
                for found in canary(relation, rule.clearances or demo().clearances, rule.records)
            ),
            None,
        )


def canary(relation: Relation, clearances: Clearances, records: Iterable[str]) -> Iterator[str]:
    """Yield each value that the relation gets and may not, or may and does not get."""
    for record in records:
        original = planted(record)
        redactor = Redactor(schema_of(record), relation, clearances, PLACES)
        shown = redactor(original).message
        text, after, paths = repr(shown), leaves(shown), _paths(record)
        goes_whole = bool(redactor.hidden(original))
        if relation is not Relation.HANDLER:
            yield from (f"{record}: a {name}" for name, number in TOLD.items() if number in text)
        for place, value in leaves(filled_as_planted(record)).items():
            path = paths[contract(place)]
            if not is_judged(path):
                continue
            keeps = expected_of(relation, path) is Treatment.KEEP
            if goes_whole and place.startswith("envelope.attachments["):
                keeps = False  # a file cannot be searched for what is hidden
            row = redactor.rules[path.path]
            if row is None or row.treatment is not expected_of(relation, path):
                yield f"{record} {path.path}: by no row, or by another"
            if keeps and not _is_there(value, after.get(place)):
                yield f"{record} {place}: not as it was"
            elif not keeps and after.get(place) == value:
                yield f"{record} {place}: shown"
            if not keeps and _is_canary(value) and value in text:
                yield f"{record} {place}: shown somewhere"


@cache
def planted(record: str) -> Message:
    """Return the message whose texts tell all its names, numbers and addresses."""
    plain = filled_as_planted(record)
    told = [value for kind, value in _strings(plain) if kind in IDENTIFYING]
    more = "、".join((*told, *TOLD.values()))

    def change(kind: Kind, value: str) -> str:
        return f"{value}：{more}" if kind is Kind.TEXT else value

    changed: Message = _mapped(plain, change)
    return changed


@cache
def filled_as_planted(record: str) -> Message:
    """Return the message with a canary in every field, before its texts tell of them."""
    numbers = count(1)

    def change(kind: Kind, value: str) -> str:
        return _LOOKS[kind].format(next(numbers)) if kind in _LOOKS else value

    plain = filled(record)
    envelope = replace(plain.envelope, delivery=None, seal=None)  # the copy fills them anew
    changed: Message = _mapped(replace(plain, envelope=envelope), change)
    return changed


def _clearance_rules() -> Iterator[Rule]:
    table = demo().clearances
    for row in table.rows:
        name = f"{row.relation} {row.field_class} {row.path or ''}".rstrip()
        rest = tuple(each for each in table.rows if each is not row)
        yield Rule(f"without: {name}", nullcontext, (row.relation,), clearances=Clearances(rest))
        if row.treatment is not Treatment.KEEP:
            opened = replace(row, treatment=Treatment.KEEP)
            rows = tuple(opened if each is row else each for each in table.rows)
            yield Rule(f"opened: {name}", nullcontext, (row.relation,), clearances=Clearances(rows))


def _mask_rules() -> Iterator[Rule]:
    """Yield each kind's mask, and what is made of places and dates, replaced by the value."""
    masked, generalised, treated = masks.masked, masks.generalised, masks.treated
    for kind in sorted(IDENTIFYING):

        def open_mask(k: Kind, value: str, places: Any, only: Kind = kind) -> str | None:
            return value if k is only else masked(k, value, places)

        if kind not in {Kind.ADDRESS, Kind.PLACE}:
            yield Rule(f"mask: {kind}", _patch("masks", "masked", open_mask))
            continue

        def open_place(
            k: Kind, value: str, place: str | None, places: Any, only: Kind = kind
        ) -> str | None:
            return value if k is only else generalised(k, value, place, places)

        yield Rule(f"generalised: {kind}", _patch("masks", "generalised", open_place))

    def open_date(treatment: Treatment, kind: Kind, value: Any, *rest: Any) -> Any:
        is_date = treatment is Treatment.GENERALISE and not isinstance(value, str)
        return value if is_date else treated(treatment, kind, value, *rest)

    yield Rule("generalised: date", _patch("steps", "treated", open_date))


def _kind_rules() -> Iterator[Rule]:
    """Yield each field that is listed as holding a name, number or address."""
    for field, kind in KINDS.items():
        if kind in IDENTIFYING and field not in NEVER_HIDDEN:
            records = tuple(record for record in BY_ORGANS if field in _fields(record))
            rest: Mapping[str, Kind] = MappingProxyType(
                {name: each for name, each in KINDS.items() if name != field}
            )
            yield Rule(f"kind: {field}", _patch("kinds", "KINDS", rest), records=records)


def _numbers(without: str) -> re.Pattern[str]:
    """Return the forms of numbers with one of them never found."""
    from services.confidentiality import told_numbers  # noqa: PLC0415 - its own parts

    forms = {"identity": told_numbers.IDENTITY, "phone": told_numbers.PHONE} | {without: "(?!)"}
    told = "|".join(f"(?P<{name}>{form})" for name, form in forms.items())
    return re.compile(rf"(?<!\d)(?:{told})(?!\d)")


def _patch(module: str, name: str, value: Any) -> Callable[[], AbstractContextManager[Any]]:
    return lambda: patch(f"services.confidentiality.{module}.{name}", value)


@cache
def _paths(record: str) -> Mapping[str, Any]:
    return {path.path: path for path in describe(record).paths}


@cache
def _fields(record: str) -> frozenset[str]:
    return frozenset(f"{type(owner).__name__}.{name}" for owner, name, _ in _owned(filled(record)))


def _strings(message: Message) -> Iterator[tuple[Kind, str]]:
    for owner, name, value in _owned(message):
        if type(value) is str:
            yield kind_of(type(owner).__name__, name), value


def _owned(value: Any) -> Iterator[tuple[Any, str, Any]]:
    for each in fields(value):
        part = getattr(value, each.name)
        for one in part if isinstance(part, tuple) else (part,):
            if is_dataclass(one) and not isinstance(one, type):
                yield from _owned(one)
            else:
                yield value, each.name, one


def _mapped(value: Any, change: Callable[[Kind, str], str]) -> Any:
    def one(part: Any, name: str) -> Any:
        if is_dataclass(part) and not isinstance(part, type):
            return _mapped(part, change)
        if isinstance(part, tuple):
            return tuple(one(each, name) for each in part)
        return change(kind_of(type(value).__name__, name), part) if type(part) is str else part

    parts = {each.name: one(getattr(value, each.name), each.name) for each in fields(value)}
    return replace(value, **parts)


def _is_canary(value: Any) -> bool:
    return isinstance(value, str) and any(sign.isdecimal() for sign in value) and len(value) > 4


def _is_there(value: Any, shown: Any) -> bool:
    """Of a text, its own part: what it tells of others may be taken out."""
    return shown == value or (
        isinstance(value, str) and isinstance(shown, str) and shown.startswith(f"{value}：")
    )
