"""From what the broker holds to what it should: the steps, and what is left to people. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.bus.layout import (
    INBOX_PREFIX,
    PREFIXED,
    TOPIC,
    Acl,
    Actual,
    Layout,
    Topic,
    principal_of,
)
from schemas.errors import UserError


@dataclass(frozen=True, slots=True)
class CreateTopic:
    """A topic is missing."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class SetConfig:
    """A topic's setting drifted."""

    topic: str
    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SetLogin:
    """A login is missing on the broker, or its password is missing here."""

    login: str


@dataclass(frozen=True, slots=True)
class DropLogin:
    """A login whose organ has left the directory."""

    login: str


@dataclass(frozen=True, slots=True)
class Grant:
    """An access right is missing."""

    acl: Acl


@dataclass(frozen=True, slots=True)
class Revoke:
    """One of our logins may do more than it should."""

    acl: Acl


@dataclass(frozen=True, slots=True)
class SetQuota:
    """A login's limit is missing, or another. `before` None: it has none."""

    login: str
    key: str
    before: float | None
    after: float


Change = CreateTopic | SetConfig | SetLogin | DropLogin | Grant | Revoke | SetQuota


def plan(wanted: Layout, actual: Actual) -> tuple[Change, ...]:
    """Return what to do, in order: rights that are too wide go first.

    Raises UserError topics.partitions_fixed: a flow's number of partitions never changes, since
    every case would land on another one.
    """
    ours = {principal_of(login) for login in (*wanted.logins, *_departed(wanted, actual))}
    return (
        *(Revoke(acl) for acl in sorted(actual.acls - wanted.acls) if _is_surplus(acl, ours)),
        *(DropLogin(login) for login in _departed(wanted, actual) if login in actual.logins),
        *_topic_changes(wanted, actual),
        *(
            SetLogin(login)
            for login in wanted.logins
            if login not in actual.logins or login not in actual.passwords
        ),
        *(Grant(acl) for acl in sorted(wanted.acls - actual.acls)),
        *_quota_changes(wanted, actual),
    )


def left_alone(wanted: Layout, actual: Actual) -> tuple[Acl, ...]:
    """Return the rights that touch our topics and that `plan` does not change, to be looked at.

    These are what others than our logins may do with our topics, and every denial: an operator
    may have shut somebody out in a hurry, and applying the layout must not let them in again.
    """
    ours = {principal_of(login) for login in (*wanted.logins, *_departed(wanted, actual))}
    names = {topic.name for topic in wanted.topics}
    return tuple(
        acl
        for acl in sorted(actual.acls - wanted.acls)
        if not _is_surplus(acl, ours) and (acl.principal in ours or _reaches(acl, names))
    )


def in_words(change: Change) -> tuple[str, str, str]:
    """Return (kind, what, detail) for people and for JSON; no password is ever in a change."""
    match change:
        case CreateTopic(topic):
            return "create_topic", topic.name, f"{topic.partitions} × {topic.replication}"
        case SetConfig(topic=name, key=key, before=before, after=after):
            return "set_config", name, f"{key}: {before} → {after}"
        case SetLogin(login):
            return "set_login", login, ""
        case DropLogin(login):
            return "drop_login", login, ""
        case Grant(acl):
            return "grant", acl.principal, str(acl)
        case Revoke(acl):
            return "revoke", acl.principal, str(acl)
        case SetQuota(login=login, key=key, before=before, after=limit):
            was = "-" if before is None else f"{before:.0f}"
            return "set_quota", login, f"{key}: {was} → {limit:.0f}"


def _departed(wanted: Layout, actual: Actual) -> tuple[str, ...]:
    """Logins of organs that left the directory: only we make inbox topics, and we keep them."""
    inboxes = (name for name in actual.topics if name.startswith(INBOX_PREFIX))
    aliases = (name.removeprefix(INBOX_PREFIX) for name in inboxes)
    return tuple(sorted(set(aliases) - set(wanted.logins)))


def _is_surplus(acl: Acl, ours: set[str]) -> bool:
    """Denials stay; `unknown` is a kind of resource that the client cannot name, so not delete."""
    return acl.principal in ours and acl.permission == "allow" and acl.resource != "unknown"


def _reaches(acl: Acl, names: set[str]) -> bool:
    """Whether the right is about one of our topics. `*` is Kafka's name for all of them."""
    if acl.resource != TOPIC:
        return False
    if acl.pattern == PREFIXED:
        return any(name.startswith(acl.name) for name in names)
    return acl.name == "*" or acl.name in names


def _quota_changes(wanted: Layout, actual: Actual) -> Iterable[Change]:
    for login, limits in sorted(wanted.quotas.items()):
        found = actual.quotas.get(login, {})
        for key, limit in sorted(limits.items()):
            if found.get(key) != limit:
                yield SetQuota(login, key, found.get(key), limit)


def _topic_changes(wanted: Layout, actual: Actual) -> Iterable[Change]:
    for topic in wanted.topics:
        found = actual.topics.get(topic.name)
        if found is None:
            yield CreateTopic(topic)
            continue
        if found.partitions != topic.partitions:
            raise UserError(
                "topics.partitions_fixed",
                where=topic.name,
                detail=f"{found.partitions} != {topic.partitions}",
                exit_code=1,
            )
        for key, after in sorted(topic.config.items()):
            before = found.config.get(key, "")
            if before != after:
                yield SetConfig(topic.name, key, before, after)
