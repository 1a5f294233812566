"""How much of the journal topic a casebook knows.

What lies behind it may tell decisions of a life that this casebook has lost: it is an older one,
restored. A mark that is too low costs some reading, and is never wrong.

So it stands until each partition is decided as far as it was in that life: the first lines of the
new one lie behind all of the lost one's, and who starts meanwhile, again or as another worker,
has to read what those who started before remember. It moves again by itself.
"""

import json
from collections.abc import Mapping
from typing import Final

from sqlalchemy import BigInteger, Connection, cast, delete, exists, select, update

from services.casebook.progress import Place, progress_now
from services.casebook.statements import insert_missing, upsert
from services.casebook.tables import SETTINGS

_KEY: Final = "journal"
_LOST: Final = "journal-lost"  # JSON: [[topic, partition, the offset to be decided next], …]
_NOW: Final = select(SETTINGS.c.value).where(SETTINGS.c.key == _KEY)
_ENDS: Final = select(SETTINGS.c.value).where(SETTINGS.c.key == _LOST)


def begin_journal(connection: Connection, offset: int) -> int:
    """Return the mark; where there is none yet, make it."""
    insert_missing(connection, SETTINGS, [{"key": _KEY, "value": str(offset)}])
    return int(connection.execute(_NOW).scalar_one())


def journal_known(connection: Connection) -> int:
    """Return the mark; 0 where there is none."""
    return int(connection.execute(_NOW).scalar() or 0)


def hold_journal(connection: Connection, ends: Mapping[Place, int]) -> None:
    """Let the mark stand while one of the partitions is not decided up to its offset.

    `ends`: of all that lies behind the mark, and so in place of what was noted before.
    """
    lost = _not_reached(connection, ends)
    if lost:
        value = json.dumps([[*place, offset] for place, offset in sorted(lost.items())])
        upsert(connection, SETTINGS, ("key",), [{"key": _LOST, "value": value}])
    else:
        connection.execute(delete(SETTINGS).where(SETTINGS.c.key == _LOST))


def know_journal(connection: Connection, offset: int) -> None:
    """Move the mark on, never back: all before it is of decisions that this casebook has."""
    is_further = cast(SETTINGS.c.value, BigInteger) < offset
    stands = exists().where(SETTINGS.alias().c.key == _LOST)
    further = update(SETTINGS).where(SETTINGS.c.key == _KEY, is_further, ~stands)
    if connection.execute(further.values(value=str(offset))).rowcount:
        return
    ends = connection.execute(_ENDS).scalar()
    if ends is not None:  # from the next batch on, if it has been reached
        hold_journal(connection, {(topic, part): end for topic, part, end in json.loads(ends)})


def _not_reached(connection: Connection, ends: Mapping[Place, int]) -> dict[Place, int]:
    """Return those of partitions that are there: what is none will never be decided."""
    progress = progress_now(connection)
    return {
        place: end
        for place, end in ends.items()
        if place in progress and progress[place].next_offset < end
    }
