"""The compilation of a schema for one relation: which steps make its copy. redact.py runs them.

It goes by the writer's schema, with our own version's classes over it: a class that was raised
since then holds for old messages too. A field keeps its place in the tree and is treated by the
stricter of its rows; what has no class, or no row, is withheld. A field that cannot be null is
public by the lint of the schemas and says how a message is made, not what it says: it stays, unless
something around it is withheld. Should one have another class, what is around it is withheld.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from schemas.avro_reader import CLASSES
from schemas.classes import FieldClass
from schemas.describe import describe
from schemas.inline import NAMESPACE
from schemas.parts import Relation
from services.confidentiality.free_text import NOTHING, Search, Value, scrubbed
from services.confidentiality.kinds import IDENTIFYING, Kind, kind_of
from services.confidentiality.masks import treated
from services.confidentiality.places import Places
from services.rulebook.clearances import clearance, strictness
from services.rulebook.model import Clearance, Clearances, Treatment

# Filled on the copy itself, after it was redacted; the seal is the sender's.
FILLED_LATER: Final = frozenset({"envelope.delivery", "envelope.seal"})


@dataclass(slots=True)
class Work:
    """What one run over one message needs and finds."""

    withheld: list[str] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    search: Search = NOTHING
    values: list[Value] = field(default_factory=list)  # not shown where they stand
    texts: list[str] = field(default_factory=list)  # shown, but for such values in them


Step = Callable[[Any, Any, str, Work], Any]  # value, what holds it, its path → what is shown
Look = Callable[[Any, Work], None]  # notes values and texts


@dataclass(frozen=True, slots=True)
class Part:
    """A type compiled at its path."""

    step: Step | None  # None: kept as it is
    look: Look | None
    must_go: bool = False  # something in it cannot be shown and cannot be null


@dataclass(slots=True)
class Plan:
    """Compiles one schema for one relation."""

    relation: Relation
    clearances: Clearances
    places: Places
    scrubs: bool  # whether texts that are kept are searched
    rules: dict[str, Clearance | None] = field(default_factory=dict)  # path → what decided on it
    unknown: dict[str, Treatment] = field(default_factory=dict)  # fields that our classes lack
    hides: bool = False  # whether a name, number or address may be among what is not shown
    reads: bool = False  # whether a text that is shown is searched for such values
    _named: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _ours: Mapping[str, str] = field(default_factory=dict)

    def compiled(self, schema: Mapping[str, Any]) -> Part:
        """Return the record's part."""
        self._ours = {path.path: path.confidentiality for path in describe(schema["name"]).paths}
        return self._record(schema, "", hidden=False)

    def _record(self, schema: Mapping[str, Any], path: str, *, hidden: bool) -> Part:
        self._named[f"{NAMESPACE}.{schema['name']}"] = schema
        known = {each.name for each in fields(CLASSES[schema["name"]])}
        steps: list[tuple[str, str, Step]] = []
        looks: list[tuple[str, Look]] = []
        must_go = False
        for each in schema["fields"]:
            name = each["name"]
            suffix = f".{name}" if path else name
            if path + suffix in FILLED_LATER:
                continue
            part = self._field(schema["name"], each, path + suffix, hidden=hidden)
            if name not in known:
                continue
            must_go = must_go or part.must_go
            if part.step is not None:
                steps.append((name, suffix, part.step))
            if part.look is not None:
                looks.append((name, part.look))
        return Part(
            _record_step(tuple(steps)) if steps else None,
            _record_look(tuple(looks)) if looks else None,
            must_go,
        )

    def _field(self, owner: str, avro: Mapping[str, Any], path: str, *, hidden: bool) -> Part:
        nullable = isinstance(avro["type"], list)
        inner, is_array = self._inner(avro["type"])
        treatment = self._treatment(avro, path, nullable=nullable)
        if avro["name"] not in {each.name for each in fields(CLASSES[owner])}:
            self.unknown[path] = treatment
        hides = treatment is Treatment.WITHHOLD
        below = path + "[]" if is_array else path
        if isinstance(inner, Mapping) and inner["type"] == "record":
            part = self._record(inner, below, hidden=hidden or hides)
            if part.must_go:
                hides, part = True, self._record(inner, below, hidden=True)
        else:
            # No part of a list may be null, nor may a field that cannot be.
            hides = hides or (treatment is not Treatment.KEEP and (is_array or not nullable))
            part = self._leaf(owner, avro["name"], inner, treatment, hidden=hidden)
        if hides:
            look = _each_look(part.look) if part.look and is_array else part.look
            return Part(_withhold, look, must_go=not nullable)
        return _each(part) if is_array else part

    def _leaf(
        self, owner: str, name: str, inner: object, treatment: Treatment, *, hidden: bool
    ) -> Part:
        kind = kind_of(owner, name) if inner == "string" else None
        shown = treatment is Treatment.KEEP and not hidden
        look = _look_at(kind) if kind and kind in IDENTIFYING and not shown else None
        self.hides = self.hides or look is not None
        if treatment is Treatment.KEEP:
            if kind is Kind.TEXT and self.scrubs:
                self.reads = self.reads or not hidden
                return Part(_scrub, None if hidden else _look_over)
            if kind in IDENTIFYING and self.scrubs:  # who is named here may be hidden elsewhere
                self.reads = self.reads or not hidden
                return Part(_scrub_value, look or _look_over)
            return Part(None, look)
        return Part(_treat(treatment, kind or Kind.TEXT, self.places), look)

    def _treatment(self, avro: Mapping[str, Any], path: str, *, nullable: bool) -> Treatment:
        """Return what becomes of a field; notes the row that says so."""
        classes = {avro.get("confidentiality"), self._ours.get(path, avro.get("confidentiality"))}
        if classes == {FieldClass.PUBLIC.value} and not nullable:
            return Treatment.KEEP
        rows = [self._row(name, path) for name in sorted(map(str, classes))]
        self.rules[path] = None if None in rows else max(filter(None, rows), key=_strictness)
        deciding = self.rules[path]
        return Treatment.WITHHOLD if deciding is None else deciding.treatment

    def _row(self, name: str, path: str) -> Clearance | None:
        if name not in set(FieldClass):
            return None
        return clearance(self.clearances, self.relation, FieldClass(name), path)

    def _inner(self, avro: Any) -> tuple[Any, bool]:  # noqa: ANN401 - an Avro type is str, list or dict
        """Return the type inside `["null", …]` and array, and whether it was an array."""
        avro = avro[1] if isinstance(avro, list) else avro
        is_array = isinstance(avro, Mapping) and avro["type"] == "array"
        inner = avro["items"] if is_array else avro
        return (self._named.get(inner, inner) if isinstance(inner, str) else inner), is_array


def _strictness(row: Clearance) -> int:
    return strictness(row.treatment)


def _withhold(value: Any, owner: Any, path: str, work: Work) -> None:  # noqa: ANN401, ARG001 - a step
    work.withheld.append(path)


def _treat(treatment: Treatment, kind: Kind, places: Places) -> Step:
    def step(value: Any, owner: Any, path: str, work: Work) -> Any:  # noqa: ANN401 - a step
        place = getattr(owner, "place", None) if kind is Kind.PLACE else None
        shown = treated(treatment, kind, value, place, places)
        (work.withheld if shown is None else work.masked).append(path)
        return shown

    return step


def _scrub(value: str, owner: Any, path: str, work: Work) -> str:  # noqa: ANN401, ARG001 - a step
    shown = scrubbed(value, work.search)
    if shown is not value:
        work.masked.append(path)
    return shown


def _scrub_value(value: str, owner: Any, path: str, work: Work) -> str:  # noqa: ANN401, ARG001 - a step
    shown = scrubbed(value, work.search, is_value=True)
    if shown is not value:
        work.masked.append(path)
    return shown


def _each(part: Part) -> Part:
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


def _look_at(kind: Kind) -> Look:
    def look(value: Any, work: Work) -> None:  # noqa: ANN401 - a look
        work.values.append((kind, value))

    return look


def _look_over(value: Any, work: Work) -> None:  # noqa: ANN401 - a look
    work.texts.append(value)


def _record_step(steps: tuple[tuple[str, str, Step], ...]) -> Step:
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


def _record_look(looks: tuple[tuple[str, Look], ...]) -> Look:
    def look(value: Any, work: Work) -> None:  # noqa: ANN401 - a look
        for name, inner in looks:
            part = getattr(value, name)
            if part is not None:
                inner(part, work)

    return look
