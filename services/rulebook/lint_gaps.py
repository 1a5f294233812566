"""Lint of what the rules leave to nobody: today, after a rule ends, and for cases in between."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from schemas.ids import DivisionCode, MatterCode
from services.rulebook.directory import county_of
from services.rulebook.finding import Finding, note, warning
from services.rulebook.jurisdiction import Question, Verdict, route
from services.rulebook.model import DecidingDate, Division, Matter, Rulebook
from services.rulebook.source import Source
from services.rulebook.tables import Placed

GAP_DAYS_MAX: Final = 12  # days looked at for each matter: today, and the days after rules end
NAMES_MAX: Final = 3  # townships named in a finding
_BEGUN: Final = {
    DecidingDate.ACT: ("违法行为", "an act"),
    DecidingDate.FOUND: ("违法行为和发现日", "an act found"),
}


def gap_notes(rulebook: Rulebook, source: Source, on: date) -> list[Finding]:
    """Return a note for each matter that nobody is competent for somewhere in the county."""
    places = [
        division
        for division in rulebook.divisions.values()
        if division.level == "township" and county_of(division.code) == rulebook.county
    ]
    areas = {area for place in places for area in rulebook.areas_of[place.code]}
    found: list[Finding] = []
    for entry in source.matters:
        matter = entry.value
        for day in _days(rulebook, areas, (matter.code, matter.group), on):
            gaps = _gaps(rulebook, matter.code, places, (day, day, day))
            if gaps:
                zh = f"{day} 起 {matter.name} 在 {_count(gaps, places)}无管辖机关：{_named(gaps)}"
                en = f"from {day} nobody is competent in {len(gaps)} townships: {_named(gaps)}"
                found.append(note("gap", entry.where, zh, en))
                break
            if day > on:
                found += _transition(rulebook, entry, places, day)
    return found


def _transition(
    rulebook: Rulebook, entry: Placed[Matter], places: list[Division], day: date
) -> Iterator[Finding]:
    """Yield the clause under which a case that began before the day and goes on after is nobody's.

    The old rule asks for one date of a case and the new one for an earlier: what lies between the
    two is covered by neither.
    """
    eve = day - timedelta(days=1)
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
    rulebook: Rulebook, areas: set[DivisionCode], subjects: tuple[str, str], on: date
) -> list[date]:
    """Return today, and the days after rules of the matter end that hold in the county."""
    rules = [
        rule
        for area in sorted(areas & rulebook.rules_at.keys())
        for subject in subjects
        for rule in rulebook.rules_at[area].get(subject, ())
    ]
    ends = {rule.valid_to + timedelta(days=1) for rule in rules if rule.valid_to is not None}
    return [on, *sorted(day for day in ends if day > on)][:GAP_DAYS_MAX]
