"""联合执法协商 and its 纪要: sent to all who take part, each signs for both (guidance 二(三)1)."""

from schemas.errors import Refusal
from schemas.joint import Consultation, ConsultationMinutes
from services.casework.case import Case
from services.casework.handing import accept, hand
from services.casework.joint import everybody_in
from services.casework.naming import unknown_among
from services.casework.relations import relation_in
from services.casework.steps import Outcome, Situation, new_case, signed_for, take
from services.casework.transitions import Step
from services.rulebook.calendar import local_date


def open_consultation(
    case: Case | None, message: Consultation, situation: Situation
) -> Outcome | Refusal:
    """Send the proposal to everybody who is asked to take part."""
    envelope = message.envelope
    if envelope.sender in envelope.addressees:
        return Refusal("message.to_itself", "envelope.addressees")
    asked = tuple(dict.fromkeys(envelope.addressees))
    opened = Outcome(case or new_case(message, situation.at))
    outcome = take(opened, Step.SEND, message, situation, to=asked)
    if isinstance(outcome, Refusal):
        return outcome
    for organ in asked:
        relation = relation_in(outcome.case, organ, situation)
        outcome = hand(outcome, message, organ, relation, situation.at)
    return accept(outcome, message)


def consultation_minutes(
    case: Case, message: ConsultationMinutes, situation: Situation
) -> Outcome | Refusal:
    """纪要: by one who takes part, to all the others, whomever it names; later ones add to it."""
    envelope = message.envelope
    if envelope.in_reply_to != case.opening:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    everybody = everybody_in(case)
    if envelope.sender not in everybody:
        return Refusal("reply.not_asked")
    if set(envelope.addressees) - set(everybody):
        return Refusal("consultation.stranger", "envelope.addressees")
    directory, on = situation.rulebook.directory, local_date(situation.at)
    unknown = unknown_among(message.participants or (), "participants", directory, on)
    if unknown is not None:
        return unknown
    others = tuple(organ for organ in everybody if organ != envelope.sender)
    outcome = take(Outcome(case), Step.MINUTE, message, situation, to=others)
    if isinstance(outcome, Refusal):  # it is no consultation
        return outcome
    outcome = signed_for(outcome, message, situation)
    for organ in others:
        relation = relation_in(case, organ, situation)
        outcome = hand(outcome, message, organ, relation, situation.at)
    return accept(outcome, message)
