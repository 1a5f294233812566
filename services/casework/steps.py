"""Taking a step: the one place where a case's state changes."""

from dataclasses import dataclass
from datetime import datetime

from schemas.changed import changed
from schemas.errors import Broken, Refusal
from schemas.ids import CaseId, MessageId, OrganCode
from schemas.messages import Message, Routed
from services.casework.case import Case, State
from services.casework.duties import NOTHING_GIVEN, Given, Turn, close_and_open, open_duty
from services.casework.effects import ChangeState, Effect
from services.casework.lives import LIFE_OF
from services.casework.refused_step import not_allowed
from services.casework.transitions import Step, after
from services.confidentiality.asked import Asking
from services.rulebook.guidance import GuidanceYear
from services.rulebook.model import Rulebook


@dataclass(frozen=True, slots=True)
class Waiter:
    """The message that is held, as its sender sealed it, and when it came."""

    message: Routed
    at: datetime


@dataclass(frozen=True, slots=True)
class Alike:
    """Another open transfer that may be about the same violation, and whose it is to handle."""

    case: CaseId
    handler: OrganCode | None


@dataclass(frozen=True, slots=True)
class Declined:
    """What became of the sender's earlier transfer of the same violation: nobody filed it."""

    case: CaseId
    handler: OrganCode | None
    is_linked: bool  # the letter names it as its source (案件来源)
    new_evidence: tuple[int, ...] = ()  # numbers of what the earlier letter did not list


@dataclass(frozen=True, slots=True)
class Facts:
    """The few answers from beyond the case, looked up in the transaction and journaled."""

    number_taken: bool = False  # (sender, document number) stands on another message
    held: Waiter | None = None  # the opening message of a held case
    resumed: bool = False  # this message waited, and its turn has come
    notice: CaseId | None = None  # the notice's case that the transfer was made of
    handles: bool = False  # the sender handles the transfer it names, the addressee sent it
    years: tuple[GuidanceYear, ...] = ()  # of guidance, that this Tick is to open
    shortened: tuple[GuidanceYear, ...] = ()  # that are open, and no longer owed
    alike: tuple[Alike, ...] = ()  # possible duplicates
    declined: Declined | None = None
    asked: Asking | None = None  # of the fields that somebody asks for, or opens


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
    given: Given = NOTHING_GIVEN,
) -> Outcome | Refusal:
    """Return the outcome after one more step, or why it is illegal: then nothing changes.

    `about`: the message whose duties it ends or begins, the letter in force when left out. `to`:
    who gets the message by this step. `given`: what the message itself settles.
    """
    case = outcome.case
    target = after(case.life, case.state, step)
    if target is None:
        return not_allowed(case, step)
    envelope = message.envelope
    turn = Turn(
        step=step,
        cause=envelope.message_id,
        record=envelope.record,
        by=given.by or envelope.sender,
        about=about or case.current,
        to=to,
        at=situation.at,
        rulebook=situation.rulebook,
        given=given,
    )
    moved, duty_effects = close_and_open(changed(case, state=target), turn)
    change: tuple[Effect, ...] = ()
    if target is not case.state:
        change = (ChangeState(envelope.message_id, case.state, target),)
    return Outcome(moved, (*outcome.effects, *change, *duty_effects))


def surely(outcome: Outcome | Refusal) -> Outcome:
    """Return the outcome of a step that the table lists where it is taken, as was seen before.

    Raises Broken step.not_allowed: a defect of ours, which stops the case.
    """
    if isinstance(outcome, Refusal):
        raise Broken(outcome.code, detail=outcome.detail)
    return outcome


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


def signed_for(outcome: Outcome, message: Message, situation: Situation) -> Outcome:
    """Return the outcome with what opened the case signed for, if the sender owed that.

    Who answers a plan, or writes down what was agreed, has had it: as a reply, that is the signing.
    """
    opening = outcome.case.opening
    if open_duty(outcome.case, "sign_for", opening, message.envelope.sender) is None:
        return outcome
    return surely(take(outcome, Step.SIGN, message, situation, about=opening))


def to_be_signed(case: Case) -> MessageId:
    """Return what the handler signs for: the letter, or what made the case its own."""
    designation = case.dispute.designation if case.dispute else None
    return designation or case.current


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
