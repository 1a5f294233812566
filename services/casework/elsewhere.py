"""What the bus writes into another case: an effect there is a message of its own (design D9)."""

from datetime import datetime

from schemas.disputes import LinkedEffect, LinkedKind
from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.parts import Envelope, Flow


def own_envelope(
    cause: Envelope,
    record: str,
    own: MessageId,
    into: tuple[CaseId, Flow],
    at: datetime,
    about: MessageId | None = None,
) -> Envelope:
    """Return the envelope of the bus's own record, written into a case because of a message."""
    case_id, flow = into
    return Envelope(
        bus=cause.bus,
        message_id=own,
        case_id=case_id,
        flow=flow,
        record=record,
        sender=BUS,
        sent_at=at,
        in_reply_to=about,
    )


def linked(
    cause: Envelope,
    kind: LinkedKind,
    about: MessageId,
    into: tuple[CaseId, Flow],
    at: datetime,
) -> LinkedEffect:
    """Return what tells a case of a message that was decided in another; the same once more."""
    own = MessageId(derive("linked", *cause.key, about))
    envelope = own_envelope(cause, LinkedEffect.__name__, own, into, at, about)
    return LinkedEffect(envelope, kind, cause.message_id, cause.case_id, cause.sender)
