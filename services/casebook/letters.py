"""Records of foreign topics that hold what came, locked: dead letters, and the flows' originals.

A header names the key; value and key of the record that came lie together in the locked value,
which is bound to the place where that lay.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.casebook.case_keys import CaseKeys, KeyName
from services.casebook.lockbox import Bound, pack, unpack
from services.casebook.rows import OutboxRow, Position

LOCKED: Final = "yichuan-locked"  # the header: the name of the key

Record = tuple[bytes | None, bytes | None]  # key and value


def locked_letter(keys: CaseKeys, name: KeyName, letter: OutboxRow) -> OutboxRow:
    """Return the row with its bytes locked. One that has none stays as it is.

    Where the key was erased meanwhile (an old log is read again), the bytes are past their term
    too: the row is left without.
    """
    if letter.key is None and letter.value is None:
        return letter
    if keys.is_erased(name):
        return replace(letter, key=None, value=None)
    record = letter.key, letter.value
    value = sealed_record(keys, name, letter.topic, letter.source, record)
    headers = (*letter.headers, (LOCKED, name.encode()))
    return replace(letter, key=None, value=value, headers=headers)


def sealed_record(
    keys: CaseKeys, name: KeyName, topic: str, source: Position, record: Record
) -> bytes:
    """Return key and value of what lay there, locked, for a topic. Raises Broken case.erased."""
    return keys.lock(name, pack(*record), _bound(topic, source, name))


def opened_letter(
    keys: CaseKeys, topic: str, source: Position | None, headers: Mapping[str, bytes], value: bytes
) -> Record | None:
    """Return the key and value that came; None: they were erased.

    Raises Broken casebook.unreadable, casebook.key_missing.
    """
    name = headers[LOCKED].decode("utf-8", "replace")
    if keys.is_erased(name):
        return None
    return unpack(keys.unlock(name, value, _bound(topic, source, name)))


def _bound(topic: str, source: Position | None, name: KeyName) -> Bound:
    if source is None:
        return (topic, None, None, None, name)
    return (topic, source.topic, source.partition, source.offset, name)
