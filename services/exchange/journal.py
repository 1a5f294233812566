"""Journal entries and dead letters: what is written of a decision, by digest and code. Pure."""

import hashlib
import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from schemas.errors import Refusal
from schemas.ids import CaseId
from schemas.messages import Message
from schemas.topics import DEAD_LETTERS
from services.casebook.rows import OutboxRow
from services.casework.effects import Effect
from services.casework.steps import Facts
from services.exchange.intake import Incoming

_NAMES: Final = {
    "Accept": "accepted",
    "Reject": "rejected",
    "Hold": "held",
    "Release": "released",
    "Deliver": "delivered",
    "Advise": "advised",
    "OpenDuty": "duty_opened",
    "CloseDuty": "duty_closed",
    "FireRung": "rung",
    "ChangeState": "state_changed",
}


def entry(  # noqa: PLR0913 - what a decision is made of, by keyword
    *,
    incoming: Incoming,
    message: Message,
    digest: str,
    case_id: CaseId,
    at: datetime,
    facts: Facts | None,
    outcome: str,
    code: str | None,
    effects: tuple[Effect, ...],
    rulebook: str,
) -> str:
    """Return one decision as a line of JSON. It holds codes, ids, rules and times; no content."""
    envelope = message.envelope
    told = [effect_document(effect) for effect in effects]
    document = {
        "at": at.isoformat(),
        "topic": incoming.position.topic,
        "partition": incoming.position.partition,
        "offset": incoming.position.offset,
        "message": envelope.message_id,
        "case": case_id,
        "record": envelope.record,
        "from": envelope.sender,
        "document_number": envelope.document_number,
        "in_reply_to": envelope.in_reply_to,
        "digest": digest,
        "facts": {"number_taken": facts.number_taken, "resumed": facts.resumed} if facts else None,
        "outcome": outcome,
        "code": code,
        "rulebook": rulebook,
        "effects": told,
        "effects_digest": hashlib.sha256(_json(told).encode()).hexdigest(),
    }
    return _json(document)


def effect_document(effect: Effect) -> dict[str, Any]:
    """Return an effect under the name that `simulate` and the journal use for it."""
    document: dict[str, Any] = {"effect": _NAMES[type(effect).__name__]}
    document |= {field.name: _plain(getattr(effect, field.name)) for field in fields(effect)}
    return document


def dead_letter(incoming: Incoming, refusal: Refusal) -> OutboxRow:
    """Return the original bytes and why, with the headers of Kafka Connect and of Spring.

    Headers hold codes and positions only: never a stack trace, never a value.
    """
    position = incoming.position
    facts = {
        "topic": position.topic,
        "partition": str(position.partition),
        "offset": str(position.offset),
    }
    headers = {f"__connect.errors.{name}": value for name, value in facts.items()}
    headers |= {f"kafka_dlt-original-{name}": value for name, value in facts.items()}
    headers |= {
        "__connect.errors.exception.message": refusal.code,
        "kafka_dlt-exception-message": refusal.code,
        "yichuan-code": refusal.code,
        "yichuan-where": refusal.where or "",
        "yichuan-detail": refusal.detail or "",
    }
    return OutboxRow(
        source=position,
        topic=DEAD_LETTERS,
        key=incoming.key,
        value=incoming.value,
        headers=tuple((name, value.encode()) for name, value in headers.items()),
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of an effect
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _json(document: Any) -> str:  # noqa: ANN401 - plain JSON values
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
