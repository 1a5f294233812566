"""Who there is, on a date: organs by code, alias or name, and who stands above them.

Organs are merged and renamed: dates decide, and what was an organ's passes to its successor
(domain, section 1). A look-up that finds nobody gives None; the caller says what that means.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from schemas.ids import DivisionCode, OrganCode
from services.rulebook.model import Directory, Line, Organ, OrganType

SUCCESSIONS_MAX: Final = 16  # organs passed through from an organ to its successor in office


def find(directory: Directory, text: str, on: date) -> Organ | None:
    """Return the organ of that code, alias or exact name that is valid on the date."""
    return _valid(directory.by_text.get(text, ()), on)


def organ_on(directory: Directory, code: OrganCode, on: date) -> Organ | None:
    """Return the organ if it is valid on the date."""
    organ = directory.organs.get(code)
    return organ if organ is not None and is_valid(organ, on) else None


def in_office(directory: Directory, code: OrganCode, on: date) -> Organ | None:
    """Return the organ, or who succeeded it, that is valid on the date."""
    for _ in range(SUCCESSIONS_MAX):
        organ = directory.organs.get(code)
        if organ is None or is_valid(organ, on):
            return organ
        if organ.successor is None or on < organ.valid_from:
            return None
        code = organ.successor
    return None


def is_valid(organ: Organ, on: date) -> bool:
    """Whether the organ exists on the date (valid_to is its last day)."""
    return organ.valid_from <= on and (organ.valid_to is None or on <= organ.valid_to)


def county_of(place: DivisionCode) -> DivisionCode:
    """Return the county of a division: the first six digits of its code (GB/T 2260)."""
    return DivisionCode(place[:6] + "000000")


def township_of(directory: Directory, place: DivisionCode, on: date) -> Organ | None:
    """Return the organ of the township that the place is, or lies in (codes of nine digits).

    Of one that was merged: its successor.
    """
    place = DivisionCode(place[:9] + "000")
    return seated(directory, place, OrganType.TOWNSHIP, on)


def department_of(directory: Directory, place: DivisionCode, kind: str, on: date) -> Organ | None:
    """Return the department of that kind of the place's county, or who succeeded it."""
    return seated(directory, county_of(place), kind, on)


def seated(directory: Directory, division: DivisionCode, seat: str, on: date) -> Organ | None:
    """Return who is in a division what `Organ.seat` says, or who succeeded the last that was.

    A township that was merged leaves its area to its successor, a department what its kind did.
    """
    organs = directory.by_place.get((division, seat), ())
    found = _valid(organs, on)
    if found is not None:
        return found
    ended = [organ for organ in organs if organ.valid_to is not None and organ.valid_to < on]
    last = max(ended, key=lambda organ: organ.valid_to or date.max, default=None)
    return in_office(directory, last.code, on) if last is not None else None


def competent_organ(
    directory: Directory, competent: str, place: DivisionCode, on: date
) -> Organ | None:
    """Return whom a rule makes competent at a place: `township`, `kind:<kind>`, `organ:<code>`.

    It is the organ in office on the day: its power may be older than itself.
    """
    kind, _, name = competent.partition(":")
    match kind:
        case "township":
            return township_of(directory, place, on)
        case "kind":
            return department_of(directory, place, name, on)
        case _:
            return in_office(directory, OrganCode(name), on)


def supervisor_of(directory: Directory, code: OrganCode, on: date) -> Organ | None:
    """Return the 司法行政部门 that watches the organ: that of its county (guidance 三(二))."""
    return _of_county(directory, code, OrganType.SUPERVISOR, on)


def county_government_of(directory: Directory, code: OrganCode, on: date) -> Organ | None:
    """Return the county government of the organ's county."""
    return _of_county(directory, code, OrganType.COUNTY_GOVERNMENT, on)


def superiors_of(
    directory: Directory, code: OrganCode, on: date, line: Line | None = None
) -> tuple[Organ, ...]:
    """Return the organs directly above, on one line or on both, the government's first."""
    organ = directory.organs.get(code)
    if organ is None:
        return ()
    rows = (
        superior
        for superior in sorted(organ.superiors, key=lambda row: row.line is not Line.GOVERNMENT)
        if superior.valid_from <= on
        and (superior.valid_to is None or on <= superior.valid_to)
        and line in (None, superior.line)
    )
    found = (in_office(directory, row.organ, on) for row in rows)
    return tuple(dict.fromkeys(organ for organ in found if organ is not None))


def common_superior(directory: Directory, a: OrganCode, b: OrganCode, on: date) -> Organ | None:
    """Return the 共同的上一级行政机关 of two organs, which designates (guidance 二(二)3).

    A township and a department of one county: its government. Two departments of one line in
    different counties: their city department. Else the lowest organ above both on the government
    line [policy per pair of kinds]. A party is never its own superior: then the next above.
    None: the dispute is held as `superior.none`.
    """
    first, second = directory.organs.get(a), directory.organs.get(b)
    if first is None or second is None:
        return None
    one_county = county_of(first.division) == county_of(second.division)
    types = {first.type, second.type}
    if one_county and types == {OrganType.TOWNSHIP, OrganType.DEPARTMENT}:
        return county_government_of(directory, a, on)
    if not one_county and types == {OrganType.DEPARTMENT} and first.kind == second.kind:
        of_the_line = _lowest_above_both(directory, a, b, on, Line.PROFESSIONAL)
        if of_the_line is not None:
            return of_the_line
    return _lowest_above_both(directory, a, b, on, Line.GOVERNMENT)


def is_above(directory: Directory, above: OrganCode, below: OrganCode, on: date) -> bool:
    """Whether one organ stands above the other on either line, at any distance."""
    return any(organ.code == above for line in Line for organ in _above(directory, below, on, line))


def _lowest_above_both(
    directory: Directory, a: OrganCode, b: OrganCode, on: date, line: Line
) -> Organ | None:
    above_b = {organ.code for organ in _above(directory, b, on, line)}
    for organ in _above(directory, a, on, line):
        if organ.code in above_b and organ.code not in (a, b):
            return organ
    return None


def _above(directory: Directory, code: OrganCode, on: date, line: Line) -> tuple[Organ, ...]:
    """Return all above the organ on the line, level by level."""
    found: dict[OrganCode, Organ] = {}
    level = superiors_of(directory, code, on, line)
    # The loop ends: every round finds an organ not seen before, and the directory is finite.
    while new := [organ for organ in level if organ.code not in found]:
        found.update((organ.code, organ) for organ in new)
        level = tuple(
            above for organ in new for above in superiors_of(directory, organ.code, on, line)
        )
    return tuple(found.values())


def _of_county(directory: Directory, code: OrganCode, wanted: OrganType, on: date) -> Organ | None:
    organ = directory.organs.get(code)
    if organ is None:
        return None
    return seated(directory, county_of(organ.division), wanted, on)


def _valid(organs: Iterable[Organ], on: date) -> Organ | None:
    return next((organ for organ in organs if is_valid(organ, on)), None)
