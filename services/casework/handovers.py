"""材料物品交接, 清点, 差异处理, 证据审查: what goes with a case changes hands (二(二)2 and 4).

The count is held against the list that the handover gave, exactly. What differs is named by the
receiver and settled, made up or accepted as it is; the filing decision's clock runs from there.
A handover that brings less than the letter lists is told to its receiver, who may name it as a
discrepancy (`other`): that opens the duty to settle it, as any does (domain, sections 2 and 4).
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from schemas.custody import (
    CustodyCheck,
    CustodyHandover,
    CustodySettlement,
    DiscrepancyKind,
    EvidenceReview,
)
from schemas.errors import Refusal
from schemas.ids import OrganCode
from services.casework.case import Case, Duty
from services.casework.clock_moves import sooner
from services.casework.custody import OF_THINGS, handing_owed, keeper_of
from services.casework.duties import Given
from services.casework.effects import Advise
from services.casework.handing import accept, hand, to_sender
from services.casework.kept import Counted, Custody
from services.casework.listing import given_in, shortfall
from services.casework.lives import ENDED
from services.casework.refused_step import not_allowed
from services.casework.relations import relation_in
from services.casework.steps import Outcome, Situation, not_asked, surely, take
from services.casework.transitions import Step

_NONE = Decimal(0)


def custody_handover(
    case: Case, message: CustodyHandover, situation: Situation
) -> Outcome | Refusal:
    """From who keeps it to whose it is now, or back to who sent it."""
    envelope = message.envelope
    keeper, owed = keeper_of(case), handing_owed(case)
    (receiver,) = envelope.addressees
    if envelope.sender != keeper:
        return Refusal("custody.not_the_keeper")
    allowed = {case.handler, case.asking, case.sender, owed.to if owed else None} - {keeper}
    if receiver not in allowed:
        return Refusal("custody.not_the_receiver", "envelope.addressees")
    duty = _owed_by(case, keeper)
    if duty is None and case.state in ENDED:  # there, only what an open duty asks for (section 3)
        return not_allowed(case, Step.HAND_OVER)
    about = duty.message if duty else case.current
    given = given_in(message)
    short = shortfall(case, given)
    custody = Custody(receiver, envelope.message_id, keeper, given)
    handed = replace(case, custody=custody)
    outcome = take(Outcome(handed), Step.HAND_OVER, message, situation, about=about, to=(receiver,))
    if isinstance(outcome, Refusal):
        return outcome
    relation = relation_in(outcome.case, receiver, situation)
    told = accept(hand(outcome, message, receiver, relation, situation.at), message)
    if short is None:
        return told
    return told.also(Advise(envelope.message_id, receiver, "advice.handover_short", short))


def custody_check(case: Case, message: CustodyCheck, situation: Situation) -> Outcome | Refusal:
    """What the receiver counted, once; every difference is named, and none that is not there."""
    envelope, custody = message.envelope, case.custody
    if custody is None or custody.handed is None or custody.earlier is None:
        return Refusal("custody.nothing_handed_over")
    if envelope.sender != custody.keeper:
        return Refusal("reply.not_asked")
    if envelope.in_reply_to != custody.message:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    if custody.check is not None:
        return Refusal("custody.already_counted")
    refusal = _misnamed(message, custody.handed)
    if refusal is not None:
        return refusal
    differs = bool(message.discrepancies)
    counted = replace(
        custody,
        check=envelope.message_id,
        settled_at=None if differs else situation.at,
    )
    step = Step.DIFFER if differs else Step.COUNT
    to = (custody.earlier,) if differs else ()
    noted, about = Outcome(replace(case, custody=counted)), custody.message
    outcome = surely(take(noted, step, message, situation, about=about, to=to))
    relation = relation_in(case, custody.earlier, situation)
    told = hand(outcome, message, custody.earlier, relation, situation.at)
    return accept(told if differs else sooner(told, situation), message)


def custody_settlement(
    case: Case, message: CustodySettlement, situation: Situation
) -> Outcome | Refusal:
    """Made up, or accepted as it is: by either of the two, once."""
    envelope, custody = message.envelope, case.custody
    if custody is None or custody.check is None or custody.earlier is None:
        return Refusal("custody.nothing_to_settle")
    sides = (custody.keeper, custody.earlier)
    if envelope.sender not in sides:
        return Refusal("reply.not_asked")
    if envelope.in_reply_to not in (custody.check, custody.message):
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    if custody.settled_at is not None:
        return Refusal("custody.nothing_to_settle")
    settled = replace(case, custody=replace(custody, settled_at=situation.at))
    theirs = Given(whose=custody.earlier)
    outcome = surely(
        take(Outcome(settled), Step.SETTLE, message, situation, about=custody.check, given=theirs)
    )
    told = outcome
    for other in sides:
        if other != envelope.sender:  # since they were merged the two may be one
            relation = relation_in(case, other, situation)
            told = hand(told, message, other, relation, situation.at)
    return accept(sooner(told, situation), message)


def evidence_review(case: Case, message: EvidenceReview, situation: Situation) -> Outcome | Refusal:
    """By evidence number: usable or not, and why. What is looked at again is said again."""
    refusal = not_asked(case.handler, case, message)
    if refusal is not None:
        return refusal
    given = {finding.number for finding in message.findings or ()}
    unknown = set() if case.evidence is None else given - set(case.evidence)
    if unknown:
        named = ", ".join(str(number) for number in sorted(unknown))
        return Refusal("evidence.number_unknown", "findings", named)
    outcome = take(Outcome(case), Step.REVIEW, message, situation)
    return outcome if isinstance(outcome, Refusal) else to_sender(outcome, message, situation)


def _owed_by(case: Case, keeper: OrganCode) -> Duty | None:
    """Return the duty that the handover meets; None: the keeper owes nothing of the kind."""
    return next(
        (
            duty
            for duty in case.duties
            if duty.kind in OF_THINGS and duty.owner == keeper and duty.closing is None
        ),
        None,
    )


def _differences(listed: Counted, counted: Counted) -> Iterator[tuple[DiscrepancyKind, int | None]]:
    """Yield what the list and the count disagree on. An item that is not there counts as none."""
    if listed.volumes != counted.volumes:
        yield DiscrepancyKind.VOLUMES, None
    if listed.pages != counted.pages:
        yield DiscrepancyKind.PAGES, None
    if listed.proceeds != counted.proceeds:
        yield DiscrepancyKind.PROCEEDS, None
    there, here = dict(listed.items), dict(counted.items)
    for number in sorted(there.keys() | here.keys()):
        if there.get(number, _NONE) != here.get(number, _NONE):
            yield DiscrepancyKind.ITEM, number


def _misnamed(message: CustodyCheck, listed: Counted) -> Refusal | None:
    """A difference passed over in silence, or one that the numbers do not bear out.

    An item may differ in its condition alone, and what is no number may be said as other.
    """
    found = set(_differences(listed, given_in(message)))
    named = {(each.kind, each.item) for each in message.discrepancies or ()}
    unnamed = sorted(_word(each) for each in found - named)
    if unnamed:
        return Refusal("custody.difference_unnamed", "discrepancies", ", ".join(unnamed))
    exact = (DiscrepancyKind.VOLUMES, DiscrepancyKind.PAGES, DiscrepancyKind.PROCEEDS)
    unfounded = sorted(_word(each) for each in named - found if each[0] in exact)
    if unfounded:
        return Refusal("custody.difference_unfounded", "discrepancies", ", ".join(unfounded))
    known = {number for number, _ in (*listed.items, *given_in(message).items)}
    strange = {item for _, item in named if item is not None} - known
    if strange:
        numbers = ", ".join(str(number) for number in sorted(strange))
        return Refusal("custody.item_unknown", "discrepancies", numbers)
    return None


def _word(difference: tuple[DiscrepancyKind, int | None]) -> str:
    kind, item = difference
    return kind.value if item is None else f"{kind.value} {item}"
