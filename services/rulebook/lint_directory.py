"""Lint of the directory: organs, their superiors, officers and keys, and the divisions."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Final

from stdnum.cn import uscc

from schemas.ids import BUS, DivisionCode, OrganCode, is_reserved
from schemas.text_form import narrow
from schemas.transfer_form import OFFICERS_MIN
from services.rulebook.directory import is_valid
from services.rulebook.finding import Finding, error, warning
from services.rulebook.indexes import recodings
from services.rulebook.layout import HEAD
from services.rulebook.model import HANDLERS, ONE_OF_A_DIVISION, Line, Organ, OrganType
from services.rulebook.source import Source
from services.rulebook.tables import Placed

_ALIAS: Final = re.compile(r"[a-z0-9-]{2,24}")
_NEEDS_KIND: Final = frozenset({OrganType.DEPARTMENT, OrganType.CITY_DEPARTMENT})


def directory_findings(source: Source, on: date) -> Iterator[Finding]:
    """Yield what is wrong with the directory. `on`: today."""
    organs = {entry.value.code: entry.value for entry in source.organs}
    divisions = {entry.value.code for entry in source.divisions}
    for entry in source.organs:
        yield from _organ(entry, organs, divisions)
    yield from _seats(source)
    yield from _superiors(source, organs)
    yield from _members(source, organs, on)
    for division in source.divisions:
        parent = division.value.parent
        if parent is not None and parent not in divisions:
            yield _dangling(division.where, parent)
    yield from _recoded(source)
    yield from _forgotten(source, on)
    for wanted in (OrganType.COUNTY_GOVERNMENT, OrganType.SUPERVISOR):
        if not any(
            organ.type is wanted and organ.division == source.head.county and is_valid(organ, on)
            for organ in organs.values()
        ):
            zh, en = f"本县没有 {wanted} 类机关", f"the county has no {wanted}"
            yield error("organ_missing", HEAD, zh, en)


def _forgotten(source: Source, on: date) -> Iterator[Finding]:
    """A township of the county at which no organ is, nor a successor of one."""
    seated = {
        entry.value.division
        for entry in source.organs
        if entry.value.type is OrganType.TOWNSHIP
        and (entry.value.successor is not None or (entry.value.valid_to or date.max) >= on)
    }
    seated |= {
        entry.value.recoded_to
        for entry in source.divisions
        if entry.value.recoded_to is not None and entry.value.code in seated
    }
    for entry in source.divisions:
        place = entry.value
        ours = place.parent == source.head.county and place.recoded_to is None
        if ours and place.code not in seated:
            zh = f"名录中没有 {place.name} 的机关：它发不了函，也收不到"
            en = f"no organ of {place.name} is in the directory: it can neither send nor get"
            yield warning("township_forgotten", entry.where, zh, en)


def _recoded(source: Source) -> Iterator[Finding]:
    """What a code was changed to is there, of the same level, and is not itself again."""
    divisions = {entry.value.code: entry.value for entry in source.divisions}
    recoded = recodings(divisions.values())
    for entry in source.divisions:
        code = entry.value.recoded_to
        if code is None:
            continue
        if code not in divisions:
            yield _dangling(entry.where, code)
        elif entry.value.code not in recoded:
            yield error("recoded_in_circle", entry.where, "新代码成环", "the new codes go round")
        elif divisions[code].level != entry.value.level:
            zh, en = "新代码不是同级区划", "the new code is of another level"
            yield error("recoded_level", entry.where, zh, en)


def expires_within(organ: Organ, start: date, end: date | None) -> bool:
    """Whether the organ is not there, nor a successor, for all of the time."""
    if start < organ.valid_from:
        return True
    return (
        organ.valid_to is not None
        and organ.valid_to < (end or date.max)
        and organ.successor is None
    )


def _organ(
    entry: Placed[Organ], organs: dict[OrganCode, Organ], divisions: set[DivisionCode]
) -> Iterator[Finding]:
    organ, where = entry.value, entry.where
    if not uscc.is_valid(organ.code) or uscc.compact(organ.code) != organ.code:
        zh, en = f"{organ.code} 校验位不符", f"{organ.code} has a wrong check digit"
        yield error("uscc", where, zh, en)
    if _ALIAS.fullmatch(organ.alias) is None or is_reserved(organ.alias):
        zh = f"别名“{organ.alias}”应为2至24位小写字母、数字或-，且不得为系统保留名"
        en = f"alias {organ.alias!r} is not 2 to 24 of a-z, 0-9 and -, or is reserved"
        yield error("alias_form", where, zh, en)
    if organ.division not in divisions:
        yield _dangling(where, organ.division)
    if organ.type in _NEEDS_KIND and organ.kind is None:
        yield error("kind_missing", where, "部门须填写类别", "a department needs its kind")
    if organ.type in ONE_OF_A_DIVISION and organ.kind is not None:
        zh, en = "不是部门，类别（kind）应留空", "is no department: leave its kind empty"
        yield error("kind_unexpected", where, zh, en)
    if organ.valid_to is not None and organ.valid_to < organ.valid_from:
        yield error("dates_reversed", where, "失效日早于生效日", "ends before it starts")
    if organ.successor is not None and organ.successor not in organs:
        yield _dangling(where, organ.successor)


def _seats(source: Source) -> Iterator[Finding]:
    """Two organs at one time with one name, or in one place for one thing, leave no answer."""
    seats: dict[tuple[str, str], list[Placed[Organ]]] = {}
    for entry in source.organs:
        organ = entry.value
        seats.setdefault(("", organ.name), []).append(entry)
        if organ.kind is not None or organ.type in ONE_OF_A_DIVISION:
            seats.setdefault((organ.division, organ.seat), []).append(entry)
    for seat, taken in seats.items():
        for one, other in combinations(taken, 2):
            first, second = sorted((one.value, other.value), key=lambda organ: organ.valid_from)
            if first.code != second.code and second.valid_from <= (first.valid_to or date.max):
                what = " ".join(part for part in seat if part)
                zh, en = f"与 {one.where} 同时占有“{what}”", f"shares {what!r} with {one.where}"
                yield error("seat_taken", other.where, zh, en)


def _superiors(source: Source, organs: dict[OrganCode, Organ]) -> Iterator[Finding]:
    above: dict[tuple[OrganCode, Line], set[OrganCode]] = {}
    for entry in source.superiors:
        code, superior = entry.value
        unknown = [each for each in (code, superior.organ) if each not in organs]
        for each in unknown:
            yield _dangling(entry.where, each)
        if unknown:
            continue
        above.setdefault((code, superior.line), set()).add(superior.organ)
        if _reaches(above, superior.organ, code, superior.line):
            zh, en = "上级关系成环", "an organ would stand above itself"
            yield error("superior_cycle", entry.where, zh, en)
        if expires_within(organs[superior.organ], superior.valid_from, superior.valid_to):
            name = organs[superior.organ].name
            zh, en = f"{name} 在此期间不存续且无继受机关", f"{name} is not there all that time"
            yield error("organ_expired", entry.where, zh, en)


def _reaches(
    above: dict[tuple[OrganCode, Line], set[OrganCode]],
    start: OrganCode,
    goal: OrganCode,
    line: Line,
) -> bool:
    seen: set[OrganCode] = set()
    level = {start}
    while level - seen:
        seen |= level
        level = {organ for each in level for organ in above.get((each, line), ())}
    return goal in seen


def _members(source: Source, organs: dict[OrganCode, Organ], on: date) -> Iterator[Finding]:
    """Officers and keys belong to somebody, and a transfer needs two officers."""
    counts = dict.fromkeys(organs, 0)
    for officer in source.officers:
        certificate = officer.value.certificate
        if narrow(certificate) != certificate or any(map(str.isspace, certificate)):
            zh, en = "证件号含全角字符或空格，来文的证件号对不上", "is full-width or has a blank"
            yield error("certificate_form", officer.where, zh, f"certificate {certificate!r} {en}")
        if officer.value.organ not in organs:
            yield _dangling(officer.where, officer.value.organ)
        elif officer.value.valid_to >= on:
            counts[officer.value.organ] += 1
    for key in source.keys:
        if key.value.organ != BUS and key.value.organ not in organs:
            yield _dangling(key.where, key.value.organ)
    for entry in source.organs:
        organ = entry.value
        valid = counts[organ.code]
        if organ.type in HANDLERS and is_valid(organ, on) and valid < OFFICERS_MIN:
            zh = f"持有效证件的执法人员只有{valid}名，移送须2名以上（指导意见二(二)2）"
            en = f"{valid} officers with a valid certificate; a transfer needs {OFFICERS_MIN}"
            yield warning("officers_few", entry.where, zh, en)


def _dangling(where: str, what: str) -> Finding:
    return error("dangling", where, f"没有 {what}", f"there is no {what}")
