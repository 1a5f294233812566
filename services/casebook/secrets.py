"""What the broker must still lose: the to-do list, kept until each deletion was acknowledged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, select, tuple_, update

from services.casebook.progress import Place
from services.casebook.rows import from_ms, to_ms
from services.casebook.statements import upsert
from services.casebook.tables import COPIED, PROGRESS, SECRETS, SETTINGS

_CLOSING: Final = "closing-"  # and a topic: a key of the settings
_ASKED: Final = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """One partition with records to be lost."""

    place: Place
    notes: Mapping[int, str]  # offset → what may be said of the record
    copied_to: int  # every record below it is in the originals; 0: nothing is known to be
    decided_to: int  # every record below it is decided and stored


@dataclass(frozen=True, slots=True)
class Closing:
    """A topic of which a deleted record may lie on the broker's disk still."""

    topic: str
    value: str

    @property
    def until(self) -> datetime | None:
        """Until when its segments are closed soon; None: that was not asked of the broker yet."""
        return None if self.value == _ASKED else from_ms(int(self.value))


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


def ask_to_close(connection: Connection, topic: str) -> None:
    """Note that a topic's segments have to be closed: what it has lost is on the disk still."""
    upsert(connection, SETTINGS, ("key",), [{"key": f"{_CLOSING}{topic}", "value": _ASKED}])


def to_close(connection: Connection) -> tuple[Closing, ...]:
    """Return the topics whose segments have to be closed, or are being closed."""
    there = SETTINGS.c.key.startswith(_CLOSING)
    rows = connection.execute(select(SETTINGS).where(there).order_by(SETTINGS.c.key))
    return tuple(Closing(row.key.removeprefix(_CLOSING), row.value) for row in rows)


def note_closing(connection: Connection, closing: Closing, until: datetime) -> None:
    """Note until when a topic's segments are closed soon, unless that was asked for anew."""
    further = update(SETTINGS).where(*_is(closing)).values(value=str(to_ms(until)))
    connection.execute(further)


def note_closed(connection: Connection, closing: Closing) -> None:
    """Note that all is as it was, unless it was asked for anew."""
    connection.execute(delete(SETTINGS).where(*_is(closing)))


def _is(closing: Closing) -> tuple[ColumnElement[bool], ...]:
    return SETTINGS.c.key == f"{_CLOSING}{closing.topic}", SETTINGS.c.value == closing.value
