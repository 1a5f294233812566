"""Lint of what may be seen and by whom: clearances, openings, audiences, no_sharing."""

import re
from collections.abc import Collection, Iterator
from datetime import date
from functools import cache
from typing import Final

from schemas.classes import FieldClass
from schemas.describe import describe
from schemas.parts import Relation
from schemas.topics import RECORDS
from services.rulebook.audiences import reached
from services.rulebook.clearances import strictness, treatment
from services.rulebook.directory import is_valid
from services.rulebook.finding import Finding, error, note, warning
from services.rulebook.layout import NO_SHARING
from services.rulebook.model import AudienceRule, Clearance, Clearances, Rulebook, Treatment
from services.rulebook.openings import How, OpeningRule
from services.rulebook.source import Source
from services.rulebook.tables import Placed

CLEARANCES: Final = "clearances.csv"

# A law with its article, or a paragraph of the guidance.
_BASIS: Final = re.compile(
    r"《[^《》]{2,}》第[〇零一二三四五六七八九十百千\d]{1,9}条.{0,20}|意见[一二三四](\([一二三四五]\)\d?)?"
)


def sharing_findings(source: Source) -> Iterator[Finding]:
    """Find what is wrong with these files. One that is left out opens nothing."""
    yield from _table(source)
    for entry in source.clearances:
        yield from _clearance(entry, source)
        yield from _basis(entry.value.basis, entry.where)
    for opening in source.openings:
        yield from _opening(opening)
        yield from _basis(opening.value.basis, opening.where)
    known = _Known(source)
    for rule in source.audiences:
        yield from _audience(rule, known)
        yield from _basis(rule.value.basis, rule.where)
    for barred in source.no_sharing.barred:
        yield from _basis(barred.basis, f"{NO_SHARING}:{barred.line}")


def reach_findings(rulebook: Rulebook, source: Source, on: date) -> Iterator[Finding]:
    """Yield a warning for each audience rule that adds nobody, whichever organ sends the copy.

    Asked of the rulebook itself, on the rule's first day or today. What ended is history.
    """
    known = _Known(source)
    for entry in source.audiences:
        rule = entry.value
        is_past = rule.valid_to is not None and rule.valid_to < on
        is_sound = not any(_audience(entry, known))
        if is_sound and not is_past and not _adds(rulebook, rule, max(on, rule.valid_from)):
            zh = f"{rule.audience} 在此区域、对此事项不会送达任何机关"
            en = f"{rule.audience} reaches nobody: no organ's copy in the area would go to another"
            yield warning("audience_empty", entry.where, zh, en)


def _adds(rulebook: Rulebook, rule: AudienceRule, on: date) -> bool:
    """Whether some organ of the area could send a copy that the rule brings to another."""
    matters = [
        matter.code
        for matter in rulebook.matters.values()
        if rule.subject in (matter.code, matter.group)
    ]
    senders = (
        organ
        for organ in rulebook.directory.organs.values()
        if is_valid(organ, on) and rule.area in rulebook.areas_of.get(organ.division, ())
    )
    found: dict[str, set[str]] = {}  # place → whom a copy from there reaches
    for sender in senders:
        place = sender.division
        if place not in found:
            found[place] = {organ.code for organ in reached(rulebook, rule, matters, place, on)}
        if found[place] - {sender.code}:
            return True
    return False


def _table(source: Source) -> Iterator[Finding]:
    """Every relation and class has a row: what is withheld, is so because somebody said it."""
    if not source.clearances:
        zh, en = (
            "缺少查阅权限表：副本的内容一律不予提供",
            "there is none: copies would show nothing",
        )
        yield error("clearance_missing", CLEARANCES, zh, en)
        return
    rows = {
        (entry.value.relation, entry.value.field_class, entry.value.path)
        for entry in source.clearances
    }
    for relation in Relation:
        for field_class in FieldClass:
            if relation is not Relation.UNKNOWN and (relation, field_class, None) not in rows:
                zh = f"{relation} 对 {field_class} 类字段没有规定"
                en = f"no row for {relation} and {field_class}"
                yield error("clearance_missing", CLEARANCES, zh, en)


def _clearance(entry: Placed[Clearance], source: Source) -> Iterator[Finding]:
    row, where = entry.value, entry.where
    # Domain, section 9, scenario 8: no recipient but the handler sees name and number.
    complainant = row.field_class is FieldClass.COMPLAINANT
    if complainant and row.relation is not Relation.HANDLER and row.treatment is Treatment.KEEP:
        zh = "投诉举报人信息只能提供给承办机关"
        yield error("complainant_shown", where, zh, "only the handler may see a complainant")
    if row.path is None:
        return
    yield from _known_path(row.path, row.field_class, where)
    table = Clearances(tuple(each.value for each in source.clearances))
    general = treatment(table, row.relation, row.field_class, "")
    if strictness(row.treatment) < strictness(general):
        zh = f"{row.path} 宽于该类别的一般规定（{general}）"
        en = f"{row.path} is shown more openly than its class ({general})"
        yield note("clearance_widens", where, zh, en)


def _opening(entry: Placed[OpeningRule]) -> Iterator[Finding]:
    row, where = entry.value, entry.where
    complainant = row.field_class is FieldClass.COMPLAINANT
    if complainant and row.relation is not Relation.HANDLER and row.how is not How.NEVER:
        zh = "投诉举报人信息只能提供给承办机关，不得准予其他机关查看"
        yield error("complainant_opened", where, zh, "only the handler may see a complainant")
    if row.path is not None:
        yield from _known_path(row.path, row.field_class, where)


def _known_path(path: str, field_class: FieldClass, where: str) -> Iterator[Finding]:
    if (path, field_class) not in _paths():
        zh = f"没有类别为 {field_class} 的字段 {path}"
        en = f"no record has a field {path} of the class {field_class}"
        yield error("dangling", where, zh, en)


class _Known:
    """Every name that an audience rule may give."""

    def __init__(self, source: Source) -> None:
        self.matters = {matter.value.code for matter in source.matters}
        self.groups = {matter.value.group for matter in source.matters}
        self.divisions = {division.value.code for division in source.divisions}
        self.organs = {organ.value.code for organ in source.organs}
        self.kinds = {organ.value.kind for organ in source.organs}


def _audience(entry: Placed[AudienceRule], known: _Known) -> Iterator[Finding]:
    rule, where = entry.value, entry.where
    kind, _, name = rule.audience.partition(":")
    named: dict[str, tuple[str | None, Collection[str | None]]] = {
        "事项": (rule.matter, known.matters),
        "类别": (rule.group, known.groups),
        "区划": (rule.area, known.divisions),
        "机关": (name if kind == "organ" else None, known.organs),
        "部门": (name if kind == "kind" else None, known.kinds),
    }
    for what, (value, all_known) in named.items():
        if value is not None and value not in all_known:
            yield error("dangling", where, f"没有{what} {value}", f"there is no {value}")
    if rule.valid_to is not None and rule.valid_to < rule.valid_from:
        yield error("dates_reversed", where, "适用止早于适用起", "ends before it starts")


def _basis(basis: str, where: str) -> Iterator[Finding]:
    if not all(_BASIS.fullmatch(part.strip()) for part in basis.split("；")):
        zh = f"依据“{basis}”应写作《法律名称》第…条，或者意见二(一)1，多项以；分隔"
        en = f"basis {basis!r} names neither 《law》第…条 nor 意见…(several: separated by ；)"
        yield error("basis_form", where, zh, en)


@cache
def _paths() -> frozenset[tuple[str, str]]:
    """Return every path of the contracts with its class."""
    return frozenset(
        (path.path, path.confidentiality) for record in RECORDS for path in describe(record).paths
    )
