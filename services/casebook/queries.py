"""What a transaction asks again and again, as statements that are made once.

One that is put together anew for each record costs more than it takes to run.
"""

from typing import Final

from sqlalchemy import ColumnElement, Integer, bindparam, select, tuple_

from services.casebook.tables import CASES, DUTIES, MESSAGES, NUMBERS, ORIGINALS, PROGRESS, WAKES


def _among(*columns: ColumnElement[object]) -> ColumnElement[bool]:
    """Whether the columns are one of `keys`."""
    return tuple_(*columns).in_(bindparam("keys", expanding=True))


# Not by pairs: SQLite reads the whole table for (a, b) IN (VALUES ...), whatever its indexes. Of
# several organs that used one id the reader picks the right one.
MESSAGES_OF: Final = select(MESSAGES).where(
    MESSAGES.c.message_id.in_(bindparam("ids", expanding=True))
)
NUMBERS_OF: Final = select(NUMBERS).where(
    NUMBERS.c.organ == bindparam("organ"),
    NUMBERS.c.number.in_(bindparam("numbers", expanding=True)),
)
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
DUE: Final = (
    select(WAKES.c.case_id)
    .where(
        WAKES.c.topic == bindparam("topic"),
        WAKES.c.partition == bindparam("partition"),
        WAKES.c.at_ms <= bindparam("at"),
    )
    .order_by(WAKES.c.at_ms, WAKES.c.case_id)
    .limit(bindparam("most", type_=Integer))
)
