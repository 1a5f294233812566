"""Lint of what is nobody's: today, after a rule or an organ ends, and for cases in between."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from schemas.ids import DivisionCode, MatterCode
from services.rulebook.directory import county_of, seated
from services.rulebook.finding import Finding, note, warning
from services.rulebook.indexes import turns
from services.rulebook.jurisdiction import Question, Verdict, route
from services.rulebook.model import (
    DecidingDate,
    Division,
    JurisdictionRule,
    Matter,
    Organ,
    OrganType,
    Rulebook,
)
from services.rulebook.source import Source
from services.rulebook.tables import Placed

GAP_DAYS_MAX: Final = 12  # days looked at for each matter: today, and days after something ends
NAMES_MAX: Final = 3  # townships named in a finding
_DAY: Final = timedelta(days=1)
_ALWAYS_NEEDED: Final = frozenset({OrganType.COUNTY_GOVERNMENT, OrganType.SUPERVISOR})
_BEGUN: Final = {
    DecidingDate.ACT: ("违法行为", "an act"),
    DecidingDate.FOUND: ("违法行为和发现日", "an act found"),
}


def gap_notes(rulebook: Rulebook, source: Source, on: date) -> list[Finding]:
    """Return a note for each matter that nobody is competent for somewhere in the county.

    And a warning for each organ that leaves nobody behind.
    """
    places = [
        division
        for division in rulebook.divisions.values()
        if division.level == "township"
        and county_of(division.code) == rulebook.county
        and division.code not in rulebook.recoded
    ]
    areas = {area for place in places for area in rulebook.areas_of[place.code]}
    gone = _organs_end(rulebook, areas)
    found: list[Finding] = []
    for entry in source.matters:
        matter = entry.value
        for day in _days(rulebook, areas, (matter.code, matter.group), gone, on):
            gaps = _gaps(rulebook, matter.code, places, (day, day, day))
            if gaps:
                zh = f"{day} 起 {matter.name} 在 {_count(gaps, places)}无管辖机关：{_named(gaps)}"
                en = f"from {day} nobody is competent in {len(gaps)} townships: {_named(gaps)}"
                found.append(note("gap", entry.where, zh, en))
                break
            if day > on:
                found += _transition(rulebook, entry, places, day)
    for placed in source.organs:
        found += _left(rulebook, placed, on)
    return found


def _transition(
    rulebook: Rulebook, entry: Placed[Matter], places: list[Division], day: date
) -> Iterator[Finding]:
    """Yield the clause under which a case that began before the day and goes on after is nobody's.

    The old rule asks for one date of a case and the new one for an earlier: what lies between the
    two is covered by neither.
    """
    eve = day - _DAY
    begun = (
        (DecidingDate.ACT, (eve, day, day)),
        (DecidingDate.FOUND, (eve, eve, day)),
    )
    for step, dates in begun:
        gaps = _gaps(rulebook, entry.value.code, places, dates)
        if gaps:
            zh_step, en_step = _BEGUN[step]
            zh = f"{zh_step}早于{day}、其后立案移送的{entry.value.name}，在{_named(gaps)}无管辖机关"
            en = f"of {en_step} before {day}, filed and sent after: nobody in {_named(gaps)}"
            yield warning("transition_gap", entry.where, zh, en)
            return


def _gaps(
    rulebook: Rulebook, matter: MatterCode, places: list[Division], dates: tuple[date, date, date]
) -> list[str]:
    """Return the places where nobody is competent for a case of these dates: act, found, sent."""
    act, found, sent = dates
    return [
        place.name
        for place in places
        if route(rulebook, Question(place.code, matter, act, found, None, sent)).verdict
        is Verdict.GAP
    ]


def _count(gaps: list[str], places: list[Division]) -> str:
    return f"{len(gaps)}/{len(places)} 个乡镇街道"


def _named(names: list[str]) -> str:
    return "、".join(names[:NAMES_MAX]) + ("…" if len(names) > NAMES_MAX else "")


def _days(
    rulebook: Rulebook,
    areas: set[DivisionCode],
    subjects: tuple[str, str],
    gone: set[date],
    on: date,
) -> list[date]:
    """Return today, and the days after what the matter is decided by ends in the county."""
    rules = [
        rule
        for area in sorted(areas & rulebook.rules_at.keys())
        for subject in subjects
        for rule in rulebook.rules_at[area].get(subject, ())
    ]
    ends = turns((date.min, rule.valid_to) for rule in rules) | (gone if rules else set())
    return [on, *sorted(day for day in ends if day > on)][:GAP_DAYS_MAX]


def _organs_end(rulebook: Rulebook, areas: set[DivisionCode]) -> set[date]:
    """Return the days after organs of the county, or of what it lies in, end."""
    organs = rulebook.directory.organs.values()
    return turns((date.min, organ.valid_to) for organ in organs if organ.division in areas)


def _left(rulebook: Rulebook, entry: Placed[Organ], on: date) -> Iterator[Finding]:
    """An organ that ends with nobody after it, though rules go on to name what it was.

    A county's government and its supervisor are named by the law itself.
    """
    organ = entry.value
    if organ.valid_to is None or not on <= organ.valid_to < date.max:
        return
    day = organ.valid_to + _DAY
    if seated(rulebook.directory, organ.division, organ.seat, day) is not None:
        return
    if organ.division == rulebook.county and organ.type in _ALWAYS_NEEDED:
        named = True
    else:
        named = any(_names(rulebook, rule, organ, day) for rule in rulebook.rules)
    if named:
        zh = f"{organ.name} 于 {organ.valid_to} 终止，无继受机关，此后其职权无机关行使"
        en = f"{organ.name} ends on {organ.valid_to} and nobody has its powers from then on"
        yield warning("seat_left", entry.where, zh, en)


def _names(rulebook: Rulebook, rule: JurisdictionRule, organ: Organ, day: date) -> bool:
    """Whether the rule is in force on the day and makes what the organ was competent."""
    seat = "township" if organ.type is OrganType.TOWNSHIP else f"kind:{organ.kind}"
    here, there = organ.division, rule.area
    return (
        rule.competent == seat
        and rule.valid_from <= day <= (rule.valid_to or date.max)
        and (there in rulebook.areas_of.get(here, ()) or here in rulebook.areas_of.get(there, ()))
    )
