"""What was read is read again: the group's offsets set back, an older casebook restored."""

import shutil
import sqlite3
from contextlib import closing
from typing import Final

from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.local import processes, stack
from schemas.parts import Flow
from services.exchange.app import GROUP
from tests.faults.campaign import Campaign
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


def _backup(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
