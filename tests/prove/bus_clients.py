"""The bus chapter: what clients that are not ours get from broker and registry, and what not.

confluent-kafka with its own Avro deserializer, and kcat: neither shares code with the exchange's or
the connectors' client. A refusal counts only with the broker's own error code.
"""

import itertools
from collections.abc import Iterable
from typing import Any, Final

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from connectors.bus.clock import monotonic
from schemas.parts import Flow
from schemas.topics import DEAD_LETTERS, JOURNAL, inbox_of
from tests.prove import kcat
from tests.prove.chapter import Check, Ground
from tests.prove.flow_writer import LEADS, Watch, write
from tests.prove.registry_http import READER, basic, call
from tests.prove.stand import Stand, demo, ends_of, wait_until

READER_ORGAN: Final = "liuzhi-cgj"  # a department of the demo: it has every kind of letter
OTHER_ORGAN: Final = "yanjiao"
LETTERS_MIN: Final = 5  # fewer would show nothing
INBOX_MAX: Final = "100000"
SECONDS_MAX: Final = 30.0
TOPIC_REFUSED: Final = "Topic authorization failed"  # in librdkafka's words
_TOPIC_REFUSED: Final = KafkaError.TOPIC_AUTHORIZATION_FAILED
_GROUP_REFUSED: Final = KafkaError.GROUP_AUTHORIZATION_FAILED
_CLUSTER_REFUSED: Final = KafkaError.CLUSTER_AUTHORIZATION_FAILED


def confluent_reads_inbox(ground: Ground) -> str:
    """Read the whole inbox with the foreign decoder; the ids must be those of `yichuan inbox`."""
    stand = demo(ground)
    shown = _shown(stand)
    decoder = AvroDeserializer(_registry_client(stand))
    topic = inbox_of(READER_ORGAN)
    context = SerializationContext(topic, MessageField.VALUE)
    found: dict[int, dict[str, Any]] = {}
    consumer = _consumer(stand, READER_ORGAN, f"{READER_ORGAN}.prove")
    deadline = monotonic() + SECONDS_MAX
    try:
        consumer.subscribe([topic])
        while not shown.keys() <= found.keys():
            assert monotonic() < deadline, f"{len(found)} of {len(shown)} letters in time"
            for message in consumer.consume(500, timeout=0.5):
                if message.error() is not None:
                    raise KafkaException(message.error())
                document = decoder(message.value(), context)
                found[message.offset() or 0] = document["envelope"]
    finally:
        consumer.close()
    _compare(shown, {offset: envelope["message_id"] for offset, envelope in found.items()})
    kinds = sorted({found[offset]["record"] for offset in shown})
    return f"{len(shown)} letters of {READER_ORGAN} with the ids of `yichuan inbox`: {_join(kinds)}"


def kcat_reads_inbox(ground: Ground) -> str:
    """The same with kcat; a build without Avro gives bytes, and the registry gives the schema."""
    stand = demo(ground)
    shown = _shown(stand)
    found = kcat.read(stand, READER_ORGAN, inbox_of(READER_ORGAN))
    decode = kcat.decoder(stand)
    told = {offset: decode(value)["envelope"]["message_id"] for offset, value in found.items()}
    _compare(shown, told)
    return (
        f"{len(shown)} letters of {READER_ORGAN} with the ids of `yichuan inbox`; {kcat.build()}, "
        "without Avro: its bytes decoded by the schemas that the registry gives its reader"
    )


def other_organ_refused(ground: Ground) -> str:
    """Try a foreign inbox, and a foreign group: by confluent-kafka and by kcat."""
    stand = demo(ground)
    foreign, own = inbox_of(READER_ORGAN), inbox_of(OTHER_ORGAN)
    group = f"{OTHER_ORGAN}.prove"
    _refused_reading(stand, OTHER_ORGAN, [foreign], group)
    _refused_subscription(stand, OTHER_ORGAN, own, f"{READER_ORGAN}.prove")
    _refused_offsets(stand, OTHER_ORGAN, f"{READER_ORGAN}.connector", foreign)
    said = kcat.refused(stand, OTHER_ORGAN, foreign)
    assert TOPIC_REFUSED in said, said
    return (
        "a foreign inbox: TOPIC_AUTHORIZATION_FAILED; joining a foreign group, seeing or setting "
        f"its offsets: GROUP_AUTHORIZATION_FAILED; kcat: {TOPIC_REFUSED}"
    )


def agency_reads_no_flow(ground: Ground) -> str:
    """Try every flow as every organ of the directory."""
    return _nobody_reads(demo(ground), [flow.value for flow in Flow])


def agency_reads_no_journal(ground: Ground) -> str:
    """Try the journal as every organ."""
    return _nobody_reads(demo(ground), [JOURNAL])


def agency_reads_no_dead_letters(ground: Ground) -> str:
    """Try the dead letters as every organ, once there is one."""
    stand = demo(ground)
    watch = Watch.begin(stand)
    code = watch.dead(write(stand, LEADS, 0, b"prove", b"noise"))
    assert code == "message.malformed", code
    return _nobody_reads(stand, [DEAD_LETTERS])


def agency_creates_no_topic(ground: Ground) -> str:
    """Ask for a topic of a free name, for an inbox, and by reading what is not there."""
    stand = demo(ground)
    names = ["prove", inbox_of("prove"), f"{OTHER_ORGAN}.prove"]
    before = _topics(stand)
    client = AdminClient(stand.client(OTHER_ORGAN))
    for name, future in client.create_topics([NewTopic(name, 1, 1) for name in names]).items():
        assert _code_of(future) in {_TOPIC_REFUSED, _CLUSTER_REFUSED}, f"{name}: not refused"
    _refused_reading(stand, OTHER_ORGAN, names, f"{OTHER_ORGAN}.prove")
    for name, future in client.delete_topics([inbox_of(OTHER_ORGAN)]).items():
        assert _code_of(future) == _TOPIC_REFUSED, f"{name}: deleting is not refused"
    assert _topics(stand) == before, "the cluster's topics changed"
    return f"{len(names)} names refused by authorization, none made by asking for it; none deleted"


def agency_writes_no_schema(ground: Ground) -> str:
    """Try every kind of writing with the login that organs have; reading works."""
    stand = demo(ground)
    login = basic(stand, READER)
    status, subjects = call(stand, "GET", "/subjects", login)
    assert status == 200, f"reading: {status}"
    assert len(subjects) > LETTERS_MIN, "reading gave no subjects"
    subject = subjects[0]
    schema = {"schema": '{"type": "record", "name": "P", "namespace": "prove", "fields": []}'}
    tries = (
        ("POST", "/subjects/prove/versions", schema),
        ("POST", f"/subjects/{subject}/versions", schema),
        ("PUT", f"/config/{subject}", {"compatibility": "NONE"}),
        ("PUT", "/config", {"compatibility": "NONE"}),
        ("PUT", f"/mode/{subject}", {"mode": "IMPORT"}),
        ("PUT", "/mode", {"mode": "IMPORT"}),
        ("DELETE", f"/subjects/{subject}", None),
        ("DELETE", f"/subjects/{subject}/versions/1", None),
    )
    for method, path, body in tries:
        status, _ = call(stand, method, path, login, body)
        assert status == 403, f"{method} {path}: {status}, not 403"
    _, after = call(stand, "GET", "/subjects", login)
    assert after == subjects, "the subjects changed"
    return f"{len(tries)} ways of writing: 403 each; {len(subjects)} subjects as before"


CHECKS: Final = (
    Check("confluent_reads_inbox", confluent_reads_inbox),
    Check("kcat_reads_inbox", kcat_reads_inbox),
    Check("other_organ_refused", other_organ_refused),
    Check("agency_reads_no_flow", agency_reads_no_flow),
    Check("agency_reads_no_journal", agency_reads_no_journal),
    Check("agency_reads_no_dead_letters", agency_reads_no_dead_letters),
    Check("agency_creates_no_topic", agency_creates_no_topic),
    Check("agency_writes_no_schema", agency_writes_no_schema),
)


def _shown(stand: Stand) -> dict[int, str]:
    """Return offset → message id as our own command shows the inbox, each with a valid seal."""
    letters = stand.objects("inbox", READER_ORGAN, "--limit", INBOX_MAX)
    assert len(letters) >= LETTERS_MIN, f"only {len(letters)} letters"
    unsound = [letter["offset"] for letter in letters if letter["seal"] != "valid"]
    assert not unsound, f"seals do not hold at {unsound}"
    return {letter["offset"]: letter["document"]["envelope"]["message_id"] for letter in letters}


def _compare(shown: dict[int, str], found: dict[int, str]) -> None:
    """What came after `yichuan inbox` looked does not count."""
    differing = [offset for offset, id_ in shown.items() if found.get(offset) != id_]
    assert not differing, f"other or missing at offsets {differing[:5]}"
    assert all(offset in shown or offset > max(shown) for offset in found), "letters not shown"


def _registry_client(stand: Stand) -> SchemaRegistryClient:
    login = stand.home.credentials(READER)
    pair = f"{login.username}:{login.password.get_secret_value()}"
    return SchemaRegistryClient(
        {
            "url": stand.settings.registry_url,
            "basic.auth.user.info": pair,
            "ssl.ca.location": stand.settings.registry.ca_file,
        }
    )


def _consumer(stand: Stand, login: str, group: str) -> Consumer:
    options = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    return Consumer(stand.client(login) | options)


def _nobody_reads(stand: Stand, topics: list[str]) -> str:
    organs = [organ["alias"] for organ in stand.objects("rules", "show", "organs")]
    sizes = {topic: sum(ends_of(stand, "admin", topic).values()) for topic in topics}
    for organ in organs:
        _refused_reading(stand, organ, topics, f"{organ}.prove")
    for topic in topics:
        said = kcat.refused(stand, OTHER_ORGAN, topic)
        assert TOPIC_REFUSED in said, f"{topic}: {said}"
    told = ", ".join(f"{topic} ({size} records)" for topic, size in sizes.items())
    return f"{told}: TOPIC_AUTHORIZATION_FAILED for each of {len(organs)} organs, and by kcat"


def _refused_reading(stand: Stand, login: str, topics: Iterable[str], group: str) -> None:
    """Ask for each topic's records; the broker must refuse the topic, and give no record."""
    waiting = set(topics)
    consumer = _consumer(stand, login, group)
    deadline = monotonic() + SECONDS_MAX
    try:
        waiting -= {topic for topic in waiting if _seen(consumer, topic) == _TOPIC_REFUSED}
        consumer.assign([TopicPartition(topic, 0, 0) for topic in waiting])
        while waiting:
            assert monotonic() < deadline, f"{login}: no refusal of {sorted(waiting)}"
            for message in consumer.consume(100, timeout=0.5):
                error = message.error()
                assert error is not None, f"{login} read {message.topic()}"
                assert error.code() == _TOPIC_REFUSED, f"{login}, {message.topic()}: {error.name()}"
                waiting.discard(message.topic() or "")
    finally:
        consumer.close()


def _seen(consumer: Consumer, topic: str) -> int | None:
    """Return why the topic cannot even be looked at; None when it can, as one that is written."""
    error = consumer.list_topics(topic, timeout=SECONDS_MAX).topics[topic].error
    return error.code() if error is not None else None


def _refused_offsets(stand: Stand, login: str, group: str, topic: str) -> None:
    """Look at the offsets of a foreign group, and set them: the broker must refuse both."""
    client = AdminClient(stand.client(login))
    seen = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0)])
    moved = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 0)])
    for futures in (
        client.list_consumer_group_offsets([seen]),
        client.alter_consumer_group_offsets([moved]),
    ):
        for future in futures.values():
            found = _code_of(future)
            assert found == _GROUP_REFUSED, f"offsets of {group}: {found}, not {_GROUP_REFUSED}"


def _refused_subscription(stand: Stand, login: str, topic: str, group: str) -> None:
    consumer = _consumer(stand, login, group)
    try:
        consumer.subscribe([topic])

        def refusal() -> int | None:
            message = consumer.poll(0.5)
            error = message.error() if message is not None else None
            assert message is None or error is not None, f"{login} read as {group}"
            return error.code() if error is not None else None

        found = wait_until(refusal, SECONDS_MAX, f"a refusal of the group {group}")
        assert found == _GROUP_REFUSED, f"{group}: {found}, not {_GROUP_REFUSED}"
    finally:
        consumer.close()


def _topics(stand: Stand) -> list[str]:
    return sorted(AdminClient(stand.client("admin")).list_topics(timeout=10).topics)


def _code_of(future: Any) -> int | None:
    exception = future.exception(timeout=SECONDS_MAX)
    return exception.args[0].code() if isinstance(exception, KafkaException) else None


def _join(words: Iterable[str]) -> str:
    return ", ".join(itertools.islice(words, 20))
