"""督办 and 超期说明: a person above asks for an account, and a breach is explained (三(二)).

The supervisor and the county government of the organ may write a letter about any case, also one
that has ended. An explanation annotates a breach and erases nothing.
"""

from dataclasses import replace
from datetime import date, datetime

from schemas.errors import Refusal
from schemas.ids import OrganCode
from schemas.messages import Message
from schemas.oversight import BreachAnnotation, SupervisionLetter, SupervisionReply
from schemas.parts import Relation
from services.casework.case import Case, Duty
from services.casework.duties import Given
from services.casework.handing import accept, hand
from services.casework.owed import is_late
from services.casework.relations import relation_in
from services.casework.steps import Outcome, Situation, letters, surely, take
from services.casework.transitions import Step
from services.rulebook.calendar import local_date
from services.rulebook.directory import county_government_of, supervisor_of
from services.rulebook.model import Directory


def supervision_letter(
    case: Case, message: SupervisionLetter, situation: Situation
) -> Outcome | Refusal:
    """督办函: to one organ of the case, which owes the answer by the day that the letter names."""
    (organ,) = message.envelope.addressees
    if message.answer_by is None or message.answer_by <= local_date(situation.at):
        return Refusal("supervision.day_not_later", "answer_by")
    by_then = Given(due_on=message.answer_by)
    outcome = surely(
        take(Outcome(case), Step.SUPERVISE, message, situation, to=(organ,), given=by_then)
    )
    relation = relation_in(case, organ, situation)
    return accept(hand(outcome, message, organ, relation, situation.at), message)


def supervision_reply(
    case: Case, message: SupervisionReply, situation: Situation
) -> Outcome | Refusal:
    """督办回复: by the organ that was asked, once; to who wrote the letter."""
    envelope = message.envelope
    owed = [
        duty
        for duty in case.duties
        if (duty.kind, duty.message) == ("answer_supervision", envelope.in_reply_to)
    ]
    if not owed:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    own = [duty for duty in owed if duty.owner == envelope.sender]
    if not own:
        return Refusal("reply.not_asked")
    if own[-1].closing is not None:
        return Refusal("supervision.answered")
    about = envelope.in_reply_to
    outcome = surely(take(Outcome(case), Step.ANSWER_SUPERVISION, message, situation, about=about))
    asking = own[-1].counterpart
    relation = _above(asking, envelope.sender, situation)
    return accept(hand(outcome, message, asking, relation, situation.at), message)


def breach_annotation(
    case: Case, message: BreachAnnotation, situation: Situation
) -> Outcome | Refusal:
    """超期说明: by the owner or the supervisor, of a duty that was not met in time."""
    envelope = message.envelope
    if message.owner is None or not _may_annotate(message, situation):
        return Refusal("reply.not_asked")
    breach = next(
        (
            duty
            for duty in reversed(case.duties)
            if (duty.kind, duty.owner) == (message.duty, message.owner)
            and envelope.in_reply_to in {duty.message, *letters(case)}
            and is_breach(duty, situation.at)
        ),
        None,
    )
    if breach is None:
        return Refusal("breach.none", "duty", message.duty)
    noted = replace(breach, annotations=(*breach.annotations, envelope.message_id))
    outcome = Outcome(
        replace(case, duties=tuple(noted if duty is breach else duty for duty in case.duties))
    )
    supervisor = supervisor_of(situation.rulebook.directory, breach.owner, local_date(situation.at))
    told = (breach.owner, breach.counterpart, supervisor.code if supervisor else None)
    for organ in dict.fromkeys(told):
        if organ is not None and organ != envelope.sender:
            relation = relation_in(outcome.case, organ, situation)
            outcome = hand(outcome, message, organ, relation, situation.at)
    return accept(outcome, message)


def is_breach(duty: Duty, at: datetime) -> bool:
    """Whether the duty was open past its day: it still is, or ended later, in whatever way.

    Late is what statistics and metrics count as late. A breach outlives what ends the duty (domain,
    section 4): an objection makes no delay undone.
    """
    ended = duty.closed_at or at
    # Of a case that stands still nothing is decided: there is no time since when.
    return duty.begins_at is None and ended > duty.due and is_late(duty, at, frozen_at=None)


def not_above(
    case: Case | None, message: Message, directory: Directory, on: date
) -> Refusal | None:
    """Why the organ may not ask or explain here; to who does not watch it there is no such case."""
    if case is None:
        return Refusal("case.unknown")
    organ = _asked(message)
    if organ is None or not case.knows(organ):
        watches = _watching(message.envelope.sender, case.sender, directory, on)
        return Refusal("supervision.not_a_party" if watches else "case.unknown")
    watches = _watching(message.envelope.sender, organ, directory, on)
    return None if watches else Refusal("case.unknown")


def _asked(message: Message) -> OrganCode | None:
    if isinstance(message, BreachAnnotation):
        return message.owner
    return next(iter(message.envelope.addressees), None)


def _watching(by: OrganCode, organ: OrganCode, directory: Directory, on: date) -> bool:
    above = (supervisor_of(directory, organ, on), county_government_of(directory, organ, on))
    return any(each is not None and each.code == by for each in above)


def _may_annotate(message: BreachAnnotation, situation: Situation) -> bool:
    sender = message.envelope.sender
    if sender == message.owner or message.owner is None:
        return sender == message.owner
    directory, on = situation.rulebook.directory, local_date(situation.at)
    supervisor = supervisor_of(directory, message.owner, on)
    return supervisor is not None and supervisor.code == sender


def _above(asking: OrganCode, organ: OrganCode, situation: Situation) -> Relation:
    directory, on = situation.rulebook.directory, local_date(situation.at)
    supervisor = supervisor_of(directory, organ, on)
    watches = supervisor is not None and supervisor.code == asking
    return Relation.SUPERVISOR if watches else Relation.SUPERIOR
