"""From what a registry holds to what the sources say: one step per subject, with its reasons.

Pure: `yichuan schemas plan | apply` asks the registry and does what the steps say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from schemas.compatibility import Break, breaks
from schemas.inline import fingerprint, inline
from schemas.topics import RECORDS

LEVEL: Final = "FULL_TRANSITIVE"  # every version reads every other, both ways (design D7)

Schema = Mapping[str, Any]


class Verdict(StrEnum):
    """What becomes of a subject."""

    NEW = "new"
    UNCHANGED = "unchanged"
    NEW_VERSION = "new_version"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a subject is refused, and the registered version that stands against it."""

    version: int
    found: Break


@dataclass(frozen=True, slots=True)
class Step:
    """One subject: what is to be done with it."""

    subject: str
    record: str  # CamelCase
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()


def wanted(sources: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return subject → self-contained schema, for every record of schemas/topics.py.

    Raises KeyError when the sources lack a type that is named.
    """
    by_record = {entry.name: inline(entry.full_name, sources) for entry in RECORDS.values()}
    return {
        subject: by_record[entry.name] for entry in RECORDS.values() for subject in entry.subjects
    }


def step(subject: str, schema: Schema, registered: Mapping[int, Schema]) -> Step:
    """Return what to do with a subject, given all its registered versions.

    A schema that equals any of them needs nothing: writing with an older version is lawful.
    """
    record = str(schema["name"])
    if not registered:
        return Step(subject, record, Verdict.NEW)
    if fingerprint(schema) in {fingerprint(version) for version in registered.values()}:
        return Step(subject, record, Verdict.UNCHANGED)
    reasons = tuple(
        Reason(number, found)
        for number, version in sorted(registered.items())
        for found in breaks(version, schema)
    )
    return Step(subject, record, Verdict.REFUSED if reasons else Verdict.NEW_VERSION, reasons)
