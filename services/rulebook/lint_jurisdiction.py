"""Lint of jurisdiction.csv: the basis, the dates, who and what is named, overlaps and gaps."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import combinations
from typing import Final

from schemas.ids import DivisionCode, OrganCode
from services.rulebook.finding import Finding, error, note, warning
from services.rulebook.layout import LEVELS
from services.rulebook.lint_directory import expires_within
from services.rulebook.model import (
    DecidingDate,
    Division,
    JurisdictionRule,
    Mode,
    OrganType,
)
from services.rulebook.source import Source
from services.rulebook.tables import Placed

NAMES_MAX: Final = 3  # townships named in a finding
_BASIS: Final = re.compile(r"《[^《》]{2,}》第[〇零一二三四五六七八九十百千\d]{1,9}条.{0,20}")
# In this order the dates of a case come; so an earlier one bounds a later one.
_DATES: Final = tuple(DecidingDate)
_CLAUSES: Final = {
    DecidingDate.ACT: "违法行为发生日",
    DecidingDate.FOUND: "发现日",
    DecidingDate.FILED: "立案日",
}


class _Seats:
    """Who is in the directory, whatever the time, as the rules name them."""

    def __init__(self, source: Source) -> None:
        organs = [entry.value for entry in source.organs]
        self.by_code = {organ.code: organ for organ in reversed(organs)}  # of two, the first
        self.kinds = {organ.kind for organ in organs}
        self.townships = {organ.division for organ in organs if organ.type is OrganType.TOWNSHIP}


def jurisdiction_findings(source: Source, on: date) -> Iterator[Finding]:
    """Yield what is wrong with the rules, and which are over. `on`: today."""
    matters = {entry.value.code for entry in source.matters}
    groups = {entry.value.group for entry in source.matters}
    below = _townships_below(source)
    seats = _Seats(source)
    for matter in source.matters:
        if matter.value.group in matters:
            zh, en = "类别与某事项代码同名", "the group is named as a matter is"
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
        yield from _competent(entry, seats, below.get(rule.area, ()))
        yield from _expired(entry, on)
    yield from _overlaps(source)


def _expired(entry: Placed[JurisdictionRule], on: date) -> Iterator[Finding]:
    """A rule that is over stays for the cases of its time; by the date of transfer it has none."""
    rule = entry.value
    if rule.valid_to is None or rule.valid_to >= on:
        return
    if rule.deciding_date is DecidingDate.TRANSFER:
        zh, en = f"已于 {rule.valid_to} 失效，不再适用于任何移送", "is over: no transfer meets it"
    else:
        zh = (
            f"已于 {rule.valid_to} 失效，只适用于此前的案件（以{_CLAUSES[rule.deciding_date]}为准）"
        )
        en = f"is over: only for cases whose {rule.deciding_date} date is before"
    yield note("expired", entry.where, zh, en)


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
    entry: Placed[JurisdictionRule], seats: _Seats, townships: Iterable[Division]
) -> Iterator[Finding]:
    """The competent organ exists, for all places and times of the rule."""
    rule, where = entry.value, entry.where
    kind, _, name = rule.competent.partition(":")
    if kind == "organ":
        named = seats.by_code.get(OrganCode(name))
        if named is None:
            yield error("dangling", where, f"没有机关 {name}", f"there is no organ {name}")
        elif expires_within(named, rule.valid_from, rule.valid_to):
            zh = f"{named.name} 在此期间不存续且无继受机关"
            yield error("organ_expired", where, zh, f"{named.name} is not there all that time")
        elif _outlived(rule, named.valid_to if named.successor is None else None):
            zh = f"{named.name} 与规则同时终止且无继受机关，此后移送的此前案件无机关可办"
            en = f"{named.name} ends with the rule: the earlier cases sent later have no organ"
            yield error("clause_impossible", where, zh, en)
    elif kind == "kind":
        if name not in seats.kinds:
            zh, en = f"没有 {name} 类部门", f"there is no department of kind {name}"
            yield error("dangling", where, zh, en)
    else:
        if rule.mode is Mode.ENTRUSTED:  # 行政处罚法 20: 受委托组织以委托机关名义实施
            zh, en = "委托的，应写委托机关", "of an entrustment the principal is the organ"
            yield warning("principal_missing", where, zh, en)
        bare = [each.name for each in townships if each.code not in seats.townships]
        if bare:
            names = "、".join(bare[:NAMES_MAX]) + ("…" if len(bare) > NAMES_MAX else "")
            zh, en = f"目录中没有这些乡镇街道的机关：{names}", f"no organ of the township: {names}"
            yield error("no_township", where, zh, en)


def _outlived(rule: JurisdictionRule, ends: date | None) -> bool:
    """Whether the clause gives cases to the organ after the rule's end, when it is gone itself."""
    if ends is None or rule.valid_to is None:
        return False
    return rule.deciding_date is not DecidingDate.TRANSFER and ends <= rule.valid_to


def _townships_below(source: Source) -> dict[DivisionCode, list[Division]]:
    """Return for every division the townships at or below it."""
    parents = {entry.value.code: entry.value.parent for entry in source.divisions}
    below: dict[DivisionCode, list[Division]] = {code: [] for code in parents}
    for entry in source.divisions:
        if entry.value.recoded_to is not None:  # its organ and its rules are the new code's
            continue
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
