"""From a source to a sealed message, or to why it cannot be one."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.bus.agency import Agency
from connectors.bus.aside import Place
from connectors.bus.files import claimed, files_refusal, listed
from connectors.bus.gate import barred
from connectors.bus.ledger import Ledger, Outgoing, SentRow
from connectors.bus.sealing import Measured, Staged, staged
from connectors.bus.stores import UNSET
from connectors.bus.system import Source
from schemas.checks import lawful_form
from schemas.codec import current, frame
from schemas.document import EnvelopeDefaults, read
from schemas.errors import Refusal, Unavailable, text
from schemas.ids import CaseId, MessageId, MessageKey, case_id_of, derive, message_id_of
from schemas.messages import Delivered, Message, Rejected
from schemas.parts import Envelope, Flow
from schemas.render import CHINA
from schemas.seal import seal_message


def stage(
    source: Source, agency: Agency, ledger: Ledger, folder: Path
) -> tuple[Staged, ...] | Refusal:
    """Encrypt the files of a source into the folder, before its message is made.

    None of a source that is known, or that the secrecy gate bars: of that nothing is kept. Refused
    while the home does not say where files are stored. Raises Unavailable
    attachment.staging_failed.
    """
    if not source.files or ledger.sent(_id_of(source, agency)) is not None:
        return ()
    refusal = _secret(source, agency) or files_refusal(source.files)
    if refusal is None and agency.store.unset:
        refusal = Refusal(UNSET)
    if refusal is not None:
        return refusal
    done: list[Staged] = []
    for file in source.files:
        try:
            found = staged(file, folder)
        except Unavailable:  # it is begun anew, under fresh keys
            unstage(done)
            raise
        if isinstance(found, Refusal):
            unstage(done)
            return found
        done.append(found)
    return tuple(done)


def unstage(files: Iterable[Staged]) -> None:
    """Delete staged files that nothing needs any more."""
    for file in files:
        file.path.unlink(missing_ok=True)


def prepare(
    source: Source,
    agency: Agency,
    ledger: Ledger,
    at: datetime,
    files: tuple[Staged, ...] | Refusal = (),
) -> Outgoing | SentRow | Refusal:
    """Return the sealed message of a source, what is known of it, or why it is refused.

    A message sealed before is known and never sealed again: its bytes lie in the spool. But one of
    which the bus has said nothing for long, handed in again, is: it may be a dead letter, and to
    an exchange that had it after all it is the same. With files it would be another: they are
    encrypted anew. What the secrecy gate refuses is looked at by nothing else. `files` are those
    of the source, staged, or why they are not.
    """
    message_id = _id_of(source, agency)
    known = ledger.sent(message_id)
    if known is not None and (source.files or not ledger.unanswered.is_silent(message_id, at)):
        return known
    secret = _secret(source, agency)
    if secret is not None:
        return secret
    if isinstance(files, Refusal):
        return files
    message = _read(source, message_id, agency, ledger, at)
    if isinstance(message, Refusal):
        return message
    message = completed(message, [file.file for file in files], files, agency, at)
    if isinstance(message, Refusal):
        return message
    outgoing = _sealed(message, agency, source.place, source.digest)
    given = message.envelope.message_id
    if given != message_id and ledger.sent(given) is not None:  # the document gave it itself
        return Refusal("message.id_reused", where="envelope.message_id")
    return replace(outgoing, files=files)


def place_of(source: Source, agency: Agency, ledger: Ledger, at: datetime) -> Place | None:
    """Return where a source belongs; None: it is known or will be refused, so that it is the same.

    What the secrecy gate bars is not looked at.
    """
    message_id = _id_of(source, agency)
    if ledger.sent(message_id) is not None or _secret(source, agency) is not None:
        return None
    message = _read(source, message_id, agency, ledger, at)
    if isinstance(message, Refusal):
        return Place(None, opens=False) if message.code == "reply.target_unknown" else None
    envelope = message.envelope
    return Place(
        envelope.case_id, envelope.case_id == case_id_of(agency.organ, envelope.message_id)
    )


def completed(
    message: Message,
    measured: Sequence[Measured],
    files: Sequence[Staged],
    agency: Agency,
    at: datetime,
) -> Message | Refusal:
    """Return the message with its files listed and claimed, if it is lawful then."""
    found = listed(message, measured)
    if isinstance(found, Refusal):
        return found
    if files:
        found = claimed(found, files, agency, at)
        if isinstance(found, Refusal):
            return found
    return lawful_form(found) or found


def delivered(message: Message, at: datetime, agency: Agency) -> Outgoing | None:
    """Return the receipt that a message is in the agency's own system; None where none is due.

    Due for copies of what organs wrote, but not for receipts: they would answer each other for
    ever. `at` is the first time it was there, so the receipt of a repeat is the same message.
    """
    envelope = message.envelope
    if envelope.delivery is None or envelope.record in {"Delivered", "SignedFor"}:
        return None
    return receipt_of(envelope.key, envelope.case_id, envelope.flow, at, agency)


def receipt_of(
    about: MessageKey, case_id: CaseId, flow: Flow, at: datetime, agency: Agency
) -> Outgoing:
    """Return Delivered about a message, its attachments included."""
    receipt = Delivered(
        Envelope(
            bus=agency.bus,
            message_id=MessageId(derive("delivered", agency.organ, *about)),
            case_id=case_id,
            flow=flow,
            record="Delivered",
            sender=agency.organ,
            sent_at=at,
            in_reply_to=about[1],
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


def _read(
    source: Source, message_id: MessageId, agency: Agency, ledger: Ledger, at: datetime
) -> Message | Refusal:
    defaults = EnvelopeDefaults(
        bus=agency.bus,
        sender=agency.organ,
        message_id=message_id,
        sent_at=at,
        targets=ledger.targets,
    )
    return read(source.record, source.raw, defaults)


def _id_of(source: Source, agency: Agency) -> MessageId:
    return message_id_of(agency.organ, source.place, source.identity)


def _secret(source: Source, agency: Agency) -> Refusal | None:
    names = (source.place, *source.names, *(file.name for file in source.files))
    return barred(names, source.record, source.raw, agency.gate)


def _sealed(
    message: Message, agency: Agency, place: str | None = None, digest: str = ""
) -> Outgoing:
    sealed = seal_message(message, agency.signer)
    schema_id = agency.keyring.id_for(current(message.envelope.record).fingerprint)
    value = frame(schema_id, sealed.body)
    return Outgoing(sealed.message, value, place, digest)
