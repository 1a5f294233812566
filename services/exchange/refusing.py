"""Destinations that refuse are left alone for a while, and then asked with one row.

What waits for them would else be read and tried before each batch's own rows: one inbox that
refuses made everybody's letters wait. Their rows keep their order: none goes before that one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from services.casebook.progress import Place

RETRY_SECONDS: Final = 5.0  # after a refusal; half a Tick


@dataclass(slots=True)
class Refusing:
    """What one process has met of it; another one finds out for itself."""

    _first: dict[str, int] = field(default_factory=dict)  # the number of the row that was refused
    _until: dict[str, float] = field(default_factory=dict)  # monotonic seconds
    # Of each partition the last row of theirs that was seen waiting: all up to it is theirs, or
    # gone. It must be one that waits: on SQLite the numbers of rows that are gone are given again.
    _seen: dict[Place, int] = field(default_factory=dict)

    @property
    def topics(self) -> tuple[str, ...]:
        """The destinations."""
        return tuple(self._first)

    def refused(self, topic: str, number: int, at: float) -> None:
        """Note that a row was refused, and none before it."""
        self._first[topic] = number
        self._until[topic] = at + RETRY_SECONDS

    def takes(self, topic: str) -> None:
        """Note that it does so no longer: what waits for it is read again, from the first row."""
        del self._first[topic], self._until[topic]
        self._seen.clear()

    def due(self, at: float) -> dict[str, int]:
        """Return which destinations to ask, and with which row."""
        return {topic: self._first[topic] for topic, until in self._until.items() if until <= at}

    def ask_all(self) -> None:
        """Let all be due: they refused another producer."""
        self._until = dict.fromkeys(self._first, 0.0)

    def seen(self, place: Place) -> int:
        """Return behind which row of a partition something for others may wait."""
        return self._seen.get(place, 0)

    def pass_over(self, last: Mapping[Place, int]) -> None:
        """Note the last rows of theirs that wait; before these nothing waits for others."""
        if self._first:
            self._seen.update(last)
