"""Which partitions have nothing to do at a Tick, found for a batch's Ticks by one query.

There are five flows of a dozen partitions, and every ten seconds each has its Tick: asked one by
one, with what the transaction has changed written before each, they held up a second's letters.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from services.casebook.progress import Place
from services.casebook.queries import FIRST_DUE
from services.casebook.rows import to_ms


class Quiet:
    """What the tables held when the transaction had locked the partitions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._first: dict[Place, tuple[int | None, int | None]] = {}
        self._counted: set[Place] = set()
        self._changed: set[Place] = set()

    def look(self, places: Iterable[Place]) -> None:
        """Find when each has something to do first. They are locked: nobody else changes it."""
        if wanted := sorted(set(places)):
            for row in self._connection.execute(FIRST_DUE, {"keys": wanted}):
                self._first[row.topic, row.partition] = row.wake_ms, row.look_ms
                if row.recount is None:
                    self._counted.add((row.topic, row.partition))

    def changed(self, topic: str, partition: int) -> None:
        """Note that this transaction changes cases there: the tables must be asked."""
        self._changed.add((topic, partition))

    def recounts(self, topic: str, partition: int) -> None:
        """Note that this transaction has cases there counted anew: the tables must be asked."""
        self._counted.discard((topic, partition))

    def is_counted(self, topic: str, partition: int) -> bool:
        """Whether it is known that no case waits there to be counted anew."""
        return (topic, partition) in self._counted

    def owes_nothing(self, topic: str, partition: int, at: datetime) -> bool:
        """Whether it is known that nothing falls due there by then."""
        return self._is_later(topic, partition, at, 0)

    def rests(self, topic: str, partition: int, at: datetime) -> bool:
        """Whether it is known that no case is to be asked about there by then."""
        return self._is_later(topic, partition, at, 1)

    def _is_later(self, topic: str, partition: int, at: datetime, which: int) -> bool:
        place = (topic, partition)
        if place in self._changed or place not in self._first:
            return False
        first = self._first[place][which]
        return first is None or first > to_ms(at)
