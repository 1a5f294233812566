"""How far each partition is decided: the fence between workers.

Whoever decides for a partition holds its row until the transaction ends. A worker that lost the
partition meanwhile waits here, and then sees that another has gone on.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from schemas.ids import RulebookHash
from services.casebook.queries import LOCKED
from services.casebook.rows import Progress, from_ms, to_ms
from services.casebook.statements import Values, insert_missing
from services.casebook.tables import PROGRESS

Place = tuple[str, int]  # topic and partition

NEVER: Final = from_ms(0)  # the clock of a partition of which nothing was decided
_BEGIN: Final = Progress(0, NEVER)


def lock_progress(connection: Connection, places: Iterable[Place]) -> dict[Place, Progress]:
    """Return how far the partitions are, locked.

    Rows that are missing are made, at offset 0: what is not there cannot be locked.
    """
    wanted = sorted(set(places))
    found = locked(connection, wanted)
    missing = [place for place in wanted if place not in found]
    if missing:
        begin_progress(connection, dict.fromkeys(missing, _BEGIN))
        found = locked(connection, wanted)
    return found


def locked(connection: Connection, places: Sequence[Place]) -> dict[Place, Progress]:
    """Return those of the partitions that have a row. All rows are locked in one order."""
    rows = connection.execute(LOCKED, {"keys": list(places)})
    return {(row.topic, row.partition): _progress(row) for row in rows}


def rulebooks_in_force(connection: Connection) -> dict[Place, RulebookHash | None]:
    """Return by which rulebook each partition's next record is decided; locks nothing."""
    query = select(PROGRESS.c.topic, PROGRESS.c.partition, PROGRESS.c.rulebook)
    return {(row.topic, row.partition): _hash(row) for row in connection.execute(query)}


def progress_now(connection: Connection) -> dict[Place, Progress]:
    """Return how far every partition is decided; locks nothing."""
    rows = connection.execute(select(PROGRESS))
    return {(row.topic, row.partition): _progress(row) for row in rows}


def begin_progress(connection: Connection, begins: Mapping[Place, Progress]) -> None:
    """Make rows. One that another worker has made meanwhile stays as it is."""
    rows = [progress_row(place, progress) for place, progress in sorted(begins.items())]
    insert_missing(connection, PROGRESS, rows)


def progress_row(place: Place, progress: Progress) -> Values:
    """Return how far a partition is, as its row."""
    topic, partition = place
    return {
        "topic": topic,
        "partition": partition,
        "next_offset": progress.next_offset,
        "clock_ms": to_ms(progress.clock),
        "rulebook": progress.rulebook,
        "guided": progress.guided,
    }


def _progress(row: Row[Any]) -> Progress:
    return Progress(row.next_offset, from_ms(row.clock_ms), _hash(row), row.guided)


def _hash(row: Row[Any]) -> RulebookHash | None:
    return None if row.rulebook is None else RulebookHash(row.rulebook)
