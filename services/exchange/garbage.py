"""When Python looks for objects that hold each other: between two batches, never in one.

A batch makes half a million objects that all go at its end, by counting. Looked through for cycles
again and again while they lived, they cost a tenth of what a message does.
"""

import gc
from dataclasses import dataclass
from typing import Final

_OBJECTS_UNTIL_LOOKED: Final = 2_000_000  # alive in one batch: more than the largest has
_TICKS_UNTIL_ALL: Final = 30  # five minutes
_YOUNG, _MIDDLE, _ALL = 0, 1, 2


def begin() -> None:
    """Look for none until everything is open."""
    gc.disable()


def keep_for_good() -> None:
    """Look no more for garbage among what is here already: the rulebook and the code stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_UNTIL_LOOKED)
    gc.enable()


@dataclass(slots=True)
class Sweeps:
    """The looks that are due."""

    _ticks: int = 0

    def after_batch(self) -> None:
        """Look through what the batch has left, little as it is."""
        gc.collect(_YOUNG)

    def at_tick(self) -> None:
        """Look through what was left lately, and at times through all."""
        self._ticks += 1
        gc.collect(_MIDDLE if self._ticks % _TICKS_UNTIL_ALL else _ALL)
