"""What a message may say of its attachments: how many, how large, under which names.

A file travels by claim check: the message holds its name, size and digest, the address of its
encrypted form (`blob`) and its key, wrapped to the bus (`key`). An attachment without the last two
is a manifest alone: the file went another way. Checked by connectors before they seal, by the
exchange, and of names once more by who writes a file of that name.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from schemas.errors import Refusal
from schemas.parts import Attachment, Envelope
from schemas.transfer_form import SHA256

ATTACHMENTS_MAX: Final = 50  # of one message
ATTACHMENT_MAX_BYTES: Final = 2 * 1024**3  # each, before it is encrypted
ATTACHMENTS_MAX_BYTES: Final = 4 * 1024**3  # of one message together
NAME_MAX_BYTES: Final = 200  # leaves room for what is put behind it; a file system allows 255
WRAPPED_MAX_CHARACTERS: Final = 400

ATTACHMENTS: Final = "envelope.attachments"  # where they are listed
# Behind the name of a file that could not be had, of the note that says why (connectors/folder).
# A file of such a name would be taken for the note, and removed once the other one has come.
NOTE_SUFFIX: Final = ".reason.json"

# What Windows and Unix take for something else in a name; controls; what turns the direction of
# the letters after it; half surrogates.
_UNFIT: Final = re.compile(
    '[\x00-\x1f\x7f-\x9f/\\\\:*?"<>|\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069'
    "\ud800-\udfff]"
)
# What Windows takes for a device, whatever stands behind the first dot: nobody could open it there.
_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?", re.IGNORECASE | re.DOTALL
)


def attachments_form(envelope: Envelope) -> Refusal | None:
    """Return why the attachments of a sealed original are unlawful, or None."""
    attachments = envelope.attachments or ()
    for index, attachment in enumerate(attachments):
        if not SHA256.fullmatch(attachment.sha256 or ""):
            return Refusal("message.field_invalid", where=f"{ATTACHMENTS}[{index}].sha256")
        found = _claim(attachment)
        if found is not None:
            code, name, detail = found
            return Refusal(code, where=f"{ATTACHMENTS}[{index}].{name}", detail=detail)
    carried = [attachment for attachment in attachments if attachment.blob is not None]
    return _together(carried)


def size_refusal(size_bytes: int) -> tuple[str, str] | None:
    """Return why a file of that size may not travel: a code and its detail; None: it may."""
    if size_bytes > ATTACHMENT_MAX_BYTES:
        return "attachment.too_large", f"{size_bytes} > {ATTACHMENT_MAX_BYTES} bytes"
    return None


def sizes_refusal(sizes_bytes: Sequence[int]) -> tuple[str, str] | None:
    """Return why so many files of these sizes may not travel together; None: they may."""
    if len(sizes_bytes) > ATTACHMENTS_MAX:
        return "attachment.too_many", f"{len(sizes_bytes)} > {ATTACHMENTS_MAX}"
    total_bytes = sum(sizes_bytes)
    if total_bytes > ATTACHMENTS_MAX_BYTES:
        return "attachment.total_too_large", f"{total_bytes} > {ATTACHMENTS_MAX_BYTES} bytes"
    return None


def name_is_fit(name: str) -> bool:
    """Whether a file may be written under the name, on any system, where it belongs."""
    return (
        bool(name.strip())
        and _UNFIT.search(name) is None
        and _DEVICE.fullmatch(name) is None
        and not name.casefold().endswith(NOTE_SUFFIX)
        and not name.startswith((".", " "))
        and not name.endswith((".", " "))
        and len(name.encode()) <= NAME_MAX_BYTES
    )


def _claim(attachment: Attachment) -> tuple[str, str, str | None] | None:
    """Return (code, field, detail) of what is wrong with one that is stored."""
    if attachment.blob is None and attachment.key is None:
        return None
    if attachment.blob is None or attachment.key is None:
        return "attachment.incomplete", "key" if attachment.key is None else "blob", None
    if not SHA256.fullmatch(attachment.blob):
        return "message.field_invalid", "blob", None
    if len(attachment.key) > WRAPPED_MAX_CHARACTERS:
        return "message.field_invalid", "key", f"> {WRAPPED_MAX_CHARACTERS} characters"
    if not name_is_fit(attachment.name or ""):
        return "attachment.name_invalid", "name", f"≤ {NAME_MAX_BYTES} bytes"
    oversized = size_refusal(attachment.size_bytes or 0)
    return None if oversized is None else (oversized[0], "size_bytes", oversized[1])


def _together(carried: Sequence[Attachment]) -> Refusal | None:
    names = {_as_one_system_has_it(attachment.name or "") for attachment in carried}
    blobs = {attachment.blob for attachment in carried}
    if len(names) != len(carried) or len(blobs) != len(carried):
        return Refusal("attachment.twice", where=ATTACHMENTS)
    found = sizes_refusal([attachment.size_bytes or 0 for attachment in carried])
    return None if found is None else Refusal(found[0], where=ATTACHMENTS, detail=found[1])


def _as_one_system_has_it(name: str) -> str:
    """Return what two names have in common that are one on a system that looks at no case.

    Nor at how a letter with its accent is written: APFS and HFS+ of Apple.
    """
    composed = unicodedata.normalize("NFC", name)  # noqa: TID251 - of 200 bytes at the most
    return composed.casefold()
