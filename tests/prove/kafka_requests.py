"""Every request that a broker says it takes, as one who has no right to it would send it.

Each row: the API key, its version, what it is about, how it is built for a name, and the form of
its answer up to the error code; a flexible one has compact forms and tags.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from connectors.bus.clock import now
from tests.prove.kafka_words import (
    NO_STRUCT,
    NO_TEXT,
    NONE,
    NULL,
    array,
    compact,
    data,
    integers,
    several,
    text,
)

SESSION_MS: Final = 6_000
WAIT_MS: Final = 1_000
BYTES_MAX: Final = 1_000_000
MEMBER: Final = "AAAAAAAAAAAAAAAAAAAAAQ"  # of a share group: an id that the client chooses


class On(StrEnum):
    """What a request is about."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTION = "transaction"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Whose:
    """Names of the one who asks: where a request needs a second thing, it is its own."""

    alias: str
    inbox: str
    flow: str
    ids: Mapping[str, bytes]  # of topics; none: of one that is not there
    group: str
    joined: str  # two further groups, of the newer kinds
    shared: str


Build = Callable[[str, Whose], bytes]


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `name` is also its row in login_rights.csv."""

    name: str
    api: int
    version: int
    on: On
    build: Build
    answer: str
    flexible: bool = False


def _batch(producer: int = -1) -> bytes:
    """Return a batch of one record that is no message of ours; with a producer, a transaction's."""
    number = min(producer, 0)
    builder = DefaultRecordBatchBuilder(2, 0, producer >= 0, producer, number, number, BYTES_MAX)
    builder.append(0, int(now().timestamp() * 1000), b"prove", b"noise", [])
    return bytes(builder.build())


def _topics(name: str, partition: bytes) -> bytes:
    return array(text(name) + array(partition))


def _resource(kind: int, name: str) -> bytes:
    return integers("b", kind) + text(name)


def _commit(group: str, topic: str) -> bytes:
    partition = integers("iq", 0, 0) + text("")
    return (
        text(group) + integers("i", -1) + text("") + integers("q", -1) + _topics(topic, partition)
    )


def _described(name: str, _whose: Whose) -> bytes:
    return several(compact(name)) + b"\0" + NONE


_TOPIC_REQUESTS: Final = (
    Request(
        "Metadata", 3, 1, On.TOPIC, lambda t, _: array(text(t)),
        "[ i s i s ] i [ E s b ? ]",
    ),
    Request(
        "DescribeTopicPartitions", 75, 0, On.TOPIC,
        lambda t, _: several(compact(t) + NONE) + integers("i", 10) + NO_STRUCT + NONE,
        "i ( E ?", flexible=True,
    ),
    Request(
        "Fetch", 1, 4, On.TOPIC,
        lambda t, _: integers("iiiib", -1, WAIT_MS, 1, BYTES_MAX, 0)
        + _topics(t, integers("iqi", 0, 0, BYTES_MAX)),
        "i [ s [ i E ? ] ]",
    ),
    Request(
        "Fetch as a broker", 1, 4, On.TOPIC,
        lambda t, _: integers("iiiib", 2, WAIT_MS, 1, BYTES_MAX, 0)
        + _topics(t, integers("iqi", 0, 0, BYTES_MAX)),
        "i [ s [ i E ? ] ]",
    ),
    Request(
        "ListOffsets", 2, 1, On.TOPIC,
        lambda t, _: integers("i", -1) + _topics(t, integers("iq", 0, -1)),
        "[ s [ i E q q ] ]",
    ),
    Request(
        "OffsetForLeaderEpoch", 23, 2, On.TOPIC, lambda t, _: _topics(t, integers("iii", 0, -1, 0)),
        "i [ s [ E i i q ] ]",
    ),
    Request(
        "DescribeProducers", 61, 0, On.TOPIC,
        lambda t, _: several(compact(t) + several(integers("i", 0)) + NONE) + NONE,
        "i ( S ( i E ?", flexible=True,
    ),
    Request(
        "OffsetCommit of the topic", 8, 2, On.TOPIC, lambda t, me: _commit(me.group, t),
        "[ s [ i E ] ]",
    ),
    Request(
        "OffsetFetch of the topic", 9, 2, On.TOPIC,
        lambda t, me: text(me.group) + _topics(t, integers("i", 0)),
        "[ s [ i q s E ] ] h",
    ),
    Request(
        "OffsetDelete of the topic", 47, 0, On.TOPIC,
        lambda t, me: text(me.group) + _topics(t, integers("i", 0)),
        "E i ?",
    ),
    Request(
        "Fetch by the topic's id", 1, 13, On.TOPIC,
        lambda t, me: integers("iiiibii", -1, WAIT_MS, 1, BYTES_MAX, 0, 0, -1)
        + several(
            me.ids[t]
            + several(integers("iiqiqi", 0, -1, 0, -1, -1, BYTES_MAX) + NONE) + NONE
        ) + several() + compact("") + NONE,
        "i E i ( U ( i E ?", flexible=True,
    ),
    Request(
        "ShareFetch of the topic", 78, 1, On.TOPIC,
        lambda t, me: compact(me.shared) + compact(MEMBER)
        + integers("iiiiii", 0, WAIT_MS, 1, BYTES_MAX, 10, 10)
        + several(me.ids[t] + several(integers("i", 0) + several() + NONE) + NONE)
        + several() + NONE,
        "i E S i ( U ( i E ?", flexible=True,
    ),
    Request(
        "ShareGroupHeartbeat for the topic", 76, 1, On.TOPIC,
        lambda t, me: compact(me.shared) + compact(MEMBER) + integers("i", 0) + NONE
        + several(compact(t)) + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "ConsumerGroupHeartbeat for the topic", 68, 0, On.TOPIC,
        lambda t, me: compact(me.joined) + compact("") + integers("i", 0) + NONE + NONE
        + integers("i", SESSION_MS) + several(compact(t)) + NONE + several() + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "DescribeConfigs", 32, 1, On.TOPIC,
        lambda t, _: array(_resource(2, t) + NULL) + b"\0",
        "i [ E ?",
    ),
    Request(
        "Produce", 0, 3, On.TOPIC,
        lambda t, _: NO_TEXT + integers("hi", -1, WAIT_MS)
        + _topics(t, integers("i", 0) + data(_batch())),
        "[ s [ i E q q ] ] i",
    ),
    Request(
        "AlterConfigs", 33, 0, On.TOPIC,
        lambda t, _: array(_resource(2, t) + array(text("retention.ms") + text("1"))) + b"\0",
        "i [ E s b s ]",
    ),
    Request(
        "IncrementalAlterConfigs", 44, 0, On.TOPIC,
        lambda t, _: array(
            _resource(2, t) + array(text("retention.ms") + integers("b", 0) + text("1"))
        ) + b"\0",
        "i [ E s b s ]",
    ),
    Request(
        "CreatePartitions", 37, 0, On.TOPIC,
        lambda t, _: array(text(t) + integers("i", 50) + NULL) + integers("ib", WAIT_MS, 0),
        "i [ s E s ]",
    ),
    Request(
        "AlterPartitionReassignments", 45, 0, On.TOPIC,
        lambda t, _: integers("i", WAIT_MS)
        + several(compact(t) + several(integers("i", 0) + several(integers("i", 1)) + NONE) + NONE)
        + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "AlterReplicaLogDirs", 34, 1, On.TOPIC,
        lambda t, _: array(text("/tmp") + _topics(t, integers("i", 0))),  # noqa: S108 - refused
        "i [ s [ i E ] ]",
    ),
    Request(
        "ElectLeaders", 43, 1, On.TOPIC,
        lambda t, _: integers("b", 1) + _topics(t, integers("i", 0)) + integers("i", WAIT_MS),
        "i E ?",
    ),
    Request(
        "DeleteRecords", 21, 0, On.TOPIC,
        lambda t, _: _topics(t, integers("iq", 0, -1)) + integers("i", WAIT_MS),
        "i [ s [ i q E ] ]",
    ),
    Request(
        "CreateTopics", 19, 2, On.TOPIC,
        lambda t, _: array(text(t) + integers("ih", 1, 1) + array() + array())
        + integers("ib", WAIT_MS, 0),
        "i [ s E s ]",
    ),
    Request(
        "DeleteTopics", 20, 1, On.TOPIC, lambda t, _: array(text(t)) + integers("i", WAIT_MS),
        "i [ s E ]",
    ),
)  # fmt: skip

_GROUP_REQUESTS: Final = (
    Request(
        "FindCoordinator of a group", 10, 1, On.GROUP, lambda g, _: text(g) + integers("b", 0),
        "i E ?",
    ),
    Request("DescribeGroups", 15, 0, On.GROUP, lambda g, _: array(text(g)), "[ E ?"),
    Request(
        "OffsetFetch", 9, 2, On.GROUP,
        lambda g, me: text(g) + _topics(me.inbox, integers("i", 0)),
        "[ s [ i q s h ] ] E",
    ),
    Request("OffsetCommit", 8, 2, On.GROUP, lambda g, me: _commit(g, me.inbox), "[ s [ i E ] ]"),
    Request(
        "JoinGroup", 11, 2, On.GROUP,
        lambda g, _: text(g) + integers("ii", SESSION_MS, SESSION_MS) + text("")
        + text("consumer") + array(text("range") + data(b"")),
        "i E ?",
    ),
    Request(
        "Heartbeat", 12, 0, On.GROUP, lambda g, _: text(g) + integers("i", 0) + text("nobody"), "E"
    ),
    Request("LeaveGroup", 13, 0, On.GROUP, lambda g, _: text(g) + text("nobody"), "E"),
    Request(
        "SyncGroup", 14, 0, On.GROUP,
        lambda g, _: text(g) + integers("i", 0) + text("nobody") + array(),
        "E y",
    ),
    Request(
        "DescribeConfigs of a group", 32, 1, On.GROUP,
        lambda g, _: array(_resource(32, g) + NULL) + b"\0",
        "i [ E ?",
    ),
    Request(
        "IncrementalAlterConfigs of a group", 44, 0, On.GROUP,
        lambda g, _: array(
            _resource(32, g)
            + array(text("consumer.session.timeout.ms") + integers("b", 0) + text("45000"))
        ) + b"\0",
        "i [ E s b s ]",
    ),
    Request(
        "ConsumerGroupHeartbeat", 68, 0, On.GROUP,
        lambda g, _: compact(g) + compact("nobody") + integers("i", 5) + NONE + NONE
        + integers("i", -1) + NONE + NONE + NONE + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "ConsumerGroupDescribe", 69, 0, On.GROUP, _described, "i ( E ?", flexible=True
    ),
    Request(
        "ShareGroupHeartbeat", 76, 1, On.GROUP,
        lambda g, _: compact(g) + compact("nobody") + integers("i", 5) + NONE + NONE + NONE,
        "i E ?", flexible=True,
    ),
    Request("ShareGroupDescribe", 77, 1, On.GROUP, _described, "i ( E ?", flexible=True),
    Request(
        "ShareFetch", 78, 1, On.GROUP,
        lambda g, _: compact(g) + compact("nobody")
        + integers("iiiiii", 1, WAIT_MS, 1, BYTES_MAX, 10, 10) + several() + several() + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "ShareAcknowledge", 79, 1, On.GROUP,
        lambda g, _: compact(g) + compact("nobody") + integers("i", 1) + several() + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "StreamsGroupHeartbeat", 88, 0, On.GROUP,
        lambda g, _: compact(g) + compact("nobody") + integers("ii", 5, 0) + NONE + NONE
        + integers("i", -1) + NO_STRUCT + NONE + NONE + NONE + NONE + NO_STRUCT + NONE + NONE
        + NONE + b"\0" + NONE,
        "i E ?", flexible=True,
    ),
    Request("StreamsGroupDescribe", 89, 0, On.GROUP, _described, "i ( E ?", flexible=True),
    Request(
        "DescribeShareGroupOffsets", 90, 0, On.GROUP,
        lambda g, _: several(compact(g) + NONE + NONE) + NONE,
        "i ( S ( S U ( i q i h S T ) T ) E ?", flexible=True,
    ),
    Request(
        "AlterShareGroupOffsets", 91, 0, On.GROUP,
        lambda g, me: compact(g)
        + several(compact(me.inbox) + several(integers("iq", 0, 0) + NONE) + NONE) + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "DeleteShareGroupOffsets", 92, 0, On.GROUP,
        lambda g, me: compact(g) + several(compact(me.inbox) + NONE) + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "OffsetDelete", 47, 0, On.GROUP,
        lambda g, me: text(g) + _topics(me.inbox, integers("i", 0)),
        "E i ?",
    ),
    Request("DeleteGroups", 42, 0, On.GROUP, lambda g, _: array(text(g)), "i [ s E ]"),
)  # fmt: skip

_TRANSACTION_REQUESTS: Final = (
    Request(
        "FindCoordinator of a transaction", 10, 1, On.TRANSACTION,
        lambda x, _: text(x) + integers("b", 1),
        "i E ?",
    ),
    Request(
        "InitProducerId", 22, 0, On.TRANSACTION, lambda x, _: text(x) + integers("i", SESSION_MS),
        "i E q h",
    ),
    Request(
        "AddPartitionsToTxn", 24, 0, On.TRANSACTION,
        lambda x, me: text(x) + integers("qh", 0, 0) + _topics(me.flow, integers("i", 0)),
        "i [ s [ i E ] ]",
    ),
    Request(
        "AddOffsetsToTxn", 25, 0, On.TRANSACTION,
        lambda x, me: text(x) + integers("qh", 0, 0) + text(me.group),
        "i E",
    ),
    Request(
        "TxnOffsetCommit", 28, 0, On.TRANSACTION,
        lambda x, me: text(x) + text(me.group) + integers("qh", 0, 0)
        + _topics(me.inbox, integers("iq", 0, 0) + text("")),
        "i [ s [ i E ] ]",
    ),
    Request(
        "EndTxn", 26, 0, On.TRANSACTION, lambda x, _: text(x) + integers("qhb", 0, 0, 1), "i E"
    ),
    Request(
        "DescribeTransactions", 65, 0, On.TRANSACTION,
        lambda x, _: several(compact(x)) + NONE,
        "i ( E ?", flexible=True,
    ),
    Request(
        "Produce in a transaction", 0, 3, On.TRANSACTION,
        lambda x, me: text(x) + integers("hi", -1, WAIT_MS)
        + _topics(me.flow, integers("i", 0) + data(_batch(producer=1))),
        "[ s [ i E q q ] ] i",
    ),
)  # fmt: skip

REQUESTS: Final = (*_TOPIC_REQUESTS, *_GROUP_REQUESTS, *_TRANSACTION_REQUESTS)
