"""Each recipient of each message for itself: written for, delivered, signed for, or pending.

A copy to five is not sent while one of them waits in the outbox for its inbox to take it.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, select

from connectors.bus.home import Home
from connectors.bus.known_schemas import KnownSchemas
from schemas.codec import unframe
from schemas.ids import CaseId, MessageKey, OrganCode
from schemas.messages import Message
from services.casebook.case_keys import CaseKeys
from services.casebook.key_file import key_in_force
from services.casebook.locked import outbox_value
from services.casebook.tables import OUTBOX
from services.casework.case import Case, Handed

WAITING_MAX: Final = 10_000  # rows of one case that are looked at

Document = dict[str, Any]
Copy = tuple[MessageKey, OrganCode]  # a message, and for whom


class Arrival(StrEnum):
    """How far a message is on its way to one organ."""

    PENDING = "pending"  # decided, and not yet in the organ's inbox
    WRITTEN = "written"  # in its inbox
    DELIVERED = "delivered"  # in the agency's own system
    SIGNED = "signed"


def waiting_copies(connection: Connection, case_id: CaseId, home: Home) -> frozenset[Copy]:
    """Return the copies of a case that its outbox still holds.

    Raises UserError registry.ids_missing, Broken casebook.key_missing when some are there and the
    home cannot read them.
    """
    query = (
        select(OUTBOX)
        .where(OUTBOX.c.key == case_id.encode(), OUTBOX.c.topic.like("inbox.%"))
        .order_by(OUTBOX.c.seq)  # by its index: the table keeps its length when its rows are gone
        .limit(WAITING_MAX)
    )
    keys = CaseKeys(connection, key_in_force(connection, home.casebook_key))
    rows = connection.execute(query).all()
    values = [value for row in rows if (value := outbox_value(keys, row))]
    if not values:
        return frozenset()
    schemas = KnownSchemas(home.schema_ids)
    found = (copy_in(value, schemas) for value in values)
    return frozenset(copy for copy in found if copy is not None)


def copy_in(value: bytes, schemas: KnownSchemas) -> Copy | None:
    """Return which message a value of an inbox is a copy of, and for whom; None: of none.

    Raises Malformed for bytes that are no message.
    """
    message = message_in(value, schemas)
    delivery = message.envelope.delivery if message else None
    return (message.envelope.key, delivery.to) if message and delivery else None


def message_in(value: bytes, schemas: KnownSchemas) -> Message | None:
    """Return the message of a value, unverified; None when its schema is none of ours."""
    schema_id, body = unframe(value)
    codec = schemas.get(schema_id)
    return codec.decode(body) if codec else None


def copy_of(handed: Handed) -> Copy:
    """Return which copy was handed over."""
    return (handed.author, handed.message), handed.to


def arrival_of(handed: Handed, waiting: frozenset[Copy]) -> Arrival:
    """Return how far one message is on its way to one organ."""
    if handed.signed_at is not None:
        return Arrival.SIGNED
    if handed.delivered_at is not None:
        return Arrival.DELIVERED
    return Arrival.PENDING if copy_of(handed) in waiting else Arrival.WRITTEN


def recipients_of(
    case: Case | None, waiting: frozenset[Copy], named: Callable[[str], Document | None]
) -> list[Document]:
    """Return every recipient of every message of the case, in the order of the decisions."""
    return [
        {
            "message": handed.message,
            "record": handed.record,
            "organ": named(handed.to),
            "relation": handed.relation,
            "state": arrival_of(handed, waiting).value,
            "decided_at": handed.at,
            "delivered_at": handed.delivered_at,
            "signed_at": handed.signed_at,
        }
        for handed in (case.handed if case else ())
    ]
