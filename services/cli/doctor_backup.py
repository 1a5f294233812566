"""Is there a backup that is young enough, and what did a restore leave? Only looks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from connectors.bus.home import Home
from schemas.render import CHINA
from services.casebook.standalone import left_aside
from services.cli.doctor_finding import Symptom, doubtful

BACKUP_AGE_MAX: Final = timedelta(days=2)  # one each night, and one that did not end well


class BackedUp(NamedTuple):
    """A casebook, and when its last backup that ended well had begun; None: there was none."""

    where: str
    last: datetime | None


def look_at_replaced(home: Home) -> Iterator[Symptom]:
    """Find what restores have put aside: whole casebooks, which no deadline of theirs deletes.

    A warning: until the restored one is known to be right, the old one is the only way back.
    """
    for folder in left_aside(home.casebook.resolve()):
        yield doubtful("backup.replaced_left", str(folder))


def judge_backup(seen: BackedUp | None, now: datetime) -> Iterator[Symptom]:
    """Find that there is none, or an old one; `seen` None: the casebook did not open. Pure.

    A warning: nothing is lost until a disk is.
    """
    if seen is None:
        return  # look_at_casebook says why
    if seen.last is None:
        yield doubtful("backup.none", seen.where)
    elif now - seen.last > BACKUP_AGE_MAX:
        yield doubtful("backup.old", seen.where, f"{seen.last.astimezone(CHINA):%Y-%m-%d %H:%M}")
