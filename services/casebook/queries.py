"""What a transaction asks again and again, as statements that are made once.

One that is put together anew for each record costs more than it takes to run.
"""

from typing import Final

from sqlalchemy import Integer, bindparam, select

from services.casebook.tables import CASES, DUTIES, ORIGINALS

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
