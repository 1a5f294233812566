"""A case that stands still: held until it is known whose it is, or frozen by a defect of ours.

Later messages wait behind the stop, in order, and are decided at their own received times once it
is gone. What corrects, assigns or withdraws the held message itself does not wait (domain, 4).
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from schemas.errors import Refusal
from schemas.ids import BUS
from schemas.messages import (
    CaseSettled,
    Correction,
    HoldReason,
    Message,
    RoutingAssignment,
    SettleAction,
    Withdrawal,
)
from schemas.topics import begins_case
from services.casework.case import Case, State
from services.casework.effects import Accept, Decision, Hold, Release, refused
from services.casework.lives import LIFE_OF
from services.casework.routing import HOLD_CODES
from services.casework.steps import Facts, Outcome, new_case
from services.casework.stop import Stop, Waiting

WAITING_MAX: Final = 1000  # messages behind one held or frozen case
# Room beyond that for what the bus says: another case's effect, which nobody would send again.
OF_THE_BUS_MAX: Final = 1000
UNSTORABLE: Final = "message.unstorable"
_RELEASING: Final = (Correction, RoutingAssignment, Withdrawal)


def freeze(case: Case | None, message: Message, code: str, at: datetime) -> Decision:
    """Return the case stopped by a defect at this message; nothing of it is decided.

    The message goes to the dead letters; what comes later waits until an operator settles it. What
    a stranger sends stops nothing, and of two defects the first stands.
    """
    envelope = message.envelope
    told = (envelope.sender,) if envelope.sender != BUS else ()
    hold = Hold(envelope.message_id, envelope.record, told, HoldReason.FROZEN, code)
    if case is None and begins_case(message) and type(message).__name__ in LIFE_OF:
        case = new_case(message, at)
    if case is None or not (envelope.sender == BUS or case.knows(envelope.sender)):
        return refused(case, message, Refusal("case.unknown"))
    if case.is_frozen:
        return Decision(case, (hold,))
    stop = Stop(
        message=envelope.message_id,
        sender=envelope.sender,
        reason=HoldReason.FROZEN,
        code=code,
        at=at,
        releases=_releases(case, message),
        behind=case.stop.reason if case.stop else None,
    )
    return Decision(replace(case, stop=stop), (hold,))


def must_wait(case: Case, message: Message, facts: Facts) -> bool:
    """Whether the message waits behind a held or frozen one. What releases a hold does not."""
    if facts.resumed:
        return False
    if case.stop is None:
        return bool(case.waiting)
    return case.is_frozen or not _releases(case, message)


def wait(case: Case, message: Message, at: datetime) -> Decision:
    """Return the case with the message in its queue, or refuse it when the queue is full."""
    envelope = message.envelope
    room = WAITING_MAX + (OF_THE_BUS_MAX if envelope.sender == BUS else 0)
    if len(case.waiting) >= room:
        return refused(case, message, Refusal("case.too_many_waiting", detail=str(room)))
    last = Waiting(envelope.message_id, envelope.sender, at, _releases(case, message))
    told = Hold(
        envelope.message_id,
        envelope.record,
        (envelope.sender,) if envelope.sender != BUS else (),
        HoldReason.WAITING,
        "hold.waiting",
    )
    return Decision(replace(case, waiting=(*case.waiting, last)), (told,))


def next_waiting(case: Case) -> tuple[Waiting, Case] | None:
    """Return the message whose turn it is and the case without it; None when none may go on."""
    for position, waiting in enumerate(case.waiting):
        if case.stop is None or (not case.is_frozen and waiting.releases):
            rest = (*case.waiting[:position], *case.waiting[position + 1 :])
            return waiting, replace(case, waiting=rest)
    return None


def settle(case: Case | None, message: CaseSettled) -> Outcome | Refusal:
    """An operator's word: the case goes on without the message that froze it, or with it again."""
    if case is None or case.stop is None or not case.is_frozen:
        return Refusal("case.not_frozen")
    envelope = message.envelope
    stopped = case.stop
    if envelope.in_reply_to != stopped.message:
        return Refusal("reply.target_unknown", "envelope.in_reply_to")
    waiting = case.waiting
    if message.action is SettleAction.RETRY:
        if stopped.code == UNSTORABLE:
            return Refusal("settle.retry_impossible")
        again = Waiting(stopped.message, stopped.sender, stopped.at, stopped.releases)
        waiting = (again, *waiting)
    # A case that was held when it froze is held again, for the same reason.
    stop = None
    if stopped.behind is not None:
        code = HOLD_CODES[stopped.behind]
        stop = Stop(case.opening, case.sender, stopped.behind, code, case.opened_at)
    released = Release(stopped.message, by=envelope.message_id)
    accepted = Accept(envelope.message_id, envelope.record, envelope.sender, quiet=True)
    return Outcome(replace(case, stop=stop, waiting=waiting), (released, accepted))


def _releases(case: Case, message: Message) -> bool:
    """Whether the message puts right, assigns or takes back the one that is held."""
    about_it = message.envelope.in_reply_to == case.opening
    return case.state is State.HELD and isinstance(message, _RELEASING) and about_it
