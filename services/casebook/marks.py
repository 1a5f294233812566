"""The index of marks: which open transfers may be about one violation. Digests and days only.

What a transaction has changed lies over what the tables hold, so that an answer does not depend on
where a batch ended. Two transfers that two workers decide at one instant do not see each other.

A mark may be that of thousands of open cases: of one matter in one township on one day. So of each
only so many rows are looked at, or each letter would cost the more the more there are.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final

from sqlalchemy import Connection, Integer, bindparam, delete, select, tuple_

from schemas.ids import CaseId
from schemas.messages import Lettered
from services.casebook.among_keys import among
from services.casebook.statements import insert, parts
from services.casebook.tables import MARKS
from services.casework.likeness import Mark, marks_of, to_the_letter

ALIKE_MAX: Final = 20  # cases that one answer names, in the order of their ids
LOOKED_MAX: Final = 100  # rows of a mark that are looked at: the first that end on its day or later
NEAR_MAX: Final = 200  # rows that a look for many marks at once may read, and more for each mark:
NEAR_EACH: Final = 20
CROWDED_MAX: Final = 4  # marks that a look may find to be those of too many; then all pass for such
_NO_DAY: Final = 0  # an ordinal that no date has
_Row = tuple[int, int, CaseId]  # to which day and from which, as ordinals: as the index has them
# Made once: a statement that is put together for each message costs more than it takes to run.
ONWARDS: Final = (
    select(MARKS.c.last_day, MARKS.c.first_day, MARKS.c.case_id)
    .where(
        MARKS.c.key == bindparam("key"),
        tuple_(MARKS.c.last_day, MARKS.c.first_day, MARKS.c.case_id)
        > tuple_(
            bindparam("last", type_=Integer),
            bindparam("first", type_=Integer),
            bindparam("after", type_=MARKS.c.case_id.type),
        ),
    )
    .order_by(MARKS.c.last_day, MARKS.c.first_day, MARKS.c.case_id)
    .limit(bindparam("most", type_=Integer))
)
NEAR: Final = (
    select(MARKS.c.key, MARKS.c.last_day, MARKS.c.first_day, MARKS.c.case_id)
    .where(among(MARKS.c.key, "keys"), MARKS.c.last_day >= bindparam("first"))
    .limit(bindparam("most", type_=Integer))
)
_OF_CASES: Final = delete(MARKS).where(among(MARKS.c.case_id, "cases"))


@dataclass(slots=True)
class _Line:
    """What the table has of a mark from a day onwards, in the index's order, as far as read."""

    first: int
    rows: list[_Row] = field(default_factory=list)
    is_whole: bool = False


class Marks:
    """The marks as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._put: dict[CaseId, tuple[Mark, ...]] = {}  # the whole of what these cases have now
        self._written: set[CaseId] = set()  # of those, the ones that are in the table already
        self._by_key: dict[str, list[_Row]] = {}  # of all of those, in order
        self._near: dict[str, _Line] = {}  # of the table, whole
        self._crowded: set[str] = set()  # marks of too many, each asked about by itself
        self._read: dict[tuple[str, int], _Line] = {}  # those, from each day that was asked about
        # By identity: a letter is kept here, so that no other gets its place.
        self._of_letters: dict[int, tuple[Lettered, tuple[Mark, ...]]] = {}

    def put(self, case_id: CaseId, marks: tuple[Mark, ...]) -> None:
        """Give the case these marks, and no others."""
        for mark in self._put.get(case_id, ()):
            rows = self._by_key[mark.key]
            del rows[bisect_left(rows, _row(case_id, mark))]
        self._put[case_id] = marks
        for mark in marks:
            insort(self._by_key.setdefault(mark.key, []), _row(case_id, mark))
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
        """Look for many marks at once; what is that of too many is asked about by itself."""
        unknown = [mark for mark in marks if not self._is_known(mark)]
        some_days = [mark for mark in unknown if mark.first not in (None, date.min)]
        any_day = [mark for mark in unknown if mark.first in (None, date.min)]
        for group in (some_days, any_day):
            if group:
                self._look_near(group)

    def alike(self, marks: Iterable[Mark]) -> tuple[CaseId, ...]:
        """Return which cases have one of the marks on a day that both have.

        Up to ALIKE_MAX of them, among the first LOOKED_MAX of each mark.
        """
        return self._found([mark for mark in marks if mark.first is not None])

    def same(self, marks: Iterable[Mark]) -> tuple[CaseId, ...]:
        """Return which cases of the same sender have one of the violations to the letter."""
        return self._found(to_the_letter(tuple(marks)))

    def flush(self) -> None:
        """Write what has changed. Raises what the database raises."""
        changed = sorted(self._put.keys() - self._written)
        for part in parts(changed):
            self._connection.execute(_OF_CASES, {"cases": part})
        rows = {(case, mark.key, *_days(mark)) for case in changed for mark in self._put[case]}
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
            found.update(case for _, begin, case in self._onwards(mark.key, first) if begin <= last)
        return tuple(sorted(found)[:ALIKE_MAX])

    def _is_known(self, mark: Mark) -> bool:
        near = self._near.get(mark.key)
        return mark.key in self._crowded or (near is not None and near.first <= _days(mark)[0])

    def _look_near(self, marks: Sequence[Mark]) -> None:
        first = min(_days(mark)[0] for mark in marks)
        for keys in parts(mark.key for mark in marks):
            self._look_at(dict.fromkeys(keys), first)

    def _look_at(self, keys: dict[str, None], first: int) -> None:
        """Read all that these marks have from a day onwards, but of those that have too much."""
        for _ in range(CROWDED_MAX):
            most = NEAR_MAX + NEAR_EACH * len(keys)
            values = {"keys": list(keys), "first": first, "most": most + 1}
            rows = self._connection.execute(NEAR, values).all()
            if len(rows) <= most:
                near = {key: _Line(first, is_whole=True) for key in keys}
                for key, last, begin, case in rows:
                    near[key].rows.append((last, begin, CaseId(case)))
                for line in near.values():
                    line.rows.sort()
                self._near |= near
                return
            ((crowded, _),) = Counter(row.key for row in rows).most_common(1)
            self._crowded.add(crowded)
            del keys[crowded]
            if not keys:
                return
        self._crowded.update(keys)

    def _onwards(self, key: str, first: int) -> list[_Row]:
        """Return the first rows of a mark that end on a day or later, as this transaction has them.

        They are the same wherever the rows lie, so the limit is that of both together.
        """
        put = self._by_key.get(key, [])
        begin = bisect_left(put, (first,))
        rows = (row for row in self._stored(key, first) if row[2] not in self._put)
        return sorted([*put[begin : begin + LOOKED_MAX], *islice(rows, LOOKED_MAX)])[:LOOKED_MAX]

    def _stored(self, key: str, first: int) -> Iterator[_Row]:
        """Yield the rows of the table that end on a day or later, in order."""
        line = self._near.get(key)
        if line is None or first < line.first:
            line = self._read.setdefault((key, first), _Line(first))
        at = bisect_left(line.rows, (first,))
        while True:
            yield from islice(line.rows, at, None)
            if line.is_whole:
                return
            at = len(line.rows)
            self._read_on(key, line)

    def _read_on(self, key: str, line: _Line) -> None:
        last, first, case = line.rows[-1] if line.rows else (line.first, -1, "")
        values = {"key": key, "last": last, "first": first, "after": case, "most": LOOKED_MAX}
        page = self._connection.execute(ONWARDS, values).all()
        line.rows += [(last, first, CaseId(case)) for last, first, case in page]
        line.is_whole = len(page) < LOOKED_MAX


def _row(case: CaseId, mark: Mark) -> _Row:
    first, last = _days(mark)
    return last, first, case


def _days(mark: Mark) -> tuple[int, int]:
    return _ordinal(mark.first), _ordinal(mark.last)


def _ordinal(day: date | None) -> int:
    return _NO_DAY if day is None else day.toordinal()


def _day(ordinal: int) -> date | None:
    return None if ordinal == _NO_DAY else date.fromordinal(ordinal)
