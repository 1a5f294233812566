"""The configuration of the one Kafka process: listeners, logins, limits.

Clients log in with SCRAM-SHA-512. The broker's and the controller's own listeners take PLAIN with
one login each, whose password is made anew at every start and whose name no organ can have.
"""

import secrets
from typing import Final

from connectors.bus.home import Settings
from connectors.bus.logins import ADMIN
from deploy.local.java import properties
from deploy.local.ports import LOOPBACK

BROKER_LOGIN: Final = "_broker"  # an alias has no underscore, so these two are nobody else's
CONTROLLER_LOGIN: Final = "_controller"
MESSAGE_BYTES_MAX: Final = 1_048_588  # 900,000 of ours, and the batch, headers and key around it
REQUEST_BYTES_MAX: Final = 32 << 20
RETENTION_CHECK_MS: Final = 60_000
QUOTA_SECONDS: Final = 3  # over which the broker looks at what a login has written
OFFSETS_KEPT_MINUTES: Final = 366 * 24 * 60
# Kinds of groups that nobody here uses. The first share group of any login would make the broker
# create a topic of its own, and no agency may have one created.
FEATURES_OFF: Final = ("share.version", "streams.version")

_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
LOG4J_TEXT: Final = """\
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
                "CLIENT:SASL_SSL,INTERNAL:SASL_SSL,CONTROLLER:SASL_SSL"
            ),
            "inter.broker.listener.name": "INTERNAL",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": data,
            # Relative to the home, where the process runs (deploy/local/tls.py).
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": "tls/server.store.pem",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": "tls/ca.pem",
            "ssl.enabled.protocols": "TLSv1.3,TLSv1.2",
            **_logins(),
            **_limits(),
        }
    )


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
        "group.coordinator.rebalance.protocols": "classic,consumer",
        "group.initial.rebalance.delay.ms": "0",
        # An organ's quota is over so many seconds (by default eleven): what it saved up in them it
        # may write at once, and all others' letters lie behind that.
        "quota.window.num": str(QUOTA_SECONDS),
        "message.max.bytes": str(MESSAGE_BYTES_MAX),
        "socket.request.max.bytes": str(REQUEST_BYTES_MAX),
        "log.cleaner.dedupe.buffer.size": str(16 << 20),  # by default 128 MB of a small heap
        # What was deleted leaves the disk within this, and a flow's segment.ms.
        "log.retention.check.interval.ms": str(RETENTION_CHECK_MS),
        "num.network.threads": "2",
        "num.io.threads": "4",
    }
