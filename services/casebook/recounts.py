"""Which cases wait to be looked at anew, since something beside them has changed; in a transaction.

All that owe something when the calendar changes; when organs or powers change, those that an organ
which has ended owes something in, and those that are held. A list, not a place among the cases:
they are taken by their ids, which are the same in each replay, and nothing is read twice.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, delete

from schemas.ids import CaseId, OrganCode
from schemas.messages import HoldReason
from services.casebook.progress import Place
from services.casebook.queries import OWED_BY, OWING, OWING_OF_BEFORE, RECOUNTED, STOPPED_FOR
from services.casebook.rows import to_ms
from services.casebook.tables import RECOUNTS

_HERE: Final = (
    RECOUNTS.c.topic == bindparam("topic"),
    RECOUNTS.c.partition == bindparam("partition"),
)
_NONE: Final = delete(RECOUNTS).where(*_HERE)
_TAKEN: Final = _NONE.where(RECOUNTS.c.case_id <= bindparam("last"))
_COLUMNS: Final = [column.name for column in RECOUNTS.columns]
_LISTED: Final = tuple(
    RECOUNTS.insert().from_select(_COLUMNS, owing) for owing in (OWING, OWING_OF_BEFORE)
)
_ALSO_OWED: Final = RECOUNTS.insert().from_select(_COLUMNS, OWED_BY)
_ALSO_STOPPED: Final = RECOUNTS.insert().from_select(_COLUMNS, STOPPED_FOR)


class Recounts:
    """Lists and takes, at once: what the transaction has decided must be flushed before a list."""

    def __init__(self, connection: Connection, seqs: dict[CaseId, int]) -> None:
        """`seqs`: by which number each case is known; those of cases that are taken are added."""
        self._connection = connection
        self._seqs = seqs

    def begin(self, place: Place, at: datetime) -> None:
        """List the partition's cases that owe something, whoever is listed there already.

        `at`: the partition's time.
        """
        here = dict(zip(("topic", "partition"), place, strict=True))
        self._connection.execute(_NONE, here)
        for listed in _LISTED:
            self._connection.execute(listed, {**here, "at": to_ms(at)})

    def add_owed_by(self, place: Place, kinds: Iterable[str], owners: Iterable[OrganCode]) -> None:
        """List, too, the partition's cases with an open duty of these kinds of one of the organs.

        It costs what the organs owe anywhere, whatever else there is.
        """
        here = dict(zip(("topic", "partition"), place, strict=True))
        owed = {"kinds": sorted(kinds), "owners": sorted(owners)}
        self._connection.execute(_ALSO_OWED, {**here, **owed})

    def add_stopped(self, place: Place, reasons: Iterable[HoldReason]) -> None:
        """List, too, the partition's cases that stand still for one of the reasons."""
        here = dict(zip(("topic", "partition"), place, strict=True))
        self._connection.execute(_ALSO_STOPPED, {**here, "reasons": sorted(reasons)})

    def take(self, place: Place, limit: int) -> tuple[CaseId, ...]:
        """Return up to `limit` cases of the list, by their ids; they leave it."""
        here = dict(zip(("topic", "partition"), place, strict=True))
        rows = self._connection.execute(RECOUNTED, {**here, "most": limit}).all()
        found = {CaseId(row.case_id): row.case_seq for row in rows}
        if found:
            self._connection.execute(_TAKEN, {**here, "last": rows[-1].case_id})
        self._seqs.update(found)
        return tuple(found)
