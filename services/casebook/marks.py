"""The index of marks: which open transfers may be about one violation. Digests and days only.

What a transaction has changed lies over what the tables hold, so that an answer does not depend on
where a batch ended. Two transfers that two workers decide at one instant do not see each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Connection, Integer, bindparam, delete, select

from schemas.ids import CaseId
from schemas.messages import Lettered
from services.casebook.among_keys import among
from services.casebook.statements import insert, parts
from services.casebook.tables import MARKS
from services.casework.likeness import Mark, marks_of, to_the_letter

ALIKE_MAX: Final = 20  # cases that one answer names, in the order of their ids
_NO_DAY: Final = 0  # an ordinal that no date has
# Made once: a statement that is put together for each message costs more than it takes to run.
LIKE: Final = (
    select(MARKS.c.case_id)
    .distinct()
    .where(
        MARKS.c.key == bindparam("key"),
        MARKS.c.first_day <= bindparam("last"),
        MARKS.c.last_day >= bindparam("first"),
        MARKS.c.case_id > bindparam("after"),
    )
    .order_by(MARKS.c.case_id)
    .limit(bindparam("most", type_=Integer))
)
NEAR: Final = (
    select(MARKS)
    .where(
        among(MARKS.c.key, "keys"),
        MARKS.c.first_day <= bindparam("last"),
        MARKS.c.last_day >= bindparam("first"),
    )
    .limit(bindparam("most", type_=Integer))
)
_OF_CASES: Final = delete(MARKS).where(among(MARKS.c.case_id, "cases"))
NEAR_MAX: Final = 2_000  # rows that a look for many marks at once may read


@dataclass(frozen=True, slots=True)
class _Near:
    """All that the table has of a key between two days, as ordinals: cases, and their days."""

    first: int
    last: int
    rows: list[tuple[CaseId, int, int]]

    def covers(self, first: int, last: int) -> bool:
        """Whether all that lies there was read."""
        return self.first <= first and last <= self.last


class Marks:
    """The marks as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._put: dict[CaseId, tuple[Mark, ...]] = {}  # the whole of what these cases have now
        # Where to look among these: the days of each mark, as ordinals.
        self._by_key: dict[str, dict[CaseId, list[tuple[int, int]]]] = {}
        self._near: dict[str, _Near] = {}  # of the table, by key
        self._written: set[CaseId] = set()  # of those, the ones that are in the table already
        # By identity: a letter is kept here, so that no other gets its place.
        self._of_letters: dict[int, tuple[Lettered, tuple[Mark, ...]]] = {}

    def put(self, case_id: CaseId, marks: tuple[Mark, ...]) -> None:
        """Give the case these marks, and no others."""
        for mark in self._put.get(case_id, ()):
            self._by_key[mark.key].pop(case_id, None)
        self._put[case_id] = marks
        for mark in marks:
            self._by_key.setdefault(mark.key, {}).setdefault(case_id, []).append(_days(mark))
        self._written.discard(case_id)

    def of(self, case_id: CaseId) -> tuple[Mark, ...]:
        """Return the case's marks."""
        if case_id in self._put:
            return self._put[case_id]
        query = select(MARKS).where(MARKS.c.case_id == case_id)
        rows = self._connection.execute(query.order_by(*MARKS.primary_key.columns))
        return tuple(Mark(row.key, _day(row.first_day), _day(row.last_day)) for row in rows)

    def of_letter(self, letter: Lettered) -> tuple[Mark, ...]:
        """Return the marks of a letter as it was sent; they are asked for several times."""
        if id(letter) not in self._of_letters:
            self._of_letters[id(letter)] = (letter, marks_of(letter))
        return self._of_letters[id(letter)][1]

    def end(self, case_id: CaseId, *, declined: bool) -> None:
        """Let the case be found no more; one that was declined is known to the letter still."""
        self.put(case_id, to_the_letter(self.of(case_id)) if declined else ())

    def expect(self, marks: Iterable[Mark]) -> None:
        """Look for many marks at once; where too much lies near, each is asked for by itself."""
        unknown = [mark for mark in marks if not self._is_known(mark)]
        some_days = [mark for mark in unknown if mark.first not in (None, date.min)]
        any_day = [mark for mark in unknown if mark.first in (None, date.min)]
        for group in (some_days, any_day):
            if group:
                self._look_near(group)

    def alike(self, marks: Iterable[Mark]) -> tuple[CaseId, ...]:
        """Return which cases have one of the marks on a day that both have, up to ALIKE_MAX."""
        return self._found([mark for mark in marks if mark.first is not None])

    def same(self, marks: Iterable[Mark]) -> tuple[CaseId, ...]:
        """Return which cases of the same sender have one of the violations to the letter."""
        return self._found(to_the_letter(tuple(marks)))

    def flush(self) -> None:
        """Write what has changed. Raises what the database raises."""
        changed = sorted(self._put.keys() - self._written)
        for part in parts(changed):
            self._connection.execute(_OF_CASES, {"cases": part})
        rows = {_row(case, mark): None for case in changed for mark in self._put[case]}
        names = [column.name for column in MARKS.columns]
        values = [dict(zip(names, row, strict=True)) for row in sorted(rows)]
        insert(self._connection, MARKS, values)
        self._written.update(changed)

    def _found(self, asked: Sequence[Mark]) -> tuple[CaseId, ...]:
        """Return the first of the cases by id: those of the tables, and those of this transaction.

        A case that this transaction has put is as it was put, whatever the table has of it.
        """
        found: set[CaseId] = set()
        self.expect(asked)
        for mark in asked:
            first, last = _days(mark)
            for case, days in self._by_key.get(mark.key, {}).items():
                if any(begin <= last and end >= first for begin, end in days):
                    found.add(case)
            found.update(self._in_table(mark.key, first, last))
        return tuple(sorted(found)[:ALIKE_MAX])

    def _is_known(self, mark: Mark) -> bool:
        near = self._near.get(mark.key)
        return near is not None and near.covers(*_days(mark))

    def _look_near(self, marks: Sequence[Mark]) -> None:
        days = [_days(mark) for mark in marks]
        first, last = min(begin for begin, _ in days), max(end for _, end in days)
        for keys in parts(mark.key for mark in marks):
            values = {"keys": keys, "first": first, "last": last, "most": NEAR_MAX + 1}
            rows = self._connection.execute(NEAR, values).all()
            if len(rows) <= NEAR_MAX:
                near = {key: _Near(first, last, []) for key in keys}
                for case, key, begin, end in rows:
                    near[key].rows.append((CaseId(case), begin, end))
                self._near |= near

    def _in_table(self, key: str, first: int, last: int) -> list[CaseId]:
        """Return the cases of the table, at least the first of them by id, but those put here."""
        near = self._near.get(key)
        if near is None or not near.covers(first, last):
            return self._stored({"key": key, "first": first, "last": last})
        met = (case for case, begin, end in near.rows if begin <= last and end >= first)
        return [case for case in met if case not in self._put]

    def _stored(self, asked: dict[str, str | int]) -> list[CaseId]:
        """Return the first of those in the table that this transaction has not put."""
        found: list[CaseId] = []
        after = ""
        while True:
            values = {**asked, "after": after, "most": ALIKE_MAX}
            page = [CaseId(case) for case in self._connection.scalars(LIKE, values)]
            found += [case for case in page if case not in self._put]
            if len(page) < ALIKE_MAX or len(found) >= ALIKE_MAX:
                return found
            after = page[-1]


def _row(case: CaseId, mark: Mark) -> tuple[CaseId, str, int, int]:
    return case, mark.key, *_days(mark)


def _days(mark: Mark) -> tuple[int, int]:
    return _ordinal(mark.first), _ordinal(mark.last)


def _ordinal(day: date | None) -> int:
    return _NO_DAY if day is None else day.toordinal()


def _day(ordinal: int) -> date | None:
    return None if ordinal == _NO_DAY else date.fromordinal(ordinal)
