"""Where a replay begins: with the first record, or with what a backup holds.

The flows keep thirty days. What lies before cannot be decided anew; a backup of a day since has
come of it, and what was decided behind that is replayed on it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from connectors.bus.home import Home
from services.casebook.journal_mark import journal_known
from services.casebook.progress import Place, progress_now
from services.casebook.standalone import refuse_damaged
from services.casebook.store import Casebook, open_scratch, open_sqlite
from services.casebook.tables import DEAD
from services.cli.backup_archive import CASEBOOK, read_archive
from services.exchange.decided_anew import clear
from services.exchange.gap import CODE, Passed, passed_of

_NAME: Final = "casebook.sqlite"

Gaps = frozenset[tuple[str, int, int]]  # topic, partition, last offset


@dataclass(frozen=True, slots=True)
class Begin:
    """A casebook to be thrown away, and how much of the log and of the journal it knows."""

    casebook: Casebook
    offsets: Mapping[Place, int] = field(default_factory=dict)  # next of each partition; else 0
    journal: int = 0  # no line before it is of what it does not know


@contextmanager
def begun(folder: Path, backup: Path | None) -> Iterator[Begin]:
    """Give the casebook that is replayed on: an empty one, or the backup's, in a folder of its own.

    Raises UserError file.unreadable, backup.unreadable, casebook.damaged, casebook.key_missing,
    Broken casebook.version.
    """
    if backup is None:
        begin = Begin(open_scratch(folder / _NAME))
    else:
        read_archive(backup, folder)
        refuse_damaged(folder / CASEBOOK)
        begin = _known(open_sqlite(folder / CASEBOOK, Home(folder).casebook_key))
    try:
        yield begin
    finally:
        begin.casebook.close()


def gaps_of(connection: Connection) -> Gaps:
    """Return where gaps were passed, as the casebook says."""
    known = connection.execute(select(*DEAD.primary_key).where(DEAD.c.code == CODE))
    return frozenset((topic, partition, offset) for topic, partition, offset in known)


def passed_in(gaps: Gaps, lines: Iterable[str]) -> Iterator[Passed]:
    """Yield the gaps of which the journal, too, says that they were passed."""
    for passed in filter(None, map(passed_of, lines)):
        if (*passed.found.gap.place, passed.found.gap.last) in gaps:
            yield passed


def _known(casebook: Casebook) -> Begin:
    with casebook.engine.begin() as connection:
        clear(connection)
        offsets = {place: each.next_offset for place, each in progress_now(connection).items()}
        return Begin(casebook, offsets, journal_known(connection))
