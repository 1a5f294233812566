"""The compilation of a schema for one relation: which steps make its copy. redact.py runs them.

It goes by the writer's schema, with our own version's classes over it: a class that was raised
since then holds for old messages too. A field keeps its place in the tree and is treated by the
stricter of its rows; what has no class, or no row, is withheld. A field that cannot be null is
public by the lint of the schemas and says how a message is made, not what it says: it stays, unless
something around it is withheld. Should one have another class, what is around it is withheld.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from schemas.avro_reader import CLASSES
from schemas.classes import FieldClass
from schemas.describe import describe
from schemas.inline import NAMESPACE
from schemas.parts import Relation
from schemas.seal_tree import UNSEALED
from services.confidentiality.kinds import IDENTIFYING, Kind, kind_of
from services.confidentiality.places import Places
from services.confidentiality.steps import (
    Look,
    Part,
    Step,
    each_of,
    look_at,
    look_over,
    record_look,
    record_step,
    scrub,
    scrub_value,
    treat,
    unread,
    withhold,
)
from services.rulebook.clearances import clearance, strictness
from services.rulebook.model import Clearance, Clearances, Treatment


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
            if path + suffix in UNSEALED:  # filled on the copy itself, after it was redacted
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
            record_step(tuple(steps)) if steps else None,
            record_look(tuple(looks)) if looks else None,
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
            look = each_of(part).look if is_array else part.look
            return Part(withhold, look, must_go=not nullable)
        return each_of(part) if is_array else part

    def _leaf(
        self, owner: str, name: str, inner: object, treatment: Treatment, *, hidden: bool
    ) -> Part:
        kind = kind_of(owner, name) if inner == "string" else None
        shown = treatment is Treatment.KEEP and not hidden
        look = look_at(kind) if kind and kind in IDENTIFYING and not shown else None
        self.hides = self.hides or look is not None
        if treatment is Treatment.KEEP:
            if kind is Kind.TEXT and self.scrubs:
                self.reads = self.reads or not hidden
                return Part(scrub, None if hidden else look_over)
            if kind in IDENTIFYING and self.scrubs:  # who is named here may be hidden elsewhere
                self.reads = self.reads or not hidden
                return Part(scrub_value, look or look_over)
            return Part(self._unread(inner) if self.scrubs else None, look)
        return Part(treat(treatment, kind or Kind.TEXT, self.places), look)

    def _unread(self, inner: object) -> Step | None:
        """Return what notes symbols of a newer writer, where the type has any.

        A copy written anew says `unknown` for them, which is not what its sender sealed.
        """
        if not isinstance(inner, Mapping):
            return None
        ours = CLASSES.get(inner.get("name", ""))
        if ours is None or not issubclass(ours, Enum):
            return None
        known = {str(member.value) for member in ours}
        return (
            None if known.issuperset(inner["symbols"]) else unread(getattr(ours, "UNKNOWN", None))
        )

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
        if isinstance(inner, Mapping) and inner["type"] == "enum":
            self._named[f"{NAMESPACE}.{inner['name']}"] = inner
        return (self._named.get(inner, inner) if isinstance(inner, str) else inner), is_array


def _strictness(row: Clearance) -> int:
    return strictness(row.treatment)
