"""From a source to a sealed message, or to why it cannot be one."""

import json
from datetime import datetime
from typing import Any

from connectors.bus.agency import Agency
from connectors.bus.gate import barred
from connectors.bus.ledger import Ledger, Outgoing, SentRow
from connectors.bus.system import Source
from schemas.checks import lawful_form
from schemas.codec import current, frame
from schemas.document import EnvelopeDefaults, read
from schemas.errors import Refusal, text
from schemas.ids import MessageId, derive, message_id_of
from schemas.messages import Delivered, Message, Rejected
from schemas.parts import Envelope
from schemas.render import CHINA
from schemas.seal import seal_message


def prepare(
    source: Source, agency: Agency, ledger: Ledger, at: datetime
) -> Outgoing | SentRow | Refusal:
    """Return the sealed message of a source, what is known of it, or why it is refused.

    A message sealed before is known and never sealed again: its bytes lie in the spool. What the
    secrecy gate refuses is looked at by nothing else.
    """
    message_id = message_id_of(agency.organ, source.place, source.digest)
    known = ledger.sent(message_id)
    if known is not None:
        return known
    secret = barred((source.place, *source.names), source.record, source.raw, agency.gate)
    if secret is not None:
        return secret
    defaults = EnvelopeDefaults(
        bus=agency.bus,
        sender=agency.organ,
        message_id=message_id,
        sent_at=at,
        targets=ledger.targets,
    )
    message = read(source.record, source.raw, defaults)
    refusal = message if isinstance(message, Refusal) else lawful_form(message)
    if isinstance(message, Refusal) or refusal is not None:
        return refusal or message  # type: ignore[return-value] # a message has a refusal here
    outgoing = _sealed(message, agency, source.place, source.digest)
    if ledger.sent(message.envelope.message_id) is not None:  # an id that the document gave itself
        return Refusal("message.id_reused", where="envelope.message_id")
    return outgoing


def delivered(message: Message, at: datetime, agency: Agency) -> Outgoing | None:
    """Return the receipt that a message is in the agency's own system; None where none is due.

    Due for copies of what organs wrote, but not for receipts: they would answer each other for
    ever. `at` is the first time it was there, so the receipt of a repeat is the same message.
    """
    envelope = message.envelope
    if envelope.delivery is None or envelope.record in {"Delivered", "SignedFor"}:
        return None
    receipt = Delivered(
        Envelope(
            bus=agency.bus,
            message_id=MessageId(derive("delivered", agency.organ, envelope.message_id)),
            case_id=envelope.case_id,
            flow=envelope.flow,
            record="Delivered",
            sender=agency.organ,
            sent_at=at,
            in_reply_to=envelope.message_id,
        ),
        delivered_at=at,
    )
    return _sealed(receipt, agency)


def reason(refusal: Refusal, at: datetime) -> dict[str, Any]:
    """Return what is put beside a refused source: code, texts, place; no value of it."""
    words = text(refusal.code)
    return {
        "code": refusal.code,
        "zh": words.zh,
        "en": words.en,
        "remedy_zh": words.remedy_zh,
        "remedy_en": words.remedy_en,
        "where": refusal.where,
        "detail": refusal.detail,
        "refused_by": "connector",
        "refused_at": at.astimezone(CHINA).isoformat(timespec="seconds"),
    }


def reason_of_the_bus(message: Rejected) -> dict[str, Any]:
    """Return the same for what the bus refused."""
    return {
        "code": message.code,
        "zh": message.zh,
        "en": message.en,
        "remedy_zh": message.remedy_zh,
        "remedy_en": message.remedy_en,
        "where": message.where,
        "detail": message.explanation,
        "refused_by": "bus",
        "refused_at": message.envelope.sent_at.astimezone(CHINA).isoformat(timespec="seconds"),
        "message_id": message.envelope.in_reply_to,
        "case_id": message.envelope.case_id,
    }


def as_text(document: Any) -> str:  # noqa: ANN401 - any JSON
    """Return JSON as people and programs read it: indented, Chinese as it is."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _sealed(
    message: Message, agency: Agency, place: str | None = None, digest: str = ""
) -> Outgoing:
    sealed = seal_message(message, agency.signer)
    schema_id = agency.keyring.id_for(current(message.envelope.record).fingerprint)
    value = frame(schema_id, sealed.body)
    return Outgoing(sealed.message, value, place, digest)
