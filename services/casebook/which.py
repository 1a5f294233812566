"""Which casebook it is: its mark, by which an exchange tells that another one decides beside it.

The mark is that of one casebook in its place. Workers that share one in PostgreSQL have the same;
one that was restored, copied with its home, or moved to another database has another, although it
tells the same: two of them that decide at a time would tell the county two truths.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, delete, select

from services.casebook.statements import insert_missing
from services.casebook.tables import SETTINGS

_KEY: Final = "which"  # drawn; in no backup
_FOUND: Final = select(SETTINGS.c.value).where(SETTINGS.c.key == _KEY)
_ID_BYTES: Final = 16
_CHARACTERS: Final = 16  # of the mark


def made_mark(connection: Connection, where: Path | URL) -> str:
    """Return the casebook's mark; of one that has none yet it is made."""
    insert_missing(connection, SETTINGS, [{"key": _KEY, "value": os.urandom(_ID_BYTES).hex()}])
    found = mark_there(connection, where)
    assert found is not None  # noqa: S101 - the row was made
    return found


def mark_there(connection: Connection, where: Path | URL) -> str | None:
    """Return the casebook's mark; None: no exchange has opened it here since it was restored."""
    found = connection.execute(_FOUND).scalar()
    if found is None:
        return None
    # The id is copied with the file; the number of a file is not.
    file = where.resolve().stat().st_ino if isinstance(where, Path) else ""
    return sha256(f"{found} {file}".encode()).hexdigest()[:_CHARACTERS]


def forget_mark(connection: Connection) -> None:
    """Let the copy in a backup become another casebook where it is put back."""
    connection.execute(delete(SETTINGS).where(SETTINGS.c.key == _KEY))
