"""Journal entries and dead letters: what is written of a decision, by digest and code. Pure."""

import json
from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, Final

from schemas.errors import Refusal
from schemas.topics import DEAD_LETTERS
from services.casebook.rows import OutboxRow, Position
from services.casework.effects import Effect

# Of a duty: it follows from the rulebook that the entry names, and would double each line.
_LEFT_OUT: Final = frozenset({"term"})
_PLAIN: Final = frozenset({str, int, bool, NoneType})
ERASED: Final = "erased"
_NAMES: Final = {
    "Accept": "accepted",
    "Reject": "rejected",
    "Hold": "held",
    "Release": "released",
    "Deliver": "delivered",
    "Open": "opened",
    "Advise": "advised",
    "Write": "written",
    "OpenDuty": "duty_opened",
    "CloseDuty": "duty_closed",
    "MoveDuty": "duty_moved",
    "SuspendDuty": "duty_suspended",
    "ResumeDuty": "duty_resumed",
    "PassDuty": "duty_passed",
    "FireRung": "rung",
    "ChangeState": "state_changed",
    "Erase": ERASED,
}


def effect_document(effect: Effect) -> dict[str, Any]:
    """Return an effect under the name that `simulate` and the journal use for it."""
    kind: Any = type(effect)
    document: dict[str, Any] = {"effect": _NAMES[kind.__name__]}
    document |= {name: plain(getattr(effect, name)) for name in _named(kind)}
    return document


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


def plain(value: Any) -> Any:  # noqa: ANN401 - any field of an effect or of the facts
    """Return a value as JSON has it."""
    if type(value) in _PLAIN:  # most are
        return value
    kind: Any = type(value)
    names = _told(kind)
    if names is not None:
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, date):  # an instant too
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


@cache
def _named(of: Any) -> tuple[str, ...]:  # noqa: ANN401 - a dataclass
    """Return the names of a dataclass's fields."""
    return tuple(field.name for field in fields(of))


@cache
def _told(of: Hashable) -> tuple[str, ...] | None:
    """Return the names of a dataclass's fields that the journal tells; None: it is none."""
    if not isinstance(of, type) or not is_dataclass(of):
        return None
    return tuple(each.name for each in fields(of) if each.name not in _LEFT_OUT)


def canonical(document: Any) -> str:  # noqa: ANN401 - plain JSON values
    """Return JSON in one form only: sorted keys, no blanks."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
