"""Another key in the place of the one that the cases' keys are locked under.

In this order, each step durable before the next:

    1 both keys lie in files of their ids (key_file.py)
    2 one transaction locks every case's key under the new one, and notes its id
    3 the file of the key in force gets the new one

Killed before 2 is committed, the casebook notes the old key, which lies where it always lay; after
it, the new one, which is found by its id, and the next start does step 3. The cases' keys stay what
they are: who has had the old key and a copy of the casebook of then can read what he could before.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, select

from services.casebook import postgresql
from services.casebook.key_file import keep_key, note_key, put_in_force
from services.casebook.lockbox import KEY_BYTES, NONCE_BYTES, WrappingKey
from services.casebook.statements import rewrite
from services.casebook.store import Casebook
from services.casebook.tables import CASE_KEYS

_AT_ONCE: Final = 1_000  # keys held in memory
_NEXT: Final = (
    select(CASE_KEYS.c.name, CASE_KEYS.c.wrapped)
    .where(CASE_KEYS.c.wrapped.is_not(None), CASE_KEYS.c.name > bindparam("after"))
    .order_by(CASE_KEYS.c.name)
    .limit(_AT_ONCE)
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """Which key followed which, by their ids, and how many keys are locked under it."""

    before: str
    after: str
    keys: int


def rotate(casebook: Casebook, path: Path) -> Rotated:
    """Give an open casebook another key; `path` is the file of the one in force.

    No exchange works on it: SQLite has one writer, on PostgreSQL it is looked for. Raises UserError
    casebook.in_use, Broken casebook.unreadable where a key does not open: then nothing has changed.
    """
    old = casebook.key
    new = WrappingKey(os.urandom(KEY_BYTES))
    keep_key(path, old)
    keep_key(path, new)
    with casebook.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            postgresql.refuse_others(connection)
        number = lock_anew(connection, old, new)
        note_key(connection, new)
    put_in_force(path, new)
    return Rotated(old.id, new.id, number)


def lock_anew(connection: Connection, old: WrappingKey, new: WrappingKey) -> int:
    """Lock every key under another one; return how many. Those that were erased stay so.

    Raises Broken casebook.unreadable.
    """
    number = 0
    for page in _pages(connection):
        rows = [
            {
                "name": name,
                "wrapped": new.wrap(name, old.unwrap(name, wrapped), os.urandom(NONCE_BYTES)),
            }
            for name, wrapped in page
        ]
        rewrite(connection, CASE_KEYS, ["name"], rows)
        number += len(rows)
    return number


def _pages(connection: Connection) -> Iterator[list[Row[Any]]]:
    after = ""
    while page := list(connection.execute(_NEXT, {"after": after})):
        yield page
        after = page[-1].name
