"""The exchange's word on what a transaction sends: one signature, before it is stored.

It is kept with the rows, so what is published again is the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence

from schemas.codec import frame
from schemas.errors import Broken
from schemas.seal import Unvouched
from services.casebook.changes import Changes
from services.casebook.rows import ToVouch

Vouch = Callable[[Sequence[Unvouched]], Sequence[bytes]]


class Vouching:
    """Signs what waits, each value once, however often the transaction is written down."""

    def __init__(self, vouch: Vouch | None) -> None:
        self._vouch = vouch
        self._done: dict[ToVouch, bytes] = {}

    def of(self, changes: Changes) -> Mapping[ToVouch, bytes]:
        """Return the whole value of everything among the changes that gets the exchange's word.

        Raises Broken exchange.defect where nobody is here who may give it.
        """
        told = (row.value for row in changes.outbox)
        kept = (row.receipt for row in changes.messages.values())
        every = (value for value in (*told, *kept) if isinstance(value, ToVouch))
        waiting = [value for value in dict.fromkeys(every) if value not in self._done]
        if waiting and self._vouch is None:
            raise Broken("exchange.defect", where="outbox")
        bodies = self._vouch([value.copy for value in waiting]) if waiting and self._vouch else ()
        for value, body in zip(waiting, bodies, strict=True):
            self._done[value] = frame(value.schema_id, body)
        return self._done
