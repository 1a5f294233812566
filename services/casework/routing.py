"""Whose is it? The one organ that the rulebook makes competent for all charges (domain, section 5).

A message names at most one addressee and the bus resolves exactly one handler. Nobody competent, a
place whose text and code disagree, or nobody above both who could designate: held. Somebody else
competent than the sender says: refused with the explanation, unless the sender insists with a
reason, which the receiver sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.errors import Refusal
from schemas.ids import OrganCode, RuleId
from schemas.messages import CaseTransfer, HoldReason, Routed
from schemas.parts import Violation
from schemas.sharing import ViolationNotice
from schemas.text_form import is_blank
from services.casework.case import Charge
from services.casework.listing import violations_of
from services.casework.steps import Situation
from services.rulebook.calendar import local_date
from services.rulebook.directory import common_superior, is_above, organ_on
from services.rulebook.jurisdiction import ActDay, Answer, Question, Standing, Verdict, route
from services.rulebook.model import HANDLERS, JurisdictionRule, Organ
from services.rulebook.place import contradicting

EXPLAINED_MAX = 20  # violations whose rules a receipt tells: it must fit into a message
HOLD_CODES: Final[Mapping[HoldReason, str]] = {
    HoldReason.GAP: "hold.gap",
    HoldReason.PLACE_CONFLICT: "hold.place_conflict",
    HoldReason.NO_SUPERIOR: "superior.none",
}


@dataclass(frozen=True, slots=True)
class Competent:
    """The one organ that is to handle the case, and why."""

    organ: OrganCode
    rule: RuleId | None
    basis: str | None
    explanation: str
    others: tuple[OrganCode, ...] = ()  # who has the power as well (行政处罚法 25)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """It cannot be said whose it is: the message is held."""

    reason: HoldReason
    explanation: str


def resolve(
    charges: tuple[Charge, ...],
    message: Routed,
    situation: Situation,
    texts: Mapping[int, str],
    addressee: OrganCode | None = None,
) -> Competent | Unsettled | Refusal:
    """Return who is to handle all charges together. `addressee` overrides the message's own.

    `texts`: the places in words, by the number of the violation.
    """
    envelope = message.envelope
    named = addressee or next(iter(envelope.addressees), None)
    if named == envelope.sender:
        return Refusal("transfer.to_itself", "envelope.addressees")
    unknown = unknown_in(charges, situation)
    if unknown is not None:
        return unknown
    conflict = conflict_in(charges, texts, situation)
    if conflict is not None:
        return conflict
    told = {violation.number: violation for violation in violations_of(message)}
    answers = [
        route(situation.rulebook, _question(charge, message, told.get(charge.number), situation))
        for charge in charges
    ]
    gaps = [answer for answer in answers if answer.verdict is Verdict.GAP]
    if gaps:
        return Unsettled(HoldReason.GAP, gaps[0].explanation_zh)
    common = frozenset.intersection(*(frozenset(answer.organs) for answer in answers))
    if not common:
        return Refusal("transfer.split_needed", "violations", _split(charges, answers, situation))
    explanation = "".join(
        dict.fromkeys(answer.explanation_zh for answer in answers[:EXPLAINED_MAX])
    )
    has_filed = isinstance(message, CaseTransfer) and addressee is None
    filed_first = has_filed and envelope.sender in common
    insists = filed_first and not is_blank(envelope.insist_reason)
    if named is not None and (named not in common or insists):
        return _insisted(named, explanation, situation, envelope.insist_reason)
    if filed_first:  # of several that have the power it is the one that handles it (行政处罚法 25)
        return Refusal("transfer.own_matter", detail=explanation)
    if named is None and len(common) > 1:
        return Refusal(
            "transfer.choose_addressee", "envelope.addressees", _names(tuple(common), situation)
        )
    organ = named or next(iter(common))
    if organ == envelope.sender:
        return Refusal("transfer.own_matter", detail=explanation)
    rules = tuple(dict.fromkeys(_rule_for(organ, answer) for answer in answers[:EXPLAINED_MAX]))
    return Competent(
        organ=organ,
        rule=rules[0].id,
        basis="；".join(dict.fromkeys(rule.basis for rule in rules)),
        explanation=explanation,
        others=tuple(sorted(common - {organ})),
    )


def under_one_superior(
    found: Competent | Unsettled | Refusal, message: Routed, situation: Situation
) -> Competent | Unsettled | Refusal:
    """Return what was found, or why a transfer to that organ is held: nobody could designate.

    A dispute over a transfer goes to the common superior (guidance 二(二)3, 行政处罚法 25), so
    there must be one from the beginning, unless one of the two is itself above the other. A notice
    is no transfer.
    """
    if not isinstance(found, Competent) or isinstance(message, ViolationNotice):
        return found
    directory, on = situation.rulebook.directory, local_date(situation.at)
    sender, handler = message.envelope.sender, found.organ
    if (
        common_superior(directory, sender, handler, on) is not None
        or is_above(directory, sender, handler, on)
        or is_above(directory, handler, sender, on)
    ):
        return found
    names = f"{directory.organs[sender].name}、{directory.organs[handler].name}"
    return Unsettled(HoldReason.NO_SUPERIOR, f"{names}：名录中没有共同的上一级行政机关。")


def can_handle(organ: OrganCode, situation: Situation) -> Organ | None:
    """Return the organ if it is a township or a department in office."""
    found = organ_on(situation.rulebook.directory, organ, local_date(situation.at))
    return found if found is not None and found.type in HANDLERS else None


def unknown_in(charges: tuple[Charge, ...], situation: Situation) -> Refusal | None:
    """Why the rulebook has no answer at all: it knows a place or a matter not; or None."""
    told = (_unknown(charge, position, situation) for position, charge in enumerate(charges))
    return next(filter(None, told), None)


def conflict_in(
    charges: tuple[Charge, ...], texts: Mapping[int, str], situation: Situation
) -> Unsettled | None:
    """Return the first place whose text names another township than its code, without the text."""
    divisions = situation.rulebook.divisions
    for charge in charges:
        named = contradicting(situation.rulebook, charge.place, texts.get(charge.number, ""))
        if named is not None:
            own = divisions[charge.place].name
            told = f"第{charge.number}项：地点文字指向{named.name}，区划代码为{own}。"
            return Unsettled(HoldReason.PLACE_CONFLICT, told)
    return None


def _split(charges: tuple[Charge, ...], answers: list[Answer], situation: Situation) -> str:
    """Which violation numbers belong together, and whose they are."""
    numbers: dict[str, list[str]] = {}
    for charge, answer in zip(charges, answers, strict=True):
        numbers.setdefault(_names(answer.organs, situation), []).append(str(charge.number))
    return "; ".join(f"{', '.join(these)} → {names}" for names, these in numbers.items())


def _rule_for(organ: OrganCode, answer: Answer) -> JurisdictionRule:
    """The rule that makes this organ competent: each of several has one of its own."""
    if answer.rule is not None and organ == answer.organs[0]:
        return answer.rule
    return next(
        entry.rule
        for entry in answer.considered
        if entry.standing is Standing.WINS and entry.organ == organ
    )


def _insisted(
    named: OrganCode, explanation: str, situation: Situation, reason: str | None
) -> Competent | Refusal:
    """The sender names another than the rulebook does."""
    organ = can_handle(named, situation)
    if organ is None:
        return Refusal("transfer.addressee_cannot_handle", "envelope.addressees")
    if is_blank(reason):
        return Refusal("transfer.addressee_not_competent", "envelope.addressees", explanation)
    said = f"{explanation}移送机关填写理由，坚持移送{organ.name}。"
    return Competent(named, None, None, said)


def _unknown(charge: Charge, position: int, situation: Situation) -> Refusal | None:
    if charge.place not in situation.rulebook.divisions:
        return Refusal("place.unknown", f"violations[{position}].place")
    if charge.matter not in situation.rulebook.matters:
        return Refusal("matter.unknown", f"violations[{position}].matter")
    return None


def _question(
    charge: Charge, message: Routed, told: Violation | None, situation: Situation
) -> Question:
    return Question(
        place=charge.place,
        matter=charge.matter,
        act_date=charge.act_on,
        found_date=charge.found_on,
        filed_date=message.filed_on if isinstance(message, CaseTransfer) else None,
        transfer_date=local_date(situation.at),
        act_day=_act_day(charge, told),
    )


def _act_day(charge: Charge, told: Violation | None) -> ActDay:
    """Return what the charge's day of the act is by the letter that is decided on."""
    if told is None or told.act_from not in (None, charge.act_on):
        return ActDay.GIVEN
    if told.act_from is None:
        return ActDay.UNKNOWN if charge.act_on == charge.found_on else ActDay.GIVEN
    went_on = told.continuing or told.act_to not in (None, told.act_from)
    return ActDay.FIRST if went_on else ActDay.GIVEN


def _names(organs: tuple[OrganCode, ...], situation: Situation) -> str:
    directory = situation.rulebook.directory
    return "、".join(sorted(directory.organs[organ].name for organ in organs))
