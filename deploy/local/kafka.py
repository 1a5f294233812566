"""Apache Kafka as one KRaft process: broker and controller, three listeners, each with a login.

Clients log in with SCRAM-SHA-512. The broker's and the controller's own listeners take PLAIN with
one login each, whose password is made anew at every start and whose name no organ can have.
"""

import base64
import secrets
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from connectors.bus.home import Credentials, Home, Settings, write_private
from connectors.bus.kafka import librdkafka_options
from deploy.local.artifacts import KAFKA, Lock
from deploy.local.java import Component, environment, java, properties
from deploy.local.ports import LOOPBACK
from schemas.errors import UserError

ADMIN: Final = "admin"
BROKER_LOGIN: Final = "_broker"  # an alias has no underscore, so these two are nobody else's
CONTROLLER_LOGIN: Final = "_controller"
MESSAGE_BYTES_MAX: Final = 1_048_588  # 900,000 of ours, and the batch, headers and key around it
REQUEST_BYTES_MAX: Final = 32 << 20
OFFSETS_KEPT_MINUTES: Final = 366 * 24 * 60
FORMAT_SECONDS_MAX: Final = 120
FORMAT_MEMORY_MB: Final = 256
LOGIN_SECONDS_MAX: Final = 5.0
SCRAM_ITERATIONS: Final = 8192

PROPERTIES: Final = "run/kafka.properties"  # these are relative to the home
LOG4J: Final = "run/kafka-log4j2.properties"
DATA: Final = "data/kafka"

_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"

_LOG4J_TEXT: Final = """\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName=logs/kafka-server.log
appender.file.filePattern=logs/kafka-server.%i.log
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{ISO8601} %p %m (%c)%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=16MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=3
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %m (%c)%n
appender.console.filter.threshold.type=ThresholdFilter
appender.console.filter.threshold.level=error
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
rootLogger.appenderRef.console.ref=console
"""


def component(home: Home, settings: Settings, lock: Lock, cache: Path) -> Component:
    """Return how Kafka is run for these settings."""
    base = settings.ports.base
    return Component(
        name=KAFKA,
        version=lock.version(KAFKA),
        ports=(base, base + 1, base + 2),
        argv=java(
            home,
            settings,
            settings.kafka.memory_mb,
            f"-Dlog4j2.configurationFile={LOG4J}",
            "-cp",
            class_path(lock, cache),
            "kafka.Kafka",
            PROPERTIES,
        ),
        ready=partial(login_works, home, settings),
    )


def prepare(home: Home, settings: Settings, lock: Lock, cache: Path) -> None:
    """Write the configuration and, the first time, make the store with the admin's login.

    Raises UserError stack.login_lost when the store is there but the admin's login file is not,
    stack.format_failed with the log's name.
    """
    admin = _admin(home)
    write_private(home.path / LOG4J, _LOG4J_TEXT)
    write_private(home.path / PROPERTIES, broker_properties(settings, DATA))
    if not (home.path / DATA).exists():
        _format(home, settings, admin, class_path(lock, cache))


def broker_properties(settings: Settings, data: str) -> str:
    """Return the broker's configuration, with new passwords for its two inner listeners."""
    base = settings.ports.base
    return properties(
        {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{LOOPBACK}:{base + 2}",
            "listeners": (
                f"CLIENT://{LOOPBACK}:{base},INTERNAL://{LOOPBACK}:{base + 1},"
                f"CONTROLLER://{LOOPBACK}:{base + 2}"
            ),
            "listener.security.protocol.map": (
                "CLIENT:SASL_PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT"
            ),
            "inter.broker.listener.name": "INTERNAL",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": data,
            **_logins(),
            **_limits(),
        }
    )


def class_path(lock: Lock, cache: Path) -> str:
    """Return the locked jars, each by name: a file that is put beside them does not count."""
    return ":".join(str(artifact.cached(cache)) for artifact in lock.part(KAFKA))


def login_works(home: Home, settings: Settings) -> bool:
    """Whether the broker takes the admin's login.

    Raises UserError stack.login_refused when the broker answers and refuses it.
    """
    refused: list[str] = []

    def note(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 -- librdkafka's own code
            refused.append(ADMIN)

    options: dict[str, Any] = librdkafka_options(settings, home.credentials(ADMIN))
    client = AdminClient(options | {"error_cb": note, "log_level": 0})
    try:
        client.list_topics(timeout=LOGIN_SECONDS_MAX)
    except KafkaException:
        client.poll(0)  # calls `note`
        if refused:
            where = str(home.credentials_file(ADMIN))
            raise UserError("stack.login_refused", where=where, exit_code=3) from None
        return False
    return True


def _logins() -> dict[str, str]:
    """Who may log in where, and who stands above the access rules."""
    return {
        "listener.name.client.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.client.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required;",
        "listener.name.internal.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.internal.plain.sasl.jaas.config": _plain_login(BROKER_LOGIN),
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": _plain_login(CONTROLLER_LOGIN),
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": f"User:{ADMIN};User:{BROKER_LOGIN};User:{CONTROLLER_LOGIN}",
    }


def _plain_login(name: str) -> str:
    """Return a login module that logs in as `name` and lets nobody else in."""
    password = secrets.token_urlsafe(32)
    return f'{_PLAIN} required username="{name}" password="{password}" user_{name}="{password}";'


def _limits() -> dict[str, str]:
    """One node on a small host. Durability is the page cache's: production has three nodes."""
    return {
        "auto.create.topics.enable": "false",
        "num.partitions": "1",
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "offsets.retention.minutes": str(OFFSETS_KEPT_MINUTES),
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "message.max.bytes": str(MESSAGE_BYTES_MAX),
        "socket.request.max.bytes": str(REQUEST_BYTES_MAX),
        "log.cleaner.dedupe.buffer.size": str(16 << 20),  # by default 128 MB of a small heap
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def _admin(home: Home) -> Credentials:
    """Return the admin's login, made the first time."""
    path = home.credentials_file(ADMIN)
    if not path.exists():
        if (home.path / DATA).exists():
            raise UserError("stack.login_lost", where=str(path), exit_code=3)
        password = secrets.token_urlsafe(32)
        write_private(path, f'username = "{ADMIN}"\npassword = "{password}"\n')
    return home.credentials(ADMIN)


def _format(home: Home, settings: Settings, admin: Credentials, jars: str) -> None:
    """Make the store under another name and rename it, so that half a store is never used.

    The password goes by a file that Java reads its arguments from: `ps` shows command lines.
    """
    unfinished = Path(f"{DATA}.unfinished")
    shutil.rmtree(home.path / unfinished, ignore_errors=True)
    (home.path / DATA).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    configuration, arguments = home.run / "format.properties", home.run / "format.arguments"
    write_private(configuration, broker_properties(settings, str(unfinished)))
    password = admin.password.get_secret_value()
    scram = f"name={admin.username},password={password},iterations={SCRAM_ITERATIONS}"
    tool = f'kafka.tools.StorageTool format -t {cluster_id()} -c "run/{configuration.name}"'
    write_private(arguments, f'{tool} --add-scram "SCRAM-SHA-512=[{scram}]"\n')
    log = home.logs / "kafka-format.log"
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    command = java(home, settings, FORMAT_MEMORY_MB, "-cp", jars, f"@run/{arguments.name}")
    try:
        with log.open("wb") as output:
            done = subprocess.run(  # noqa: S603 -- built above, no shell
                command,
                cwd=home.path,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=FORMAT_SECONDS_MAX,
                check=False,
            )
    except subprocess.TimeoutExpired:
        detail = f"{FORMAT_SECONDS_MAX} s"
        raise UserError("stack.format_failed", str(log), detail, exit_code=3) from None
    finally:
        arguments.unlink()
        configuration.unlink()
    if done.returncode != 0:
        detail = f"exit {done.returncode}"
        raise UserError("stack.format_failed", where=str(log), detail=detail, exit_code=3)
    (home.path / unfinished).rename(home.path / DATA)


def cluster_id() -> str:
    """Return a new cluster id: 16 random bytes, never beginning with a dash (an option's mark)."""
    drawn = secrets.token_bytes(16)
    first = bytes([drawn[0] & 0x7F])
    return base64.urlsafe_b64encode(first + drawn[1:]).decode().rstrip("=")
