"""Every request of Kafka's that is about the cluster as a whole, as a stranger would send it."""

from typing import Final

from tests.prove.kafka_requests import WAIT_MS, Build, On, Request, Whose
from tests.prove.kafka_words import (
    NO_TEXT,
    NONE,
    NULL,
    UUID,
    array,
    compact,
    data,
    integers,
    several,
    text,
)

_TOPIC: Final = 2
_BROKER: Final = 4
_CLIENT_METRICS: Final = 16
_PREFIXED: Final = 4
_ALL: Final = 2
_ALLOW: Final = 3
_SCRAM_SHA_512: Final = 2
_ITERATIONS: Final = 4_096
_SIXTEEN: Final = bytes(16)


def _own_right(_name: str, me: Whose) -> bytes:
    """Return everything on every inbox, for the one who asks."""
    inboxes = integers("b", _TOPIC) + text("inbox.") + integers("b", _PREFIXED)
    return inboxes + text(f"User:{me.alias}") + text("*") + integers("bb", _ALL, _ALLOW)


def _any_right(_name: str, _me: Whose) -> bytes:
    names = integers("b", 1) + NO_TEXT + integers("b", 1) + NO_TEXT + NO_TEXT
    return names + integers("bb", 1, 1)


def _broker_config(value: str) -> bytes:
    return text("log.retention.ms") + integers("b", 0) + text(value)


def _password(login: str) -> bytes:
    """Return the change of a login's password."""
    what = compact(login) + integers("bi", _SCRAM_SHA_512, _ITERATIONS)
    return several() + several(what + compact(_SIXTEEN) + compact(_SIXTEEN) + NONE) + NONE


def _state(partition: bytes) -> Build:
    """Return a request of the share coordinator's, about one partition of a group."""
    topic = several(UUID + several(partition + NONE) + NONE)
    return lambda _, me: compact(me.group) + topic + NONE


_TOKEN: Final = "E ?"
_STATE: Final = "( U ( i E ?"

CLUSTER_REQUESTS: Final = (
    Request("ApiVersions", 18, 0, On.CLUSTER, lambda *_: b"", "E ?"),
    Request("SaslHandshake again", 17, 1, On.CLUSTER, lambda *_: text("PLAIN"), "E ?"),
    Request("SaslAuthenticate again", 36, 0, On.CLUSTER, lambda *_: data(b"\0admin\0a"), "E ?"),
    Request("DescribeCluster", 60, 0, On.CLUSTER, lambda *_: b"\0" + NONE, "i E ?", flexible=True),
    Request(
        "InitProducerId without a transaction", 22, 0, On.CLUSTER,
        lambda *_: NO_TEXT + integers("i", WAIT_MS),
        "i E q h",
    ),
    Request("ListGroups", 16, 0, On.CLUSTER, lambda *_: b"", "E ?"),
    Request(
        "ListTransactions", 66, 0, On.CLUSTER, lambda *_: several() + several() + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "ListPartitionReassignments", 46, 0, On.CLUSTER,
        lambda *_: integers("i", WAIT_MS) + NONE + NONE,
        "i E ?", flexible=True,
    ),
    Request("ListConfigResources", 74, 0, On.CLUSTER, lambda *_: NONE, "i E ?", flexible=True),
    Request(
        "DescribeConfigs of the broker", 32, 1, On.CLUSTER,
        lambda *_: array(integers("b", _BROKER) + text("1") + NULL) + b"\0",
        "i [ E ?",
    ),
    Request(
        "AlterConfigs of the broker", 33, 0, On.CLUSTER,
        lambda *_: array(integers("b", _BROKER) + text("1") + array()) + b"\0",
        "i [ E ?",
    ),
    Request(
        "IncrementalAlterConfigs of the broker", 44, 0, On.CLUSTER,
        lambda *_: array(integers("b", _BROKER) + text("") + array(_broker_config("1"))) + b"\0",
        "i [ E ?",
    ),
    Request(
        "IncrementalAlterConfigs of client metrics", 44, 0, On.CLUSTER,
        lambda *_: array(
            integers("b", _CLIENT_METRICS) + text("prove")
            + array(text("interval.ms") + integers("b", 0) + text("1000"))
        ) + b"\0",
        "i [ E ?",
    ),
    Request("DescribeAcls", 29, 1, On.CLUSTER, _any_right, "i E ?"),
    Request("CreateAcls", 30, 1, On.CLUSTER, lambda *a: array(_own_right(*a)), "i [ E ?"),
    Request("DeleteAcls", 31, 1, On.CLUSTER, lambda *a: array(_any_right(*a)), "i [ E ?"),
    Request(
        # Not for all (null): to that, a broker that refuses finds no answer (4.3.1), and is silent.
        "DescribeUserScramCredentials", 50, 0, On.CLUSTER,
        lambda _, me: several(compact("admin") + NONE, compact(me.alias) + NONE) + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "AlterUserScramCredentials of the admin", 51, 0, On.CLUSTER,
        lambda *_: _password("admin"),
        "i ( S E ?", flexible=True,
    ),
    Request(
        "AlterUserScramCredentials of one's own", 51, 0, On.CLUSTER,
        lambda _, me: _password(me.alias),
        "i ( S E ?", flexible=True,
    ),
    Request("DescribeClientQuotas", 48, 0, On.CLUSTER, lambda *_: array() + b"\0", "i E ?"),
    Request(
        "AlterClientQuotas of one's own", 49, 0, On.CLUSTER,
        lambda _, me: array(
            array(text("user") + text(me.alias))
            + array(text("producer_byte_rate") + integers("db", 1e9, 0))
        ) + b"\0",
        "i [ E ?",
    ),
    Request(
        "DescribeLogDirs", 35, 3, On.CLUSTER, lambda *_: NONE + NONE, "i E ?", flexible=True
    ),
    Request(
        "DescribeQuorum", 55, 0, On.CLUSTER,
        lambda *_: several(compact("__cluster_metadata") + several(integers("i", 0) + NONE) + NONE)
        + NONE,
        "E ?", flexible=True,
    ),
    Request(
        "AddRaftVoter", 80, 0, On.CLUSTER,
        lambda *_: NONE + integers("ii", WAIT_MS, 2) + UUID + several() + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "RemoveRaftVoter", 81, 0, On.CLUSTER,
        lambda *_: NONE + integers("i", 1) + UUID + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "UnregisterBroker", 64, 0, On.CLUSTER, lambda *_: integers("i", 1) + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "UpdateFeatures", 57, 0, On.CLUSTER,
        lambda *_: integers("i", WAIT_MS)
        + several(compact("group.version") + integers("hb", 0, 1) + NONE) + NONE,
        "i E ?", flexible=True,
    ),
    Request(
        "WriteTxnMarkers", 27, 1, On.CLUSTER,
        lambda _, me: several(
            integers("qhb", 0, 0, 1)
            + several(compact(me.flow) + several(integers("i", 0)) + NONE)
            + integers("i", 0) + NONE
        ) + NONE,
        "( q ( S ( i E ?", flexible=True,
    ),
    Request("InitializeShareGroupState", 83, 0, On.CLUSTER, _state(integers("iiq", 0, 0, 0)),
            _STATE, flexible=True),
    Request("ReadShareGroupState", 84, 0, On.CLUSTER, _state(integers("ii", 0, 0)),
            _STATE, flexible=True),
    Request("WriteShareGroupState", 85, 0, On.CLUSTER,
            _state(integers("iiiq", 0, 0, 0, 0) + several()), _STATE, flexible=True),
    Request("DeleteShareGroupState", 86, 0, On.CLUSTER, _state(integers("i", 0)),
            _STATE, flexible=True),
    Request("ReadShareGroupStateSummary", 87, 0, On.CLUSTER, _state(integers("ii", 0, 0)),
            _STATE, flexible=True),
    Request(
        "CreateDelegationToken", 38, 1, On.CLUSTER, lambda *_: array() + integers("q", -1), _TOKEN
    ),
    Request(
        "RenewDelegationToken", 39, 1, On.CLUSTER,
        lambda *_: data(b"no token") + integers("q", -1),
        _TOKEN,
    ),
    Request(
        "ExpireDelegationToken", 40, 1, On.CLUSTER,
        lambda *_: data(b"no token") + integers("q", -1),
        _TOKEN,
    ),
    Request("DescribeDelegationToken", 41, 1, On.CLUSTER, lambda *_: NULL, _TOKEN),
)  # fmt: skip
