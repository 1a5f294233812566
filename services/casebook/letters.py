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


def locked_letter(keys: CaseKeys, name: KeyName, letter: OutboxRow, record: Record) -> OutboxRow:
    """Return a letter with the record that came, locked. Where none came it stays as it is.

    Where the key was erased meanwhile (an old log is read again), the bytes are past their term
    too: the letter is left without.
    """
    if record == (None, None) or keys.is_erased(name):
        return letter
    value = sealed_record(keys, name, letter.topic, letter.source, record)
    headers = (*letter.headers, (LOCKED, name.encode()))
    return replace(letter, value=value, headers=headers)


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
