"""The lawful form of clock changes, supervision letters and requests to open fields."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from schemas.errors import Refusal
from schemas.oversight import (
    ClockChange,
    ClockChangeKind,
    OpeningAnswer,
    OpeningRequest,
    SupervisionLetter,
)
from schemas.text_form import is_blank

FIELD_PATH: Final = re.compile(r"[a-z][a-z0-9_]*(\[\d+\])?(\.[a-z][a-z0-9_]*(\[\d+\])?)*", re.ASCII)
PATHS_MAX: Final = 100  # asked for in one request: each is looked for in the whole message
_SUSPENDING: Final = ("suspension", "planned_end")
_EXTENDING: Final = ("step", "approved_by", "approved_on")
_NEEDED: Final[Mapping[ClockChangeKind | None, tuple[str, ...]]] = {
    ClockChangeKind.SUSPEND: _SUSPENDING,
    ClockChangeKind.EXTEND: _EXTENDING,
}


def clock_change_form(message: ClockChange) -> Refusal | None:
    """A suspension has a ground and a planned end; an extension its step and its approval."""
    needed = _NEEDED.get(message.change, ())
    for name in (*_SUSPENDING, *_EXTENDING):
        value = getattr(message, name)
        blank = value is None or (isinstance(value, str) and is_blank(value))
        if name in needed and blank:
            return Refusal("clock_change.incomplete", where=name)
        if name not in needed and not blank:
            return Refusal("clock_change.contradictory", where=name)
    if message.step == 0:
        return Refusal("message.field_invalid", where="step")
    return None


def supervision_letter_form(message: SupervisionLetter) -> Refusal | None:
    """A letter is written to one organ, which then owes the answer."""
    if len(message.envelope.addressees) != 1:
        return Refusal("supervision.one_organ", where="envelope.addressees")
    return None


def opening_request_form(message: OpeningRequest) -> Refusal | None:
    """At least one field is asked for, each by its path."""
    if not message.paths:
        return Refusal("message.field_missing", where="paths")
    return _paths(message.paths, "paths")


def opening_answer_form(message: OpeningAnswer) -> Refusal | None:
    """What is opened, by path; where nothing is, why."""
    if not message.opened and is_blank(message.reason):
        return Refusal("opening.reason_missing", where="reason")
    return _paths(message.opened or (), "opened")


def _paths(paths: tuple[str, ...], where: str) -> Refusal | None:
    if len(paths) > PATHS_MAX:
        return Refusal("opening.too_large", where=where)
    for index, path in enumerate(paths):
        if not FIELD_PATH.fullmatch(path) or path in paths[:index]:
            return Refusal("message.field_invalid", where=f"{where}[{index}]")
    return None


OVERSIGHT_FORMS: Final[Mapping[type, Callable[[Any], Refusal | None]]] = MappingProxyType(
    {
        ClockChange: clock_change_form,
        SupervisionLetter: supervision_letter_form,
        OpeningRequest: opening_request_form,
        OpeningAnswer: opening_answer_form,
    }
)
