"""Handing messages to organs, and telling their authors who got them."""

from datetime import datetime
from typing import Final

from schemas.changed import changed
from schemas.ids import MessageId, MessageKey, OrganCode, RuleId
from schemas.messages import Message
from schemas.parts import Relation
from services.casework.case import Case, Complainant, Duty, Handed
from services.casework.effects import Accept, Deliver, OpenDuty
from services.casework.steps import Outcome, Situation

_COMPLAINT: Final = "ComplaintForward"
_FORWARDED: Final = frozenset({Complainant.REACHABLE, Complainant.UNKNOWN})  # by ComplaintForward


def hand(
    outcome: Outcome,
    message: Message,
    to: OrganCode,
    relation: Relation,
    at: datetime,
    rule: RuleId | None = None,
) -> Outcome:
    """Return the outcome with the message delivered to one organ: never to who wrote it.

    Organs that are merged become each other's counterpart. `rule` is what names the organ, where
    that is not the case's own.
    """
    envelope = message.envelope
    if to == envelope.sender:
        return outcome
    handed = Handed(envelope.message_id, envelope.record, envelope.sender, to, relation, at)
    return _delivered(outcome, handed, rule)


def hand_letter(outcome: Outcome, to: OrganCode, relation: Relation, at: datetime) -> Outcome:
    """Return the outcome with the letter in force delivered to one that has not had it."""
    case = outcome.case
    if to == case.asking or handed_to(case, case.current, to) is not None:
        return outcome
    record, author = letter_record(case), letter_author(case)
    return _delivered(outcome, Handed(case.current, record, author, to, relation, at))


def hand_complaint(
    outcome: Outcome, complaint: MessageKey | None, to: OrganCode, relation: Relation, at: datetime
) -> Outcome:
    """Return the outcome with the complaint delivered to one that is to answer another letter.

    Who handles the case tells the complainant what came of it (guidance 二(一)3); who that is, the
    letter says by which the complaint was forwarded, and no other does.
    """
    case = outcome.case
    if complaint is None or case.complainant is not Complainant.REACHABLE:
        return outcome
    author, message = complaint
    if to in (author, case.sender) or letter_record(case) == _COMPLAINT:
        return outcome
    if handed_to(case, message, to) is not None:
        return outcome
    return _delivered(outcome, Handed(message, _COMPLAINT, author, to, relation, at))


def complaint_of(case: Case) -> MessageKey | None:
    """Return the last letter that forwarded a complaint in the case."""
    if letter_record(case) == _COMPLAINT:
        return letter_author(case), case.current
    given = (each for each in reversed(case.handed) if each.record == _COMPLAINT)
    return next(((each.author, each.message) for each in given), None)


def letter_record(case: Case) -> str:
    """Return what kind of letter is in force."""
    if case.letter is not None:
        return case.letter.record
    return next(handed.record for handed in case.handed if handed.message == case.opening)


def letter_author(case: Case) -> OrganCode:
    """Return who sealed the letter in force; its successor sealed nothing."""
    if case.letter is not None and case.letter.author is not None:
        return case.letter.author
    authors = (handed.author for handed in case.handed if handed.message == case.current)
    return next(authors, case.asking)


def handed_to(case: Case, message: MessageId | None, organ: OrganCode) -> Handed | None:
    """Return what was written of the message for the organ; None when nothing was."""
    return next(
        (handed for handed in case.handed if handed.message == message and handed.to == organ),
        None,
    )


def to_sender(
    outcome: Outcome, message: Message, situation: Situation, explanation: str | None = None
) -> Outcome:
    """Hand the handler's message to who sent the case, and accept it.

    Who sent it on hears it, and who sent it first: 应当告知移交违法线索的部门 (二(一)3).
    Where the sender handles it itself, who held it before hears it.
    """
    case = outcome.case
    for organ in dict.fromkeys((case.counterpart, case.asking, case.sender)):
        if organ != case.handler:
            relation = relation_of_sender(case, organ)
            outcome = hand(outcome, message, organ, relation, situation.at)
    return accept(outcome, message, explanation=explanation)


def relation_of_sender(case: Case, organ: OrganCode) -> Relation:
    """How one that the handler answers stands to the case."""
    if organ == case.sender:
        return Relation.FORWARDER if case.complainant in _FORWARDED else Relation.SENDER
    return Relation.SENDER if organ == case.asking else Relation.FORMER_HOLDER


def tell_sender(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Hand the message to the sender of the case, as which it sees no complainant."""
    case = outcome.case
    relation = relation_of_sender(case, case.sender)
    return hand(outcome, message, case.sender, relation, situation.at)


def to_handler(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Hand the message to the handler, if there is one yet, and accept it."""
    if outcome.case.handler is not None:
        outcome = hand(outcome, message, outcome.case.handler, Relation.HANDLER, situation.at)
    return accept(outcome, message)


def accept(
    outcome: Outcome,
    message: Message,
    rule: RuleId | None = None,
    basis: str | None = None,
    explanation: str | None = None,
) -> Outcome:
    """Tell the author: who got it, by which rule and why, and what falls due."""
    envelope = message.envelope
    return outcome.also(
        Accept(
            message=envelope.message_id,
            record=envelope.record,
            to=envelope.sender,
            recipients=tuple(
                (handed.to, handed.relation)
                for handed in outcome.case.handed
                if handed.message == envelope.message_id
            ),
            rule=rule,
            basis=basis,
            explanation=explanation,
            duties=now_owed(outcome),
        )
    )


def now_owed(outcome: Outcome) -> tuple[Duty, ...]:
    """Return the duties that this decision opened and that are open after it, as they are then."""
    opened = [effect.duty.id for effect in outcome.effects if isinstance(effect, OpenDuty)]
    now = {duty.id: duty for duty in outcome.case.duties if duty.closing is None}
    return tuple(now[duty] for duty in opened if duty in now)


def _delivered(outcome: Outcome, handed: Handed, rule: RuleId | None = None) -> Outcome:
    case = changed(outcome.case, handed=(*outcome.case.handed, handed))
    copy = Deliver(
        message=handed.message,
        record=handed.record,
        author=handed.author,
        to=handed.to,
        relation=handed.relation,
        rule=rule or case.rule,
    )
    return Outcome(case, (*outcome.effects, copy))
