"""Lint of guidance: who devolved a matter, and so owes guidance for it (guidance 二(五))."""

from collections.abc import Iterator
from datetime import date

from schemas.ids import DivisionCode
from services.rulebook.compare import townships
from services.rulebook.finding import Finding, warning
from services.rulebook.guidance import KIND, devolved_by
from services.rulebook.jurisdiction import Question, route
from services.rulebook.model import JurisdictionRule, Mode, Rulebook
from services.rulebook.source import Source


def guidance_findings(rulebook: Rulebook, source: Source, on: date) -> Iterator[Finding]:
    """Yield the devolving rules of today and later behind which no other rule stands.

    `on`: today. None where the rulebook has no such duty.
    """
    if not any(rule.kind == KIND for rule in rulebook.duties):
        return
    below: dict[DivisionCode, list[DivisionCode]] = {}
    for place in townships(rulebook):
        for area in rulebook.areas_of.get(place, ()):
            below.setdefault(area, []).append(place)
    for entry in source.rules:
        rule = entry.value
        if rule.mode is Mode.DEVOLVED and (rule.valid_to or date.max) >= on:
            day = max(on, rule.valid_from)
            if any(_is_orphan(rulebook, rule, place, day) for place in below.get(rule.area, ())):
                zh = f"看不出 {rule.subject} 由谁下放（其他规则一条也没有），不知由谁每年指导"
                en = f"nothing says who devolved {rule.subject}, so nobody owes guidance for it"
                yield warning("guidance_unknown", entry.where, zh, en)


def _is_orphan(rulebook: Rulebook, rule: JurisdictionRule, place: DivisionCode, day: date) -> bool:
    """Whether the rule holds there for a matter that it alone names."""
    answers = (
        route(rulebook, Question(place, matter.code, day, day, day, day))
        for matter in rulebook.matters.values()
        if rule.subject in (matter.code, matter.group)
    )
    return any(answer.rule == rule and devolved_by(answer) is None for answer in answers)
