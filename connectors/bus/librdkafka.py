"""Our words for rights, logins and failures, and confluent-kafka's: the border between the two."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramMechanism,
)

from connectors.bus.changes import SetConfig
from connectors.bus.clock import monotonic
from connectors.bus.home import Settings
from connectors.bus.layout import Acl, Topic
from schemas.errors import Unavailable, UserError, YichuanError

_ANY: Final[tuple[Any, ...]] = (
    ResourceType.ANY,
    None,
    ResourcePatternType.ANY,
    None,
    None,
    AclOperation.ANY,
    AclPermissionType.ANY,
)
ANY_ACL: Final = AclBindingFilter(*_ANY)
_AWAY: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's own codes begin with _
        KafkaError._TIMED_OUT,  # noqa: SLF001 - the same
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001 - the same
        KafkaError.REQUEST_TIMED_OUT,
    }
)
COORDINATOR_SECONDS_MAX: Final = 20.0
_COORDINATOR_PAUSE_SECONDS: Final = 0.5
_NOT_LED_YET: Final = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)
_UNVERIFIED: Final = "certificate verify failed"  # OpenSSL's words: librdkafka has no code for it
_REASON_CHARACTERS_MAX: Final = 300
_FORBIDDEN: Final = frozenset(
    {
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)


def new_topic(topic: Topic) -> NewTopic:
    """Return the request to create a topic with all its settings."""
    return NewTopic(
        topic.name,
        num_partitions=topic.partitions,
        replication_factor=topic.replication,
        config=dict(topic.config),
    )


def alterations(drifts: Iterable[SetConfig]) -> list[ConfigResource]:
    """Return one request per topic that sets what drifted and leaves the rest."""
    by_topic: dict[str, list[ConfigEntry]] = {}
    for drift in drifts:
        entry = ConfigEntry(drift.key, drift.after, incremental_operation=AlterConfigOpType.SET)
        by_topic.setdefault(drift.topic, []).append(entry)
    return [
        ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
        for topic, entries in by_topic.items()
    ]


def mechanism_of(settings: Settings) -> ScramMechanism:
    """Return the SCRAM mechanism of the logins. Raises UserError home.config_invalid."""
    name = settings.kafka.mechanism
    try:
        return ScramMechanism[name.replace("-", "_")]
    except KeyError:
        raise UserError("home.config_invalid", where="kafka.mechanism", detail=name) from None


def from_binding(binding: AclBinding) -> Acl:
    """Return a right of the broker's in our words."""
    return Acl(
        principal=binding.principal,
        resource=_word(binding.restype),
        pattern=_word(binding.resource_pattern_type),
        name=binding.name,
        operation=_word(binding.operation),
        permission=_word(binding.permission_type),
        host=binding.host,
    )


def binding_of(acl: Acl) -> AclBinding:
    """Return a right to grant."""
    return AclBinding(*_fields(acl))


def filter_of(acl: Acl) -> AclBindingFilter:
    """Return what matches this one right and no other."""
    return AclBindingFilter(*_fields(acl))


def _word(member: Any) -> str:  # noqa: ANN401 - the stubs say "an enum, a string or a number"
    return str(member.name).lower()


def _fields(acl: Acl) -> tuple[Any, ...]:
    return (
        ResourceType[acl.resource.upper()],
        acl.name,
        ResourcePatternType[acl.pattern.upper()],
        acl.principal,
        acl.host,
        AclOperation[acl.operation.upper()],
        AclPermissionType[acl.permission.upper()],
    )


class Heard:
    """What a client says while it connects, as its error_cb: the last reason, and what is final."""

    def __init__(self) -> None:
        self.reason = ""  # why no broker was reached, in librdkafka's words
        self.refusal = ""  # the code of what is not mended by trying again

    def __call__(self, error: KafkaError) -> None:
        """Keep it."""
        code, reason = error.code(), error.str()[:_REASON_CHARACTERS_MAX]
        if code == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - librdkafka's own code
            return  # it was said of each before, with the reason
        self.reason = reason
        if code == KafkaError._AUTHENTICATION:  # noqa: SLF001 - the same
            self.refusal = "kafka.login_refused"
        elif _UNVERIFIED in reason:
            self.refusal = "tls.certificate_refused"


def asked(call: Callable[[], Any], where: str) -> Any:  # noqa: ANN401 - its futures hold Any
    """Return what the call gives; its failure as one of ours, about `where`."""
    try:
        return call()
    except KafkaException as error:
        raise explain(error, where) from error


def asked_until_led(call: Callable[[], Any], where: str) -> Any:  # noqa: ANN401 - as above
    """Ask about groups as `asked` does, and again while the broker finds out who leads them.

    For a few seconds after its start, or after another broker's end, it does not know yet.
    """
    deadline = monotonic() + COORDINATOR_SECONDS_MAX
    while True:
        try:
            return call()
        except KafkaException as error:
            if error.args[0].code() not in _NOT_LED_YET or monotonic() >= deadline:
                raise explain(error, where) from error
        time.sleep(_COORDINATOR_PAUSE_SECONDS)


def explain(exception: KafkaException, where: str, reason: str = "") -> YichuanError:
    """Return our error for librdkafka's: nobody answers, not allowed, or refused with its words.

    `reason`: why nobody answers, where the client was heard to say it.
    """
    error = exception.args[0]
    detail = f"{error.name()} {error.str()}"
    if error.code() in _AWAY:
        away = f"{error.name()} {reason}".rstrip()
        return Unavailable("kafka.unreachable", where=where, detail=away)
    if error.code() in _FORBIDDEN:
        return UserError("kafka.forbidden", where=where, detail=error.name(), exit_code=1)
    return UserError("kafka.refused", where=where, detail=detail, exit_code=1)
