"""A document of an agency (a JSON file, a request body, a row) becomes a message, or a refusal.

The sender writes what only it can know; the envelope's bus, ids, flow, record, sender and sent_at
may be left out and follow from who sends what. Where they are given they must agree: a document
that says something else was meant for another place.

This checks the form only. What the law asks of it is in schemas/checks.py.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from schemas.codec import ENCODED_MAX_BYTES, encode
from schemas.document_number import normal_document_number
from schemas.errors import Refusal
from schemas.ids import BUS, CaseId, MessageId, OrganCode, case_id_of, is_uuid
from schemas.json_form import FormError, message_from
from schemas.json_text import parse
from schemas.messages import Message
from schemas.parts import Flow
from schemas.render import CHINA
from schemas.topics import BY_SNAKE, RECORDS, Author, Record

SEAL_ROOM_BYTES: Final = 1_000  # of ENCODED_MAX_BYTES, kept for the seal

_IDS_SHOWN: Final = 10  # of the messages that a number may mean


@dataclass(frozen=True, slots=True)
class Target:
    """A message that may be answered, and the case it belongs to."""

    message_id: MessageId
    case_id: CaseId
    flow: Flow


@dataclass(frozen=True, slots=True)
class EnvelopeDefaults:
    """What the envelope gets where the document leaves it out.

    `targets` finds what in_reply_to means, by message id or 文号, among what this organ sent and
    got; several when a number is not unique.
    """

    bus: str
    sender: OrganCode
    message_id: MessageId
    sent_at: datetime
    targets: Callable[[str], tuple[Target, ...]]


def read(record: str | None, raw: bytes, defaults: EnvelopeDefaults) -> Message | Refusal:
    """Return the message of a document, not yet sealed, or why there is none.

    `record` is the snake_case or Avro name; None: the document names it, by the key `record` or
    `envelope.record`. Refusals carry the path of the fault (`violations[0].place`), no values.
    """
    try:
        document = parse(raw)
        named = _record_of(record, document, defaults)
        envelope = document.get("envelope")
        filled = _filled({} if envelope is None else envelope, named, defaults)
        message = message_from(named.name, {**document, "envelope": filled})
    except FormError as error:
        return error.refusal
    if len(encode(message)) > ENCODED_MAX_BYTES - SEAL_ROOM_BYTES:
        return Refusal("message.too_large")
    return message


def _record_of(record: str | None, document: dict[str, Any], defaults: EnvelopeDefaults) -> Record:
    """Return the record that the caller and the document name; takes the key `record` out."""
    envelope = document.get("envelope")
    names = {
        "record": document.pop("record", None),
        "envelope.record": envelope.get("record") if isinstance(envelope, dict) else None,
    }
    found = None if record is None else _record_named(record, "record")
    for where, name in names.items():
        if name is None:
            continue
        other = _record_named(name, where)
        if found is not None and other is not found:
            raise FormError("message.field_invalid", where)
        found = other
    if found is None:
        raise FormError("message.unknown_record", "record")
    if found.author is Author.BUS and defaults.sender != BUS:
        raise FormError("message.bus_only", "record")
    return found


def _record_named(name: object, where: str) -> Record:
    found = (BY_SNAKE.get(name) or RECORDS.get(name)) if isinstance(name, str) else None
    if found is None:
        raise FormError("message.unknown_record", where)
    return found


def _filled(envelope: object, record: Record, defaults: EnvelopeDefaults) -> dict[str, Any]:
    """Return the envelope with what it may leave out."""
    if not isinstance(envelope, dict):
        raise FormError("message.field_invalid", "envelope")
    if envelope.get("bus") not in (None, defaults.bus):
        raise FormError("seal.other_bus", "envelope.bus")
    if envelope.get("sender") not in (None, defaults.sender):
        raise FormError("seal.not_the_senders", "envelope.sender")
    given = {name: _id_as_ours(value) for name, value in envelope.items() if value is not None}
    filled = {
        "message_id": defaults.message_id,
        "sent_at": defaults.sent_at.astimezone(CHINA).isoformat(timespec="milliseconds"),
        **given,
        "bus": defaults.bus,
        "sender": defaults.sender,
        "record": record.name,
    }
    if not isinstance(filled["message_id"], str) or not is_uuid(filled["message_id"]):
        raise FormError("message.field_invalid", "envelope.message_id", detail="UUID")
    if "document_number" in given:
        filled["document_number"] = _number(given["document_number"], "envelope.document_number")
    placed = _placed(filled, record, defaults)
    for name in ("case_id", "flow", "in_reply_to"):
        if placed[name] is not None:
            filled[name] = placed[name]
    return filled


def _placed(
    envelope: dict[str, Any], record: Record, defaults: EnvelopeDefaults
) -> dict[str, str | None]:
    """Return the case and flow the message belongs to, and the message it answers."""
    answered = _answered(envelope, defaults)
    case_id, flow = envelope.get("case_id"), envelope.get("flow")
    in_reply_to = answered.message_id if answered else envelope.get("in_reply_to")
    if record.opens is not None and record.begins(in_reply_to):
        opened = case_id_of(OrganCode(envelope["sender"]), MessageId(envelope["message_id"]))
        expected: tuple[str, str] | None = (opened, record.opens)
    elif answered is not None:
        expected = (answered.case_id, answered.flow)
    elif case_id is not None and flow is not None:
        expected = None  # a receipt of a connector: it holds the message it answers
    elif in_reply_to is None:
        raise FormError("reply.in_reply_to_missing", "envelope.in_reply_to")
    else:
        raise FormError("reply.target_unknown", "envelope.in_reply_to")
    if expected is not None:
        for where, value, right in zip(("case_id", "flow"), (case_id, flow), expected, strict=True):
            if value not in (None, right):
                raise FormError("message.field_invalid", f"envelope.{where}")
        case_id, flow = expected
    return {"case_id": case_id, "flow": flow, "in_reply_to": in_reply_to}


def _answered(envelope: dict[str, Any], defaults: EnvelopeDefaults) -> Target | None:
    """Return what in_reply_to means; None when it names nothing that this organ knows by id."""
    named = envelope.get("in_reply_to")
    if named is None:
        return None
    if not isinstance(named, str):
        raise FormError("message.field_invalid", "envelope.in_reply_to")
    by_id = is_uuid(named)
    number = named if by_id else _number(named, "envelope.in_reply_to")
    found = defaults.targets(number)
    case_id = envelope.get("case_id")
    if case_id is not None:
        found = tuple(target for target in found if target.case_id == case_id) or found
    if len(found) > 1:
        detail = _listed(found[:_IDS_SHOWN])
        raise FormError("document_number.ambiguous", "envelope.in_reply_to", detail=detail)
    if not found and not by_id:
        raise FormError("reply.target_unknown", "envelope.in_reply_to")
    return found[0] if found else None


def _listed(found: Sequence[Target]) -> str:
    """Return the ids; with their cases where two senders have used one id."""
    are_unique = len({target.message_id for target in found}) == len(found)
    return ", ".join(
        target.message_id if are_unique else f"{target.message_id} (case_id {target.case_id})"
        for target in found
    )


def _id_as_ours(value: object) -> object:
    """A UUID in small letters: many systems write theirs in capitals, and it is the same."""
    if isinstance(value, str) and is_uuid(value.lower()):
        return value.lower()
    return value


def _number(value: object, where: str) -> str:
    number = normal_document_number(value) if isinstance(value, str) else None
    if number is None:
        raise FormError("document_number.malformed", where)
    return number
