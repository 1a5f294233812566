"""The look-up tables that a rulebook makes of its rows when it is made. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from schemas.ids import DivisionCode
from services.rulebook.township_names import names_of

if TYPE_CHECKING:  # model.py has its tables made here
    from services.rulebook.model import Division, JurisdictionRule, Organ

    Rules = tuple[JurisdictionRule, ...]


def by_subject(rules: Iterable["JurisdictionRule"]) -> Mapping[str, "Rules"]:
    """Return matter or group → its rules, in their order."""
    found: dict[str, list[JurisdictionRule]] = {}
    for rule in rules:
        found.setdefault(rule.subject, []).append(rule)
    return {subject: tuple(listed) for subject, listed in found.items()}


def by_area(rules: Iterable["JurisdictionRule"]) -> Mapping[DivisionCode, Mapping[str, "Rules"]]:
    """Return area → matter or group → its rules there."""
    found: dict[DivisionCode, list[JurisdictionRule]] = {}
    for rule in rules:
        found.setdefault(rule.area, []).append(rule)
    return {area: by_subject(here) for area, here in found.items()}


def by_seat(
    organs: Iterable["Organ"], recoded: Mapping[DivisionCode, DivisionCode]
) -> Mapping[tuple[DivisionCode, str], tuple["Organ", ...]]:
    """Return (division, `Organ.seat`) → who has it or had it; by old codes of the division, too."""
    found: dict[tuple[DivisionCode, str], tuple[Organ, ...]] = {}
    for organ in organs:
        place = (organ.division, organ.seat)
        found[place] = (*found.get(place, ()), organ)
    for old, now in recoded.items():
        seats = [(seat, there) for (division, seat), there in found.items() if division == now]
        found.update({(old, seat): there for seat, there in seats})
    return found


def recodings(divisions: Iterable["Division"]) -> Mapping[DivisionCode, DivisionCode]:
    """Return each code that was changed → the last one that took its place; none of a circle."""
    following = {each.code: each.recoded_to for each in divisions if each.recoded_to is not None}
    found: dict[DivisionCode, DivisionCode] = {}
    for code, after in following.items():
        passed, last = {code}, after
        while last in following and last not in passed:
            passed.add(last)
            last = following[last]
        if last not in passed:
            found[code] = last
    return found


def areas_above(
    divisions: Mapping[DivisionCode, "Division"], recoded: Mapping[DivisionCode, DivisionCode]
) -> Mapping[DivisionCode, tuple[DivisionCode, ...]]:
    """Return each division → itself and those above it, the smallest first, by their codes now."""
    return {code: _areas(code, divisions, recoded) for code in divisions}


def townships_by_name(
    divisions: Mapping[DivisionCode, "Division"], recoded: Mapping[DivisionCode, DivisionCode]
) -> Mapping[DivisionCode, tuple[tuple[str, "Division"], ...]]:
    """Return county → (name, township) by each of its names, the longest first.

    By the names of old codes, too: they stand in addresses for years.
    """
    named: dict[DivisionCode, list[tuple[str, Division]]] = {}
    for division in divisions.values():
        now = divisions.get(recoded.get(division.code, division.code))
        if division.level == "township" and now is not None:
            county = DivisionCode(now.code[:6] + "000000")
            names = sorted(names_of(division.name))
            named.setdefault(county, []).extend((name, now) for name in names)
    return {
        county: tuple(sorted(entries, key=lambda entry: -len(entry[0])))
        for county, entries in named.items()
    }


def turns(dates: Iterable[tuple[date, date | None]]) -> set[date]:
    """Return the days on which something begins, or is over for the first time."""
    found: set[date] = set()
    for first, last in set(dates):
        found.add(first)
        if last is not None and last < date.max:
            found.add(last + timedelta(days=1))
    return found


def _areas(
    code: DivisionCode,
    divisions: Mapping[DivisionCode, "Division"],
    recoded: Mapping[DivisionCode, DivisionCode],
) -> tuple[DivisionCode, ...]:
    """Return the division and those above it. Real tables hold rows that are their own parent."""
    chain: list[DivisionCode] = []
    above: DivisionCode | None = recoded.get(code, code)
    while above is not None and above not in chain:
        chain.append(above)
        division = divisions.get(above)
        above = division.parent if division else None
        above = recoded.get(above, above) if above else None
    return tuple(chain)
