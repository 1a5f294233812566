"""Lint of jurisdiction.csv: the basis, the dates, who and what is named, overlaps and gaps."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Final

from schemas.ids import DivisionCode, OrganCode
from services.rulebook.directory import county_of
from services.rulebook.finding import Finding, error, note, warning
from services.rulebook.jurisdiction import Question, Verdict, route
from services.rulebook.layout import LEVELS
from services.rulebook.lint_directory import expires_within
from services.rulebook.model import DecidingDate, Division, JurisdictionRule, OrganType, Rulebook
from services.rulebook.source import Placed, Source

GAP_DAYS_MAX: Final = 12  # days looked at for each matter: today, and the days after rules end
NAMES_MAX: Final = 3  # townships named in a note
_BASIS: Final = re.compile(r"《[^《》]{2,}》第[〇零一二三四五六七八九十百千\d]{1,9}条.{0,20}")
# In this order the dates of a case come; so an earlier one bounds a later one.
_DATES: Final = tuple(DecidingDate)


def jurisdiction_findings(source: Source) -> Iterator[Finding]:
    """Yield what is wrong with the rules."""
    matters = {entry.value.code for entry in source.matters}
    groups = {entry.value.group for entry in source.matters}
    below = _townships_below(source)
    for matter in source.matters:
        if matter.value.group in matters:
            zh, en = "类别与某事项编码同名", "the group is named as a matter is"
            yield error("subject_clash", matter.where, zh, en)
    for entry in source.rules:
        rule = entry.value
        yield from _law(entry)
        known = rule.matter in matters if rule.matter is not None else rule.group in groups
        if not known:
            zh, en = f"没有事项或类别 {rule.subject}", f"there is no matter or group {rule.subject}"
            yield error("dangling", entry.where, zh, en)
        if rule.area not in below:
            zh, en = f"没有区划 {rule.area}", f"there is no division {rule.area}"
            yield error("dangling", entry.where, zh, en)
        yield from _competent(entry, source, below.get(rule.area, ()))
    yield from _overlaps(source)


def gap_notes(rulebook: Rulebook, source: Source, on: date) -> list[Finding]:
    """Return a note for each matter that nobody is competent for somewhere in the county."""
    places = [
        division
        for division in rulebook.divisions.values()
        if division.level == "township" and county_of(division.code) == rulebook.county
    ]
    found: list[Finding] = []
    for entry in source.matters:
        for day in _days(rulebook, entry.value.code, entry.value.group, on):
            gaps = [
                place.name
                for place in places
                if route(
                    rulebook, Question(place.code, entry.value.code, day, day, None, day)
                ).verdict
                is Verdict.GAP
            ]
            if gaps:
                names = "、".join(gaps[:NAMES_MAX]) + ("…" if len(gaps) > NAMES_MAX else "")
                count = f"{len(gaps)}/{len(places)}"
                zh = f"{day} 起 {entry.value.name} 在 {count} 个乡镇街道无管辖机关：{names}"
                en = f"from {day} nobody is competent in {count} townships: {names}"
                found.append(note("gap", entry.where, zh, en))
                break
    return found


def _law(entry: Placed[JurisdictionRule]) -> Iterator[Finding]:
    """A power needs a law, an article, and that article in force (行政处罚法 4, 38)."""
    rule, where = entry.value, entry.where
    if not all(_BASIS.fullmatch(part.strip()) for part in rule.basis.split("；")):
        zh = f"依据“{rule.basis}”应写作《法律名称》第…条，多项以；分隔"
        en = f"basis {rule.basis!r} does not name 《law》第…条 (several: separated by ；)"
        yield error("basis_form", where, zh, en)
    if rule.basis_in_force > rule.valid_from:
        zh = f"适用起始 {rule.valid_from} 早于依据施行日 {rule.basis_in_force}"
        en = f"starts on {rule.valid_from}, before its basis is in force ({rule.basis_in_force})"
        yield error("basis_not_in_force", where, zh, en)
    if rule.valid_to is not None and rule.valid_to < rule.valid_from:
        yield error("dates_reversed", where, "适用止早于适用起", "ends before it starts")
    if rule.published_on > rule.valid_from:
        zh, en = "公布晚于适用起始，溯及既往", "is published after it starts: it reaches back"
        yield warning("retroactive", where, zh, en)


def _competent(
    entry: Placed[JurisdictionRule], source: Source, townships: Iterable[Division]
) -> Iterator[Finding]:
    """The competent organ exists, for all places and times of the rule."""
    rule, where = entry.value, entry.where
    kind, _, name = rule.competent.partition(":")
    organs = [organ.value for organ in source.organs]
    if kind == "organ":
        named = next((organ for organ in organs if organ.code == OrganCode(name)), None)
        if named is None:
            yield error("dangling", where, f"没有机关 {name}", f"there is no organ {name}")
        elif expires_within(named, rule.valid_from, rule.valid_to):
            zh = f"{named.name} 在此期间不存续且无继受机关"
            yield error("organ_expired", where, zh, f"{named.name} is not there all that time")
    elif kind == "kind":
        if not any(organ.kind == name for organ in organs):
            zh, en = f"没有 {name} 类部门", f"there is no department of kind {name}"
            yield error("dangling", where, zh, en)
    else:
        seated = {organ.division for organ in organs if organ.type is OrganType.TOWNSHIP}
        bare = [township.name for township in townships if township.code not in seated]
        if bare:
            names = "、".join(bare[:NAMES_MAX]) + ("…" if len(bare) > NAMES_MAX else "")
            zh, en = f"目录中没有这些乡镇街道的机关：{names}", f"no organ of the township: {names}"
            yield error("no_township", where, zh, en)


def _townships_below(source: Source) -> dict[DivisionCode, list[Division]]:
    """Return for every division the townships at or below it."""
    parents = {entry.value.code: entry.value.parent for entry in source.divisions}
    below: dict[DivisionCode, list[Division]] = {code: [] for code in parents}
    for entry in source.divisions:
        above: DivisionCode | None = entry.value.code
        for _ in LEVELS:
            if entry.value.level != "township" or above not in below:
                break
            below[above].append(entry.value)
            above = parents[above]
    return below


def _overlaps(source: Source) -> Iterator[Finding]:
    """Two equally specific rules that one case can meet at once, not marked concurrent."""
    seats: dict[tuple[str, str], list[Placed[JurisdictionRule]]] = {}
    for entry in source.rules:
        seats.setdefault((entry.value.area, entry.value.subject), []).append(entry)
    for rules in seats.values():
        for one, other in combinations(rules, 2):
            both = one.value.concurrent and other.value.concurrent
            if not both and _meet(one.value, other.value):
                zh = f"与规则 {one.value.id}（{one.where}）同样具体且可能同时适用，未标并行"
                en = f"is as specific as {one.value.id} ({one.where}) and may apply with it"
                yield error("overlap", other.where, zh, en)


def _meet(one: JurisdictionRule, other: JurisdictionRule) -> bool:
    """Whether a case may satisfy both: it is found after the act, filed after that, and so on."""
    first, second = sorted((one, other), key=lambda rule: _DATES.index(rule.deciding_date))
    if first.deciding_date is not second.deciding_date:
        return first.valid_from <= (second.valid_to or date.max)
    return first.valid_from <= (second.valid_to or date.max) and second.valid_from <= (
        first.valid_to or date.max
    )


def _days(rulebook: Rulebook, matter: str, group: str, on: date) -> list[date]:
    rules = (
        *rulebook.rules_by_subject.get(matter, ()),
        *rulebook.rules_by_subject.get(group, ()),
    )
    ends = {rule.valid_to + timedelta(days=1) for rule in rules if rule.valid_to is not None}
    return [on, *sorted(day for day in ends if day > on)][:GAP_DAYS_MAX]
