import pytest

from connectors.bus.layout import MESSAGE_BYTES_MAX, Acl, layout
from schemas.errors import UserError
from schemas.ids import Alias
from schemas.parts import Flow

ORGANS = (Alias("shi-jian"), Alias("dewu"))
BUS = layout(ORGANS, partitions=4, replication=3)


def rights_of(login: str) -> set[str]:
    return {str(acl).removeprefix(f"User:{login} ") for acl in BUS.acls if _login(acl) == login}


def _login(acl: Acl) -> str:
    return acl.principal.removeprefix("User:")


def test_an_organ_gets_exactly_these_rights() -> None:
    assert rights_of("dewu") == {
        "allow write topic copies",
        "allow write topic notifications",
        "allow write topic leads",
        "allow write topic transfers",
        "allow write topic requests",
        "allow read topic inbox.dewu",
        "allow read group dewu.*",
    }


def test_the_exchange_gets_exactly_these_rights() -> None:
    verbs = ("read", "write", "delete", "alter_configs")
    flows = {f"allow {verb} topic {flow.value}" for flow in Flow for verb in verbs}
    assert rights_of("exchange") == flows | {
        "allow read topic originals",
        "allow write topic originals",
        "allow read topic case-keys",
        "allow write topic case-keys",
        "allow write topic inbox.*",
        "allow read topic journal",
        "allow write topic journal",
        "allow write topic dead-letters",
        "allow read group exchange*",
    }


def test_nobody_else_gets_any_right_and_every_login_is_listed() -> None:
    assert BUS.logins == ("exchange", "dewu", "shi-jian")
    assert {_login(acl) for acl in BUS.acls} == set(BUS.logins)


def test_nobody_may_create_alter_or_describe_the_cluster() -> None:
    assert {acl.operation for acl in BUS.acls} == {"read", "write", "delete", "alter_configs"}
    assert {acl.resource for acl in BUS.acls} == {"topic", "group"}
    assert {acl.permission for acl in BUS.acls} == {"allow"}


def test_only_the_exchange_deletes_and_from_the_flows_only() -> None:
    deleting = {(acl.principal, acl.name) for acl in BUS.acls if acl.operation == "delete"}
    assert deleting == {("User:exchange", flow.value) for flow in Flow}


@pytest.mark.parametrize("topic", ["originals", "case-keys"])
def test_only_the_exchange_reaches_the_originals_and_their_keys(topic: str) -> None:
    assert {acl.principal for acl in BUS.acls if acl.name == topic} == {"User:exchange"}


def test_an_alias_that_begins_another_reaches_neither_its_inbox_nor_its_groups() -> None:
    near = layout((Alias("dewu"), Alias("dewu-2")), partitions=1, replication=1)
    for acl in near.acls:
        if acl.principal == "User:dewu" and acl.pattern == "prefixed":
            assert not "dewu-2.connector".startswith(acl.name)


def test_topics_partitions_and_retention_follow_the_design() -> None:
    day = 24 * 3600 * 1000
    topics = {topic.name: topic for topic in BUS.topics}
    assert set(topics) == {
        *Flow,
        "inbox.dewu",
        "inbox.shi-jian",
        "journal",
        "dead-letters",
        "originals",
        "case-keys",
    }
    keys = topics["case-keys"].config
    assert (keys["cleanup.policy"], "retention.ms" in keys) == ("compact", False)
    assert int(keys["segment.ms"]) + int(keys["max.compaction.lag.ms"]) <= 20 * 60 * 1000
    assert int(keys["delete.retention.ms"]) > 10 * 366 * day  # longer than any backup is kept
    kept = {
        name: int(topic.config["retention.ms"])
        for name, topic in topics.items()
        if name != "case-keys"
    }
    assert {kept[flow] for flow in Flow} == {30 * day}
    assert (kept["inbox.dewu"], kept["journal"], kept["dead-letters"]) == (400 * day, -1, -1)
    assert kept["originals"] == -1
    of_the_flows = {*Flow, "originals"}
    assert {topics[name].partitions for name in of_the_flows} == {4}
    assert {topics[name].partitions for name in set(topics) - of_the_flows} == {1}


def test_a_flow_has_few_segments_however_long_the_bus_runs() -> None:
    """The broker keeps a file and two mapped ones open for each; vm.max_map_count is 65,530."""
    flows = [topic for topic in BUS.topics if topic.name in set(Flow)]
    for topic in flows:
        segments = int(topic.config["retention.ms"]) / int(topic.config["segment.ms"])
        assert topic.partitions * segments * len(flows) <= 1_000
    most = layout(ORGANS, partitions=64, replication=1).topics
    assert sum(topic.partitions for topic in most if topic.name in set(Flow)) * 31 * 3 <= 65_530


def test_the_exchange_alone_may_have_the_segments_of_flows_closed() -> None:
    changing = {(acl.principal, acl.name) for acl in BUS.acls if acl.operation == "alter_configs"}
    assert changing == {("User:exchange", flow.value) for flow in Flow}


def test_every_topic_is_stamped_by_the_broker_and_holds_a_message_of_a_megabyte() -> None:
    for topic in BUS.topics:
        assert topic.config["message.timestamp.type"] == "LogAppendTime"
        room = 4_096 if topic.name in ("originals", "dead-letters") else 0  # for where it lay
        assert int(topic.config["max.message.bytes"]) == MESSAGE_BYTES_MAX + room >= 1_000_000
        assert topic.config["compression.type"] == "producer"
        compacted = topic.name == "case-keys"
        assert topic.config["cleanup.policy"] == ("compact" if compacted else "delete")


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (2, "2"), (3, "2"), (5, "3")])
def test_a_majority_of_the_replicas_must_have_a_message(replication: int, in_sync: str) -> None:
    topics = layout(ORGANS, partitions=1, replication=replication).topics
    assert {topic.config["min.insync.replicas"] for topic in topics} == {in_sync}
    assert {topic.replication for topic in topics} == {replication}


@pytest.mark.parametrize(
    "alias",
    ["admin", "attachments", "broker", "bus", "casebook", "exchange", "exchange-2", "registry-x"],
)
def test_an_alias_that_is_a_login_of_the_bus_is_refused(alias: str) -> None:
    with pytest.raises(UserError, match=f"topics.alias_reserved {alias}"):
        layout((Alias(alias),), partitions=1, replication=1)


def test_the_order_of_the_organs_does_not_matter() -> None:
    assert layout(reversed(ORGANS), partitions=4, replication=3) == BUS
