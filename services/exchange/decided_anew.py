"""What a replay decides, in the casebook that it throws away.

Of a backup's casebook the decisions stay where they are, unread: to delete those of ten years costs
more than to copy them.
"""

from typing import Final

from sqlalchemy import Connection, delete, func, select

from services.casebook.tables import DEAD, DECISIONS, OUTBOX, SECRETS

_LAST: Final = select(func.max(DECISIONS.c.seq))


def last_decision(connection: Connection) -> int:
    """Return the number of the last decision that is there; 0: there is none."""
    return connection.execute(_LAST).scalar() or 0


def take_decided(connection: Connection, last: int) -> list[str]:
    """Return the lines of the decisions behind the last one of before, and clear what grows."""
    behind = DECISIONS.c.seq > last
    query = select(DECISIONS.c.entry).where(behind).order_by(DECISIONS.c.seq)
    lines = list(connection.scalars(query))
    connection.execute(delete(DECISIONS).where(behind))
    clear(connection)
    return lines


def clear(connection: Connection) -> None:
    """Empty the tables that a replay reads from, or that only grow."""
    for table in (OUTBOX, DEAD, SECRETS):
        connection.execute(delete(table))
