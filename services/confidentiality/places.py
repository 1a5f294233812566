"""An address generalised: to a division of the rulebook, whose name is given instead.

What comes out is always a name of the rulebook's own table, never a piece of the address: in
"岩脚镇王小明家" no rule of grammar could be trusted to cut at the right place.
"""

from collections.abc import Mapping
from typing import Final

from schemas.ids import DivisionCode
from services.rulebook.layout import LEVELS
from services.rulebook.model import Division

TEXT_MAX: Final = 200  # characters of an address that are looked at


class Places:
    """The divisions, by code and by name."""

    __slots__ = ("_by_code", "_by_name", "_lasts", "_lengths")

    def __init__(self, divisions: Mapping[DivisionCode, Division]) -> None:
        self._by_code = dict(divisions)
        by_name: dict[str, list[Division]] = {}
        for division in divisions.values():
            by_name.setdefault(division.name, []).append(division)
        self._by_name = by_name
        self._lasts = frozenset(name[-1] for name in by_name)
        self._lengths = tuple(sorted({len(name) for name in by_name}))

    def of_code(self, code: str) -> str | None:
        """Return the name of a division, or of the township or county that it lies in."""
        for known in (code, code[:9] + "000", code[:6] + "000000"):
            division = self._by_code.get(DivisionCode(known))
            if division is not None:
                return self._name(division)
        return None

    def of_text(self, text: str) -> str | None:
        """Return the name of the smallest division that the text names without doubt."""
        named = self._named(text[:TEXT_MAX])
        for level in reversed(LEVELS):
            here = [division for division in named.values() if division.level == level]
            if len(here) > 1:  # one name in several counties: those whose county is named too
                here = [division for division in here if division.parent in named]
            if len(here) == 1:
                return self._name(here[0])
        return None

    def _named(self, text: str) -> dict[DivisionCode, Division]:
        found: dict[DivisionCode, Division] = {}
        for end, last in enumerate(text, start=1):
            if last in self._lasts:  # 镇, 乡, 区, …: most characters end no name
                for length in self._lengths:
                    for division in self._by_name.get(text[max(0, end - length) : end], ()):
                        found[division.code] = division
        return found

    def _name(self, division: Division) -> str:
        """Return a township with its county before it; a larger division by itself."""
        above = self._by_code.get(division.parent) if division.parent else None
        if division.level == LEVELS[-1] and above is not None:
            return above.name + division.name
        return division.name


NOWHERE: Final = Places({})  # without divisions: every address is withheld
