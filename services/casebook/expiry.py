"""Which cases rest, and when to ask whether their content is still kept; in a transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select, update

from schemas.ids import CaseId
from services.casebook.among_keys import among
from services.casebook.case_keys import QUARANTINE, KeyName
from services.casebook.rows import from_ms, to_ms
from services.casebook.statements import Values, parts, rewrite
from services.casebook.tables import CASE_KEYS, CASE_NUMBERS, CASES, ORIGINALS, OUTBOX

_ASK: Final = update(CASES).where(CASES.c.rests_ms.is_not(None)).values(look_ms=CASES.c.rests_ms)
# By their numbers: the place in words that no index has, for others rest there by the thousand.
_ASK_ABOUT: Final = _ASK.where(
    CASES.c.seq.in_(select(CASE_NUMBERS.c.seq).where(among(CASE_NUMBERS.c.case_id, "cases"))),
    func.coalesce(CASES.c.topic, "") == bindparam("in_topic"),
    func.coalesce(CASES.c.partition, -1) == bindparam("in_partition"),
)

_ASKED_AT_ONCE: Final = 5_000  # rows of one statement: some seconds, and none may take thirty
_ASK_SOME: Final = _ASK.where(
    CASES.c.seq.in_(
        select(CASES.c.seq)
        .where(
            CASES.c.topic == bindparam("in_topic"),
            CASES.c.partition == bindparam("in_partition"),
            CASES.c.look_ms.is_distinct_from(CASES.c.rests_ms),
            CASES.c.rests_ms.is_not(None),
        )
        .limit(bindparam("most"))
    )
)

# In their order, so by an index, over all that waits. Without one PostgreSQL reads the whole table,
# also for who may take no sequential scan, and that keeps its length when its rows are gone.
UNSENT_OF_CASE: Final = (
    select(OUTBOX.c.seq)
    .where(OUTBOX.c.case_id == bindparam("case"))
    .order_by(OUTBOX.c.seq)
    .limit(1)
)

Resting = tuple[tuple[CaseId, datetime], ...]  # cases, and since when each rests


class Expiry:
    """Looks and notes, at once: what the transaction has decided must be flushed before."""

    def __init__(self, connection: Connection, seqs: Mapping[CaseId, int]) -> None:
        """`seqs`: by which number each case is known that was read."""
        self._connection, self._seqs = connection, seqs

    def due(self, topic: str, partition: int, at: datetime, limit: int) -> Resting:
        """Return cases to ask about, and since when each rests; the longest due first."""
        query = (
            select(CASES.c.case_id, CASES.c.rests_ms)
            .where(
                CASES.c.topic == topic,
                CASES.c.partition == partition,
                CASES.c.look_ms <= to_ms(at),
            )
            .order_by(CASES.c.look_ms, CASES.c.case_id)
            .limit(limit)
        )
        rows = self._connection.execute(query)
        return tuple((CaseId(row.case_id), from_ms(row.rests_ms)) for row in rows)

    def ask_again(self, answers: Mapping[CaseId, datetime | None]) -> None:
        """Note when to ask about cases again; None: not before something happens in it.

        They are of those that were read.
        """
        rows: list[Values] = [
            {"seq": self._seqs[case], "look_ms": None if at is None else to_ms(at)}
            for case, at in answers.items()
        ]
        rewrite(self._connection, CASES, ("seq",), rows)

    def ask_all(self, topic: str, partition: int) -> None:
        """Let the next Ticks ask about every case that rests: the terms are others now.

        After years they are more than one statement may write in the time that it is given.
        """
        here = {"in_topic": topic, "in_partition": partition, "most": _ASKED_AT_ONCE}
        while self._connection.execute(_ASK_SOME, here).rowcount == _ASKED_AT_ONCE:
            pass  # each time so many are fewer that are left

    def ask_about(self, topic: str, partition: int, cases: Iterable[CaseId]) -> None:
        """Let the next Tick ask about those of the cases that lie there and rest."""
        for part in parts(cases):
            values = {"in_topic": topic, "in_partition": partition, "cases": part}
            self._connection.execute(_ASK_ABOUT, values)

    def has_unsent(self, case: CaseId) -> bool:
        """Whether something of the case still waits in the outbox."""
        return self._connection.execute(UNSENT_OF_CASE, {"case": case}).first() is not None

    def forget(self, case: CaseId) -> None:
        """Lose the locked originals too; what became of each message stays."""
        self._connection.execute(delete(ORIGINALS).where(ORIGINALS.c.case_id == case))

    def quarantines(self, before: KeyName) -> Iterable[KeyName]:
        """Return the months' keys from before that one which are still there."""
        name = CASE_KEYS.c.name
        query = select(name).where(
            name >= QUARANTINE, name < before, CASE_KEYS.c.wrapped.is_not(None)
        )
        return tuple(self._connection.execute(query.order_by(name)).scalars())
