"""What the broker should hold: topics, logins and access rights, from the directory (D5). Pure.

connectors/bus/changes.py compares it with what is there; connectors/bus/admin.py reads and acts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from schemas.errors import UserError
from schemas.ids import Alias, is_reserved
from schemas.parts import Flow
from schemas.topics import CASE_KEYS, DEAD_LETTERS, JOURNAL, ORIGINALS, inbox_of

EXCHANGE: Final = "exchange"  # the exchange's login, and the prefix of its consumer groups
MESSAGE_BYTES_MAX: Final = 1_048_576  # of a record batch; a sealed message is 900,000 at most
ORIGINAL_BYTES_MAX: Final = MESSAGE_BYTES_MAX + 4_096  # of a flow's record locked, and where it lay
INBOX_PREFIX: Final = inbox_of("")
TOPIC: Final = "topic"
GROUP: Final = "group"
LITERAL: Final = "literal"
PREFIXED: Final = "prefixed"
# By whose clock a record's time is. Where it is the broker's, `message.timestamp.before.max.ms` and
# `message.timestamp.after.max.ms` do nothing, so nobody watches them: Kafka holds a writer's time
# against them under CreateTime alone (LogValidator; tests/integration/test_bounds.py).
STAMPED_BY: Final = "message.timestamp.type"
THE_BROKER: Final = "LogAppendTime"
SEGMENT_MS: Final = "segment.ms"  # when a topic's setting: after so long a new segment is begun

# What one organ may ask of each broker, so that none keeps the others waiting. Bytes a second, and
# percent of one thread. Some 50 to 90 letters a second, and one of the largest in seven seconds;
# who asks for more has to wait. It is well under what one exchange decides: else one organ alone
# could keep the others waiting ever longer. The broker counts a request when it is through, so one
# of a megabyte passes at once. How much a connector has under way: connectors/bus/allowance.py.
ORGAN_WRITE_BYTES_PER_SECOND: Final = 131_072
ORGAN_QUOTA: Final = MappingProxyType(
    {
        "consumer_byte_rate": 16.0 * 1_048_576,
        "producer_byte_rate": float(ORGAN_WRITE_BYTES_PER_SECOND),
        "request_percentage": 100.0,
    }
)

Quotas = Mapping[str, Mapping[str, float]]  # login → Kafka's name of a limit → its value

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 24 * 60 * _MINUTE_MS
FLOW_RETENTION_MS: Final = 30 * _DAY_MS  # then a record is deleted, decided or not
# The broker keeps each segment's file open, and its indexes mapped. There is a Tick every ten
# seconds, so none stays empty: of 24 partitions thirty days are 720 segments; by ten minutes each
# they were 104,000. Measured: with a limit of 20,000 open files it ends at 20,000, for good.
FLOW_SEGMENT_MS: Final = _DAY_MS
# Of a flow from which a secret was deleted, until it has left the disk (services/exchange/closing).
CLOSING_SEGMENT_MS: Final = 10 * _MINUTE_MS
_KEYS_SEGMENT_MS: Final = 10 * _MINUTE_MS
_FLOW_FILE_DELETE_MS: Final = 1_000  # a closed segment that was deleted leaves the disk after this
_INBOX_RETENTION_MS: Final = 400 * _DAY_MS
_TOMBSTONE_MS: Final = 30 * 366 * _DAY_MS  # that a key was erased outlives every backup of it
_UNLIMITED: Final = -1


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """One access right, in Kafka's own words in lower case.

    READ and WRITE imply DESCRIBE, so DESCRIBE is never granted by itself.
    """

    principal: str  # User:<login>
    resource: str  # topic, group; of others' also broker (the cluster), transactional_id
    pattern: str  # literal or prefixed
    name: str
    operation: str  # read, write, delete; of others' also create, all, …
    permission: str = "allow"
    host: str = "*"

    def __str__(self) -> str:
        """One line for people: who may (not) do what to which."""
        name = f"{self.name}*" if self.pattern == PREFIXED else self.name
        host = "" if self.host == "*" else f" from {self.host}"
        return f"{self.principal} {self.permission} {self.operation} {self.resource} {name}{host}"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with the settings that matter to us."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Layout:
    """What there should be."""

    topics: tuple[Topic, ...]
    logins: tuple[str, ...]
    acls: frozenset[Acl]
    quotas: Quotas = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Actual:
    """What there is: on the cluster, and which logins' passwords the home holds."""

    topics: Mapping[str, Topic]
    logins: frozenset[str]
    acls: frozenset[Acl]
    passwords: frozenset[str]
    quotas: Quotas = field(default_factory=dict)


def layout(
    aliases: Iterable[Alias],
    *,
    partitions: int,
    replication: int,
    write_bytes_per_second: int = ORGAN_WRITE_BYTES_PER_SECOND,
) -> Layout:
    """Return what the bus needs for these organs.

    `partitions` are those of each flow; `write_bytes_per_second` may be written by each organ to
    each broker. Raises UserError topics.alias_reserved.
    """
    ordered = tuple(sorted(set(aliases)))
    for alias in ordered:
        if is_reserved(alias):
            raise UserError("topics.alias_reserved", where=alias)
    topics = (
        *(_topic(flow.value, partitions, replication, _FLOW_CONFIG) for flow in Flow),
        *(_topic(inbox_of(alias), 1, replication, _INBOX_CONFIG) for alias in ordered),
        _topic(JOURNAL, 1, replication, _LEDGER_CONFIG),
        _topic(DEAD_LETTERS, 1, replication, _ORIGINALS_CONFIG),
        _topic(ORIGINALS, partitions, replication, _ORIGINALS_CONFIG),
        _topic(CASE_KEYS, 1, replication, _KEYS_CONFIG),
    )
    organs = (acl for alias in ordered for acl in _organ_acls(alias))
    acls = frozenset((*organs, *_exchange_acls()))
    quota = {**ORGAN_QUOTA, "producer_byte_rate": float(write_bytes_per_second)}
    return Layout(topics, (EXCHANGE, *ordered), acls, dict.fromkeys(ordered, quota))


def principal_of(login: str) -> str:
    """Return the Kafka principal of a login."""
    return f"User:{login}"


def _topic(name: str, partitions: int, replication: int, config: Mapping[str, str]) -> Topic:
    in_sync = str(replication // 2 + 1)  # a majority: what is acknowledged outlives any minority
    return Topic(
        name, partitions, replication, {**_COMMON_CONFIG, **config, "min.insync.replicas": in_sync}
    )


_COMMON_CONFIG: Final = {
    "cleanup.policy": "delete",
    "compression.type": "producer",
    "max.message.bytes": str(MESSAGE_BYTES_MAX),
    STAMPED_BY: THE_BROKER,  # received time is the broker's (D4)
    "retention.bytes": str(_UNLIMITED),
    "unclean.leader.election.enable": "false",  # a lost leader must not lose what it acknowledged
}
_FLOW_CONFIG: Final = {
    "retention.ms": str(FLOW_RETENTION_MS),
    SEGMENT_MS: str(FLOW_SEGMENT_MS),
    "file.delete.delay.ms": str(_FLOW_FILE_DELETE_MS),
}
_INBOX_CONFIG: Final = {"retention.ms": str(_INBOX_RETENTION_MS)}
_LEDGER_CONFIG: Final = {"retention.ms": str(_UNLIMITED)}
_ORIGINALS_CONFIG: Final = {**_LEDGER_CONFIG, "max.message.bytes": str(ORIGINAL_BYTES_MAX)}

# The last record of each key stays; an older one, so an erased key, goes within two rolls at most.
_KEYS_CONFIG: Final = {
    "cleanup.policy": "compact",
    "delete.retention.ms": str(_TOMBSTONE_MS),
    "file.delete.delay.ms": str(_FLOW_FILE_DELETE_MS),
    "max.compaction.lag.ms": str(_KEYS_SEGMENT_MS),
    "min.cleanable.dirty.ratio": "0.01",
    SEGMENT_MS: str(_KEYS_SEGMENT_MS),  # compaction puts the small ones together
}


def _organ_acls(alias: Alias) -> Iterable[Acl]:
    """An organ writes the flows, reads its own inbox, and uses groups named `<alias>.…`."""
    who = principal_of(alias)
    for flow in Flow:
        yield Acl(who, TOPIC, LITERAL, flow.value, "write")
    yield Acl(who, TOPIC, LITERAL, inbox_of(alias), "read")
    yield Acl(who, GROUP, PREFIXED, f"{alias}.", "read")


def _exchange_acls() -> Iterable[Acl]:
    """The exchange alone reads the flows; it writes Ticks there, and everything else.

    It alone deletes from them, and closes their segments: what the secrecy gate refused
    (services/exchange/erase.py, closing.py).
    """
    who = principal_of(EXCHANGE)
    for flow in Flow:
        yield Acl(who, TOPIC, LITERAL, flow.value, "read")
        yield Acl(who, TOPIC, LITERAL, flow.value, "write")
        yield Acl(who, TOPIC, LITERAL, flow.value, "delete")
        yield Acl(who, TOPIC, LITERAL, flow.value, "alter_configs")
    yield Acl(who, TOPIC, LITERAL, ORIGINALS, "read")
    yield Acl(who, TOPIC, LITERAL, ORIGINALS, "write")
    yield Acl(who, TOPIC, LITERAL, CASE_KEYS, "read")
    yield Acl(who, TOPIC, LITERAL, CASE_KEYS, "write")
    yield Acl(who, TOPIC, PREFIXED, INBOX_PREFIX, "write")
    yield Acl(who, TOPIC, LITERAL, JOURNAL, "read")  # when an older casebook was restored
    yield Acl(who, TOPIC, LITERAL, JOURNAL, "write")
    yield Acl(who, TOPIC, LITERAL, DEAD_LETTERS, "write")
    yield Acl(who, GROUP, PREFIXED, EXCHANGE, "read")
