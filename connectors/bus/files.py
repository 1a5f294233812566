"""The files of a document: listed in its envelope, and claimed there once they are encrypted."""

import mimetypes
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from connectors.bus.agency import Agency
from connectors.bus.archives import archive_refusal
from connectors.bus.sealing import Measured, Staged
from schemas.attachments import ATTACHMENTS, name_is_fit, sizes_refusal
from schemas.errors import Refusal
from schemas.file_key import Claim, wrap
from schemas.ids import BUS
from schemas.messages import Message
from schemas.parts import Attachment

_TYPES: Final = mimetypes.MimeTypes()  # the library's own table, whatever the machine has
_ANY_TYPE: Final = "application/octet-stream"


def files_refusal(files: Sequence[Measured]) -> Refusal | None:
    """Return why these files may not travel together: names, number, sizes, archives; or None."""
    for index, file in enumerate(files):
        if not name_is_fit(file.name):
            return Refusal("attachment.name_invalid", where=f"{ATTACHMENTS}[{index}].name")
    found = sizes_refusal([file.size_bytes for file in files])
    if found is not None:
        return Refusal(found[0], where=ATTACHMENTS, detail=found[1])
    for index, file in enumerate(files):
        try:
            refusal = archive_refusal(file.path)
        except OSError:  # it was there when it was measured
            refusal = Refusal("attachment.unreadable")
        if refusal is not None:
            return replace(refusal, where=f"{ATTACHMENTS}[{index}]")
    return None


def listed(message: Message, files: Sequence[Measured]) -> Message | Refusal:
    """Return the message with its files in the list of attachments.

    A document lists a file by its name, and may say what it knows of it; what it does not list is
    put behind. Refusals: attachment.claim_given, file_missing, digest_wrong.
    """
    by_name = {file.name: file for file in files}
    found: list[Attachment] = []
    for index, attachment in enumerate(message.envelope.attachments or ()):
        where = f"{ATTACHMENTS}[{index}]"
        if attachment.blob is not None or attachment.key is not None:
            return Refusal("attachment.claim_given", where=where)
        file = by_name.pop(attachment.name or "", None)
        if file is None and attachment.sha256 is None:
            return Refusal("attachment.file_missing", where=where)
        told = attachment if file is None else _told(attachment, file)
        if told is None:
            return Refusal("attachment.digest_wrong", where=where)
        found.append(told)
    found += [_told_of(file) for file in files if file.name in by_name]
    if not found:
        return message
    return _with(message, found)


def claimed(
    message: Message, files: Sequence[Staged], agency: Agency, at: datetime
) -> Message | Refusal:
    """Return the message with address and wrapped key of each file that was encrypted.

    Refusal: attachment.bus_key_missing, where the directory has no key of the bus for files.
    """
    key = agency.keyring.encryption_key(BUS, at)
    if key is None:
        return Refusal("attachment.bus_key_missing", where=ATTACHMENTS)
    envelope = message.envelope
    by_name = {file.file.name: file for file in files}
    found: list[Attachment] = []
    for attachment in envelope.attachments or ():
        file = by_name.get(attachment.name or "")
        if file is None:
            found.append(attachment)
            continue
        claim = Claim(
            bus=envelope.bus,
            sender=envelope.sender,
            message_id=envelope.message_id,
            blob=file.blob,
            sha256=file.file.sha256,
            size_bytes=file.file.size_bytes,
        )
        wrapped = wrap(file.key, claim, BUS, key.kid, key.x)
        found.append(replace(attachment, blob=file.blob, key=wrapped))
    return _with(message, found)


def _told(attachment: Attachment, file: Measured) -> Attachment | None:
    """Return what the document and the file say together; None where they contradict."""
    if attachment.sha256 not in (None, file.sha256):
        return None
    if attachment.size_bytes not in (None, file.size_bytes):
        return None
    told = _told_of(file)
    return replace(told, media_type=attachment.media_type or told.media_type)


def _told_of(file: Measured) -> Attachment:
    media_type, _ = _TYPES.guess_type(file.name)
    return Attachment(file.name, media_type or _ANY_TYPE, file.size_bytes, file.sha256)


def _with(message: Message, attachments: Sequence[Attachment]) -> Message:
    envelope = replace(message.envelope, attachments=tuple(attachments))
    return replace(message, envelope=envelope)
