"""What of the canaries is found in a place, and whether the table of places lets it be there."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.classes import FieldClass

PLACES: Final = Path(__file__).with_name("canary_places.csv")
ALL: Final = "all"
CLEARED: Final = "cleared"
OWN: Final = "own"
NONE: Final = "none"

IsCleared = Callable[["Canary"], bool]


@dataclass(frozen=True, slots=True)
class Canary:
    """One value that stands in one field of one message, and nowhere else by chance."""

    text: str
    record: str
    path: str
    field_class: FieldClass

    @property
    def forms(self) -> tuple[bytes, ...]:
        """The value as it may lie in a file: as UTF-8, and as JSON escapes it."""
        escaped = json.dumps(self.text)[1:-1].encode()
        return tuple(dict.fromkeys((self.text.encode(), escaped)))


def table() -> Mapping[str, frozenset[str]]:
    """Return the places with what each may hold."""
    lines = PLACES.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {row["place"]: frozenset(row["classes"].split()) for row in rows}


def allowance(place: str, rows: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return what the place may hold: by its most specific row, nothing without one."""
    fitting = [
        name
        for name in rows
        if name == place or (name.endswith("*") and place.startswith(name[:-1]))
    ]
    return rows[max(fitting, key=len)] if fitting else frozenset({NONE})


def misplaced(
    place: str,
    content: bytes,
    canaries: Iterable[Canary],
    is_cleared: IsCleared = lambda _: False,
    is_own: IsCleared = lambda _: False,
) -> list[str]:
    """Return each canary that the place holds and may not hold."""
    allowed = allowance(place, table())
    if ALL in allowed:
        return []
    return [
        f"{place}: {canary.record} {canary.path} ({canary.field_class})"
        for canary in canaries
        if canary.field_class not in allowed
        and not (CLEARED in allowed and is_cleared(canary))
        and not (OWN in allowed and is_own(canary))
        and any(form in content for form in canary.forms)
    ]
