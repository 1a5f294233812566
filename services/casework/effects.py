"""What a decision does, as values. The shell carries them out; `simulate` prints them.

Every effect names the message it is about. None holds content of a message.
"""

from dataclasses import dataclass
from datetime import datetime

from schemas.disputes import CaseSplit, GuidanceYearOpened, LinkedEffect
from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode, RuleId
from schemas.messages import HoldReason, Message, Rung
from schemas.oversight import SuspensionReason
from schemas.parts import Relation
from services.casework.case import Case, Closing, Duty, State


@dataclass(frozen=True, slots=True)
class Accept:
    """The message stands; `to` gets Accepted. `quiet`: a connector's receipt needs no answer."""

    message: MessageId
    record: str
    to: OrganCode
    recipients: tuple[tuple[OrganCode, Relation], ...] = ()
    rule: RuleId | None = None
    basis: str | None = None
    explanation: str | None = None
    duties: tuple[Duty, ...] = ()
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Reject:
    """The message is refused and changed nothing; `to` gets Rejected."""

    message: MessageId
    record: str
    to: OrganCode
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Hold:
    """The message waits; each of `to` (its sender, and for a gap the supervisor) gets Held."""

    message: MessageId
    record: str
    to: tuple[OrganCode, ...]
    reason: HoldReason
    code: str
    explanation: str | None = None
    again: bool = False  # it was held before: for another reason, or while another was its sender


@dataclass(frozen=True, slots=True)
class Release:
    """A held message goes on from here; `by` is what released it."""

    message: MessageId
    by: MessageId


@dataclass(frozen=True, slots=True)
class Deliver:
    """Write a copy of the message for one organ."""

    message: MessageId
    record: str
    author: OrganCode
    to: OrganCode
    relation: Relation
    rule: RuleId | None


@dataclass(frozen=True, slots=True)
class ToOpen:
    """A withheld field that is opened: by which row it was hidden, and by which it is opened."""

    path: str
    withheld_by: str | None
    withheld_basis: str | None
    rule: str | None  # `openings.csv:7`; None: its owner opens it
    basis: str | None


@dataclass(frozen=True, slots=True)
class Open:
    """Send fields of a sealed original to one that has a copy without them."""

    message: MessageId  # the request, or the answer
    request: MessageId
    asker: OrganCode  # who sealed the request
    by: OrganCode | None  # who opens them; None: the rulebook
    about: MessageId  # whose fields they are
    record: str
    author: OrganCode
    to: OrganCode
    relation: Relation  # by which it got its copy
    fields: tuple[ToOpen, ...]


@dataclass(frozen=True, slots=True)
class Advise:
    """Tell one organ something that is no refusal."""

    message: MessageId
    to: OrganCode
    code: str
    explanation: str | None = None
    salt: str = ""  # tells apart two of one code about one message


@dataclass(frozen=True, slots=True)
class Write:
    """Write a record of the bus into the flow, for another case: an effect there is its message.

    It holds ids, codes and days only. The shell seals it.
    """

    message: MessageId
    record: CaseSplit | LinkedEffect | GuidanceYearOpened


@dataclass(frozen=True, slots=True)
class OpenDuty:
    """A duty begins."""

    message: MessageId
    duty: Duty


@dataclass(frozen=True, slots=True)
class CloseDuty:
    """A duty ends."""

    message: MessageId
    duty: Duty
    closing: Closing


@dataclass(frozen=True, slots=True)
class MoveDuty:
    """An open duty falls due at another time, or for certain. `was`: when it fell due before."""

    message: MessageId  # the one that the duty is about
    duty: Duty
    was: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class SuspendDuty:
    """A duty stands still. Its due date is the one that follows if it goes on as planned."""

    message: MessageId
    duty: Duty
    reason: SuspensionReason


@dataclass(frozen=True, slots=True)
class ResumeDuty:
    """A duty goes on."""

    message: MessageId
    duty: Duty


@dataclass(frozen=True, slots=True)
class PassDuty:
    """An open duty goes to the successor of the organ that owed it; its due date stays."""

    message: MessageId
    duty: Duty
    before: OrganCode


@dataclass(frozen=True, slots=True)
class FireRung:
    """A rung of a duty's ladder is reached; each of `to` gets a DutyNotice."""

    message: MessageId
    duty: Duty
    rung: Rung
    nominal_at: datetime
    to: tuple[OrganCode, ...]


@dataclass(frozen=True, slots=True)
class ChangeState:
    """The case moves on."""

    message: MessageId
    before: State
    after: State


@dataclass(frozen=True, slots=True)
class Erase:
    """The case's content is to be lost: its term is over, or somebody ordered it (`by`)."""

    message: MessageId  # the Tick
    rested_since: datetime
    basis: str
    by: str | None


Effect = (
    Accept
    | Reject
    | Hold
    | Release
    | Deliver
    | Open
    | Advise
    | Write
    | OpenDuty
    | CloseDuty
    | MoveDuty
    | SuspendDuty
    | ResumeDuty
    | PassDuty
    | FireRung
    | ChangeState
    | Erase
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the case, and what is to be done. `case` None: no case came of it."""

    case: Case | None
    effects: tuple[Effect, ...]


def refused(case: Case | None, message: Message, refusal: Refusal) -> Decision:
    """Return the decision that tells the sender why it may not, and leaves the case as it is."""
    envelope = message.envelope
    return Decision(case, (Reject(envelope.message_id, envelope.record, envelope.sender, refusal),))
