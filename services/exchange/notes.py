"""The rows that a decision leaves behind, besides what it sends. Pure."""

from dataclasses import dataclass
from datetime import datetime

from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId
from schemas.messages import HoldReason, Message
from schemas.topics import JOURNAL
from services.casebook.rows import DecisionRow, MessageRow, Original, OutboxRow
from services.casework.effects import Accept, Effect, FireRung, Hold, Reject
from services.casework.steps import Facts
from services.exchange.intake import Incoming, Sound
from services.exchange.journal import entry

_HELD_AS = {
    HoldReason.GAP: "held",
    HoldReason.WAITING: "waiting",
    HoldReason.FROZEN: "dead",
    HoldReason.UNKNOWN: "held",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision with what it stood on: what the journal tells."""

    incoming: Incoming
    message: Message
    digest: str
    case_id: CaseId
    facts: Facts | None
    effects: tuple[Effect, ...]
    at: datetime


def outcome_of(effects: tuple[Effect, ...], message: MessageId) -> tuple[str, str | None]:
    """Return the message's own (outcome, code): accepted, rejected, held, waiting, dead, fired."""
    for effect in effects:
        if effect.message != message:
            continue
        match effect:
            case Accept():
                return "accepted", None
            case Reject(refusal=Refusal(code=code)):
                return "rejected", code
            case Hold(reason=reason, code=code):
                return _HELD_AS[reason], code
            case FireRung():
                return "fired", None
            case _:
                continue
    return "accepted", None


def message_row(
    decided: Decided, outcome: str, code: str | None, receipt: bytes | None
) -> MessageRow:
    """Return what became of a message."""
    envelope = decided.message.envelope
    return MessageRow(
        sender=envelope.sender,
        message_id=envelope.message_id,
        digest=decided.digest,
        case_id=envelope.case_id,
        record=envelope.record,
        document_number=envelope.document_number,
        in_reply_to=envelope.in_reply_to,
        received_at=decided.at,
        position=decided.incoming.position,
        outcome=outcome,
        code=code,
        receipt=receipt,
    )


def original_of(sound: Sound) -> Original:
    """Return the sealed message as it was received."""
    envelope = sound.opened.message.envelope
    return Original(
        message_id=envelope.message_id,
        sender=envelope.sender,
        case_id=envelope.case_id,
        record=envelope.record,
        fingerprint=sound.opened.schema,
        body=sound.body,
    )


def decision_rows(decided: Decided, rulebook: str) -> tuple[DecisionRow, OutboxRow]:
    """Return the decision for the casebook, and the same line for the journal topic."""
    envelope = decided.message.envelope
    outcome, code = outcome_of(decided.effects, envelope.message_id)
    line = entry(
        incoming=decided.incoming,
        message=decided.message,
        digest=decided.digest,
        case_id=decided.case_id,
        at=decided.at,
        facts=decided.facts,
        outcome=outcome,
        code=code,
        effects=decided.effects,
        rulebook=rulebook,
    )
    row = DecisionRow(
        position=decided.incoming.position,
        case_id=decided.case_id,
        message_id=envelope.message_id,
        sender=envelope.sender,
        record=envelope.record,
        at=decided.at,
        outcome=outcome,
        code=code,
        rulebook=rulebook,
        entry=line,
    )
    key = decided.case_id.encode()
    return row, OutboxRow(decided.incoming.position, JOURNAL, key, line.encode())
