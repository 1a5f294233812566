"""Whom a copy or circular reaches besides its addressees: category x matter x area -> organs.

Addressees are explicit; the audience rules add to them (domain, section 5, last item; guidance
二(一)1 says what is shared, 二(一)2 how).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from schemas.ids import DivisionCode, MatterCode, OrganCode, RuleId
from schemas.sharing import ContentCategory
from services.rulebook.directory import (
    county_of,
    department_of,
    in_office,
    is_valid,
    township_of,
)
from services.rulebook.jurisdiction import Question, route
from services.rulebook.model import AudienceRule, Organ, OrganType, Rulebook
from services.rulebook.tables import Row

MATTERS_MAX: Final = 100  # matters asked about, township by township; a copy on more is for all
_TYPES: Final = "|".join(OrganType)
_AUDIENCE: Final = re.compile(rf"township|type:({_TYPES})|kind:[a-z_]{{1,40}}|organ:\S{{1,40}}")


def audience_of(
    rulebook: Rulebook,
    category: ContentCategory,
    matters: Iterable[MatterCode],
    place: DivisionCode,
    on: date,
) -> dict[OrganCode, AudienceRule]:
    """Return the organs that the rules name, in their order, each with the first that does.

    `place` is where it concerns, a township or the whole county: a rule speaks of its area and all
    below. An organ that has a successor on the date is passed over for it. Who sent the copy is
    among them when the rules say so: the caller leaves it out.
    """
    matters, place = dict.fromkeys(matters), rulebook.recoded.get(place, place)
    subjects = {*matters, *(m.group for c in matters if (m := rulebook.matters.get(c)))}
    found: dict[OrganCode, AudienceRule] = {}
    for rule in audience_rules(rulebook, category, subjects, place, on):
        for organ in reached(rulebook, rule, matters, place, on):
            found.setdefault(organ.code, rule)
    return found


def reached(
    rulebook: Rulebook,
    rule: AudienceRule,
    matters: Collection[MatterCode],
    place: DivisionCode,
    on: date,
) -> Iterator[Organ]:
    """Yield whom a rule that applies adds to a copy about these matters; none: about no one."""
    kind, _, name = rule.audience.partition(":")
    directory = rulebook.directory
    match kind:
        case "type":
            yield from _of_type(rulebook, name, rule.area, on)
            return
        case "township" if county_of(place) == place:  # a county, or what is above one
            yield from _townships(rulebook, _spoken_of(rulebook, rule, matters), place, on)
            return
        case "township":
            found = township_of(directory, place, on)
        case "kind":
            found = department_of(directory, place, name, on)
        case _:
            found = in_office(directory, OrganCode(name), on)
    if found is not None:
        yield found


def audience_rules(
    rulebook: Rulebook,
    category: ContentCategory,
    subjects: Iterable[str],
    place: DivisionCode,
    on: date,
) -> tuple[AudienceRule, ...]:
    """Return the rules that apply; `subjects` are matters and their groups."""
    areas, named = rulebook.areas_of.get(place, ()), frozenset(subjects)
    return tuple(
        rule
        for rule in rulebook.audiences
        if rule.category is category
        and rule.area in areas
        and rule.valid_from <= on
        and (rule.valid_to is None or on <= rule.valid_to)
        and (rule.matter is None or rule.matter in named)
        and (rule.group is None or rule.group in named)
    )


def read_audience(
    row: Row, codes: Mapping[str, OrganCode], recoded: Mapping[DivisionCode, DivisionCode]
) -> AudienceRule:
    """Read one row of audiences.csv. Raises UserError rules.invalid.

    `codes` is alias or code -> code; what nobody knows is kept for lint to point at. `recoded`: as
    the rulebook's.
    """
    matter, group = row.optional("matter"), row.optional("group")
    if matter is not None and group is not None:
        raise row.wrong(
            "matter", "matter 与 group 至多填一项", "give a matter or a group, not both"
        )
    category = row.choice("category", ContentCategory)
    if category is ContentCategory.UNKNOWN:
        raise row.wrong("category", "应为九类共享内容之一", "is none of the nine categories")
    audience = row.required("audience")
    if _AUDIENCE.fullmatch(audience) is None:
        zh = "应为 township、type:<机关类型>、kind:<部门类别> 或 organ:<机关>"
        raise row.wrong("audience", zh, "is no township, type:…, kind:… or organ:…")
    kind, _, name = audience.partition(":")
    return AudienceRule(
        id=RuleId(row.required("id")),
        category=category,
        matter=None if matter is None else MatterCode(matter),
        group=group,
        area=row.division("area", recoded),
        audience=f"organ:{codes.get(name, name)}" if kind == "organ" else audience,
        basis=row.required("basis"),
        valid_from=row.day("valid_from"),
        valid_to=row.optional_day("valid_to"),
        line=row.line,
    )


def _of_type(rulebook: Rulebook, wanted: str, area: DivisionCode, on: date) -> Iterator[Organ]:
    """Yield the organs of the type in the area."""
    for organ in rulebook.directory.organs.values():
        if organ.type != wanted or not is_valid(organ, on):
            continue
        if area in rulebook.areas_of.get(organ.division, ()):
            yield organ


def _spoken_of(
    rulebook: Rulebook, rule: AudienceRule, matters: Collection[MatterCode]
) -> Collection[MatterCode]:
    """Return those of the matters that the rule names, itself or by their group."""
    if rule.group is not None:
        known = rulebook.matters
        return [code for code in matters if code in known and known[code].group == rule.group]
    return matters if rule.matter is None else [rule.matter]


def _townships(
    rulebook: Rulebook, matters: Collection[MatterCode], place: DivisionCode, on: date
) -> Iterator[Organ]:
    """Yield the townships of the place that have the power over one of the matters on the day.

    A county department's copy is for those to which the matter is devolved (guidance 二(一)1 says
    与下放……事项有关的). One about no matter, or about too many to ask, is for all of them.
    """
    all_of_them = not matters or len(matters) > MATTERS_MAX
    for organ in _of_type(rulebook, OrganType.TOWNSHIP, place, on):
        if all_of_them or any(_has(rulebook, organ, matter, on) for matter in matters):
            yield organ


def _has(rulebook: Rulebook, township: Organ, matter: MatterCode, on: date) -> bool:
    """Whether the township is competent for what is done there on the day."""
    question = Question(township.division, matter, on, on, on, on)
    return township.code in route(rulebook, question).organs
