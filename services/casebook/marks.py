"""The index of marks: which open transfers may be about one violation. Digests and days only.

What a transaction has changed lies over what the tables hold, so that an answer does not depend on
where a batch ended. Two transfers that two workers decide at one instant do not see each other.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select

from schemas.ids import CaseId
from services.casebook.statements import insert, parts
from services.casebook.tables import MARKS
from services.casework.likeness import Mark, to_the_letter

ALIKE_MAX: Final = 20  # cases that one answer names, in the order of their ids
_ASKED_MAX: Final = 100  # marks in one query
_NO_DAY: Final = 0  # an ordinal that no date has


class Marks:
    """The marks as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._put: dict[CaseId, tuple[Mark, ...]] = {}  # the whole of what these cases have now
        self._written: set[CaseId] = set()  # of those, the ones that are in the table already

    def put(self, case_id: CaseId, marks: tuple[Mark, ...]) -> None:
        """Give the case these marks, and no others."""
        self._put[case_id] = marks
        self._written.discard(case_id)

    def of(self, case_id: CaseId) -> tuple[Mark, ...]:
        """Return the case's marks."""
        if case_id in self._put:
            return self._put[case_id]
        query = select(MARKS).where(MARKS.c.case_id == case_id)
        rows = self._connection.execute(query.order_by(*MARKS.primary_key.columns))
        return tuple(Mark(row.key, _day(row.first_day), _day(row.last_day)) for row in rows)

    def end(self, case_id: CaseId, *, declined: bool) -> None:
        """Let the case be found no more; one that was declined is known to the letter still."""
        self.put(case_id, to_the_letter(self.of(case_id)) if declined else ())

    def alike(self, marks: Iterable[Mark]) -> tuple[CaseId, ...]:
        """Return which cases have one of the marks on a day that both have, up to ALIKE_MAX."""
        asked = [mark for mark in marks if mark.first is not None]
        own = (_both(mark) for mark in asked)
        return self._found(list(own), {case for case, its in self._put.items() if _any(its, asked)})

    def same(self, marks: Iterable[Mark]) -> tuple[CaseId, ...]:
        """Return which cases of the same sender have one of the violations to the letter."""
        asked = to_the_letter(tuple(marks))
        own = [and_(MARKS.c.key == mark.key, MARKS.c.first_day == _NO_DAY) for mark in asked]
        return self._found(own, {case for case, its in self._put.items() if set(its) & set(asked)})

    def flush(self) -> None:
        """Write what has changed. Raises what the database raises."""
        changed = sorted(self._put.keys() - self._written)
        for part in parts(changed):
            self._connection.execute(delete(MARKS).where(MARKS.c.case_id.in_(part)))
        rows = {_row(case, mark): None for case in changed for mark in self._put[case]}
        names = [column.name for column in MARKS.columns]
        values = [dict(zip(names, row, strict=True)) for row in sorted(rows)]
        insert(self._connection, MARKS, values)
        self._written.update(changed)

    def _found(
        self, wanted: list[ColumnElement[bool]], here: Collection[CaseId]
    ) -> tuple[CaseId, ...]:
        """Return the first of the cases by id: those of the tables, and those of this transaction.

        A case that this transaction has put is as it was put, whatever the table has of it.
        """
        found = set(here)
        for start in range(0, len(wanted), _ASKED_MAX):
            query = select_like(wanted[start : start + _ASKED_MAX], ALIKE_MAX + len(self._put))
            found |= {CaseId(case) for case in self._connection.scalars(query)} - self._put.keys()
        return tuple(sorted(found)[:ALIKE_MAX])


def select_like(wanted: Sequence[ColumnElement[bool]], limit: int) -> Any:  # noqa: ANN401 - a Select
    """Return the query for the cases with one of the marks."""
    query = select(MARKS.c.case_id).distinct().where(or_(*wanted))
    return query.order_by(MARKS.c.case_id).limit(limit)


def _both(mark: Mark) -> ColumnElement[bool]:
    """Whether a row is of the mark and shares a day with it."""
    first, last = _ordinal(mark.first), _ordinal(mark.last)
    days = (MARKS.c.first_day > _NO_DAY, MARKS.c.first_day <= last, MARKS.c.last_day >= first)
    return and_(MARKS.c.key == mark.key, *days)


def _any(its: tuple[Mark, ...], asked: list[Mark]) -> bool:
    return any(
        mine.key == other.key
        and _NO_DAY < _ordinal(mine.first) <= _ordinal(other.last)
        and _ordinal(mine.last) >= _ordinal(other.first)
        for mine in its
        for other in asked
    )


def _row(case: CaseId, mark: Mark) -> tuple[str, CaseId, int, int]:
    return mark.key, case, _ordinal(mark.first), _ordinal(mark.last)


def _ordinal(day: date | None) -> int:
    return _NO_DAY if day is None else day.toordinal()


def _day(ordinal: int) -> date | None:
    return None if ordinal == _NO_DAY else date.fromordinal(ordinal)
