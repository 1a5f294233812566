"""Kafka clients as this bus uses them: one producer, one consumer, started within a limit.

aiokafka for what runs, librdkafka (confluent-kafka) for administration. Both log in with SCRAM;
neither is ever anonymous.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
)
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from connectors.bus.first_failure import telling
from connectors.bus.home import Credentials, Settings
from connectors.bus.layout import MESSAGE_BYTES_MAX
from connectors.bus.partitioner import partition
from connectors.bus.tls import trusting, why_refused
from schemas.errors import Unavailable, UserError, YichuanError

START_SECONDS_MAX: Final = 30.0
_LOGIN_SECONDS_MAX: Final = 15.0
# A consumer's start waits for its partitions: those of a member that was killed come free after
# its session, so the start must be given longer than that.
_ATTEMPT_SECONDS_MAX: Final = 60.0
_METADATA_SECONDS_MAX: Final = 15.0
_STOP_SECONDS_MAX: Final = 10.0
_REQUEST_MS_MAX: Final = 20_000
_LINGER_MS: Final = 5
_BATCH_BYTES_MAX: Final = 262_144  # aiokafka's default of 16 kB holds ten messages
_FETCH_BYTES_MAX: Final = 2 * MESSAGE_BYTES_MAX  # of one partition in one answer
_FETCH_WAIT_MS: Final = 100
_SESSION_MS: Final = 30_000  # how long a crashed reader keeps its partitions
_HEARTBEAT_MS: Final = 3_000

_LOGIN_REFUSED: Final = (
    AuthenticationFailedError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
_FORBIDDEN: Final = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)


async def start_producer(
    settings: Settings,
    credentials: Credentials,
    *,
    client_id: str,
    seconds_max: float = START_SECONDS_MAX,
    bytes_max: int = MESSAGE_BYTES_MAX,
) -> AIOKafkaProducer:
    """Return a started producer: idempotent, acks=all, murmur2 by key.

    `bytes_max` is of one record. Raises Unavailable kafka.unreachable or kafka.login_refused.
    """
    options = client_options(settings, credentials, client_id) | {
        "acks": "all",
        "enable_idempotence": True,
        "linger_ms": _LINGER_MS,
        "max_batch_size": _BATCH_BYTES_MAX,
        "max_request_size": bytes_max,
        "partitioner": partition,
    }
    return await _started(settings, lambda: AIOKafkaProducer(**options), options, seconds_max)


async def start_consumer(  # noqa: PLR0913 - each is one choice of the caller, by keyword
    settings: Settings,
    credentials: Credentials,
    topics: Iterable[str],
    *,
    group: str | None,
    client_id: str,
    member: str | None = None,
    records_max: int = 500,
    seconds_max: float = START_SECONDS_MAX,
) -> AIOKafkaConsumer:
    """Return a started consumer that reads from the earliest record and never commits by itself.

    `group` starts with `<login>.`, or is None to read without one; `member` is a static
    membership (group.instance.id), whose restart after a crash need not wait for the session to
    end; `records_max` bounds one poll. Raises Unavailable kafka.unreachable or
    kafka.login_refused, UserError kafka.forbidden; `getone` raises TopicAuthorizationFailedError
    for a topic that may be seen but not read.
    """
    names = tuple(topics)
    options = client_options(settings, credentials, client_id) | {
        "group_id": group,
        "group_instance_id": member,
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "fetch_max_wait_ms": _FETCH_WAIT_MS,
        "max_partition_fetch_bytes": _FETCH_BYTES_MAX,
        "max_poll_records": records_max,
        "session_timeout_ms": _SESSION_MS,
        "heartbeat_interval_ms": _HEARTBEAT_MS,
    }
    return await _started(
        settings, lambda: AIOKafkaConsumer(*names, **options), options, seconds_max
    )


async def partitions_of(producer: AIOKafkaProducer, topic: str) -> int:
    """Return a topic's number of partitions as the cluster has it.

    Raises Unavailable topics.missing or kafka.unreachable, UserError kafka.forbidden.
    """
    try:
        found = await asyncio.wait_for(producer.partitions_for(topic), _METADATA_SECONDS_MAX)
    except (KafkaError, TimeoutError) as error:
        raise explain(error, where=topic) from error
    return len(found)


def explain(error: BaseException, *, where: str) -> YichuanError:
    """Return our error for a client's. `where` is a topic, a group or a broker's address."""
    kind = type(error).__name__
    if isinstance(error, _LOGIN_REFUSED):
        return Unavailable("kafka.login_refused", where=where, detail=kind)
    if isinstance(error, _FORBIDDEN):
        return UserError("kafka.forbidden", where=where, detail=kind, exit_code=1)
    if isinstance(error, UnknownTopicOrPartitionError):
        return Unavailable("topics.missing", where=where)
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = why_refused(error)
        return Unavailable("tls.certificate_refused", where=where, detail=detail)
    return Unavailable("kafka.unreachable", where=where, detail=kind)


def ssl_context_of(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context for SASL_SSL, with [kafka] ca_file or the system's CAs; else None."""
    if settings.kafka.security != "SASL_SSL":
        return None
    return trusting(settings.kafka.ca_file, "kafka.unreachable")


def librdkafka_options(settings: Settings, credentials: Credentials) -> dict[str, Any]:
    """Return the connection and login for a confluent-kafka client, which prints nothing.

    What is wrong it raises; why it cannot connect it tells its `error_cb`.

    A producer among these must also set `partitioner` to `murmur2_random`: librdkafka's default
    puts a key on another partition than Kafka's own (design D5).
    """
    options = {
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.kafka.security,
        "sasl.mechanism": settings.kafka.mechanism,
        "sasl.username": credentials.username,
        "sasl.password": credentials.password.get_secret_value(),
        "reconnect.backoff.ms": 200,
        "log_level": 0,  # while it cannot connect it would print why, ten times a second
    }
    if settings.kafka.ca_file:
        ssl_context_of(settings)  # librdkafka says less of a file that is not there
        options["ssl.ca.location"] = settings.kafka.ca_file
    return options


def client_options(settings: Settings, credentials: Credentials, client_id: str) -> dict[str, Any]:
    """Return the connection and login for an aiokafka client."""
    return {
        "bootstrap_servers": settings.bootstrap,
        "client_id": client_id,
        "request_timeout_ms": _REQUEST_MS_MAX,
        "security_protocol": settings.kafka.security,
        "ssl_context": ssl_context_of(settings),
        "sasl_mechanism": settings.kafka.mechanism,
        "sasl_plain_username": credentials.username,
        "sasl_plain_password": credentials.password.get_secret_value(),
    }


async def _started(
    settings: Settings,
    make: Callable[[], Any],
    options: dict[str, Any],
    seconds_max: float,
) -> Any:  # noqa: ANN401 - aiokafka ships no types
    """Start a client, trying again while no broker answers; a refused login is final."""
    attempts = AsyncRetrying(
        retry=retry_if_exception(_is_unreachable),
        stop=stop_after_delay(seconds_max),
        wait=wait_random_exponential(multiplier=0.2, max=3.0),
        before_sleep=telling(settings, seconds_max),
        reraise=True,
    )
    return await attempts(_start_once, settings, make, options)


async def _start_once(settings: Settings, make: Callable[[], Any], options: dict[str, Any]) -> Any:  # noqa: ANN401 - aiokafka ships no types
    await _log_in(settings, options)
    client = make()
    try:
        await asyncio.wait_for(client.start(), _ATTEMPT_SECONDS_MAX)
    except (KafkaError, OSError, TimeoutError) as error:
        with suppress(TimeoutError):  # given up: the connections close with the process
            await asyncio.wait_for(client.stop(), _STOP_SECONDS_MAX)
        raise explain(error, where=settings.bootstrap) from error
    return client


async def _log_in(settings: Settings, options: dict[str, Any]) -> None:
    # aiokafka's own start tells a refused login and a broker that is down apart only in its log.
    names = ("client_id", "request_timeout_ms", "security_protocol", "ssl_context")
    chosen = {key: options[key] for key in options if key in names or key.startswith("sasl_")}
    failure: BaseException = ConnectionError()
    for host, port in addresses(settings.bootstrap):
        try:
            connection = await asyncio.wait_for(
                create_conn(host, port, **chosen), _LOGIN_SECONDS_MAX
            )
        except (KafkaError, OSError, TimeoutError, ValueError) as error:
            failure = error  # ValueError: the server's SCRAM signature is not what it should be
            if isinstance(error, _LOGIN_REFUSED):
                break
            continue
        with suppress(TimeoutError):  # TLS says goodbye first
            await asyncio.wait_for(connection.close(), _STOP_SECONDS_MAX)
        return
    raise explain(failure, where=settings.bootstrap) from failure


def _is_unreachable(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and error.code == "kafka.unreachable"


def addresses(bootstrap: str) -> tuple[tuple[str, int], ...]:
    """Parse `host:port,[v6]:port,…`; the port may be left out."""
    return tuple((host, port) for host, port, _ in collect_hosts(bootstrap, randomize=False))
