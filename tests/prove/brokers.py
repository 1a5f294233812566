"""Two more brokers beside the one of a stack: a cluster whose leaders can change.

The stack's own process stays the controller. The others take its configuration, so that all know
one another's passwords, with ports and a store of their own, and are ended by `yichuan down` like
whatever a home has recorded.
"""

import subprocess
from typing import Final

from confluent_kafka import ElectionType, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from connectors.bus.home import Home, Settings, cache_dir
from connectors.bus.kafka import librdkafka_options
from connectors.bus.logins import ADMIN
from connectors.bus.private import write_private
from deploy.local import kafka, processes
from deploy.local.artifacts import KAFKA, locked
from deploy.local.java import environment, java
from deploy.local.kafka_config import LOG4J_TEXT
from deploy.local.ports import LOOPBACK
from tests.prove.stand import free_base, wait_until

BROKERS: Final = 3
FIRST: Final = 1  # the stack's own, by its node id
OTHERS: Final = (2, 3)
READY_SECONDS_MAX: Final = 120.0
STORE_SECONDS_MAX: Final = 60
ASK_SECONDS_MAX: Final = 10.0
OFFSETS: Final = "__consumer_offsets"
OFFSETS_PARTITIONS: Final = 8


def join(home: Home, settings: Settings) -> None:
    """Start the others, and give the groups' offsets as many copies as there are brokers."""
    base = free_base()
    for place, node in enumerate(OTHERS):
        _configure(home, settings, node, base + 3 * place)
        begin(home, settings, node)
    admin = _admin(home, settings)
    wait_until(lambda: len(_brokers(admin)) == BROKERS, READY_SECONDS_MAX, "three brokers")
    offsets = NewTopic(OFFSETS, OFFSETS_PARTITIONS, BROKERS, config={"cleanup.policy": "compact"})
    admin.create_topics([offsets])[OFFSETS].result(READY_SECONDS_MAX)


def begin(home: Home, settings: Settings, node: int) -> None:
    """Start one; it is ready when `whole` says so.

    Not by `yichuan up`, which makes new passwords for the first, that the others do not know.
    """
    if node == FIRST:
        words = kafka.component(home, settings, locked(), cache_dir()).argv
    else:
        jars = kafka.class_path(locked(), cache_dir())
        words = java(
            home,
            settings,
            settings.kafka.memory_mb,
            f"-Dlog4j2.configurationFile=run/{name_of(node)}-log4j2.properties",
            *("-cp", jars, "kafka.Kafka", f"run/{name_of(node)}.properties"),
        )
    processes.start(home, name_of(node), words, environment())


def mend(home: Home, settings: Settings) -> None:
    """Start those that do not run."""
    for node in (FIRST, *OTHERS):
        if processes.running(home, name_of(node)) is None:
            begin(home, settings, node)


def whole(home: Home, settings: Settings) -> bool:
    """Whether every partition of three copies has all of them in step."""
    try:
        found = _admin(home, settings).list_topics(timeout=ASK_SECONDS_MAX)
    except KafkaException:
        return False
    parts = [part for topic in found.topics.values() for part in topic.partitions.values()]
    return len(found.brokers) == BROKERS and all(
        len(part.isrs) == len(part.replicas) for part in parts
    )


def elect(home: Home, settings: Settings) -> int:
    """Give each partition back to whom it was given first; return how many changed hands."""
    before = led(home, settings)
    admin = _admin(home, settings)
    admin.elect_leaders(ElectionType.PREFERRED).result(READY_SECONDS_MAX)
    after = led(home, settings)
    return sum(after[place] != leader for place, leader in before.items())


def led(home: Home, settings: Settings) -> dict[tuple[str, int], int]:
    """Return the node that leads each partition."""
    found = _admin(home, settings).list_topics(timeout=ASK_SECONDS_MAX)
    return {
        (name, number): part.leader
        for name, topic in found.topics.items()
        for number, part in topic.partitions.items()
    }


def _configure(home: Home, settings: Settings, node: int, port: int) -> None:
    """Write what one of the others runs by, and make its store."""
    text = (home.path / kafka.PROPERTIES).read_text(encoding="utf-8")
    values = dict(line.split("=", 1) for line in text.splitlines())
    values |= {
        "process.roles": "broker",
        "node.id": str(node),
        "listeners": f"CLIENT://{LOOPBACK}:{port},INTERNAL://{LOOPBACK}:{port + 1}",
        "log.dirs": f"data/{name_of(node)}",
    }
    own = home.run / f"{name_of(node)}.properties"
    write_private(own, "".join(f"{name}={value}\n" for name, value in values.items()))
    log4j = LOG4J_TEXT.replace("kafka-server", f"{name_of(node)}-server")
    write_private(home.run / f"{name_of(node)}-log4j2.properties", log4j)
    jars = kafka.class_path(locked(), cache_dir())
    tool = ("kafka.tools.StorageTool", "format", "-t", _cluster(home), "-c", f"run/{own.name}")
    made = subprocess.run(
        java(home, settings, kafka.FORMAT_MEMORY_MB, "-cp", jars, *tool),
        cwd=home.path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=STORE_SECONDS_MAX,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-500:] + made.stderr[-500:]


def _cluster(home: Home) -> str:
    text = (home.path / kafka.DATA / "meta.properties").read_text(encoding="utf-8")
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)["cluster.id"]


def _brokers(admin: AdminClient) -> dict[int, object]:
    try:
        return dict(admin.list_topics(timeout=ASK_SECONDS_MAX).brokers)
    except KafkaException:
        return {}


def _admin(home: Home, settings: Settings) -> AdminClient:
    return AdminClient(librdkafka_options(settings, home.credentials(ADMIN)) | {"log_level": 0})


def name_of(node: int) -> str:
    return KAFKA if node == FIRST else f"{KAFKA}-{node}"
