"""How much of the journal topic a casebook knows.

What lies behind it may tell decisions of a life that this casebook has lost: it is an older one,
restored. A mark that is too low costs some reading, and is never wrong.
"""

from typing import Final

from sqlalchemy import BigInteger, Connection, cast, select, update

from services.casebook.statements import insert_missing
from services.casebook.tables import SETTINGS

_KEY: Final = "journal"
_NOW: Final = select(SETTINGS.c.value).where(SETTINGS.c.key == _KEY)


def begin_journal(connection: Connection, offset: int) -> int:
    """Return the mark; where there is none yet, make it."""
    insert_missing(connection, SETTINGS, [{"key": _KEY, "value": str(offset)}])
    return int(connection.execute(_NOW).scalar_one())


def know_journal(connection: Connection, offset: int) -> None:
    """Move the mark on, never back: all before it is of decisions that this casebook has."""
    is_further = cast(SETTINGS.c.value, BigInteger) < offset
    further = update(SETTINGS).where(SETTINGS.c.key == _KEY, is_further)
    connection.execute(further.values(value=str(offset)))
