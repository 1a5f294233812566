"""What stays behind while the disk has no room for a source's files, so that the others go on.

Within a case nothing overtakes. So behind such a source waits what belongs to its case, and what
answers something that is not known yet: that may be the very one. What opens a case of its own, or
answers in another, goes on.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from connectors.bus.system import Source
from schemas.ids import CaseId

ASIDE_MAX: Final = 200  # sources; while so many wait, nothing more is taken from the agency
ASIDE_BYTES_MAX: Final = 32 * 1024**2  # of their documents, which are in memory; likewise


class Place(NamedTuple):
    """Where a source belongs."""

    case_id: CaseId | None  # None: it answers what is not known yet
    opens: bool  # the case is its own


class Aside:
    """The sources that wait, in the agency's order."""

    def __init__(self) -> None:
        self.sources: tuple[Source, ...] = ()
        self._cases: set[CaseId | None] = set()

    def put(self, source: Source, place: Place | None) -> None:
        """Let a source wait; `place` None: it will be refused, and nothing can belong to it."""
        self.sources += (source,)
        if place is not None:
            self._cases.add(place.case_id)

    def holds(self, place: Place | None) -> bool:
        """Whether what belongs there has to wait, too."""
        if not self.sources or place is None:
            return False
        if place.case_id is None or place.case_id in self._cases:
            return True
        return None in self._cases and not place.opens


def is_full(sources: Sequence[Source]) -> bool:
    """Whether so many wait that nothing more may be taken from the agency."""
    return len(sources) >= ASIDE_MAX or sum(len(each.raw) for each in sources) >= ASIDE_BYTES_MAX
