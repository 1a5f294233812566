"""Whose is it? The answer is a function of place, matter and dates, never of today alone.

A rule names a matter or a group of matters, an area, who is competent, and the date of the case
that decides whether it applies (the transitional clause: `已立案的由原机关办结`). Specific beats
general: a smaller area a larger one, then a named matter a group (domain, section 5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import assert_never

from schemas.ids import DivisionCode, MatterCode, OrganCode
from services.rulebook.directory import competent_organ
from services.rulebook.jurisdiction_words import EN, ZH
from services.rulebook.model import DecidingDate, JurisdictionRule, Organ, Rulebook


class Verdict(StrEnum):
    """What the rulebook says."""

    COMPETENT = "competent"
    GAP = "gap"  # nobody: the message is held
    CONCURRENT = "concurrent"  # the law gives several organs the power (行政处罚法 25)


class Standing(StrEnum):
    """How one rule fared."""

    WINS = "wins"
    LESS_SPECIFIC = "less_specific"  # it applies, but a more specific one does too
    NOT_YET = "not_yet"
    ENDED = "ended"
    NO_ORGAN = "no_organ"  # it wins, but there is no such organ: a gap, not the next rule's turn


class ActDay(StrEnum):
    """What the day of the act in a question is: no explanation may state more than the letter."""

    GIVEN = "act"
    FIRST = "act_first_day"  # of an act that went on
    UNKNOWN = "act_unknown"  # the letter has none: the day it was found stands in for it


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: whose is this matter, done at this place (行政处罚法 22), on these dates.

    `filed_date` None: not filed; it could be filed at the earliest when it is transferred, so that
    date stands in for it.
    """

    place: DivisionCode
    matter: MatterCode
    act_date: date
    found_date: date
    filed_date: date | None
    transfer_date: date
    act_day: ActDay = ActDay.GIVEN

    def day(self, clause: DecidingDate) -> date:
        """Return the date of the case behind a transitional clause."""
        match clause:
            case DecidingDate.ACT:
                return self.act_date
            case DecidingDate.FOUND:
                return self.found_date
            case DecidingDate.FILED:
                return self.filed_date or self.transfer_date
            case DecidingDate.TRANSFER:
                return self.transfer_date
            case _:
                assert_never(clause)


@dataclass(frozen=True, slots=True)
class Considered:
    """A rule that was looked at, the date that decided, and how it fared."""

    rule: JurisdictionRule
    on: date
    standing: Standing
    organ: OrganCode | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Who is competent and why: the rules considered, the winner, the runner-up."""

    verdict: Verdict
    organs: tuple[OrganCode, ...]
    rule: JurisdictionRule | None
    basis: str | None
    runner_up: JurisdictionRule | None  # the next in line, were it not for the winner
    question: Question
    rulebook: Rulebook = field(repr=False, compare=False)
    rules: tuple[JurisdictionRule, ...] = field(repr=False, compare=False)  # that were looked at
    applying: tuple[JurisdictionRule, ...] = field(repr=False, compare=False)  # of these, by date

    @property
    def considered(self) -> tuple[Considered, ...]:
        """Every rule that names the matter and the place, the most specific first."""
        return tuple(_consider(self, rule) for rule in self.rules)

    @property
    def explanation_zh(self) -> str:
        """The reasoning, rule by rule, in Chinese."""
        return _explain(self, ZH)

    @property
    def explanation_en(self) -> str:
        """The reasoning, rule by rule, in English (names stay Chinese)."""
        return _explain(self, EN)


def route(rulebook: Rulebook, question: Question) -> Answer:
    """Return who is competent. A place or matter that the rulebook does not know is a gap."""
    rules = rules_for(rulebook, question.place, question.matter)
    applying = _applying(rules, question)
    winners = [rule for rule in applying if is_beside(rule, applying[0])]
    won = [(rule, organ) for rule in winners if (organ := _organ(rulebook, rule, question))]
    organs = tuple(dict.fromkeys(organ.code for _, organ in won))
    return Answer(
        verdict=(Verdict.GAP, Verdict.COMPETENT, Verdict.CONCURRENT)[min(len(organs), 2)],
        organs=organs,
        rule=won[0][0] if won else None,
        basis="；".join(dict.fromkeys(rule.basis for rule, _ in won)) or None,
        runner_up=applying[len(winners)] if len(winners) < len(applying) else None,
        question=question,
        rulebook=rulebook,
        rules=rules,
        applying=applying,
    )


def rules_for(
    rulebook: Rulebook, place: DivisionCode, matter: MatterCode
) -> tuple[JurisdictionRule, ...]:
    """Return the rules that name the matter and the place, the most specific first."""
    known = rulebook.matters.get(matter)
    if known is None:
        return ()
    found: list[JurisdictionRule] = []
    for area in rulebook.areas_of.get(place, ()):
        here = rulebook.rules_at.get(area)
        if here is not None:
            found += here.get(known.code, ())
            found += here.get(known.group, ())
    return tuple(found)


def is_beside(rule: JurisdictionRule, other: JurisdictionRule) -> bool:
    """Whether two rules are equally specific."""
    return rule.area == other.area and rule.subject == other.subject


def _applying(
    rules: tuple[JurisdictionRule, ...], question: Question
) -> tuple[JurisdictionRule, ...]:
    """Return the rules in force on the date that decides for each."""
    return tuple(
        rule
        for rule in rules
        if rule.valid_from <= (on := question.day(rule.deciding_date))
        and (rule.valid_to is None or on <= rule.valid_to)
    )


def _consider(answer: Answer, rule: JurisdictionRule) -> Considered:
    on = answer.question.day(rule.deciding_date)
    if on < rule.valid_from:
        return Considered(rule, on, Standing.NOT_YET)
    if rule not in answer.applying:
        return Considered(rule, on, Standing.ENDED)
    if not is_beside(rule, answer.applying[0]):
        return Considered(rule, on, Standing.LESS_SPECIFIC)
    organ = _organ(answer.rulebook, rule, answer.question)
    if organ is None:
        return Considered(rule, on, Standing.NO_ORGAN)
    return Considered(rule, on, Standing.WINS, organ.code)


def _organ(rulebook: Rulebook, rule: JurisdictionRule, question: Question) -> Organ | None:
    on = question.transfer_date
    return competent_organ(rulebook.directory, rule.competent, question.place, on)


def _explain(answer: Answer, texts: Mapping[str, str]) -> str:
    divisions, organs = answer.rulebook.divisions, answer.rulebook.directory.organs
    place = divisions.get(answer.question.place)
    matter = answer.rulebook.matters.get(answer.question.matter)
    parts = [
        texts["question"].format(
            place=f"{place.name} {place.code}" if place else answer.question.place,
            matter=f"{matter.name} {matter.code}" if matter else answer.question.matter,
        )
    ]
    for entry in answer.considered:
        rule = entry.rule
        is_act = rule.deciding_date is DecidingDate.ACT
        area = divisions.get(rule.area)
        parts.append(
            texts[entry.standing].format(
                rule=rule.id,
                area=area.name if area else rule.area,
                organ=organs[entry.organ].name if entry.organ else "",
                mode=texts[rule.mode],
                clause=texts[answer.question.act_day if is_act else rule.deciding_date],
                on=entry.on,
                basis=rule.basis,
                competent=rule.competent,
                start=rule.valid_from,
                end=rule.valid_to,
            )
        )
    names = texts["and"].join(organs[organ].name for organ in answer.organs)
    parts.append(texts[answer.verdict].format(organs=names))
    return "".join(parts).strip()
