"""The rows that a decision leaves behind, besides what it sends. Pure."""

import hashlib
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId
from schemas.messages import HoldReason
from schemas.parts import Envelope
from schemas.topics import JOURNAL
from services.casebook.rows import DecisionRow, MessageRow, Original, OutboxRow, ToVouch
from services.casework.effects import Accept, Decision, Effect, FireRung, Hold, Reject
from services.casework.steps import Facts
from services.exchange.incoming import Incoming
from services.exchange.intake import Refused, Sound
from services.exchange.journal import effect_text, fields_writer, object_text, text_of

# Every fact but the held message, which holds content: it is the case's own original.
_HELD: Final = frozenset({"held"})
FACTS_TOLD: Final = tuple(each.name for each in fields(Facts) if each.name not in _HELD)
_FACTS: Final = fields_writer(Facts, _HELD)
DEFECT: Final = "case.defect"  # stands in a decision's place: it failed, and the case is frozen
_HELD_AS = {
    HoldReason.GAP: "held",
    HoldReason.PLACE_CONFLICT: "held",
    HoldReason.NO_SUPERIOR: "held",
    HoldReason.WAITING: "waiting",
    HoldReason.FROZEN: "dead",
    HoldReason.UNKNOWN: "held",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision with what it stood on: what the journal tells."""

    incoming: Incoming
    record: str  # what it is, whatever it calls itself
    envelope: Envelope
    digest: str
    case_id: CaseId
    facts: Facts | None
    effects: tuple[Effect, ...]
    at: datetime
    lawful: bool = True  # in form and place; of others no text of their own is written down

    @property
    def document_number(self) -> str | None:
        """Its number, where it is known to be one."""
        return self.envelope.document_number if self.lawful else None

    @property
    def in_reply_to(self) -> MessageId | None:
        """The message it answers, where it is known to be an id."""
        return self.envelope.in_reply_to if self.lawful else None


def decided_of(
    intake: Sound | Refused, facts: Facts | None, decision: Decision, at: datetime
) -> Decided:
    """Return a decision with what it stood on."""
    return Decided(
        incoming=intake.incoming,
        record=intake.record,
        envelope=intake.envelope,
        digest=intake.digest,
        case_id=decision.case.id if decision.case else intake.envelope.case_id,
        facts=facts,
        effects=decision.effects,
        at=at,
        lawful=isinstance(intake, Sound),
    )


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
    decided: Decided, outcome: str, code: str | None, receipt: ToVouch | None
) -> MessageRow:
    """Return what became of a message."""
    envelope = decided.envelope
    return MessageRow(
        sender=envelope.sender,
        message_id=envelope.message_id,
        digest=decided.digest,
        case_id=envelope.case_id,
        record=decided.record,
        document_number=decided.document_number,
        in_reply_to=decided.in_reply_to,
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
    envelope = decided.envelope
    outcome, code = outcome_of(decided.effects, envelope.message_id)
    line = _entry(decided, outcome, code, rulebook)
    row = DecisionRow(
        position=decided.incoming.position,
        case_id=decided.case_id,
        message_id=envelope.message_id,
        sender=envelope.sender,
        record=decided.record,
        at=decided.at,
        outcome=outcome,
        code=code,
        rulebook=rulebook,
        entry=line,
    )
    key = decided.case_id.encode()
    return row, OutboxRow(decided.incoming.position, JOURNAL, key, line.encode())


def _entry(decided: Decided, outcome: str, code: str | None, rulebook: str) -> str:
    """Return one decision as a line of JSON. It holds codes, ids, rules and times; no content."""
    envelope, position = decided.envelope, decided.incoming.position
    effects = "[" + ",".join([effect_text(effect) for effect in decided.effects]) + "]"
    told = {
        "at": decided.at,
        "topic": position.topic,
        "partition": position.partition,
        "offset": position.offset,
        "message": envelope.message_id,
        "case": decided.case_id,
        "record": decided.record,
        "from": envelope.sender,
        "document_number": decided.document_number,
        "in_reply_to": decided.in_reply_to,
        "digest": decided.digest,
        "outcome": outcome,
        "code": code,
        "rulebook": rulebook,
        "effects_digest": hashlib.sha256(effects.encode()).hexdigest(),
    }
    parts = {name: text_of(value) for name, value in told.items()}
    parts["facts"] = _FACTS(decided.facts) if decided.facts else "null"
    parts["effects"] = effects
    return object_text(parts)
