"""The keys of attachments, on their way through the exchange: opened, and wrapped to a recipient.

The exchange opens keys, never files: it neither reads nor fetches what is stored. Whom it wraps a
key to is whoever may see the attachment (services/confidentiality/redact.py); to nobody else goes
its name, its address or its key.
"""

from datetime import UTC, datetime
from typing import Final

from schemas.errors import Refusal
from schemas.file_key import claim_of, rewrapped, unwrap
from schemas.ids import BUS, OrganCode
from schemas.parts import AttachmentKey, Envelope
from services.exchange.office import Office

_NO_END: Final = datetime.max.replace(tzinfo=UTC)


def claims_refusal(envelope: Envelope, office: Office, at: datetime) -> Refusal | None:
    """Return why the attachments of a sealed message cannot be handed on, or None.

    A key that does not open was wrapped for another message, another sender or another file.
    """
    carries = False
    for index, attachment in enumerate(envelope.attachments or ()):
        claim = claim_of(envelope, attachment)
        if claim is None or attachment.key is None:
            continue
        carries = True
        if office.openers and unwrap(attachment.key, claim, BUS, office.openers) is None:
            where = f"envelope.attachments[{index}].key"
            return Refusal("attachment.key_wrong", where=where)
    for organ in envelope.addressees if carries else ():
        if office.encryption_key(organ, at) is None:
            where = "envelope.addressees"
            return Refusal("attachment.recipient_key_unknown", where=where, detail=organ)
    return None


def keys_for(
    shown: Envelope, office: Office, to: OrganCode, at: datetime
) -> tuple[AttachmentKey, ...]:
    """Return the keys of what is shown of the attachments, wrapped to the recipient.

    One that has no key in the directory, or whose file's key does not open, gets none: its
    connector says so beside the document. Where the recipient's key of then was stolen since, it is
    the one that followed.
    """
    found = []
    for attachment in shown.attachments or ():
        claim = claim_of(shown, attachment)
        if claim is None or attachment.key is None or attachment.name is None:
            continue
        recipient = office.encryption_key(to, at) or office.encryption_key(to, _NO_END)
        if recipient is not None:
            wrapped = rewrapped(attachment.key, claim, office.openers, recipient)
            if wrapped is not None:
                found.append(AttachmentKey(claim.blob, wrapped))
    return tuple(found)
