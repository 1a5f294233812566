"""What was read is read again: the group's offsets set back, an older casebook restored."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from sqlalchemy import make_url

from deploy.local import processes, stack
from schemas.errors import UserError
from schemas.parts import Flow
from services.casebook.store import open_sqlite
from services.cli.exit_codes import NOT_TRIED
from services.cli.main import main
from services.exchange.workers import GROUP
from tests.faults.campaign import Campaign
from tests.prove.kill_stand import kill
from tests.prove.stand import ends_of

CASES: Final = 4
SECONDS_MAX: Final = 60.0


def offsets_reset(campaign: Campaign) -> str:
    """Set the exchange's group back to the beginning of every flow: all of it is read again."""
    campaign.work(CASES)
    names = stopped(campaign)
    ends = {flow.value: ends_of(campaign.stand, "admin", flow.value) for flow in Flow}
    places = [
        TopicPartition(flow, number, 0) for flow, numbers in ends.items() for number in numbers
    ]
    admin = AdminClient(campaign.stand.client("admin"))
    wanted = [ConsumerGroupTopicPartitions(GROUP, places)]
    for future in admin.alter_consumer_group_offsets(wanted).values():
        future.result(SECONDS_MAX)
    started(campaign, names)
    again = sum(end for numbers in ends.values() for end in numbers.values())
    campaign.work(CASES)
    return f"{again} records read again from the beginning; {campaign.judged()}"


def older_casebook(campaign: Campaign) -> str:
    """Restore the casebook of before the last cases: what it does not know is decided again."""
    file, kept = campaign.home.casebook, campaign.home.path / "casebook.backup"
    _backup(str(file), str(kept))
    campaign.work(CASES)
    campaign.settle()
    names = stopped(campaign)
    for old in file.parent.glob(f"{file.name}*"):
        old.unlink()
    shutil.move(kept, file)
    started(campaign, names)
    campaign.work(CASES)
    return f"restored from before {CASES} cases; {campaign.judged()}"


def backup_over_a_killed_casebook(campaign: Campaign) -> str:
    """Copy a backup over a casebook that a kill -9 left: refused. Restored in order, all is there.

    Its -wal was begun anew since the backup: opened, it would be laid over the older file.
    """
    file, kept = campaign.home.casebook, campaign.home.path / "casebook.backup"
    archive, at = campaign.home.path / "backup.tar", ("--home", str(campaign.home.path))
    _backup(str(file), str(kept))
    assert main(["backup", str(archive), *at]) == 0
    campaign.work(CASES)
    with closing(sqlite3.connect(file)) as beside:
        beside.execute(f"PRAGMA busy_timeout={SECONDS_MAX * 1000:.0f}")
        beside.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
    campaign.work(CASES)
    county = campaign.county
    names = {name: county.commands.pop(name) for name in county.exchanges}
    for name in names:
        kill(campaign.home, name)
    shutil.copyfile(kept, file)
    kept.unlink()
    why = _opened(file)
    assert why == "casebook.foreign_wal", f"not refused as it should be, but: {why}"
    assert main(["restore", str(archive), *at]) == 0
    started(campaign, names)
    campaign.work(CASES)
    return f"refused, then restored from before {2 * CASES} cases; {campaign.judged()}"


def database_restored(campaign: Campaign) -> str:
    """Back PostgreSQL up under the letters, kill the exchanges, lose it, restore into a new one."""
    server, archive = campaign.ground.server, campaign.home.path / "database.tar"
    at = ("--home", str(campaign.home.path))
    assert server is not None
    campaign.work(1)  # others are on their way
    assert main(["backup", str(archive), *at]) == 0
    campaign.work(CASES)
    assert main(["restore", str(archive), *at]) == NOT_TRIED
    county = campaign.county
    names = {name: county.commands.pop(name) for name in county.exchanges}
    for name in names:
        kill(campaign.home, name)
    assert main(["restore", str(archive), *at]) == NOT_TRIED
    server.empty(str(make_url(campaign.settings.casebook.url.get_secret_value()).database))
    assert main(["restore", str(archive), *at]) == 0
    started(campaign, names)
    campaign.work(CASES)
    judged = campaign.judged()
    again = campaign.replayed(archive)
    return f"refused twice, restored from before {CASES} cases; {judged}; from the backup {again}"


def stopped(campaign: Campaign) -> dict[str, tuple[str, ...]]:
    """Stop the exchanges, out of the supervisor's sight."""
    county = campaign.county
    names = {name: county.commands.pop(name) for name in county.exchanges}
    for name in names:
        processes.stop(campaign.home, name, stack.GRACE_SECONDS)
    return names


def started(campaign: Campaign, names: dict[str, tuple[str, ...]]) -> None:
    campaign.county.commands |= names
    campaign.supervise()


def _opened(file: Path) -> str | None:
    """Return why a casebook does not open; None: it does."""
    try:
        open_sqlite(file).close()
    except UserError as error:
        return error.code
    return None


def _backup(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
