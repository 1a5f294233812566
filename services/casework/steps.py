"""Taking a step: the one place where a case's state changes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode, RuleId
from schemas.messages import Message, Routed
from schemas.parts import Relation
from services.casework.case import Case, Complainant, Handed, State
from services.casework.duties import Turn, close_and_open
from services.casework.effects import Accept, ChangeState, Deliver, Effect, OpenDuty
from services.casework.transitions import LIFE_OF, Step, after
from services.rulebook.model import OrganType, Rulebook

_FORWARDED: Final = frozenset({Complainant.REACHABLE, Complainant.UNKNOWN})  # by ComplaintForward


@dataclass(frozen=True, slots=True)
class Waiter:
    """The message that is held, as its sender sealed it, and when it came."""

    message: Routed
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """The few answers from beyond the case, looked up in the transaction and journaled."""

    number_taken: bool = False  # (sender, document number) stands on another message
    held: Waiter | None = None  # the opening message of a held case
    resumed: bool = False  # this message waited, and its turn has come
    handles: bool = False  # the sender handles the transfer it names, the addressee sent it


@dataclass(frozen=True, slots=True)
class Situation:
    """What every rule may look at besides the case and the message."""

    rulebook: Rulebook
    facts: Facts
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case after lawful steps, with what they did."""

    case: Case
    effects: tuple[Effect, ...] = ()

    def also(self, *effects: Effect) -> "Outcome":
        """Return the same with more effects behind."""
        return Outcome(self.case, (*self.effects, *effects))


def take(
    outcome: Outcome,
    step: Step,
    message: Message,
    situation: Situation,
    *,
    about: MessageId | None = None,
    to: tuple[OrganCode, ...] = (),
) -> Outcome | Refusal:
    """Return the outcome after one more step, or why it is illegal: then nothing changes.

    `about`: the message whose duties it ends or begins, the opening one when left out. `to`: who
    gets the message by this step.
    """
    case = outcome.case
    target = after(case.life, case.state, step)
    if target is None:
        return Refusal("step.not_allowed", detail=f"{case.state}: {step}")
    envelope = message.envelope
    turn = Turn(
        step=step,
        cause=envelope.message_id,
        record=envelope.record,
        by=envelope.sender,
        about=about or case.opening,
        to=to,
        at=situation.at,
        rulebook=situation.rulebook,
    )
    moved, duty_effects = close_and_open(replace(case, state=target), turn)
    change: tuple[Effect, ...] = ()
    if target is not case.state:
        change = (ChangeState(envelope.message_id, case.state, target),)
    return Outcome(moved, (*outcome.effects, *change, *duty_effects))


def take_all(
    case: Case, steps: tuple[Step, ...], message: Message, situation: Situation
) -> Outcome | Refusal:
    """Return the outcome after several steps about the opening message, or why one is illegal."""
    outcome = Outcome(case)
    for step in steps:
        taken = take(outcome, step, message, situation)
        if isinstance(taken, Refusal):
            return taken
        outcome = taken
    return outcome


def as_reply(case: Case, step: Step) -> tuple[Step, ...]:
    """The steps of a reply: before it is signed for, it counts as the signing (section 3)."""
    return (Step.SIGN, step) if case.state is State.ISSUED else (step,)


def hand(
    outcome: Outcome,
    message: Message,
    to: OrganCode,
    relation: Relation,
    at: datetime,
    rule: RuleId | None = None,
) -> Outcome:
    """Return the outcome with the message delivered to one organ.

    `rule` is what names the organ, where that is not the case's own.
    """
    envelope = message.envelope
    handed = Handed(envelope.message_id, envelope.record, envelope.sender, to, relation, at)
    case = replace(outcome.case, handed=(*outcome.case.handed, handed))
    return Outcome(
        case,
        (
            *outcome.effects,
            Deliver(
                message=envelope.message_id,
                record=envelope.record,
                author=envelope.sender,
                to=to,
                relation=relation,
                rule=rule or case.rule,
            ),
        ),
    )


def handed_to(case: Case, message: MessageId | None, organ: OrganCode) -> Handed | None:
    """Return what was written of the message for the organ; None when nothing was."""
    return next(
        (handed for handed in case.handed if handed.message == message and handed.to == organ),
        None,
    )


def new_case(message: Message, at: datetime) -> Case:
    """Return the case as it is before its opening message is decided."""
    envelope = message.envelope
    return Case(
        id=envelope.case_id,
        flow=envelope.flow,
        sender=envelope.sender,
        opening=envelope.message_id,
        opened_at=at,
        life=LIFE_OF[type(message).__name__],
        document_number=envelope.document_number,
    )


def not_asked(organ: OrganCode | None, case: Case, message: Message) -> Refusal | None:
    """Only this organ may say it, and only of the message that opened the case; else why not."""
    if message.envelope.sender != organ:
        return Refusal("reply.not_asked")
    if message.envelope.in_reply_to != case.opening:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    return None


def to_sender(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Hand the message to the sender of the case, and accept it."""
    return accept(tell_sender(outcome, message, situation), message)


def tell_sender(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Hand the message to the sender of the case, as which it sees no complainant."""
    case = outcome.case
    relation = Relation.FORWARDER if case.complainant in _FORWARDED else Relation.SENDER
    return hand(outcome, message, case.sender, relation, situation.at)


def to_handler(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Hand the message to the handler, if there is one yet, and accept it."""
    if outcome.case.handler is not None:
        outcome = hand(outcome, message, outcome.case.handler, Relation.HANDLER, situation.at)
    return accept(outcome, message)


def tell_author(
    outcome: Outcome, message: Message, author: OrganCode, situation: Situation
) -> Outcome:
    """Hand the message to the author of another one of the case: as who it is in the case."""
    case = outcome.case
    if author == case.sender:
        return tell_sender(outcome, message, situation)
    relation = Relation.HANDLER
    if author != case.handler:  # who assigned the case: no party of it
        watches = situation.rulebook.directory.organs[author].type is OrganType.SUPERVISOR
        relation = Relation.SUPERVISOR if watches else Relation.UNKNOWN
    return hand(outcome, message, author, relation, situation.at)


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
            duties=tuple(effect.duty for effect in outcome.effects if isinstance(effect, OpenDuty)),
        )
    )
