"""A further letter in the same case: to the third organ agreed on, or by a handler without power.

The case stays one, with one order and one history; each letter is a hop more. What it says of each
violation is what the case is about from there: a handler may have found it to be another matter. A
receiver that objected may not simply send it on (不得再自行移送) [policy].
"""

from dataclasses import replace

from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.messages import CaseTransfer, Lettered
from schemas.parts import Relation
from services.casework.case import Case, State
from services.casework.dispute import Letter
from services.casework.handing import (
    accept,
    complaint_of,
    hand,
    hand_complaint,
    relation_of_sender,
)
from services.casework.refused_step import not_allowed
from services.casework.routing import Competent, can_handle, conflict_in, resolve, unknown_in
from services.casework.steps import Outcome, Situation, letters, surely, take
from services.casework.transfer import charges_of, place_texts, with_letter
from services.casework.transitions import Step


def letter_on(case: Case, message: Lettered, situation: Situation) -> Outcome | Refusal:
    """Decide a transfer letter that comes in an open case."""
    if message.envelope.in_reply_to not in letters(case) | {case.dispute and case.dispute.about}:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    numbers = {violation.number for violation in message.violations or ()}
    if numbers != {charge.number for charge in case.charges}:
        return Refusal("transfer.other_numbers", "violations")
    refusal = _unclear(message, situation)
    if refusal is not None:
        return refusal
    if case.state is State.FILED:
        return _on(case, message, situation)
    return _again(case, message, situation)


def _unclear(message: Lettered, situation: Situation) -> Refusal | None:
    """Why nobody can say where or what it is: no further letter is held, nor undoes a 更正."""
    charges = charges_of(message)
    refusal = unknown_in(charges, situation)
    if refusal is not None:
        return refusal
    conflict = conflict_in(charges, place_texts(message), situation)
    if conflict is None:
        return None
    return Refusal("transfer.place_conflict", "violations", conflict.explanation)


def _again(case: Case, message: Lettered, situation: Situation) -> Outcome | Refusal:
    """By who sent it, to the third organ that both agreed on; which may object in its turn."""
    envelope, dispute = message.envelope, case.dispute
    if envelope.sender == case.handler and envelope.sender != case.asking:
        return _by_the_objector(case, message, situation)
    if envelope.sender != case.asking:
        return Refusal("reply.not_asked")
    if case.state is State.DECLINED:
        return Refusal("transfer.declined_is_over")
    if dispute is None or dispute.third is None:
        return Refusal("transfer.already_sent")
    if case.state is State.WITHDRAWN:  # given back after both had agreed on a third
        return not_allowed(case, Step.REISSUE)
    if set(envelope.addressees) - {dispute.third}:
        return Refusal("transfer.not_the_third", "envelope.addressees")
    agreed = replace(case, charges=charges_of(message), rule=None)
    return _sent(agreed, message, dispute.third, Step.REISSUE, situation)


def _by_the_objector(case: Case, message: Lettered, situation: Situation) -> Outcome | Refusal:
    if not situation.rulebook.disputes.retransfer_by_objector or case.state is not State.DISPUTED:
        return Refusal("transfer.by_the_objector")
    return _routed(case, message, Step.REISSUE, situation)


def _on(case: Case, message: Lettered, situation: Situation) -> Outcome | Refusal:
    """By the handler that filed it and finds that it has no power."""
    if message.envelope.sender != case.handler:
        return Refusal("reply.not_asked")
    if not isinstance(message, CaseTransfer):
        return Refusal("transfer.filed_is_a_case", "envelope.record")
    return _routed(case, message, Step.TRANSFER_ON, situation)


def _routed(case: Case, message: Lettered, step: Step, situation: Situation) -> Outcome | Refusal:
    """To the organ whose it is: never to one that held it, which only a designation gives it."""
    charges = charges_of(message)
    found = resolve(charges, message, situation, place_texts(message))
    if isinstance(found, Refusal):
        return found
    if not isinstance(found, Competent):
        return Refusal("transfer.onward_unsettled", "violations", found.explanation)
    if found.organ in (case.sender, case.asking, *case.holders):
        return Refusal("transfer.earlier_holder", "envelope.addressees")
    settled = replace(case, charges=charges, rule=found.rule)
    return _sent(settled, message, found.organ, step, situation, found)


def _sent(
    case: Case,
    message: Lettered,
    to: OrganCode,
    step: Step,
    situation: Situation,
    found: Competent | None = None,
) -> Outcome | Refusal:
    if can_handle(to, situation) is None:
        return Refusal("transfer.addressee_cannot_handle", "envelope.addressees")
    envelope = message.envelope
    letter = Letter(envelope.message_id, envelope.record, envelope.sender)
    before, former = case.current, case.handler
    moved = replace(
        with_letter(case.passed_to(to), message, situation.rulebook),
        letter=letter,
        hop=case.hop + 1,
        dispute=None,
        stages=(),
    )
    outcome = surely(take(Outcome(moved), step, message, situation, about=before, to=(to,)))
    told = hand_complaint(outcome, complaint_of(case), to, Relation.HANDLER, situation.at)
    told = hand(told, message, to, Relation.HANDLER, situation.at)
    for organ in dict.fromkeys((former, case.sender)):
        if organ is not None and organ not in (envelope.sender, to):
            relation = relation_of_sender(moved, organ)
            told = hand(told, message, organ, relation, situation.at)
    if found is None:  # agreed on
        return accept(told, message)
    return accept(told, message, found.rule, found.basis, found.explanation)
