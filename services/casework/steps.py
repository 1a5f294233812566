"""Taking a step: the one place where a case's state changes."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode
from schemas.messages import Message, Routed
from schemas.parts import Relation
from services.casework.case import Case, Complainant, Handed, State
from services.casework.duties import Turn, close_and_open, open_duty
from services.casework.effects import Accept, ChangeState, Deliver, Effect, OpenDuty
from services.casework.transitions import LIFE_OF, Step, after
from services.rulebook.model import Rulebook

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
    by: OrganCode | None = None,
) -> Outcome | Refusal:
    """Return the outcome after one more step, or why it is illegal: then nothing changes.

    `about`: the message whose duties it ends or begins, the letter in force when left out. `to`:
    who gets the message by this step. `by`: whose step it is, where the bus tells it of an organ.
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
        by=by or envelope.sender,
        about=about or case.current,
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
    case: Case,
    steps: tuple[Step, ...],
    message: Message,
    situation: Situation,
    about: MessageId | None = None,
) -> Outcome | Refusal:
    """Return the outcome after several steps about the letter, or why one is illegal.

    `about`: what the steps after the signing are about, if it is not the letter.
    """
    outcome = Outcome(case)
    for step in steps:
        topic = to_be_signed(case) if step is Step.SIGN else about
        taken = take(outcome, step, message, situation, about=topic)
        if isinstance(taken, Refusal):
            return taken
        outcome = taken
    return outcome


def as_reply(case: Case, step: Step) -> tuple[Step, ...]:
    """The steps of a reply: before it is signed for, it counts as the signing (section 3)."""
    designee = case.handler if case.state is State.DESIGNATED else None
    owed = designee is not None and open_duty(case, "sign_for", to_be_signed(case), designee)
    return (Step.SIGN, step) if owed or case.state is State.ISSUED else (step,)


def to_be_signed(case: Case) -> MessageId:
    """Return what the handler signs for: the letter, or what made the case its own."""
    designation = case.dispute.designation if case.dispute else None
    return designation or case.current


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


def hand_letter(outcome: Outcome, to: OrganCode, relation: Relation, at: datetime) -> Outcome:
    """Return the outcome with the letter in force delivered to one that has not had it."""
    case = outcome.case
    if to == case.asking or handed_to(case, case.current, to) is not None:
        return outcome
    record = letter_record(case)
    handed = Handed(case.current, record, case.asking, to, relation, at)
    known = replace(case, handed=(*case.handed, handed))
    copy = Deliver(case.current, record, case.asking, to, relation, case.rule)
    return Outcome(known, (*outcome.effects, copy))


def letter_record(case: Case) -> str:
    """Return what kind of letter is in force."""
    if case.letter is not None:
        return case.letter.record
    return next(handed.record for handed in case.handed if handed.message == case.opening)


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
    """Only this organ may say it, and only of the letter in force; else why not."""
    if message.envelope.sender != organ:
        return Refusal("reply.not_asked")
    if message.envelope.in_reply_to not in letters(case):
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    return None


def letters(case: Case) -> frozenset[MessageId]:
    """What an answer about the case may name: the letter in force, or what made it one's own."""
    designation = case.dispute.designation if case.dispute else None
    # The child of a split case is answered by the CaseSplit: the letter lies in the parent.
    opened_by = case.opening if case.parent or not case.letter else None
    named = (case.current, designation, opened_by)
    return frozenset(message for message in named if message is not None)


def to_sender(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Hand the handler's message to who sent the case, and accept it.

    Who sent it on hears it, and who sent it first: 应当告知移交违法线索的部门 (二(一)3).
    Where the sender handles it itself, who held it before hears it.
    """
    case = outcome.case
    for organ in dict.fromkeys((case.counterpart, case.asking, case.sender)):
        if organ != case.handler:
            relation = relation_of_sender(case, organ)
            outcome = hand(outcome, message, organ, relation, situation.at)
    return accept(outcome, message)


def relation_of_sender(case: Case, organ: OrganCode) -> Relation:
    """How one that the handler answers stands to the case."""
    if organ == case.sender:
        return Relation.FORWARDER if case.complainant in _FORWARDED else Relation.SENDER
    return Relation.SENDER if organ == case.asking else Relation.FORMER_HOLDER


def to_handler(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Hand the message to the handler, if there is one yet, and accept it."""
    if outcome.case.handler is not None:
        outcome = hand(outcome, message, outcome.case.handler, Relation.HANDLER, situation.at)
    return accept(outcome, message)


def accept(outcome: Outcome, message: Message) -> Outcome:
    """Tell the author: who got it, and what falls due."""
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
            duties=tuple(effect.duty for effect in outcome.effects if isinstance(effect, OpenDuty)),
        )
    )
