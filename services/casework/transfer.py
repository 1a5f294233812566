"""A transfer arrives, and somebody must handle it (guidance 二(二)1 and 2; domain, section 5).

A message names at most one addressee and the bus resolves exactly one handler. Nobody competent:
held. Somebody else competent than the sender says: refused with the explanation, unless the sender
insists with a reason, which the receiver sees.
"""

from dataclasses import dataclass, replace
from datetime import date

from schemas.errors import Refusal
from schemas.ids import OrganCode, RuleId
from schemas.messages import CaseTransfer, HoldReason, Transfer, ViolationCorrection
from schemas.parts import Relation, Violation
from services.casework.case import Case, Charge, Stop
from services.casework.effects import Accept, Advise, Hold, OpenDuty
from services.casework.steps import Outcome, Situation, hand, new_case, take
from services.casework.transitions import Step
from services.rulebook.calendar import local_date
from services.rulebook.directory import organ_on, supervisor_of
from services.rulebook.jurisdiction import Answer, Question, Standing, Verdict, route
from services.rulebook.model import JurisdictionRule, OrganType

EXPLAINED_MAX = 20  # violations whose rules a receipt tells: it must fit into a message
HANDLER_TYPES = frozenset({OrganType.TOWNSHIP, OrganType.DEPARTMENT})


@dataclass(frozen=True, slots=True)
class Competent:
    """The one organ that is to handle the case, and why."""

    organ: OrganCode
    rule: RuleId | None
    basis: str | None
    explanation: str
    others: tuple[OrganCode, ...] = ()  # who has the power as well (行政处罚法 25)


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody is competent: the message is held."""

    explanation: str


def open_case(case: Case | None, message: Transfer, situation: Situation) -> Outcome | Refusal:
    """Decide an opening message."""
    opened = replace(
        case or new_case(message, situation.at),
        charges=tuple(_charge(violation) for violation in message.violations or ()),
        filed_on=message.filed_on if isinstance(message, CaseTransfer) else None,
    )
    found = resolve(opened.charges, message, situation)
    if isinstance(found, Refusal):
        return found
    if isinstance(found, Gap):
        return _hold(opened, message, found, situation)
    return issue(Outcome(opened), message, found, situation)


def issue(
    outcome: Outcome, message: Transfer, found: Competent, situation: Situation
) -> Outcome | Refusal:
    """Deliver the transfer to its handler and tell the sender."""
    named = replace(outcome.case, handler=found.organ, rule=found.rule, stop=None)
    stepped = take(Outcome(named, outcome.effects), Step.ISSUE, message, situation)
    if isinstance(stepped, Refusal):
        return stepped
    handed = hand(stepped, message, found.organ, Relation.HANDLER, situation.at)
    envelope = message.envelope
    told = (
        Advise(envelope.message_id, other, "advice.concurrent", found.explanation)
        for other in found.others
        if other != envelope.sender
    )
    return handed.also(
        Accept(
            message=envelope.message_id,
            record=envelope.record,
            to=envelope.sender,
            recipients=((found.organ, Relation.HANDLER),),
            rule=found.rule,
            basis=found.basis,
            explanation=found.explanation,
            duties=tuple(effect.duty for effect in handed.effects if isinstance(effect, OpenDuty)),
        ),
        *told,
    )


def corrected(
    charges: tuple[Charge, ...], corrections: tuple[ViolationCorrection, ...]
) -> tuple[Charge, ...] | Refusal:
    """Return the charges as the sender puts them right; the original message stays as it is."""
    by_number = {charge.number: charge for charge in charges}
    for correction in corrections:
        charge = by_number.get(correction.number)
        if charge is None:
            return Refusal("filing.number_unknown", "corrections", str(correction.number))
        by_number[correction.number] = replace(
            charge,
            place=correction.place or charge.place,
            matter=correction.matter or charge.matter,
        )
    return tuple(by_number.values())


def resolve(
    charges: tuple[Charge, ...],
    message: Transfer,
    situation: Situation,
    addressee: OrganCode | None = None,
) -> Competent | Gap | Refusal:
    """Return who is to handle all charges together. `addressee` overrides the message's own."""
    envelope = message.envelope
    named = addressee or next(iter(envelope.addressees), None)
    if named == envelope.sender:
        return Refusal("transfer.to_itself", "envelope.addressees")
    answers: list[Answer] = []
    for position, charge in enumerate(charges):
        unknown = _unknown(charge, position, situation)
        if unknown:
            return unknown
        answers.append(route(situation.rulebook, _question(charge, message, situation)))
    gaps = [answer for answer in answers if answer.verdict is Verdict.GAP]
    if gaps:
        return Gap(gaps[0].explanation_zh)
    common = frozenset.intersection(*(frozenset(answer.organs) for answer in answers))
    if not common:
        return Refusal("transfer.split_needed", "violations", _split(charges, answers, situation))
    explanation = "".join(
        dict.fromkeys(answer.explanation_zh for answer in answers[:EXPLAINED_MAX])
    )
    if named is not None and named not in common:
        return _insisted(named, explanation, situation, envelope.insist_reason)
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


def _split(charges: tuple[Charge, ...], answers: list[Answer], situation: Situation) -> str:
    """Which violation numbers belong together, and whose they are."""
    numbers: dict[str, list[str]] = {}
    for charge, answer in zip(charges, answers, strict=True):
        numbers.setdefault(_names(answer.organs, situation), []).append(str(charge.number))
    return "; ".join(f"{', '.join(these)} → {names}" for names, these in numbers.items())


def _rule_for(organ: OrganCode, answer: Answer) -> JurisdictionRule:
    """The rule that makes this organ competent: each of several has one of its own."""
    return next(
        entry.rule
        for entry in answer.considered
        if entry.standing is Standing.WINS and entry.organ == organ
    )


def _insisted(
    named: OrganCode, explanation: str, situation: Situation, reason: str | None
) -> Competent | Refusal:
    """The sender names another than the rulebook does."""
    organ = organ_on(situation.rulebook.directory, named, local_date(situation.at))
    if organ is None or organ.type not in HANDLER_TYPES:
        return Refusal("transfer.addressee_cannot_handle", "envelope.addressees")
    if not (reason and reason.strip()):
        return Refusal("transfer.addressee_not_competent", "envelope.addressees", explanation)
    said = f"{explanation}移送机关填写理由，坚持移送{organ.name}。"
    return Competent(named, None, None, said)


def _hold(case: Case, message: Transfer, gap: Gap, situation: Situation) -> Outcome | Refusal:
    """Keep the message until its sender corrects or withdraws it, or the supervisor assigns it."""
    envelope = message.envelope
    held = take(Outcome(case), Step.HOLD, message, situation)
    if isinstance(held, Refusal):
        return held
    stop = Stop(envelope.message_id, envelope.sender, HoldReason.GAP, "hold.gap", situation.at)
    return Outcome(replace(held.case, stop=stop), held.effects).also(
        Hold(
            message=envelope.message_id,
            record=envelope.record,
            to=_told(envelope.sender, situation),
            reason=HoldReason.GAP,
            code="hold.gap",
            explanation=gap.explanation,
        )
    )


def _told(sender: OrganCode, situation: Situation) -> tuple[OrganCode, ...]:
    supervisor = supervisor_of(situation.rulebook.directory, sender, local_date(situation.at))
    return (sender,) if supervisor is None else (sender, supervisor.code)


def _unknown(charge: Charge, position: int, situation: Situation) -> Refusal | None:
    if charge.place not in situation.rulebook.divisions:
        return Refusal("place.unknown", f"violations[{position}].place")
    if charge.matter not in situation.rulebook.matters:
        return Refusal("matter.unknown", f"violations[{position}].matter")
    return None


def _question(charge: Charge, message: Transfer, situation: Situation) -> Question:
    return Question(
        place=charge.place,
        matter=charge.matter,
        act_date=charge.act_on,
        found_date=charge.found_on,
        filed_date=message.filed_on if isinstance(message, CaseTransfer) else None,
        transfer_date=local_date(situation.at),
    )


def _charge(violation: Violation) -> Charge:
    """What is not dated was found at the latest when it was acted on, and the reverse."""
    found = violation.found_on or violation.act_from or date.min
    return Charge(
        number=violation.number,
        matter=violation.matter,
        place=violation.place,
        act_on=violation.act_from or found,
        found_on=found,
    )


def _names(organs: tuple[OrganCode, ...], situation: Situation) -> str:
    directory = situation.rulebook.directory
    return "、".join(sorted(directory.organs[organ].name for organ in organs))
