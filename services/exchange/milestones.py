"""What the exchange's log says of its own life: its start, the partitions it has, its end.

Nothing of what it decides: that is the journal's. Who looks at a log in which nothing is wrong can
still see that it is this process's, which version it is, and since when it has which partition.
"""

import logging
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from connectors.bus.build import VERSION
from services.casebook.migrate import head
from services.casebook.progress import Place
from services.casebook.store import Casebook

LOG: Final = logging.getLogger("yichuan.exchange")
_OURS: Final = logging.getLogger("yichuan")


class Milestones:
    """The log of one exchange's life."""

    def __init__(self, name: str, root: logging.Logger) -> None:
        self._name = name
        self._has: frozenset[Place] = frozenset()
        # Faust's handlers take warnings alone, and so does the root: only our own say more.
        _OURS.setLevel(logging.INFO)
        for handler in root.handlers:
            handler.setLevel(logging.NOTSET)

    def started(self, casebook: Casebook, rulebook: str, port: int) -> None:
        """Everything is open; partitions come next."""
        LOG.info(
            "%s: yichuan %s, casebook %s step %s, rulebook %s, /metrics and /healthz on port %d",
            self._name,
            VERSION,
            casebook.engine.dialect.name,
            head(),
            rulebook,
            port,
        )

    def has(self, places: Iterable[Place]) -> None:
        """Note which partitions are its own now; said where that has changed."""
        now = frozenset(places)
        if taken := now - self._has:
            LOG.info("%s: partitions taken: %s (%d in all)", self._name, _words(taken), len(now))
        if gone := self._has - now:
            LOG.info("%s: partitions given back: %s (%d left)", self._name, _words(gone), len(now))
        self._has = now


def told_to_stop() -> None:
    """What is in hand is stored and published, then it ends."""
    LOG.info("told to stop")


def stopped() -> None:
    """All is closed."""
    LOG.info("stopped")


def _words(places: Iterable[Place]) -> str:
    """Return `leads/0,1,3 transfers/2`."""
    flows = groupby(sorted(places), key=lambda place: place[0])
    return " ".join(
        f"{flow}/{_numbers([number for _, number in all_of])}" for flow, all_of in flows
    )


def _numbers(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
