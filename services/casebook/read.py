"""Rows of the database as the values of `rows`. Pure."""

from typing import Any

from sqlalchemy import Row

from schemas.ids import CaseId, MessageId, OrganCode
from services.casebook.rows import MessageRow, Position, from_ms


def message_of(row: Row[Any]) -> MessageRow:
    """Return what became of a message."""
    return MessageRow(
        sender=OrganCode(row.sender),
        message_id=MessageId(row.message_id),
        digest=row.digest,
        case_id=CaseId(row.case_id),
        record=row.record,
        document_number=row.document_number,
        in_reply_to=MessageId(row.in_reply_to) if row.in_reply_to else None,
        received_at=from_ms(row.received_ms),
        position=Position(row.topic, row.partition, row.offset),
        outcome=row.outcome,
        code=row.code,
        receipt=row.receipt,
    )
