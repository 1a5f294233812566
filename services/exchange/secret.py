"""What may be written of a record that the secrecy gate refused, and the refusal made of it again.

Pure. The note stands in the casebook until the broker has lost the record, and in the originals
topic in the record's place for ever: ids, the code, the path. With it a casebook that was restored
from an older backup comes to the same decision without the content.
"""

import json
from typing import Any, Final

from schemas.errors import Broken, Refusal
from schemas.ids import CaseId, MessageId, OrganCode
from schemas.parts import Envelope, Flow
from services.exchange.incoming import Incoming
from services.exchange.intake import Dead, Refused, secret_dead, secret_refused
from services.exchange.journal import canonical

_IDS: Final = ("bus", "message_id", "case_id", "flow", "sender")


def note_of(intake: Refused | Dead) -> str:
    """Return the note, JSON in one form."""
    refusal = intake.refusal
    document: dict[str, Any] = {
        "code": refusal.code,
        "where": refusal.where,
        "detail": refusal.detail,
    }
    if isinstance(intake, Refused):
        document |= {name: getattr(intake.envelope, name) for name in _IDS}
        document |= {"record": intake.record, "digest": intake.digest}
    return canonical(document)


def noted(note: str, incoming: Incoming) -> Refused | Dead:
    """Return the refusal again. Raises Broken originals.unreadable for what is no such note."""
    try:
        found = json.loads(note)
        refusal = Refusal(found["code"], found["where"], found["detail"])
        if "message_id" not in found:
            return secret_dead(incoming, refusal)
        envelope = Envelope(
            bus=found["bus"],
            message_id=MessageId(found["message_id"]),
            case_id=CaseId(found["case_id"]),
            flow=Flow(found["flow"]),
            record=found["record"],
            sender=OrganCode(found["sender"]),
            sent_at=incoming.stamped_at,
        )
        return secret_refused(incoming, found["record"], envelope, found["digest"], refusal)
    except (KeyError, TypeError, ValueError) as error:
        raise Broken("originals.unreadable", detail=type(error).__name__) from error
