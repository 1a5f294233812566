"""Reading many rows by their keys: those that are there, and None for those that are not."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row

from schemas.ids import CaseId, MessageId, MessageKey, OrganCode
from services.casebook.queries import (
    CASES_BY_SEQ,
    CASES_OF,
    DUTIES_OF,
    MESSAGES_OF,
    NUMBERS_OF,
)
from services.casebook.read import message_of
from services.casebook.rows import MessageRow, case_from_text, duty_from_text
from services.casebook.statements import parts
from services.casework.case import Case, Duty

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


def read_cases(
    connection: Connection, keys: Iterable[CaseId], seqs: dict[CaseId, int]
) -> dict[CaseId, Case | None]:
    """Return cases with their duties, by number where it is known.

    What was opened together lies together by number. `seqs` learns those that were not known.
    """
    found: dict[CaseId, Case | None] = dict.fromkeys(keys)
    numbered = [seqs[key] for key in found if key in seqs]
    rows: list[Row[Any]] = []
    for named in parts(key for key in found if key not in seqs):
        rows += connection.execute(CASES_OF, {"cases": named})
    for numbers in parts(numbered):
        rows += connection.execute(CASES_BY_SEQ, {"seqs": numbers})
    duties: dict[int, list[Duty]] = {row.seq: [] for row in rows}
    for numbers in parts(duties):
        for seq, body, ended in connection.execute(DUTIES_OF, {"seqs": numbers}).all():
            duties[seq].append(duty_from_text(body, ended))
    for row in rows:
        case_id = CaseId(row.case_id)
        seqs[case_id] = row.seq
        found[case_id] = case_from_text(row.body, tuple(duties[row.seq]))
    return found
