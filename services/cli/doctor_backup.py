"""Is there a backup that is young enough, and what did a restore leave? Only looks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from connectors.bus.home import Home
from schemas.errors import YichuanError
from schemas.render import CHINA
from services.casebook.backed_up import last_backup
from services.casebook.standalone import left_aside
from services.casebook.store import place_of
from services.cli.casebook_view import reading
from services.cli.doctor_casebook import CASEBOOK_URL
from services.cli.doctor_finding import Symptom, doubtful

BACKUP_AGE_MAX: Final = timedelta(days=2)  # one each night, and one that did not end well


def look_at_backup(home: Home, now: datetime) -> Iterator[Symptom]:
    """Judge the age of the last backup that ended well."""
    try:
        with reading(home) as connection:
            last = last_backup(connection)
        where = home.casebook.name if place_of(home) == home.casebook else CASEBOOK_URL
    except YichuanError:
        return  # look_at_casebook says why
    yield from judge_backup(last, now, where)


def look_at_replaced(home: Home) -> Iterator[Symptom]:
    """Find what restores have put aside: whole casebooks, which no deadline of theirs deletes.

    A warning: until the restored one is known to be right, the old one is the only way back.
    """
    for folder in left_aside(home.casebook.resolve()):
        yield doubtful("backup.replaced_left", str(folder))


def judge_backup(last: datetime | None, now: datetime, where: str) -> Iterator[Symptom]:
    """Find that there is none, or an old one. A warning: nothing is lost until a disk is. Pure."""
    if last is None:
        yield doubtful("backup.none", where)
    elif now - last > BACKUP_AGE_MAX:
        yield doubtful("backup.old", where, f"{last.astimezone(CHINA):%Y-%m-%d %H:%M}")
