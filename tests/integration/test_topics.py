"""`yichuan topics plan | apply` on the real broker, and what each login may then do there."""

import json
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
)
from confluent_kafka.admin import AdminClient, NewTopic
from pydantic import SecretStr

from connectors.bus.admin import carry_out, connect, read, settle
from connectors.bus.changes import DropLogin, Grant, Revoke, SetConfig, left_alone, plan
from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.kafka import (
    librdkafka_options,
    partitions_of,
    start_consumer,
    start_producer,
)
from connectors.bus.key_rows import KEYS_CSV, read_rows
from connectors.bus.layout import EXCHANGE, Acl, Actual, Layout, layout
from schemas.errors import Unavailable, UserError
from schemas.ids import BUS, Alias
from schemas.parts import Flow
from schemas.topics import DEAD_LETTERS, JOURNAL, flow_partition, inbox_of
from services.cli.main import main
from services.rulebook.load import load, locate
from tests.integration.loops import within

SECONDS_MAX = 30.0
CASE = b"6b1f9f0e-6c4e-5f0a-9a44-3d2f0a6f6c11"
Anything = TypeVar("Anything")


async def check_login(settings: Settings, credentials: Credentials) -> None:
    """Log in once. Raises Unavailable kafka.login_refused."""
    reader = await start_consumer(settings, credentials, (), group=None, client_id="login")
    await reader.stop()


@dataclass(frozen=True, slots=True)
class Bus:
    """The stack with the demo rulebook applied, and its organs, two of them by name."""

    home: Home
    settings: Settings
    aliases: tuple[Alias, ...]
    organ: Alias
    other: Alias

    @property
    def wanted(self) -> Layout:
        """What there should be."""
        return layout(self.aliases, partitions=self.settings.kafka.partitions, replication=1)

    def admin(self) -> AdminClient:
        """Return a client of the administrator."""
        return connect(self.settings, self.home.credentials("admin"))

    def actual(self, wanted: Layout | None = None) -> Actual:
        """Read what there is."""
        return read(self.admin(), self.home, self.settings, wanted or self.wanted)

    def client(self, login: str, **more: Any) -> dict[str, Any]:
        """Return the options of a librdkafka client."""
        return librdkafka_options(self.settings, self.home.credentials(login)) | more

    def apply(self, *options: str) -> int:
        """Run `yichuan topics apply`."""
        return main(["topics", "apply", "--home", str(self.home.path), *options])


@pytest.fixture(scope="module")
def bus(stack: tuple[Home, Settings]) -> Bus:
    home, settings = stack
    assert main(["topics", "apply", "--home", str(home.path)]) == 0
    organs = load(home.rulebook).directory.organs.values()
    aliases = tuple(sorted(organ.alias for organ in organs))
    return Bus(home, settings, aliases, *aliases[:2])


async def write(bus: Bus, login: str, topic: str, value: bytes = b"x") -> int:
    producer = await start_producer(bus.settings, bus.home.credentials(login), client_id="test")
    try:
        return int((await producer.send_and_wait(topic, value, key=CASE)).partition)
    finally:
        await producer.stop()


def read_as_librdkafka(bus: Bus, login: str, topic: str, group: str) -> Message:
    """Return the topic's first record, or what the broker says instead."""
    options = {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = Consumer(bus.client(login, **options))
    try:
        consumer.subscribe([topic])  # `assign` keeps silent about a topic that may not be seen
        message = consumer.poll(SECONDS_MAX)
    finally:
        consumer.close()
    assert message is not None, f"no answer about {topic}"
    return message


def test_a_second_apply_and_a_plan_have_nothing_to_do(
    bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bus.apply("--json") == 0
    assert main(["topics", "plan", "--home", str(bus.home.path), "--json"]) == 0
    assert capsys.readouterr().out == ""
    assert bus.apply() == 0
    assert capsys.readouterr().out == "无须改动\n"


def test_topics_are_as_the_design_says(bus: Bus) -> None:
    found = bus.actual().topics
    inboxes = {inbox_of(alias) for alias in bus.aliases}
    assert inboxes | {*Flow, JOURNAL, DEAD_LETTERS} <= set(found)
    assert {found[flow].partitions for flow in Flow} == {bus.settings.kafka.partitions}
    assert {found[inbox].partitions for inbox in inboxes} == {1}
    assert all(
        found[t.name].config["message.timestamp.type"] == "LogAppendTime" for t in bus.wanted.topics
    )
    assert found[Flow.LEADS].config["retention.ms"] == str(30 * 24 * 3600 * 1000)
    assert found[JOURNAL].config["retention.ms"] == "-1"


def test_every_organ_has_a_login_and_a_key_that_only_we_can_read(bus: Bus) -> None:
    for login in (EXCHANGE, *bus.aliases):
        assert stat.S_IMODE(bus.home.credentials_file(login).stat().st_mode) == 0o600
        within(check_login(bus.settings, bus.home.credentials(login)))
    for login in ("bus", *bus.aliases):
        for path in (bus.home.key(login), bus.home.opener(login)):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    directory = load(bus.home.rulebook).directory
    assert {key.organ for key in directory.keys.values()} == {BUS, *directory.organs}
    keys = read_rows(bus.home.rulebook / KEYS_CSV)  # each has one to seal, one to open with
    assert len(keys) == 2 * (len(directory.organs) + 1)


def test_an_organ_writes_every_flow_with_an_idempotent_aiokafka_producer(bus: Bus) -> None:
    expected = flow_partition(CASE, bus.settings.kafka.partitions)
    for flow in Flow:
        assert within(write(bus, bus.organ, flow)) == expected


def test_an_organ_writes_every_flow_with_an_idempotent_confluent_producer(bus: Bus) -> None:
    options = {"enable.idempotence": True, "partitioner": "murmur2_random"}
    producer = Producer(bus.client(bus.organ, **options))
    landed: list[tuple[KafkaError | None, int | None]] = []
    for flow in Flow:
        producer.produce(
            flow, b"x", CASE, on_delivery=lambda error, got: landed.append((error, got.partition()))
        )
    assert producer.flush(SECONDS_MAX) == 0
    assert landed == [(None, flow_partition(CASE, bus.settings.kafka.partitions))] * len(Flow)


@pytest.mark.parametrize("topic", [JOURNAL, DEAD_LETTERS, "inbox"])
def test_an_organ_writes_nothing_but_flows(bus: Bus, topic: str) -> None:
    name = inbox_of(bus.organ) if topic == "inbox" else topic
    with pytest.raises(TopicAuthorizationFailedError):
        within(write(bus, bus.organ, name))


def test_an_organ_reads_its_own_inbox_in_its_own_group(bus: Bus) -> None:
    within(write(bus, EXCHANGE, inbox_of(bus.organ), b"for you"))

    async def read_one() -> bytes:
        consumer = await start_consumer(
            bus.settings,
            bus.home.credentials(bus.organ),
            [inbox_of(bus.organ)],
            group=f"{bus.organ}.connector",
            client_id="test",
            member="one",
        )
        try:
            record = await consumer.getone()
            await consumer.commit()
            return bytes(record.value)
        finally:
            await consumer.stop()

    assert within(read_one()) == b"for you"
    message = read_as_librdkafka(bus, bus.organ, inbox_of(bus.organ), f"{bus.organ}.other")
    assert message.value() == b"for you"


@pytest.mark.parametrize("topic", [*Flow, JOURNAL, DEAD_LETTERS, "another's inbox"])
def test_an_organ_reads_neither_flows_nor_the_buss_topics_nor_another_inbox(
    bus: Bus, topic: str
) -> None:
    name = inbox_of(bus.other) if topic == "another's inbox" else str(topic)
    error = read_as_librdkafka(bus, bus.organ, name, f"{bus.organ}.test").error()
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED

    async def read_without_group() -> None:
        consumer = await start_consumer(
            bus.settings, bus.home.credentials(bus.organ), [name], group=None, client_id="test"
        )
        try:
            await consumer.getone()
        finally:
            await consumer.stop()

    # A flow is known to the organ, so that it is refused when it fetches; the others at once.
    with pytest.raises((TopicAuthorizationFailedError, UserError), match="AuthorizationFailed"):
        within(read_without_group())


@pytest.mark.parametrize("group", ["{other}.connector", "exchange", "{organ}", "anything"])
def test_an_organ_uses_no_group_but_its_own(bus: Bus, group: str) -> None:
    name, login = group.format(organ=bus.organ, other=bus.other), bus.home.credentials(bus.organ)
    inbox = [inbox_of(bus.organ)]
    joining = start_consumer(bus.settings, login, inbox, group=name, client_id="test")
    with pytest.raises(UserError, match=r"kafka\.forbidden.*GroupAuthorizationFailed"):
        within(joining)


def test_an_organ_creates_no_topic_and_changes_nothing(bus: Bus) -> None:
    client = AdminClient(bus.client(bus.organ))
    mine = [NewTopic("mine", 1, 1), NewTopic(inbox_of("mine"), 1, 1)]
    futures = [
        *client.create_topics(mine).values(),
        *client.delete_topics([Flow.LEADS.value, inbox_of(bus.organ)]).values(),
    ]
    for future in futures:
        with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
            future.result(SECONDS_MAX)
    with pytest.raises(UserError, match=r"kafka\.forbidden"):
        read(client, bus.home, bus.settings, bus.wanted)  # nor does it see settings and rights
    assert "mine" not in bus.actual().topics


def test_an_organ_has_no_transactional_id(bus: Bus) -> None:
    producer = Producer(bus.client(bus.organ, **{"transactional.id": f"{bus.organ}.t"}))
    with pytest.raises(KafkaException, match="TRANSACTIONAL_ID_AUTHORIZATION_FAILED"):
        producer.init_transactions(SECONDS_MAX)


def test_an_organ_sees_only_its_own_topics_in_the_list(bus: Bus) -> None:
    listed = AdminClient(bus.client(bus.organ)).list_topics(timeout=SECONDS_MAX).topics
    assert set(listed) == {*Flow, inbox_of(bus.organ)}


def test_the_exchange_reads_flows_and_writes_everything_but_creates_nothing(bus: Bus) -> None:
    for topic in (*Flow, inbox_of(bus.other), JOURNAL, DEAD_LETTERS):
        within(write(bus, EXCHANGE, topic))

    async def read_flows() -> str:
        consumer = await start_consumer(
            bus.settings,
            bus.home.credentials(EXCHANGE),
            [flow.value for flow in Flow],
            group=EXCHANGE,
            client_id="test",
        )
        try:
            record = await consumer.getone()
            await consumer.commit()
            return str(record.topic)
        finally:
            await consumer.stop()

    assert within(read_flows()) in set(Flow)
    client = AdminClient(bus.client(EXCHANGE))
    created = client.create_topics([NewTopic("mine", 1, 1)])["mine"]
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        created.result(SECONDS_MAX)
    error = read_as_librdkafka(bus, EXCHANGE, inbox_of(bus.organ), "exchange.test").error()
    assert error is not None
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_nobody_gets_in_without_the_right_password(bus: Bus) -> None:
    anonymous: dict[str, Any] = {"bootstrap.servers": bus.settings.bootstrap, "log_level": 0}
    with pytest.raises(KafkaException):
        AdminClient(anonymous).list_topics(timeout=5)
    for name in (bus.organ, "nobody"):
        wrong = Credentials(name, SecretStr("not the password"))
        with pytest.raises(Unavailable, match=r"kafka\.login_refused"):
            within(start_producer(bus.settings, wrong, client_id="test"))
        with pytest.raises(Unavailable, match=r"kafka\.login_refused"):
            connect(bus.settings, wrong)


def test_a_topic_that_is_not_there_or_not_ours_says_which(bus: Bus) -> None:
    async def look(topic: str) -> int:
        credentials = bus.home.credentials(bus.organ)
        producer = await start_producer(bus.settings, credentials, client_id="test")
        try:
            return await partitions_of(producer, topic)
        finally:
            await producer.stop()

    assert within(look(Flow.LEADS)) == bus.settings.kafka.partitions
    with pytest.raises(UserError, match=r"kafka\.forbidden journal"):
        within(look(JOURNAL))


def test_what_is_too_much_is_taken_back_and_what_drifted_is_put_right(
    bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    who = f"User:{bus.organ}"
    surplus = (
        Acl(who, "topic", "literal", JOURNAL, "read"),
        Acl(who, "topic", "prefixed", "inbox.", "all"),
        Acl(who, "group", "literal", "*", "read"),
        Acl(who, "broker", "literal", "kafka-cluster", "create"),
        Acl(who, "topic", "literal", Flow.LEADS.value, "write", host="10.0.0.1"),
    )
    denied = Acl(who, "topic", "literal", Flow.COPIES.value, "write", permission="deny")
    stranger = Acl("User:stranger", "topic", "literal", Flow.LEADS.value, "read")
    planted = [Grant(acl) for acl in (*surplus, denied, stranger)]
    drift = SetConfig(Flow.LEADS.value, "retention.ms", "", "1000")
    carry_out(bus.admin(), bus.home, bus.settings, [*planted, drift])
    with pytest.raises(Unavailable, match=r"topics\.unsettled"):
        settle(bus.admin(), bus.home, bus.settings, bus.wanted, seconds_max=1.0)
    assert set(plan(bus.wanted, bus.actual())) == {
        *(Revoke(acl) for acl in surplus),
        SetConfig(Flow.LEADS.value, "retention.ms", "1000", str(30 * 24 * 3600 * 1000)),
    }
    assert bus.apply("--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(line["change"] for line in lines) == [
        *["left_alone"] * 2,
        *["revoke"] * 5,
        "set_config",
    ]
    actual = bus.actual()
    assert plan(bus.wanted, actual) == ()
    assert set(left_alone(bus.wanted, actual)) == {denied, stranger}
    assert actual.acls - {denied, stranger} == bus.wanted.acls
    by_hand = [Revoke(acl) for acl in (denied, stranger)]
    carry_out(bus.admin(), bus.home, bus.settings, by_hand)


def test_an_organ_that_left_the_directory_loses_its_login_and_rights(bus: Bus) -> None:
    with_guest = layout(
        (*bus.aliases, Alias("guest")), partitions=bus.settings.kafka.partitions, replication=1
    )
    admin = bus.admin()
    carry_out(admin, bus.home, bus.settings, plan(with_guest, bus.actual(with_guest)))
    settle(admin, bus.home, bus.settings, with_guest)
    within(check_login(bus.settings, bus.home.credentials("guest")))
    gone = plan(bus.wanted, bus.actual())
    assert DropLogin("guest") in gone
    assert sum(isinstance(change, Revoke) for change in gone) == len(Flow) + 2
    carry_out(admin, bus.home, bus.settings, gone)
    settle(admin, bus.home, bus.settings, bus.wanted)
    with pytest.raises(Unavailable, match=r"kafka\.login_refused"):
        within(check_login(bus.settings, bus.home.credentials("guest")))
    assert inbox_of("guest") in bus.actual().topics  # what it was sent stays


def test_a_lost_password_file_gives_a_new_login(bus: Bus) -> None:
    path = bus.home.credentials_file(bus.other)
    before = path.read_text(encoding="utf-8")
    path.unlink()
    assert bus.apply() == 0
    assert path.read_text(encoding="utf-8") != before
    within(check_login(bus.settings, bus.home.credentials(bus.other)))


def test_another_number_of_partitions_is_refused(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YICHUAN_KAFKA__PARTITIONS", "5")
    assert bus.apply("--json") == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["detail"]) == ("topics.partitions_fixed", "4 != 5")


def test_a_changed_rulebook_is_copied_and_the_public_keys_stay(
    bus: Bus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(locate(bus.settings.bus.rulebook), folder)
    with (folder / "matters.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    keys = (bus.home.rulebook / KEYS_CSV).read_bytes()
    monkeypatch.setenv("YICHUAN_BUS__RULEBOOK", str(folder))
    assert bus.apply() == 0
    copied = (bus.home.rulebook / "matters.csv").read_bytes()
    assert copied == (folder / "matters.csv").read_bytes()
    assert (bus.home.rulebook / KEYS_CSV).read_bytes() == keys
    monkeypatch.delenv("YICHUAN_BUS__RULEBOOK")
    assert bus.apply() == 0
    assert (bus.home.rulebook / "matters.csv").read_bytes() != copied
