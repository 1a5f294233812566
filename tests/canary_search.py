"""What of the canaries is found in a place, and whether the table of places lets it be there.

A value is sought as it stands, in each encoding that an agency, Java or a database may use, and as
JSON, an address, base64 or hex would carry it, wherever in the bytes that begins.
"""

import base64
import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import quote

from schemas.classes import FieldClass

PLACES: Final = Path(__file__).with_name("canary_places.csv")
ALL: Final = "all"
CLEARED: Final = "cleared"
OWN: Final = "own"
NONE: Final = "none"
ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")
# What a value begins with: bytes that hold none of these are not looked at more closely.
_STEM: Final = re.compile(r"\D+|\d{7}")

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
        """The value as it may lie in a file: in every form, each once."""
        return tuple(dict.fromkeys(form for _, form in forms_of(self.text)))


@cache
def forms_of(text: str) -> tuple[tuple[str, bytes], ...]:
    """Return every form of a text with its name."""
    escaped = json.dumps(text)[1:-1].encode()
    raw = {name: text.encode(name) for name in ENCODINGS} | {"json": escaped}
    found = [*raw.items(), ("url", quote(text).encode())]
    for name, value in raw.items():
        digits = value.hex()
        found += [(f"{name} hex", each.encode()) for each in (digits, digits.upper())]
        found += [(f"{name} base64", form) for form in _in_base64(value)]
    return tuple(found)


def _in_base64(value: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of it, with none, one or two bytes before it in its group."""
    for before in range(3):
        bits = (before + len(value)) * 8
        first = -(-before * 8 // 6)
        for encoded in (base64.b64encode, base64.urlsafe_b64encode):
            yield encoded(bytes(before) + value)[first : bits // 6]


class Seeker:
    """Finds any of the canaries in bytes; most bytes hold none, which is seen quickly."""

    __slots__ = ("_forms", "_stems")

    def __init__(self, canaries: Iterable[Canary]) -> None:
        known = tuple(canaries)
        self._forms: dict[str, list[tuple[Canary, bytes]]] = {}
        for canary in known:
            for name, form in forms_of(canary.text):
                self._forms.setdefault(name, []).append((canary, form))
        self._stems: dict[str, frozenset[bytes]] = {}
        begins = (_STEM.match(canary.text) for canary in known)
        for text in {begin[0] for begin in begins if begin is not None}:
            for name, form in forms_of(text):
                self._stems[name] = self._stems.get(name, frozenset()) | {form}

    def found(self, content: bytes) -> list[tuple[Canary, str]]:
        """Return each canary that the bytes hold, and in which form."""
        return [
            (canary, name)
            for name, stems in self._stems.items()
            if any(stem in content for stem in stems)
            for canary, form in self._forms[name]
            if form in content
        ]

    def misplaced(
        self,
        place: str,
        content: bytes,
        is_cleared: IsCleared = lambda _: False,
        is_own: IsCleared = lambda _: False,
    ) -> list[str]:
        """Return each canary that the place holds and may not hold."""
        allowed = allowance(place, table())
        if ALL in allowed:
            return []
        return [
            f"{place}: {canary.record} {canary.path} ({canary.field_class}) as {form}"
            for canary, form in self.found(content)
            if canary.field_class not in allowed
            and not (CLEARED in allowed and is_cleared(canary))
            and not (OWN in allowed and is_own(canary))
        ]


@cache
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
    return Seeker(canaries).misplaced(place, content, is_cleared, is_own)
