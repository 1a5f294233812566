"""The steps by which plan.py has a copy made: what is shown of a value, and what is noted of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from services.confidentiality.free_text import NOTHING, Search, Value, scrubbed
from services.confidentiality.kinds import Kind
from services.confidentiality.masks import treated
from services.confidentiality.places import Places
from services.rulebook.model import Treatment


@dataclass(slots=True)
class Work:
    """What one run over one message needs and finds."""

    withheld: list[str] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    search: Search = NOTHING
    values: list[Value] = field(default_factory=list)  # not shown where they stand
    texts: list[str] = field(default_factory=list)  # shown, but for such values in them
    # Paths of symbols that only a newer writer knows.
    unread: list[str] = field(default_factory=list)


Step = Callable[[Any, Any, str, Work], Any]  # value, what holds it, its path → what is shown
Look = Callable[[Any, Work], None]  # notes values and texts


@dataclass(frozen=True, slots=True)
class Part:
    """A type compiled at its path."""

    step: Step | None  # None: kept as it is
    look: Look | None
    must_go: bool = False  # something in it cannot be shown and cannot be null


def withhold(value: Any, owner: Any, path: str, work: Work) -> None:  # noqa: ANN401, ARG001 - a step
    """Show nothing."""
    work.withheld.append(path)


def treat(treatment: Treatment, kind: Kind, places: Places) -> Step:
    """Return the step that masks or generalises."""

    def step(value: Any, owner: Any, path: str, work: Work) -> Any:  # noqa: ANN401 - a step
        place = getattr(owner, "place", None) if kind is Kind.PLACE else None
        shown = treated(treatment, kind, value, place, places)
        (work.withheld if shown is None else work.masked).append(path)
        return shown

    return step


def scrub(value: str, owner: Any, path: str, work: Work) -> str:  # noqa: ANN401, ARG001 - a step
    """Take out of a text what others must not see."""
    shown = scrubbed(value, work.search)
    if shown is not value:
        work.masked.append(path)
    return shown


def scrub_value(value: str, owner: Any, path: str, work: Work) -> str:  # noqa: ANN401, ARG001 - a step
    """Take it out of a name, number or address that is shown."""
    shown = scrubbed(value, work.search, is_value=True)
    if shown is not value:
        work.masked.append(path)
    return shown


def unread(unknown: object) -> Step:
    """Return the step that notes where a symbol that we do not know is read as `unknown`."""

    def step(value: Any, owner: Any, path: str, work: Work) -> Any:  # noqa: ANN401, ARG001 - a step
        if value is unknown:
            work.unread.append(path)
        return value

    return step


def each_of(part: Part) -> Part:
    """Return the part for an array of what the part is for."""
    step = None if part.step is None else _each_step(part.step)
    return Part(step, None if part.look is None else _each_look(part.look), part.must_go)


def _each_step(inner: Step) -> Step:
    def step(value: Any, owner: Any, path: str, work: Work) -> Any:  # noqa: ANN401 - a step
        shown = tuple(
            inner(each, owner, f"{path}[{index}]", work) for index, each in enumerate(value)
        )
        same = all(new is old for new, old in zip(shown, value, strict=True))
        return value if same else shown

    return step


def _each_look(inner: Look) -> Look:
    def look(value: Any, work: Work) -> None:  # noqa: ANN401 - a look
        for each in value:
            inner(each, work)

    return look


def look_at(kind: Kind) -> Look:
    """Return the look that notes a value which is not shown."""

    def look(value: Any, work: Work) -> None:  # noqa: ANN401 - a look
        work.values.append((kind, value))

    return look


def look_over(value: Any, work: Work) -> None:  # noqa: ANN401 - a look
    """Note a text that is shown."""
    work.texts.append(value)


def record_step(steps: tuple[tuple[str, str, Step], ...]) -> Step:
    """Return the step over these fields of a record: name, suffix of the path, step."""

    def step(value: Any, owner: Any, path: str, work: Work) -> Any:  # noqa: ANN401, ARG001 - a step
        changed: dict[str, Any] = {}
        for name, suffix, inner in steps:
            old = getattr(value, name)
            if old is not None:
                new = inner(old, value, path + suffix, work)
                if new is not old:
                    changed[name] = new
        return replace(value, **changed) if changed else value

    return step


def record_look(looks: tuple[tuple[str, Look], ...]) -> Look:
    """Return the look over these fields of a record."""

    def look(value: Any, work: Work) -> None:  # noqa: ANN401 - a look
        for name, inner in looks:
            part = getattr(value, name)
            if part is not None:
                inner(part, work)

    return look
