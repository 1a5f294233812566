"""A scenario file: which rulebook, when it starts, and its steps in the order of time.

Steps: `{at, from, send, label, of, body}` a message; `{advance_to}` time alone; `{at, activate,
calendar}` a rulebook comes into force, as `yichuan rules activate` would bring it; `calendar` lays
days over its own: `{2026-11-09: off, 2026-11-14: workday, known_until: 2027-12-31}`.

`guidance: [[DEPARTMENT, TOWNSHIP]]` names pairs whose year of guidance is played (二(五)); those of
the guidance records in the steps are played anyway.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from schemas.errors import UserError
from schemas.intake import OUR_YEARS
from schemas.topics import BY_SNAKE, RECORDS, Author, Record
from services.cli.scenario_yaml import read_yaml
from services.rulebook.calendar import ZONE

STEPS_MAX: Final = 20_000
_SEND: Final = frozenset({"at", "from", "send", "label", "of", "body"})
_TOP: Final = frozenset({"rulebook", "start", "steps", "guidance"})
_KNOWN_UNTIL: Final = "known_until"
DAY_KINDS: Final = ("off", "workday")
_KEYS: Final = {
    "send": (_SEND, frozenset({"at", "from", "send"})),
    "advance_to": (frozenset({"advance_to"}), frozenset({"advance_to"})),
    "activate": (frozenset({"at", "activate", "calendar"}), frozenset({"at", "activate"})),
}


@dataclass(frozen=True, slots=True)
class Send:
    """A message of an organ."""

    number: int  # of the step, from 1
    at: datetime
    sender: str  # code, exact name or alias
    record: Record
    label: str | None
    of: str | None  # label of the message that it answers or is about
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Advance:
    """Time alone."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Activate:
    """Another rulebook, by name or folder, and the days that are laid over its calendar."""

    number: int
    at: datetime
    rulebook: str
    days: Mapping[date, str]  # off or workday
    known_until: date | None


Step = Send | Advance | Activate


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario whose labels are known and whose times go forward."""

    rulebook: str
    start: datetime
    steps: tuple[Step, ...]
    guidance: tuple[tuple[str, str], ...] = ()  # department, township: as the file names them


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises UserError scenario.*, message.unknown_record, exit code 2."""
    document = _mapping(read_yaml(path), "", _TOP)
    rulebook = _text(document, "rulebook", "rulebook")
    start = _instant(document.get("start"), "start")
    listed = document.get("steps")
    if not isinstance(listed, list) or len(listed) > STEPS_MAX:
        raise UserError("scenario.value_invalid", "steps", f"a list of at most {STEPS_MAX}")
    steps: list[Step] = []
    labels: set[str] = set()
    last = start
    for number, entry in enumerate(listed, start=1):
        step = _step(number, entry)
        if step.at < last:
            raise UserError("scenario.time_backwards", f"step {number}", f"{step.at} < {last}")
        last = step.at
        if isinstance(step, Send):
            _check_labels(step, labels)
        steps.append(step)
    return Scenario(rulebook, start, tuple(steps), _guidance(document.get("guidance", [])))


def _step(number: int, entry: object) -> Step:
    where = f"step {number}"
    kinds = [kind for kind in _KEYS if isinstance(entry, dict) and kind in entry]
    if len(kinds) != 1:
        raise UserError("scenario.value_invalid", where, "one of send, advance_to, activate")
    allowed, owed = _KEYS[kinds[0]]
    document = _mapping(entry, where, allowed)
    for key in sorted(owed - set(document)):
        raise UserError("scenario.value_invalid", f"{where}: {key}", "missing")
    if kinds[0] == "advance_to":
        return Advance(number, _instant(document["advance_to"], f"{where}: advance_to"))
    at = _instant(document["at"], f"{where}: at")
    if kinds[0] == "activate":
        return _activate(number, at, document, where)
    body = document.get("body")
    return Send(
        number=number,
        at=at,
        sender=_text(document, "from", f"{where}: from"),
        record=_record(_text(document, "send", f"{where}: send"), where),
        label=_optional(document, "label", where),
        of=_optional(document, "of", where),
        body=_mapping({} if body is None else body, f"{where}: body", None),
    )


def _activate(number: int, at: datetime, document: Mapping[str, Any], where: str) -> Activate:
    rulebook = _text(document, "activate", f"{where}: activate")
    given = document.get("calendar")
    calendar = dict(_mapping({} if given is None else given, f"{where}: calendar", None))
    known_until = calendar.pop(_KNOWN_UNTIL, None)
    days: dict[date, str] = {}
    for day, kind in calendar.items():
        if kind not in DAY_KINDS:
            raise UserError("scenario.value_invalid", f"{where}: calendar", "off, workday")
        days[_date(day, f"{where}: calendar")] = kind
    until = None if known_until is None else _date(known_until, f"{where}: {_KNOWN_UNTIL}")
    return Activate(number, at, rulebook, days, until)


def _guidance(listed: object) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for pair in listed if isinstance(listed, list) else [listed]:
        match pair:
            case [str() as department, str() as township]:
                pairs.append((department, township))
            case _:
                raise UserError("scenario.value_invalid", "guidance", "[[DEPARTMENT, TOWNSHIP]]")
    return tuple(pairs)


def _record(name: str, where: str) -> Record:
    record = BY_SNAKE.get(name) or RECORDS.get(name)
    if record is None:
        raise UserError("message.unknown_record", f"{where}: send", name)
    if record.author is Author.BUS:
        raise UserError("message.bus_only", f"{where}: send", name)
    return record


def _check_labels(step: Send, labels: set[str]) -> None:
    if step.of is not None and step.of not in labels:
        raise UserError("scenario.label_unknown", f"step {step.number}: of", step.of)
    if step.label in labels:
        raise UserError("scenario.label_taken", f"step {step.number}: label", step.label)
    if step.label is not None:
        labels.add(step.label)


def _mapping(value: object, where: str, allowed: frozenset[str] | None) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise UserError("scenario.value_invalid", where or None, "keys and values")
    for key in value:
        if allowed is not None and key not in allowed:
            raise UserError("scenario.key_unknown", where or None, f"{key} ∉ {sorted(allowed)}")
    return value


def _text(document: Mapping[str, Any], key: str, where: str) -> str:
    value = document.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise UserError("scenario.value_invalid", where, "a text")
    return value


def _optional(document: Mapping[str, Any], key: str, where: str) -> str | None:
    return None if document.get(key) is None else _text(document, key, f"{where}: {key}")


def _date(value: object, where: str) -> date:
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        day = None
    if day is None or day.year not in OUR_YEARS:
        raise UserError("scenario.value_invalid", where, "2026-09-28")
    return day


def _instant(value: object, where: str) -> datetime:
    """A time without offset is China's; a date alone is its 00:00."""
    parse: Callable[[str], datetime] = datetime.fromisoformat
    try:
        at = parse(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.year not in OUR_YEARS:
        raise UserError("scenario.value_invalid", where, "2026-09-28T09:30:00+08:00")
    return (at if at.tzinfo else at.replace(tzinfo=ZONE)).astimezone(ZONE)
