"""Journal entries and dead letters: what is written of a decision, by digest and code. Pure."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from json.encoder import encode_basestring
from operator import attrgetter
from types import NoneType
from typing import Any, Final

from schemas.errors import Refusal
from schemas.topics import DEAD_LETTERS
from services.casebook.rows import OutboxRow, Position
from services.casework.case import Duty, PlannedRung
from services.casework.effects import Effect

# Of a duty: it follows from the rulebook that the entry names, and would double each line.
_LEFT_OUT: Final = frozenset({"term"})
Writer = Callable[[Any], str]
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
_WRITERS: Final[dict[type[Any], Writer]] = {
    str: encode_basestring,
    int: repr,
    bool: lambda value: "true" if value else "false",
    NoneType: lambda _: "null",
}
_LATELY_MAX: Final = 50  # duties or rungs whose text is remembered: more than a message opens
DELIVERED: Final = "delivered"
WRITTEN: Final = "written"
ERASED: Final = "erased"
PASSED: Final = "duty_passed"
_NAMES: Final = {
    "Accept": "accepted",
    "Reject": "rejected",
    "Hold": "held",
    "Release": "released",
    "Deliver": DELIVERED,
    "Open": "opened",
    "Advise": "advised",
    "Write": WRITTEN,
    "OpenDuty": "duty_opened",
    "CloseDuty": "duty_closed",
    "MoveDuty": "duty_moved",
    "SuspendDuty": "duty_suspended",
    "ResumeDuty": "duty_resumed",
    "PassDuty": PASSED,
    "FireRung": "rung",
    "ChangeState": "state_changed",
    "Erase": ERASED,
}


def mark_of(name: str) -> str:
    """Return what an entry holds wherever an effect of that name is in it: it has one form only."""
    return f'"effect":"{name}"'


def effect_text(effect: Effect) -> str:
    """Return an effect as the journal tells it."""
    kind: Any = type(effect)
    return _effect_writer(kind)(effect)


def dead_letter(position: Position, refusal: Refusal) -> OutboxRow:
    """Return why what lay there is a dead letter, with the headers of Kafka Connect and of Spring.

    Headers hold codes and positions only: never a stack trace, never a value.
    """
    facts = {
        "topic": position.topic,
        "partition": str(position.partition),
        "offset": str(position.offset),
    }
    headers = {f"__connect.errors.{name}": value for name, value in facts.items()}
    headers |= {f"kafka_dlt-original-{name}": value for name, value in facts.items()}
    headers |= {
        "__connect.errors.exception.message": refusal.code,
        "kafka_dlt-exception-message": refusal.code,
        "yichuan-code": refusal.code,
        "yichuan-where": refusal.where or "",
        "yichuan-detail": refusal.detail or "",
    }
    return OutboxRow(
        source=position,
        topic=DEAD_LETTERS,
        key=None,
        value=None,
        headers=tuple((name, value.encode()) for name, value in headers.items()),
    )


def text_of(value: Any) -> str:  # noqa: ANN401 - any field of an effect or of the facts
    """Return a value in the form of `canonical`, a dataclass by its fields."""
    kind: Any = type(value)
    return (_WRITERS.get(kind) or _writer(kind))(value)


def object_text(parts: Mapping[str, str]) -> str:
    """Return an object, each value of which is text in this form already."""
    return "{" + ",".join([f'"{name}":{parts[name]}' for name in sorted(parts)]) + "}"


def fields_writer(kind: Any, left_out: Collection[str] = (), **more: str) -> Writer:  # noqa: ANN401 - a dataclass
    """Return what writes a dataclass, but the fields left out; `more` is the same in each."""
    names = sorted(each.name for each in fields(kind) if each.name not in left_out)
    parts = dict.fromkeys(names, "%s") | {name: text_of(same) for name, same in more.items()}
    form, read = object_text(parts), attrgetter(*names)
    if len(names) == 1:
        return lambda value: form % text_of(read(value))
    return lambda value: form % tuple([text_of(each) for each in read(value)])


def canonical(document: Any) -> str:  # noqa: ANN401 - plain JSON values
    """Return JSON in one form only: sorted keys, no blanks."""
    return _ENCODER.encode(document)


@cache
def _effect_writer(kind: Any) -> Writer:  # noqa: ANN401 - of an effect
    return fields_writer(kind, effect=_NAMES[kind.__name__])


@cache
def _writer(kind: type[Any]) -> Writer:
    """Return what writes values of a type, found once for each."""
    if is_dataclass(kind):
        write = fields_writer(kind, _LEFT_OUT)
        return _Lately(write) if kind in (Duty, PlannedRung) else write
    if issubclass(kind, tuple):
        return lambda items: "[" + ",".join([text_of(each) for each in items]) + "]"
    if issubclass(kind, date):  # an instant too
        return lambda day: f'"{day.isoformat()}"'
    if issubclass(kind, Enum):
        texts = {each: canonical(each.value) for each in kind}
        return texts.__getitem__
    return canonical


class _Lately:
    """Writes a value, and the very same one again as before.

    A receipt repeats the duties, and what begins on one day has the same rungs (projection.py).
    """

    def __init__(self, write: Writer) -> None:
        self._write = write
        self._texts: dict[int, tuple[object, str]] = {}  # by identity, which the value keeps

    def __call__(self, value: object) -> str:
        known = self._texts.get(id(value))
        if known is None:
            if len(self._texts) >= _LATELY_MAX:
                self._texts.clear()
            known = self._texts[id(value)] = (value, self._write(value))
        return known[1]
