"""How many letters of its agency a connector may publish now, so that none floods the bus. Pure.

A flow is read in its order: who lies far ahead of the others in it keeps them all waiting. So an
agency has only so many letters in it at a time; when the exchange is slow, this alone slows the
agency down. And it publishes only so many a second, for those who receive them. What may not go
out yet stays in the spool, or in the agency's own outbox.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from schemas.ids import MessageId

LETTERS_PER_SECOND: Final = 100.0  # unless configured otherwise; nine million a day
UNANSWERED_MAX: Final = 50  # letters published that the bus has said nothing of yet
# Then a letter counts no longer: what waits behind a held one is answered late, what is dead
# never, and while the exchange is away its letters are to get their time of receipt all the same.
UNANSWERED_SECONDS_MAX: Final = 10.0
SAVED_SECONDS: Final = 1.0  # of the rate, for what comes after a pause


class Allowance:
    """What one agency may publish. Times are seconds of a clock that never goes back."""

    def __init__(self, per_second: float) -> None:
        """`per_second`: letters, more than 0."""
        self._per_second = per_second
        self._saved_max = max(per_second * SAVED_SECONDS, 1.0)
        self._saved, self._saved_at = self._saved_max, 0.0
        self._unanswered: OrderedDict[MessageId, float] = OrderedDict()  # when each was published

    def room(self, at: float) -> int:
        """Return how many letters may be published at this time."""
        self._save(at)
        while self._unanswered:
            oldest = next(iter(self._unanswered.values()))
            if at - oldest < UNANSWERED_SECONDS_MAX:
                break
            self._unanswered.popitem(last=False)
        return max(0, min(int(self._saved), UNANSWERED_MAX - len(self._unanswered)))

    def published(self, letters: Iterable[MessageId], at: float) -> None:
        """Note that the broker has these letters."""
        self._save(at)
        for message_id in letters:
            self._saved -= 1.0
            self._unanswered[message_id] = at
            self._unanswered.move_to_end(message_id)

    def answered(self, message_id: MessageId) -> None:
        """Note that the bus has said what became of a letter."""
        self._unanswered.pop(message_id, None)

    def _save(self, at: float) -> None:
        gained = (at - self._saved_at) * self._per_second
        self._saved, self._saved_at = min(self._saved_max, self._saved + gained), at
