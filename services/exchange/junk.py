"""Small records that are no messages, many in one batch: one dead letter tells of them all. Pure.

The broker counts bytes. Sixty thousand empty records are eighty kilobytes, and sixty thousand dead
letters keep everybody waiting for half a minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from services.exchange.intake import Dead
from services.exchange.packed import unread

RUN_RECORDS_MIN: Final = 16  # fewer are told one by one, with their bytes
SMALL_BYTES: Final = 256  # key and value; of a letter the seal alone is as long
CODE: Final = "message.junk_run"


@dataclass(slots=True)
class Junk:
    """A run of them, in the order of their partition."""

    found: list[tuple[Dead, datetime]] = field(default_factory=list)

    @staticmethod
    def may_be(dead: Dead) -> bool:
        """Whether it may be told of with others: nothing of it would be missed."""
        came = dead.incoming
        is_slight = came.is_inflated or came.bytes < SMALL_BYTES
        return is_slight and came.packed is not None and not dead.is_secret

    def goes_on_with(self, dead: Dead) -> bool:
        """Whether it follows in the same batch."""
        last, came = self.found[-1][0].incoming, dead.incoming
        return (last.packed, last.position.offset + 1) == (came.packed, came.position.offset)

    def add(self, dead: Dead, at: datetime) -> None:
        """Take one in; `at` is the partition's time at it."""
        self.found.append((dead, at))

    def letters(self) -> Iterator[tuple[Dead, datetime]]:
        """Yield what dead letters are to be written, and when: of a long run one, at its end."""
        if len(self.found) < RUN_RECORDS_MIN:
            yield from self.found
            return
        first, (last, at) = self.found[0][0].incoming, self.found[-1]
        missing = unread(CODE, first.position.offset, last.incoming.position.offset)
        incoming = replace(last.incoming, key=None, value=None, unread=missing)
        yield replace(last, incoming=incoming, refusal=missing.refusal), at
