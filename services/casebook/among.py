"""Reading many rows by their keys: those that are there, and None for those that are not."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from schemas.ids import CaseId, MessageId, OrganCode
from services.casebook.queries import MESSAGES_OF, NUMBERS_OF
from services.casebook.read import message_of
from services.casebook.rows import MessageRow
from services.casebook.statements import parts

MessageKey = tuple[OrganCode, MessageId]
NumberKey = tuple[OrganCode, str]


def messages_among(
    connection: Connection, keys: Iterable[MessageKey]
) -> dict[MessageKey, MessageRow | None]:
    """Return what became of each sender's message of this id."""
    found: dict[MessageKey, MessageRow | None] = dict.fromkeys(keys)
    for part in parts(message_id for _, message_id in found):
        for row in connection.execute(MESSAGES_OF, {"ids": part}):
            if (row.sender, row.message_id) in found:
                found[row.sender, row.message_id] = message_of(row)
    return found


def numbers_among(
    connection: Connection, keys: Iterable[NumberKey]
) -> dict[NumberKey, MessageId | None]:
    """Return which message bears each organ's document number."""
    found: dict[NumberKey, MessageId | None] = dict.fromkeys(keys)
    by_organ: dict[OrganCode, list[str]] = {}
    for organ, number in found:
        by_organ.setdefault(organ, []).append(number)
    for organ, numbers in by_organ.items():
        for part in parts(numbers):
            for row in connection.execute(NUMBERS_OF, {"organ": organ, "numbers": part}):
                found[organ, row.number] = MessageId(row.message_id)
    return found


def cases_among(
    connection: Connection, unwritten: Mapping[MessageKey, MessageRow], message_id: MessageId
) -> tuple[CaseId, ...]:
    """Return the cases that messages of this id lie in, whoever sent them, by sender."""
    rows = connection.execute(MESSAGES_OF, {"ids": [message_id]})
    found = {row.sender: CaseId(row.case_id) for row in rows}
    for (sender, own), message in unwritten.items():
        if own == message_id:
            found[sender] = message.case_id
    return tuple(found[sender] for sender in sorted(found))
