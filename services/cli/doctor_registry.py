"""Does the registry hold our contracts, with our classes, and nothing beside them? Pure.

The registry cannot see classes: it takes a version in which a field that was `personal` is
`public`. Whoever reads by that version may show what must not be shown, so it is found here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from connectors.bus.registry import SchemaIds
from schemas.compatibility import breaks
from schemas.inline import fingerprint
from schemas.rollout import LEVEL, Schema, Verdict, step
from services.cli.doctor_finding import Symptom, doubtful, wrong

_CLASS_CODES: Final = frozenset({"class.lowered", "class.lost"})
_PATHS_SHOWN_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Held:
    """What the registry has of a subject: its level, and by number each version's id and schema."""

    level: str | None
    versions: Mapping[int, tuple[int, Schema]]


def judge_registry(
    wanted: Mapping[str, Schema], held: Mapping[str, Held], ids: SchemaIds | None
) -> Iterator[Symptom]:
    """Compare every subject; `ids` is the map that `schemas apply` wrote, None where it is lost."""
    for subject, schema in wanted.items():
        there = held.get(subject, Held(None, {}))
        yield from _subject(subject, schema, there, ids)


def _subject(subject: str, schema: Schema, held: Held, ids: SchemaIds | None) -> Iterator[Symptom]:
    versions = {number: version for number, (_, version) in held.versions.items()}
    judged = step(subject, schema, versions)
    if judged.verdict is Verdict.REFUSED:
        first = judged.reasons[0]
        detail = f"version {first.version}: {first.found.path} {first.found.code}"
        yield wrong("schema.incompatible", subject, detail)
    elif judged.verdict is not Verdict.UNCHANGED:
        yield wrong("schema.not_applied", subject)
    if versions and held.level != LEVEL:
        yield wrong("schema.level_changed", subject, f"{held.level} != {LEVEL}")
    own = fingerprint(schema)
    marks = {number: fingerprint(version) for number, version in versions.items()}
    ours = max((number for number, mark in marks.items() if mark == own), default=0)
    known = set(ids.by_id.values()) if ids else set()
    for number, mark in sorted(marks.items()):
        if mark != own and (number > ours > 0 or (ids is not None and mark not in known)):
            yield _foreign(f"{subject} version {number}", schema, versions[number])
    if ids is not None and ours and ids.by_subject.get(subject) not in _ids_of(held, marks, own):
        yield wrong("registry.ids_stale", subject)


def _foreign(where: str, ours: Schema, other: Schema) -> Symptom:
    """Return what a version is that these files did not write."""
    lowered = _class_paths(ours, other)
    if lowered:
        return wrong("schema.class_lowered", where, _shown(lowered))
    raised = _class_paths(other, ours)
    if raised:
        return doubtful("schema.class_differs", where, _shown(raised))
    return doubtful("schema.version_foreign", where)


def _class_paths(old: Schema, new: Schema) -> list[str]:
    return [f"{found.path}: {found.en}" for found in breaks(old, new) if found.code in _CLASS_CODES]


def _shown(paths: list[str]) -> str:
    more = len(paths) - _PATHS_SHOWN_MAX
    return "; ".join(paths[:_PATHS_SHOWN_MAX]) + (f"; +{more}" if more > 0 else "")


def _ids_of(held: Held, marks: Mapping[int, str], own: str) -> set[int]:
    return {schema_id for number, (schema_id, _) in held.versions.items() if marks[number] == own}
