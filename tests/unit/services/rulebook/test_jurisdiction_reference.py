"""Route held against the rules of domain section 5 written down naively, over any rulebook.

The reference knows no index: it looks at every rule, every organ and the parent of every division.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.ids import DivisionCode, MatterCode, OrganCode, RuleId
from services.rulebook.jurisdiction import Question, Standing, Verdict, route
from services.rulebook.model import (
    DecidingDate,
    Division,
    JurisdictionRule,
    Mode,
    Organ,
    Rulebook,
)
from tests.unit.services.rulebook.tiny import (
    CGJ,
    COUNTY,
    GOV,
    LANGDAI,
    LANGDAI_PLACE,
    SCJG,
    YANJIAO,
    YANJIAO_PLACE,
    rulebook,
)

TINY = rulebook()
START = date(2025, 1, 1)
VILLAGE = YANJIAO_PLACE[:9] + "201"
OTHER_COUNTY, NOWHERE = "520201000000", "999999000000"
AREAS = (*TINY.divisions, OTHER_COUNTY)
PLACES = (YANJIAO_PLACE, LANGDAI_PLACE, VILLAGE, COUNTY, OTHER_COUNTY, NOWHERE)
SUBJECTS = (*(("matter", code) for code in TINY.matters), ("group", "city"), ("group", "market"))
COMPETENT = (
    "township",
    "kind:urban_management",
    "kind:market_supervision",
    "kind:water",
    f"organ:{CGJ}",
    f"organ:{SCJG}",
    "organ:nobody",
)
DAYS = st.integers(0, 60).map(lambda days: START + timedelta(days=days))


@st.composite
def rules(draw: st.DrawFn) -> tuple[JurisdictionRule, ...]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        kind, subject = draw(st.sampled_from(SUBJECTS))
        rule = JurisdictionRule(
            id=RuleId(f"R{number}"),
            matter=MatterCode(subject) if kind == "matter" else None,
            group=subject if kind == "group" else None,
            area=DivisionCode(draw(st.sampled_from(AREAS))),
            competent=draw(st.sampled_from(COMPETENT)),
            mode=Mode.STATUTORY,
            basis=draw(st.sampled_from(("《甲法》第一条", "《乙法》第二条"))),
            basis_in_force=START,
            publication="清单",
            published_on=START,
            valid_from=draw(DAYS),
            valid_to=draw(st.none() | DAYS),
            deciding_date=draw(st.sampled_from(DecidingDate)),
        )
        found.append(rule)
    return tuple(found)


@st.composite
def rulebooks(draw: st.DrawFn) -> Rulebook:
    """Any rules over the tiny county, with organs that come, go and are succeeded."""
    organs = dict(TINY.directory.organs)
    for code in (YANJIAO, LANGDAI, CGJ, SCJG):
        organs[OrganCode(code)] = replace(
            organs[OrganCode(code)],
            valid_from=draw(DAYS) if draw(st.booleans()) else date(2019, 1, 1),
            valid_to=draw(st.none() | DAYS),
            successor=draw(st.none() | st.sampled_from((OrganCode(GOV), OrganCode(CGJ)))),
        )
    other = Division(DivisionCode(OTHER_COUNTY), "钟山区", "county", DivisionCode("520200000000"))
    village = Division(DivisionCode(VILLAGE), "某村", "village", DivisionCode(YANJIAO_PLACE))
    return replace(
        TINY,
        directory=replace(TINY.directory, organs=organs),
        divisions={**TINY.divisions, other.code: other, village.code: village},
        rules=draw(rules()),
    )


@st.composite
def questions(draw: st.DrawFn) -> Question:
    act, found, filed, sent = sorted(draw(st.tuples(DAYS, DAYS, DAYS, DAYS)))
    matters = (*TINY.matters, MatterCode("unknown"))
    return Question(
        place=DivisionCode(draw(st.sampled_from(PLACES))),
        matter=draw(st.sampled_from(matters)),
        act_date=act,
        found_date=found,
        filed_date=filed if draw(st.booleans()) else None,
        transfer_date=sent,
    )


# ---------------------------------------------------------------------------------- the reference


@dataclass(frozen=True)
class Said:
    """An answer with its reasons, in plain values."""

    verdict: Verdict
    organs: tuple[str, ...]
    rule: str | None
    basis: str | None
    runner_up: str | None
    considered: Sequence[tuple[str, date, Standing, str | None]]


def reference(book: Rulebook, asked: Question) -> Said:
    ranked = sorted(
        (specificity, number)
        for number, rule in enumerate(book.rules)
        if (specificity := _specificity(book, rule, asked)) is not None
    )
    applying = [(rank, book.rules[n]) for rank, n in ranked if _in_force(book.rules[n], asked)]
    best = applying[0][0] if applying else None
    winners = [rule for rank, rule in applying if rank == best]
    won = [(rule, code) for rule in winners if (code := _organ(book, rule, asked))]
    organs = tuple(dict.fromkeys(code for _, code in won))
    others = [rule for rank, rule in applying if rank != best]
    considered = []
    for rank, number in ranked:
        rule = book.rules[number]
        code = None
        if not _in_force(rule, asked):
            early = _day(rule, asked) < rule.valid_from
            standing = Standing.NOT_YET if early else Standing.ENDED
        elif rank != best:
            standing = Standing.LESS_SPECIFIC
        else:
            code = _organ(book, rule, asked)
            standing = Standing.WINS if code else Standing.NO_ORGAN
        considered.append((rule.id, _day(rule, asked), standing, code))
    verdicts = {0: Verdict.GAP, 1: Verdict.COMPETENT}
    return Said(
        verdict=verdicts.get(len(organs), Verdict.CONCURRENT),
        organs=organs,
        rule=won[0][0].id if won else None,
        basis="；".join(dict.fromkeys(rule.basis for rule, _ in won)) or None,
        runner_up=others[0].id if others else None,
        considered=considered,
    )


def _specificity(
    book: Rulebook, rule: JurisdictionRule, asked: Question
) -> tuple[int, bool] | None:
    """How far the rule's area is above the place, and whether it names a group; None: not at all.

    A smaller area beats a larger, then a named matter a group.
    """
    matter = book.matters.get(asked.matter)
    if matter is None or rule.subject not in {matter.code, matter.group}:
        return None
    steps, area = 0, book.divisions.get(asked.place)
    while area is not None:
        if area.code == rule.area:
            return steps, rule.matter is None
        steps += 1
        area = book.divisions[area.parent] if area.parent else None
    return None


def _day(rule: JurisdictionRule, asked: Question) -> date:
    filed = asked.filed_date or asked.transfer_date
    days = (asked.act_date, asked.found_date, filed, asked.transfer_date)
    return dict(zip(DecidingDate, days, strict=True))[rule.deciding_date]


def _in_force(rule: JurisdictionRule, asked: Question) -> bool:
    return rule.valid_from <= _day(rule, asked) <= (rule.valid_to or date.max)


def _organ(book: Rulebook, rule: JurisdictionRule, asked: Question) -> str | None:
    kind, _, name = rule.competent.partition(":")
    on, organs = asked.transfer_date, book.directory.organs
    if kind == "organ":
        return _successor(book, name, on)
    seat = asked.place[:9] + "000" if kind == "township" else asked.place[:6] + "000000"
    over: list[Organ] = []
    for organ in organs.values():
        is_meant = organ.type == "township" if kind == "township" else organ.kind == name
        if organ.division == seat and is_meant:
            if _there(organ, on):
                return organ.code
            if organ.valid_to is not None and organ.valid_to < on:
                over.append(organ)
    # Nobody is there: what the last one was is its successor's.
    last = sorted(over, key=lambda organ: organ.valid_to or date.max)[-1:]
    return _successor(book, last[0].code, on) if last else None


def _successor(book: Rulebook, code: str, on: date, seen: int = 0) -> str | None:
    organ = book.directory.organs.get(OrganCode(code))
    if organ is None or seen > 15:
        return None
    if _there(organ, on):
        return organ.code
    is_over = on >= organ.valid_from
    return _successor(book, organ.successor, on, seen + 1) if is_over and organ.successor else None


def _there(organ: Organ, on: date) -> bool:
    return organ.valid_from <= on <= (organ.valid_to or date.max)


# --------------------------------------------------------------------------------------- the test


@settings(deadline=None, max_examples=300)
@given(book=rulebooks(), asked=questions())
def test_route_says_what_the_rules_of_resolution_say(book: Rulebook, asked: Question) -> None:
    answer = route(book, asked)
    said = Said(
        verdict=answer.verdict,
        organs=answer.organs,
        rule=answer.rule.id if answer.rule else None,
        basis=answer.basis,
        runner_up=answer.runner_up.id if answer.runner_up else None,
        considered=[(e.rule.id, e.on, e.standing, e.organ) for e in answer.considered],
    )
    assert said == reference(book, asked)
    for rule in book.rules:  # the explanation names every rule considered, and none beside
        is_told = any(each[0] == rule.id for each in said.considered)
        assert (f"规则{rule.id}（" in answer.explanation_zh) == is_told
