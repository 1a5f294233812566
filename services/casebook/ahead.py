"""Reading ahead what a Tick will touch, on several connections at once, before its transaction.

A case's rows lie where its id puts them: among ten million, a thousand cases are a thousand places
on the disk, and a disk answers eight questions at once in little more time than one. Nothing read
here is used; it is in memory when the transaction asks for it, and no lock is held meanwhile.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, bindparam, func, select

from services.casebook.queries import DUE
from services.casebook.rows import to_ms
from services.casebook.tables import CASES, DECISIONS, DUTIES

CONNECTIONS_MAX: Final = 8
WORTH_CASES_MIN: Final = 64  # fewer are read as fast one after the other
_DUTIES_OF: Final = select(DUTIES.c.duty_id, func.length(DUTIES.c.body)).where(
    DUTIES.c.case_id.in_(bindparam("cases", expanding=True))
)
_DUTIES: Final = select(func.count()).where(
    DUTIES.c.duty_id.in_(bindparam("duties", expanding=True))
)
_CASES: Final = select(func.sum(func.length(CASES.c.body))).where(
    CASES.c.case_id.in_(bindparam("cases", expanding=True))
)
_DECISIONS: Final = select(func.count()).where(
    DECISIONS.c.case_id.in_(bindparam("cases", expanding=True))
)


def read_ahead(readers: Engine, places: Iterable[tuple[str, int, datetime]], limit: int) -> int:
    """Read what Ticks of these partitions, at these times, will fire; return how many cases.

    Raises what the database raises.
    """
    due: dict[str, None] = {}
    with readers.connect() as connection:
        for topic, partition, at in places:
            asked = {"topic": topic, "partition": partition, "at": to_ms(at), "most": limit}
            due |= dict.fromkeys(connection.scalars(DUE, asked))
    if len(due) < WORTH_CASES_MIN:
        return 0
    cases = list(due)
    shares = [cases[begin::CONNECTIONS_MAX] for begin in range(CONNECTIONS_MAX)]
    with ThreadPoolExecutor(CONNECTIONS_MAX) as pool:
        for done in [pool.submit(_touch, readers, share) for share in shares if share]:
            done.result()
    return len(due)


def _touch(readers: Engine, cases: Sequence[str]) -> None:
    with readers.connect() as connection:
        duties = [row[0] for row in connection.execute(_DUTIES_OF, {"cases": cases})]
        connection.execute(_CASES, {"cases": cases}).all()
        connection.execute(_DECISIONS, {"cases": cases}).all()
        connection.execute(_DUTIES, {"duties": duties}).all()
