"""Taking a step: the one place where a case's state changes."""

from dataclasses import dataclass, replace
from datetime import datetime

from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode
from schemas.messages import Message, Transfer
from schemas.parts import Relation
from services.casework.case import Case, Handed, State
from services.casework.duties import close_and_open
from services.casework.effects import ChangeState, Deliver, Effect
from services.casework.transitions import Step, after
from services.rulebook.model import Rulebook


@dataclass(frozen=True, slots=True)
class Waiter:
    """The message that is held, as its sender sealed it, and when it came."""

    message: Transfer
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """The few answers from beyond the case, looked up in the transaction and journaled."""

    number_taken: bool = False  # (sender, document number) stands on another message
    held: Waiter | None = None  # the opening message of a held case
    resumed: bool = False  # this message waited, and its turn has come


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


def take(outcome: Outcome, step: Step, message: Message, situation: Situation) -> Outcome | Refusal:
    """Return the outcome after one more step, or why it is illegal: then nothing changes."""
    case = outcome.case
    target = after(case.state, step)
    if target is None:
        return Refusal("step.not_allowed", detail=f"{case.state}: {step}")
    envelope = message.envelope
    moved, duty_effects = close_and_open(
        replace(case, state=target),
        step,
        envelope.message_id,
        envelope.record,
        situation.at,
        situation.rulebook,
    )
    change: tuple[Effect, ...] = ()
    if target is not case.state:
        change = (ChangeState(envelope.message_id, case.state, target),)
    return Outcome(moved, (*outcome.effects, *change, *duty_effects))


def hand(
    outcome: Outcome, message: Message, to: OrganCode, relation: Relation, at: datetime
) -> Outcome:
    """Return the outcome with the message delivered to one organ."""
    envelope = message.envelope
    handed = Handed(envelope.message_id, envelope.record, envelope.sender, to, relation, at)
    case = replace(outcome.case, handed=(*outcome.case.handed, handed))
    return Outcome(
        case,
        (
            *outcome.effects,
            Deliver(envelope.message_id, envelope.record, envelope.sender, to, relation, case.rule),
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
        state=State.NEW,
        document_number=envelope.document_number,
    )
