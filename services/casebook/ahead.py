"""Reading ahead what a Tick will touch, on several connections at once, before its transaction.

A disk answers eight questions at once in little more time than one. Nothing read here is used; it
is in memory when the transaction asks for it, and no lock is held meanwhile.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, func, select

from services.casebook.among_keys import among
from services.casebook.queries import DUE
from services.casebook.rows import to_ms
from services.casebook.tables import CASE_KEYS, CASES, DUTIES

CONNECTIONS_MAX: Final = 8
WORTH_CASES_MIN: Final = 64  # fewer are read as fast one after the other
_DUTIES: Final = select(func.sum(func.length(DUTIES.c.body))).where(
    among(DUTIES.c.case_seq, "seqs")
)
_CASES: Final = select(func.sum(func.length(CASES.c.body))).where(among(CASES.c.seq, "seqs"))
_KEYS: Final = select(func.sum(func.length(CASE_KEYS.c.wrapped))).where(
    among(CASE_KEYS.c.case_seq, "seqs")
)


def read_ahead(readers: Engine, places: Iterable[tuple[str, int, datetime]], limit: int) -> int:
    """Read what Ticks of these partitions, at these times, will fire; return how many cases.

    Raises what the database raises.
    """
    due: set[int] = set()
    with readers.connect() as connection:
        for topic, partition, at in places:
            asked = {"topic": topic, "partition": partition, "at": to_ms(at), "most": limit}
            due |= {row.case_seq for row in connection.execute(DUE, asked)}
    if len(due) < WORTH_CASES_MIN:
        return 0
    seqs = sorted(due)  # each connection reads a stretch of its own
    share = -(-len(seqs) // CONNECTIONS_MAX)
    shares = [seqs[begin : begin + share] for begin in range(0, len(seqs), share)]
    with ThreadPoolExecutor(CONNECTIONS_MAX) as pool:
        for done in [pool.submit(_touch, readers, each) for each in shares]:
            done.result()
    return len(due)


def _touch(readers: Engine, seqs: Sequence[int]) -> None:
    with readers.connect() as connection:
        for query in (_CASES, _DUTIES, _KEYS):
            connection.execute(query, {"seqs": seqs}).all()
