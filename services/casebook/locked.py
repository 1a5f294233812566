"""The two tables with content, locked: the originals, and what of the outbox is of a case."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, select, tuple_, update

from schemas.ids import CaseId, MessageId, OrganCode
from services.casebook.case_keys import CaseKeys
from services.casebook.headers import headers_to_text
from services.casebook.lockbox import Bound, WrappingKey
from services.casebook.rows import Original, OutboxRow
from services.casebook.statements import Values
from services.casebook.tables import ORIGINALS

_PAGE: Final = 500  # originals locked at one time, by a migration


def original_values(keys: CaseKeys, original: Original) -> Values:
    """Return the row of a sealed message."""
    return {
        "message_id": original.message_id,
        "sender": original.sender,
        "case_id": original.case_id,
        "record": original.record,
        "fingerprint": original.fingerprint,
        "body": keys.lock(original.case_id, original.body, _of_original(original)),
    }


def original_of(keys: CaseKeys, row: Row[Any]) -> Original:
    """Return a sealed message. Raises Broken case.erased, casebook.unreadable."""
    found = _original(row)
    return replace(found, body=keys.unlock(found.case_id, found.body, _of_original(found)))


def outbox_values(keys: CaseKeys, row: OutboxRow, value: bytes | None) -> Values:
    """Return the row of something to be published; `value` is its own, with what it gets."""
    if row.case is not None and value is not None:
        value = keys.lock(row.case, value, _of_outbox(row.topic, row.case))
    return {
        "source_topic": row.source.topic,
        "source_partition": row.source.partition,
        "topic": row.topic,
        "case_id": row.case,
        "key": row.key,
        "value": value,
        "headers": headers_to_text(row.headers),
    }


def outbox_value(keys: CaseKeys, row: Row[Any]) -> bytes | None:
    """Return what is to be published. Raises Broken case.erased, casebook.unreadable."""
    value: bytes | None = row.value
    if row.case_id is None or value is None:
        return value
    return keys.unlock(row.case_id, value, _of_outbox(row.topic, row.case_id))


def lock_originals(connection: Connection, key: WrappingKey) -> int:
    """Lock what a release before kept open; return how many, which may take many minutes.

    In one transaction with its migration. Of the cases' keys those of a page are in memory.
    """
    number = 0
    after: tuple[str, str] = ("", "")
    locks = update(ORIGINALS).where(
        ORIGINALS.c.sender == bindparam("of"), ORIGINALS.c.message_id == bindparam("named")
    )
    while page := list(connection.execute(page_behind(after))):
        found = [_original(row) for row in page]
        keys = CaseKeys(connection, key)
        keys.make(original.case_id for original in found)
        rows = [
            {"of": one.sender, "named": one.message_id, "body": original_values(keys, one)["body"]}
            for one in found
        ]
        connection.execute(locks.values(body=bindparam("body")), rows)
        number += len(rows)
        after = (found[-1].message_id, found[-1].sender)
    return number


def names_of(originals: Iterable[Original], outbox: Iterable[OutboxRow]) -> set[str]:
    """Return the cases whose keys are needed to write these."""
    named = {original.case_id for original in originals}
    return named | {row.case for row in outbox if row.case is not None}


def page_behind(after: tuple[str, str]) -> Select[Any]:
    """Ask for the originals behind one, in the order of their key: each page is found by it."""
    key = (ORIGINALS.c.message_id, ORIGINALS.c.sender)
    return select(ORIGINALS).where(tuple_(*key) > after).order_by(*key).limit(_PAGE)


def _original(row: Row[Any]) -> Original:
    return Original(
        message_id=MessageId(row.message_id),
        sender=OrganCode(row.sender),
        case_id=CaseId(row.case_id),
        record=row.record,
        fingerprint=row.fingerprint,
        body=row.body,
    )


def _of_original(original: Original) -> Bound:
    return (
        "original",
        original.case_id,
        original.sender,
        original.message_id,
        original.record,
        original.fingerprint,
    )


def _of_outbox(topic: str, case: CaseId) -> Bound:
    return ("outbox", topic, case)
