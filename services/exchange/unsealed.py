"""Sealed originals of the casebook, opened again."""

from schemas.codec import Opened
from schemas.errors import Broken
from schemas.ids import MessageId, OrganCode
from services.casebook.rows import Original
from services.casebook.work import Work
from services.exchange.office import Office


def original_in(work: Work, sender: OrganCode, message_id: MessageId) -> Original:
    """Return a sealed message that must be there. Raises Broken casebook.original_missing."""
    original = work.original(sender, message_id)
    if original is None:
        raise Broken("casebook.original_missing", detail=message_id)
    return original


def reopened(office: Office, original: Original) -> Opened:
    """Return a sealed original as it was opened at first."""
    return office.codec_of(original.fingerprint).open(original.body)


def is_erased(work: Work, sender: OrganCode, message_id: MessageId) -> bool:
    """Whether its original opens no more.

    A case may show a letter that lies in the one it was split from, which was over before it.
    """
    known = work.message(sender, message_id)
    return known is not None and work.keys.is_erased(known.case_id)
