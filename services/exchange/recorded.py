"""What the journal remembers of decisions that are made once more. Pure.

A replay takes from it the facts, which were looked up beyond the case at a moment that does not
come again, and where a defect of ours stood in a decision's place. Whatever else an entry says is
decided anew.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_type_hints

from pydantic import TypeAdapter, ValidationError

from schemas.ids import CaseId, MessageId
from services.casebook.rows import Position
from services.casework.steps import Facts
from services.exchange.journal import ERASED
from services.exchange.notes import DEFECT, FACTS_TOLD
from services.exchange.told_lines import folded, unfolded

_FACTS: Final = {
    name: TypeAdapter[Any](kind)
    for name, kind in get_type_hints(Facts).items()
    if name in FACTS_TOLD
}


@dataclass(frozen=True, slots=True)
class Remembered:
    """Of one decision: its facts, and whether it failed by a defect."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    has_failed: bool = False
    has_unsent: bool | None = None  # whether an erasure had to wait; None: it is to be looked up

    def over(self, looked_up: Facts) -> Facts:
        """Return the facts as they were; what is not remembered as it was looked up."""
        return replace(looked_up, **self.facts) if self.facts else looked_up


# By where the record lay, its id, its case, and whether its turn came after it had waited.
Remembers = Callable[[Position, MessageId, CaseId, bool], Remembered]
_NOTHING: Final = Remembered()


@dataclass(frozen=True, slots=True)
class Which:
    """Which decision it is: where the record lay, its id, its case."""

    position: Position
    message: MessageId
    case: CaseId


def nothing(*_asked: object) -> Remembered:
    """Remember nothing: what is decided is decided for the first time."""
    return _NOTHING


def failing(remembers: Remembers, failed: Collection[Which]) -> Remembers:
    """Remember of these decisions, too, that they failed by a defect."""

    def remember(position: Position, message: MessageId, case: CaseId, resumed: bool) -> Remembered:  # noqa: FBT001 - as Remembers has it
        said = remembers(position, message, case, resumed)
        has_failed = said.has_failed or Which(position, message, case) in failed
        return replace(said, has_failed=has_failed)

    return remember


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal, as far as a replay has to understand it."""

    kept: bytes  # the line, folded
    position: Position
    message: MessageId
    case: CaseId
    facts: Mapping[str, Any] | None  # None: it was refused before anything was looked up
    has_failed: bool
    is_erasure: bool = False

    @property
    def line(self) -> str:
        """As the journal has it."""
        return unfolded(self.kept)

    @property
    def place(self) -> tuple[Position, CaseId]:
        """Entries of one place have an order: the journal's key is the case."""
        return self.position, self.case

    @property
    def is_resumed(self) -> bool:
        """Whether the message had waited."""
        return bool(self.facts and self.facts.get("resumed"))

    @property
    def remembered(self) -> Remembered:
        """What is taken from it."""
        return Remembered(self.facts or {}, self.has_failed)


def entry_of(line: str, kept: bytes | None = None) -> Entry | None:
    """Return the entry that a line holds; None for what no exchange writes.

    `kept`: the line, where it was folded before: it is not held twice.
    """
    try:
        document = json.loads(line)
        told = document["facts"]
        return Entry(
            kept=kept or folded(line),
            position=Position(
                str(document["topic"]), int(document["partition"]), int(document["offset"])
            ),
            message=MessageId(str(document["message"])),
            case=CaseId(str(document["case"])),
            facts=None if told is None else _facts(dict(told)),
            has_failed=(document["outcome"], document["code"]) == ("dead", DEFECT),
            is_erasure=any(effect["effect"] == ERASED for effect in document["effects"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
        return None


def remembered_among(
    entries: Collection[Entry], message: MessageId, *, is_resumed: bool
) -> Remembered:
    """Return what the first entry of a decision says; `entries` are all of its place.

    Where there is no erasure it was put off, if it was due: what the outbox held then is not known
    now.
    """
    same = (each for each in entries if (each.message, each.is_resumed) == (message, is_resumed))
    found = next((each.remembered for each in same), _NOTHING)
    return replace(found, has_unsent=not any(each.is_erasure for each in entries))


def first_difference(recorded: str, decided: str) -> str:
    """Return the path of the first field in which two entries differ, in the order of their text.

    A path holds names and numbers only: no value of either.
    """
    try:
        return _differing(json.loads(recorded), json.loads(decided), "") or "entry"
    except ValueError:
        return "entry"


def _facts(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: kind.validate_python(told[name]) for name, kind in _FACTS.items() if name in told}


def _differing(recorded: Any, decided: Any, path: str) -> str | None:  # noqa: ANN401 - JSON values
    if isinstance(recorded, dict) and isinstance(decided, dict):
        for key in sorted({*recorded, *decided}):
            below = f"{path}.{key}" if path else key
            if (key in recorded) != (key in decided):
                return below
            found = _differing(recorded[key], decided[key], below)
            if found:
                return found
        return None
    if isinstance(recorded, list) and isinstance(decided, list):
        for number, (one, other) in enumerate(zip(recorded, decided, strict=False)):
            found = _differing(one, other, f"{path}[{number}]")
            if found:
                return found
        return None if len(recorded) == len(decided) else f"{path}[]"
    return None if (recorded, type(recorded)) == (decided, type(decided)) else path or "entry"
