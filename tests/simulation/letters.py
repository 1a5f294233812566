"""The letters of the simulation: an example with changes, and a canary in each classified text.

A letter is read from its document once and kept; what is filled in anew each time is its envelope
and its canaries, of which no two of a run are alike.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from schemas.checks import lawful_form
from schemas.classes import FieldClass
from schemas.describe import describe
from schemas.document import EnvelopeDefaults, Target, read
from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId, OrganCode, derive
from schemas.load import default_example
from schemas.messages import Message
from schemas.parts import Flow, Officer
from schemas.topics import BY_SNAKE
from services.confidentiality.kinds import Kind, kind_of
from tests.history import MONDAY, demo, merged

KEPT_MAX: Final = 40  # fields of one letter that its lawful form keeps as they are
TEMPLATES_MAX: Final = 2_000
_LOOKS: Final = {
    Kind.NAME: "慕容{0:08}",
    Kind.PHONE: "139{0:08}",
    Kind.IDENTITY: "520203197{0:09}",
    Kind.CODE: "CANARY-{0:08}-2026",
    Kind.ADDRESS: "六枝特区金丝雀{0:08}号",
    Kind.PLACE: "金丝雀{0:08}摊位",
    Kind.TEXT: "金丝雀{0:08}",
}
FOUND: Final = re.compile(
    "(?<![0-9A-Za-z])(?:520203197([0-9]{9})|139([0-9]{8}))(?![0-9A-Za-z])"
    "|CANARY-([0-9]{8})|(?:慕容|金丝雀)([0-9]{8})".encode()
)
# What the directory or the rules must know stays as it is; whom it names, the reader must know.
_FIXED: Final = ("envelope", "violations[].cause", "violation.cause")
_INDEX: Final = re.compile(r"\[\d+\]")
_ANSWERED: Final = derive("simulation", "answered")


@dataclass(frozen=True, slots=True)
class Planted:
    """Where a canary stands. `path` as the contract says it."""

    record: str
    path: str
    field_class: FieldClass


@dataclass(frozen=True, slots=True)
class _Template:
    message: Message
    slots: Mapping[str, str]  # place in the message → what a canary looks like there


def letter(
    record: str, changes: Mapping[str, Any], numbers: Iterator[int], keep: tuple[str, ...] = ()
) -> tuple[Message, dict[int, Planted]]:
    """Return a message of the record without its envelope, and its canaries by number."""
    text = json.dumps(changes, sort_keys=True, ensure_ascii=False)
    template = _template(record, text, keep)
    planted: dict[int, Planted] = {}
    filled = _fill(template, numbers, planted)
    return filled, planted


def officers_of(sender: OrganCode, count: int = 2) -> tuple[Officer, ...]:
    """Return the first officers that the county registers for an organ."""
    return _officers(sender)[:count]


def plain(record: str, changes: Mapping[str, Any]) -> Message:
    """Return a message as its document says it, lawful or not."""
    return _read(record, merged(default_example(record), changes))


@lru_cache(maxsize=TEMPLATES_MAX)
def _template(record: str, changes: str, keep: tuple[str, ...]) -> _Template:
    message = _read(record, merged(default_example(record), json.loads(changes)))
    kept = {*keep}
    for _ in range(KEPT_MAX):
        slots = dict(_slots(message, "", "", record, kept))
        refusal = lawful_form(_fill(_Template(message, slots), iter(range(1, 9_999)), {}))
        where = None if refusal is None else _INDEX.sub("[]", refusal.where or "")
        if where is None or where not in {_INDEX.sub("[]", slot) for slot in slots}:
            return _Template(message, slots)  # whatever else is unlawful is meant to be
        kept.add(where)
    raise AssertionError(record)


def _read(record: str, document: Any) -> Message:
    envelope = document.setdefault("envelope", {})
    row = BY_SNAKE[record]
    if row.opens is None:
        envelope["in_reply_to"] = _ANSWERED
    named = [each["organ"] for each in envelope.get("officers") or ()]
    sender = OrganCode(named[0]) if named else next(iter(demo().directory.organs))
    target = Target(MessageId(_ANSWERED), CaseId(derive("simulation", "case")), Flow.LEADS)
    defaults = EnvelopeDefaults(
        demo().bus, sender, MessageId(_ANSWERED), MONDAY, lambda _: (target,)
    )
    found = read(record, json.dumps(document, ensure_ascii=False).encode(), defaults)
    assert not isinstance(found, Refusal), (record, found)
    return found


@lru_cache(maxsize=TEMPLATES_MAX)
def _officers(sender: OrganCode) -> tuple[Officer, ...]:
    from tests.simulation.county import here  # noqa: PLC0415 - the county reads letters of nobody

    registered = sorted(here().rulebook.directory.officers.items())
    own = [each for (code, _), each in registered if code == sender]
    own = [each for each in own if each.valid_to > MONDAY.date()]
    return tuple(Officer(each.name, each.organ, each.certificate) for each in own)


def _slots(
    value: Any, path: str, where: str, record: str, kept: set[str]
) -> Iterator[tuple[str, str]]:
    known = _paths(record)
    for each in fields(value):
        old = getattr(value, each.name)
        own = f"{path}.{each.name}" if path else each.name
        place = f"{where}.{each.name}" if where else each.name
        if own in kept or own.startswith(_FIXED):
            continue
        if isinstance(old, tuple) and old and is_dataclass(old[0]):
            for index, part in enumerate(old):
                yield from _slots(part, f"{own}[]", f"{place}[{index}]", record, kept)
        elif is_dataclass(old) and not isinstance(old, type):
            yield from _slots(old, own, place, record, kept)
        elif own in known and type(old) is str:
            kind = kind_of(type(value).__name__, each.name)
            if kind is not Kind.REFERENCE:
                yield place, _LOOKS[kind]


@lru_cache(maxsize=128)
def _paths(record: str) -> Mapping[str, FieldClass]:
    """Return the classified texts of a record by path."""
    name = BY_SNAKE[record].name
    return {
        path.path: FieldClass(path.confidentiality)
        for path in describe(name).paths
        if path.type == "string" and path.nullable and path.confidentiality != FieldClass.PUBLIC
    }


def _fill(template: _Template, numbers: Iterator[int], planted: dict[int, Planted]) -> Message:
    name = type(template.message).__name__
    known = _paths(BY_SNAKE_OF[name])
    tree: dict[str, Any] = {}
    for place, look in template.slots.items():
        number = next(numbers)
        path = _INDEX.sub("[]", place)
        planted[number] = Planted(name, path, known[path])
        at = tree
        *way, last = place.split(".")
        for part in way:
            at = at.setdefault(part, {})
        at[last] = look.format(number)
    return _laid(template.message, tree)  # type: ignore[no-any-return] # the same class


def _laid(value: Any, tree: Mapping[str, Any]) -> Any:
    changes: dict[str, Any] = {}
    for name, new in tree.items():
        if not isinstance(new, dict):
            changes[name] = new
            continue
        field, _, index = name.partition("[")
        old = changes.get(field, getattr(value, field))
        if not index:
            changes[field] = _laid(old, new)
            continue
        at = int(index.rstrip("]"))
        changes[field] = (*old[:at], _laid(old[at], new), *old[at + 1 :])
    return replace(value, **changes)


BY_SNAKE_OF: Final = {row.name: snake for snake, row in BY_SNAKE.items()}


def later_than(at: datetime) -> str:
    """Return the instant as a document writes it."""
    return at.isoformat()
