"""How many duties are open, and how many overdue: casework/owed.py, counted by the database.

Among ten million of them no body is read but those that the index leaves: of what is past its due
time, of kinds that may begin later, of frozen cases.
"""

from collections import Counter
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Select, and_, func, select

from schemas.messages import HoldReason
from services.casebook.rows import case_from_text, duty_from_text, to_ms
from services.casebook.tables import CASES, DUTIES
from services.casework.owed import BEGIN_LATER, is_overdue

Owed = Counter[tuple[str, str]]  # kind and owner

# In no string of a body: quotes are escaped there. Older rows say null of what is not there.
_BEGINS_LATER: Final = DUTIES.c.body.contains('"begins_at":"', autoescape=True)
HAS_BEGUN: Final = ~_BEGINS_LATER
_STANDS_STILL: Final = DUTIES.c.body.contains('"suspension":{', autoescape=True)
_PROVISIONAL: Final = DUTIES.c.body.contains('"provisional":true', autoescape=True)
_OPEN: Final = (
    select(DUTIES.c.kind, DUTIES.c.owner, func.count())
    .where(DUTIES.c.open)
    .group_by(DUTIES.c.kind, DUTIES.c.owner)
)
_NOT_BEGUN: Final = _OPEN.where(DUTIES.c.kind.in_(sorted(BEGIN_LATER)), _BEGINS_LATER)
_FROZEN: Final = CASES.c.stopped == HoldReason.FROZEN.value
_LATE: Final = and_(
    HAS_BEGUN,
    ~_STANDS_STILL,
    ~_PROVISIONAL,
    DUTIES.c.case_seq.not_in(select(CASES.c.seq).where(_FROZEN)),
)
_IN_FROZEN_CASES: Final = (
    select(DUTIES.c.body.label("duty"), CASES.c.body.label("case"))
    .join(CASES, CASES.c.seq == DUTIES.c.case_seq)
    .where(DUTIES.c.open, _FROZEN)
)


def open_duties(connection: Connection) -> Owed:
    """Return the open duties of all that have begun."""
    found = _counted(connection, _OPEN)
    found.subtract(_counted(connection, _NOT_BEGUN))
    return +found


def overdue_duties(connection: Connection, at: datetime) -> Owed:
    """Return those of them that are overdue at that time."""
    due = DUTIES.c.due_ms <= to_ms(at)
    found = _counted(connection, _OPEN.where(due, _LATE))
    for row in connection.execute(_IN_FROZEN_CASES.where(due)):
        duty, stop = duty_from_text(row.duty, None), case_from_text(row.case, ()).stop
        if is_overdue(duty, at, stop.at if stop else None):
            found[duty.kind, duty.owner] += 1
    return found


def _counted(connection: Connection, query: Select[tuple[str, str, int]]) -> Owed:
    return Counter({(kind, owner): number for kind, owner, number in connection.execute(query)})
