"""What the broker must still lose: the to-do list, kept until each deletion was acknowledged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, tuple_

from services.casebook.progress import Place
from services.casebook.statements import upsert
from services.casebook.tables import COPIED, PROGRESS, SECRETS


@dataclass(frozen=True, slots=True)
class Pending:
    """One partition with records to be lost."""

    place: Place
    notes: Mapping[int, str]  # offset → what may be said of the record
    copied_to: int  # every record below it is in the originals; 0: nothing is known to be
    decided_to: int  # every record below it is decided and stored


def pending(connection: Connection, places: Iterable[Place]) -> tuple[Pending, ...]:
    """Return those of the partitions in which something is still to be lost."""
    wanted = sorted(set(places))
    notes: dict[Place, dict[int, str]] = {}
    query = select(SECRETS).where(tuple_(SECRETS.c.topic, SECRETS.c.partition).in_(wanted))
    for row in connection.execute(query.order_by(*SECRETS.primary_key.columns)):
        notes.setdefault((row.topic, row.partition), {})[row.offset] = row.note
    if not notes:
        return ()
    ends = {
        table: {
            (row.topic, row.partition): row.next_offset
            for row in connection.execute(
                select(table).where(tuple_(table.c.topic, table.c.partition).in_(list(notes)))
            )
        }
        for table in (COPIED, PROGRESS)
    }
    return tuple(
        Pending(place, found, ends[COPIED].get(place, 0), ends[PROGRESS][place])
        for place, found in notes.items()
    )


def note_copied(connection: Connection, place: Place, next_offset: int) -> None:
    """Note that the originals have every record below the offset."""
    topic, partition = place
    row = {"topic": topic, "partition": partition, "next_offset": next_offset}
    upsert(connection, COPIED, ("topic", "partition"), [row])


def note_lost(connection: Connection, place: Place, below: int) -> None:
    """Take off the list what the broker has lost: all of the partition below the offset."""
    topic, partition = place
    connection.execute(
        delete(SECRETS).where(
            SECRETS.c.topic == topic, SECRETS.c.partition == partition, SECRETS.c.offset < below
        )
    )
