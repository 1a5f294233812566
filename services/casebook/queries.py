"""What a transaction asks again and again, as statements that are made once.

One that is put together anew for each record costs more than it takes to run.
"""

from typing import Final

from sqlalchemy import ColumnElement, Integer, bindparam, select, tuple_

from services.casebook.tables import CASES, DUTIES, MESSAGES, NUMBERS, ORIGINALS, PROGRESS


def _among(*columns: ColumnElement[object]) -> ColumnElement[bool]:
    """Whether the columns are one of `keys`."""
    return tuple_(*columns).in_(bindparam("keys", expanding=True))


MESSAGES_OF: Final = select(MESSAGES).where(_among(MESSAGES.c.sender, MESSAGES.c.message_id))
NUMBERS_OF: Final = select(NUMBERS).where(_among(NUMBERS.c.organ, NUMBERS.c.number))
# Locked in one order.
LOCKED: Final = (
    select(PROGRESS)
    .where(_among(PROGRESS.c.topic, PROGRESS.c.partition))
    .order_by(PROGRESS.c.topic, PROGRESS.c.partition)
    .with_for_update()
)
DUTIES_OF: Final = (
    select(DUTIES.c.case_id, DUTIES.c.body)
    .where(DUTIES.c.case_id.in_(bindparam("cases", expanding=True)))
    .order_by(DUTIES.c.position)
)
CASES_OF: Final = select(CASES.c.case_id, CASES.c.body).where(
    CASES.c.case_id.in_(bindparam("cases", expanding=True))
)
ORIGINAL: Final = select(ORIGINALS).where(
    ORIGINALS.c.sender == bindparam("sender"), ORIGINALS.c.message_id == bindparam("message")
)
DUE: Final = tuple(
    select(due, table.c.case_id)
    .where(
        table.c.topic == bindparam("topic"),
        table.c.partition == bindparam("partition"),
        due <= bindparam("at"),
    )
    .order_by(due, table.c.case_id)
    .limit(bindparam("most", type_=Integer))
    for table, due in ((DUTIES, DUTIES.c.next_rung_ms), (CASES, CASES.c.next_watch_ms))
)
