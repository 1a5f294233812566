"""Is the broker as the directory says; do its logs fit the casebook, and its clock ours? Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connectors.bus.changes import (
    Change,
    CreateTopic,
    DropLogin,
    Grant,
    Revoke,
    SetConfig,
    SetLogin,
    SetQuota,
    left_alone,
    plan,
)
from connectors.bus.clock import SKEW_MAX
from connectors.bus.layout import FLOW_RETENTION_MS, Actual, Layout
from services.casebook.progress import Place
from services.cli.doctor_finding import Symptom, doubtful, remark, wrong

SKEW_NOTED: Final = timedelta(seconds=5)  # hosts with a time service are well within
# Half of the time that an undecided record is kept: from then on somebody must see to it.
UNDECIDED_MAX: Final = timedelta(milliseconds=FLOW_RETENTION_MS) / 2

# Received time, what is kept, and what an acknowledgement means rest on these.
_PROMISED: Final = frozenset(
    {
        "cleanup.policy",
        "message.timestamp.type",
        "min.insync.replicas",
        "retention.bytes",
        "retention.ms",
        "unclean.leader.election.enable",
    }
)


@dataclass(frozen=True, slots=True)
class Newest:
    """The last record of a partition. `sent_at`: the sealed host's time of a Tick, else None."""

    place: Place
    stamped_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """An organ's inbox: what it holds, how far its connector is, and whether that is there."""

    alias: str
    begin: int
    end: int
    read: int | None  # up to this offset; None: its connector is there


def judge_layout(wanted: Layout, actual: Actual) -> Iterator[Symptom]:
    """Compare topics, settings, logins and rights with the directory."""
    fixed = []
    for topic in wanted.topics:
        found = actual.topics.get(topic.name)
        if found is not None and found.partitions != topic.partitions:
            detail = f"{found.partitions} != {topic.partitions}"
            yield wrong("topics.partitions_fixed", topic.name, detail)
            fixed.append(replace(topic, partitions=found.partitions))  # `plan` would stop at it
        else:
            fixed.append(topic)
        if found is not None and found.replication < topic.replication:
            detail = f"{found.replication} < {topic.replication}"
            yield doubtful("topic.replication_low", topic.name, detail)
    judged = replace(wanted, topics=tuple(fixed))
    for change in plan(judged, actual):
        yield _needed(change, actual)
    for acl in left_alone(judged, actual):
        yield doubtful("acl.foreign", acl.principal, str(acl))


def judge_logs(
    progress: Mapping[Place, int], spans: Mapping[Place, tuple[int, int]]
) -> Iterator[Symptom]:
    """Compare how far the casebook is with where each flow's log begins and ends."""
    for (topic, partition), next_offset in sorted(progress.items()):
        begin, end = spans.get((topic, partition), (next_offset, next_offset))
        where = f"{topic}/{partition}"
        if next_offset < begin:
            yield wrong("log.gap", where, f"{next_offset} < {begin}")
        if next_offset > end:
            yield wrong("log.shorter", where, f"{end} < {next_offset}")


def judge_undecided(oldest: Mapping[Place, datetime], now: datetime) -> Iterator[Symptom]:
    """Name the partitions of which the broker will delete what nobody has decided."""
    for (topic, partition), at in sorted(oldest.items()):
        if now - at > UNDECIDED_MAX:
            detail = f"{at:%Y-%m-%d %H:%M:%S} UTC, {(now - at).days} d"
            yield doubtful("log.expiring", f"{topic}/{partition}", detail)


def judge_clock(newest: Sequence[Newest], now: datetime) -> Iterator[Symptom]:
    """Compare the broker's stamps with this host's clock, and with that of the Ticks' writer."""
    ahead = max(newest, key=lambda one: one.stamped_at, default=None)
    if ahead is not None and ahead.stamped_at - now > SKEW_MAX:
        yield wrong("clock.ahead", _at(ahead), f"{ahead.stamped_at - now} > {SKEW_MAX}")
    skews = [(abs(one.stamped_at - one.sent_at), one) for one in newest if one.sent_at is not None]
    if not skews:
        yield remark("clock.unjudged", "flows")
        return
    skew, tick = max(skews, key=lambda pair: pair[0])
    detail = f"{skew}: Tick {tick.sent_at:%H:%M:%S}, broker {tick.stamped_at:%Y-%m-%d %H:%M:%S} UTC"
    if skew > SKEW_MAX:
        yield wrong("clock.skew", _at(tick), detail)
    elif skew > SKEW_NOTED:
        yield doubtful("clock.skew", _at(tick), detail)


def judge_inboxes(inboxes: Sequence[Inbox]) -> Iterator[Symptom]:
    """Name the organs for whom something lies there and nobody comes, or lay there too long."""
    for inbox in inboxes:
        if inbox.read is None:
            continue
        if inbox.read < inbox.begin:
            yield doubtful("inbox.gap", inbox.alias, f"{inbox.read} < {inbox.begin}")
        unread = inbox.end - max(inbox.read, inbox.begin)
        if unread > 0:
            yield doubtful("connector.absent", inbox.alias, str(unread))


def _needed(change: Change, actual: Actual) -> Symptom:
    match change:
        case CreateTopic(topic):
            return wrong("topics.missing", topic.name)
        case SetConfig(topic=name, key=key, before=before, after=after):
            judge = wrong if key in _PROMISED else doubtful
            return judge("topic.setting_drifted", name, f"{key}: {before} != {after}")
        case SetLogin(login) if login in actual.logins:
            return doubtful("login.password_missing", login)
        case SetLogin(login):
            return wrong("login.missing", login)
        case DropLogin(login):
            return wrong("login.surplus", login)
        case Grant(acl):
            return wrong("acl.missing", acl.principal, str(acl))
        case Revoke(acl):
            return wrong("acl.surplus", acl.principal, str(acl))
        case SetQuota(login=login, key=key, before=before, after=limit):
            return doubtful("quota.drifted", login, f"{key}: {before} != {limit:.0f}")


def _at(one: Newest) -> str:
    return f"{one.place[0]}/{one.place[1]}"
