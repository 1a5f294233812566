"""One record of a flow as the exchange takes it in. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.casebook.rows import Position, from_ms
from services.exchange.packed import Packed, Unread

# In the place of a stamp that is its writer's: no time at all, so none can be taken from it.
UNSTAMPED: Final = from_ms(0)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One record of a flow as the broker gives it."""

    position: Position
    key: bytes | None
    value: bytes | None
    stamped_at: datetime  # log append time; UNSTAMPED where the broker gave none
    packed: Packed | None = None  # None: not from the log itself (originals, tests)
    unread: Unread | None = None  # it stands for these offsets, up to its own; they have no bytes

    @property
    def first(self) -> int:
        """The first of the offsets that it stands for: its own, where it came itself."""
        return self.unread.first if self.unread else self.position.offset

    @property
    def bytes(self) -> int:
        """How long its key and value are."""
        return len(self.key or b"") + len(self.value or b"")

    @property
    def is_stamped(self) -> bool:
        """Whether the broker said when it came."""
        return self.stamped_at != UNSTAMPED

    @property
    def is_inflated(self) -> bool:
        """Whether its batch was far smaller on the wire than any of letters (packed.py)."""
        return self.packed is not None and self.packed.is_inflated
