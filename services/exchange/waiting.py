"""What waits in the outbox, read a page at a time; without what is for destinations that refuse."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row

from services.casebook.case_keys import CaseKeys
from services.casebook.headers import headers_from_text
from services.casebook.locked import outbox_value
from services.casebook.progress import Place
from services.casebook.queries import (
    LAST_SHUT,
    UNSENT_BEFORE,
    UNSENT_BEHIND,
    UNSENT_NUMBERED,
    UNSENT_OF,
)
from services.casebook.retry import patiently
from services.casebook.rows import Unsent
from services.casebook.store import Casebook
from services.exchange.refusing import Refusing

PAGE_MAX: Final = 2_000  # rows read and sent at once
_NO_END: Final = 2**63 - 1


@dataclass(slots=True)
class Pages:
    """What is to be sent of some partitions, PAGE_MAX rows at a time."""

    casebook: Casebook
    refusing: Refusing
    left: list[tuple[Sequence[Place], int]]  # read together, from behind a number
    known: list[Unsent] | None = None  # all of it

    def next(self) -> list[Unsent]:
        """Return the next page; none: that was all."""
        shut = self.refusing.topics
        if self.known is not None:
            open_ones = [row for row in self.known if row.topic not in shut]
            self.known = open_ones[PAGE_MAX:]
            return open_ones[:PAGE_MAX]
        while self.left:
            places, after = self.left[0]
            page = patiently(_page, self.casebook, places, after, shut)
            if page:
                self.left[0] = (places, page[-1].seq)
                return page
            del self.left[0]
        return []


def pages(
    casebook: Casebook, sources: Sequence[Place], lately: Sequence[Unsent], refusing: Refusing
) -> Pages:
    """Return all that waits, oldest first; `lately` itself where nothing else does.

    While destinations refuse each partition is by itself, from behind what waits for those: a case
    is in one, and there is no other order between them.
    """
    left: list[tuple[Sequence[Place], int]] = [(sources, 0)]
    if refusing.topics:
        left = [((place,), refusing.seen(place)) for place in sources]
    found = Pages(casebook, refusing, left)
    if lately and not patiently(_waits_before, casebook, found, lately[0].seq):
        found.known = list(lately)
    return found


def last_shut(casebook: Casebook, sources: Iterable[Place], refusing: Refusing) -> dict[Place, int]:
    """Return of each partition the last row that waits for a destination that refuses."""
    with casebook.engine.connect() as connection:
        last = {
            place: connection.scalar(
                LAST_SHUT, {**_of(place, refusing.seen(place)), "shut": refusing.topics}
            )
            for place in sources
        }
    return {place: number for place, number in last.items() if number is not None}


def numbered(casebook: Casebook, numbers: Iterable[int]) -> list[Unsent]:
    """Return rows by their numbers; those that are gone are left out."""
    with casebook.engine.connect() as connection:
        rows = connection.execute(UNSENT_NUMBERED, {"seqs": list(numbers)}).all()
        return _opened(casebook, connection, rows)


def _waits_before(casebook: Casebook, waiting: Pages, first: int) -> bool:
    shut = waiting.refusing.topics
    with casebook.engine.connect() as connection:
        if not shut:
            ((places, _),) = waiting.left
            values = {"sources": places, "first": first}
            return connection.execute(UNSENT_BEFORE, values).first() is not None
        more = {"first": first, "most": 1, "shut": shut}
        return any(
            connection.execute(UNSENT_OF, {**_of(place, after), **more}).first() is not None
            for (place,), after in waiting.left
        )


def _page(
    casebook: Casebook, places: Sequence[Place], after: int, shut: Sequence[str]
) -> list[Unsent]:
    with casebook.engine.connect() as connection:
        values: dict[str, object] = {"after": after, "most": PAGE_MAX, "shut": shut}
        if len(places) == 1:
            one = {**values, **_of(places[0], after), "first": _NO_END}
            rows = connection.execute(UNSENT_OF, one).all()
        else:
            rows = connection.execute(UNSENT_BEHIND, {**values, "sources": places}).all()
        return _opened(casebook, connection, rows)


def _of(place: Place, after: int) -> dict[str, object]:
    return {"topic": place[0], "partition": place[1], "after": after}


def _opened(casebook: Casebook, connection: Connection, rows: Sequence[Row[Any]]) -> list[Unsent]:
    keys = CaseKeys(connection, casebook.key)
    keys.load(row.case_id for row in rows if row.case_id is not None)
    return [
        Unsent(row.seq, row.topic, row.key, outbox_value(keys, row), headers_from_text(row.headers))
        for row in rows
    ]
