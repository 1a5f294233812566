"""Lines of the journal, folded: a replay holds hundreds of thousands of them.

As text each takes two bytes of memory for a character, for there is a word of Chinese in nearly
all: 6 kB; folded a sixth. What only has to be known again is known by its digest.
"""

import zlib
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

_LEVEL: Final = 1  # the fastest
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the journal. `is_due`: its decision is among those that are replayed."""

    kept: bytes
    number: int  # its offset in the journal; -1: still in the outbox
    is_due: bool = True

    @property
    def line(self) -> str:
        """As the journal has it."""
        return unfolded(self.kept)


def as_told(line: str, number: int, *, is_due: bool = True) -> Told:
    """Return a line as it is held."""
    return Told(folded(line), number, is_due)


def folded(line: str) -> bytes:
    """Return a line as it is kept."""
    return zlib.compress(line.encode(), _LEVEL)


def unfolded(kept: bytes) -> str:
    """Return the line."""
    return zlib.decompress(kept).decode()


def digest_of(line: str) -> bytes:
    """Return what a line is known by."""
    return blake2b(line.encode(), digest_size=_DIGEST_BYTES).digest()
