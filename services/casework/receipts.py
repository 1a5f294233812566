"""Receipts: Delivered is the connector's, SignedFor a person's (domain, section 3, Receipts).

The first receipt stands. The same again gets the same answer; a contradicting one is refused.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Final

from schemas.errors import Refusal
from schemas.ids import BUS, OrganCode
from schemas.messages import Delivered, SignedFor
from schemas.parts import Relation
from services.casework.case import Case, Handed
from services.casework.duties import open_duty
from services.casework.effects import Accept
from services.casework.handing import hand, handed_to
from services.casework.relations import relation_in
from services.casework.steps import Outcome, Situation, take
from services.casework.succession import standing_for
from services.casework.transitions import Step

_SIGNED_FOR: Final = SignedFor.__name__


def delivered(case: Case, message: Delivered, situation: Situation) -> Outcome | Refusal:
    """Note when the message was in the agency's own system. Answered quietly."""
    handed = handed_to(case, message.envelope.in_reply_to, message.envelope.sender)
    if handed is None:
        return Refusal("receipt.nothing_delivered", "envelope.in_reply_to")
    if handed.delivered_at is None:
        case = _noted(case, handed, replace(handed, delivered_at=situation.at))
    return Outcome(case).also(_answer(message, quiet=True))


def signed_for(case: Case, message: SignedFor, situation: Situation) -> Outcome | Refusal:
    """Note who signed; it meets the duty to sign, and the handler's moves the case on."""
    handed = handed_to(case, message.envelope.in_reply_to, message.envelope.sender)
    if handed is None:
        return Refusal("receipt.nothing_delivered", "envelope.in_reply_to")
    if handed.record == _SIGNED_FOR:  # else two organs that sign everything would never end
        return Refusal("receipt.of_receipt", "envelope.in_reply_to")
    signature = _signature(message)
    if handed.signed_at is not None:
        if handed.signature != signature:
            return Refusal("receipt.contradicts", "signed_by")
        return Outcome(case).also(_answer(message))
    outcome = Outcome(case)
    if open_duty(case, "sign_for", handed.message, handed.to) is not None:
        taken = take(outcome, Step.SIGN, message, situation, about=handed.message)
        if isinstance(taken, Refusal):
            return taken
        outcome = taken
    signed = replace(handed, signed_at=situation.at, signature=signature)
    outcome = Outcome(_noted(outcome.case, handed, signed), outcome.effects)
    if handed.author == BUS:  # it has no inbox, and nobody who waits for a signature
        return outcome.also(_answer(message))
    author = standing_for(handed.author, situation.rulebook, situation.at)
    relation = relation_in(outcome.case, author, situation)
    told = hand(outcome, message, author, relation, situation.at)
    return told.also(_answer(message, to=((author, relation),)))


def _noted(case: Case, before: Handed, after: Handed) -> Case:
    return replace(
        case, handed=tuple(after if handed is before else handed for handed in case.handed)
    )


def _signature(message: SignedFor) -> str:
    """A digest, so that the case holds no name."""
    when = message.signed_at.isoformat() if message.signed_at else ""
    return sha256(f"{message.signed_by}\x1f{when}".encode()).hexdigest()


def _answer(
    message: Delivered | SignedFor,
    *,
    to: tuple[tuple[OrganCode, Relation], ...] = (),
    quiet: bool = False,
) -> Accept:
    envelope = message.envelope
    return Accept(envelope.message_id, envelope.record, envelope.sender, to, quiet=quiet)
