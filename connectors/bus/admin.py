"""Read and change the broker as its administrator: topics, settings, logins, access rights.

librdkafka's AdminClient, since no other Python client manages access rights and SCRAM logins.
Works on any Kafka cluster whose `admin` login the home holds, the local one or a given one.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,
    ResourceType,
    ScramCredentialInfo,
    UserScramCredentialAlteration,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from connectors.bus import clock
from connectors.bus.changes import (
    Change,
    CreateTopic,
    DropLogin,
    Grant,
    Revoke,
    SetConfig,
    SetLogin,
    SetQuota,
    plan,
)
from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.layout import Actual, Layout, Topic
from connectors.bus.librdkafka import (
    ANY_ACL,
    Heard,
    alterations,
    asked,
    binding_of,
    explain,
    filter_of,
    from_binding,
    mechanism_of,
    new_topic,
)
from connectors.bus.logins import ADMIN, SCRAM_ITERATIONS, made_login
from connectors.bus.quotas import read_quotas, set_quotas
from schemas.errors import Unavailable

CONNECT_SECONDS_MAX: Final = 30.0
_ATTEMPT_SECONDS_MAX: Final = 3.0
_REQUEST_SECONDS_MAX: Final = 30.0
_LIMIT: Final = {"request_timeout": _REQUEST_SECONDS_MAX}
SETTLE_SECONDS_MAX: Final = 20.0
_SETTLE_POLL_SECONDS: Final = 0.2
_BATCH_MAX: Final = 200  # things in one request

_Item = TypeVar("_Item")
_Kind = TypeVar("_Kind")


def connect(
    settings: Settings, credentials: Credentials, seconds_max: float = CONNECT_SECONDS_MAX
) -> AdminClient:
    """Return a client that has logged in.

    Raises Unavailable kafka.unreachable, kafka.login_refused or tls.certificate_refused.
    """
    heard = Heard()
    client = AdminClient(librdkafka_options(settings, credentials) | {"error_cb": heard})
    deadline = clock.monotonic() + seconds_max
    while True:
        try:
            client.list_topics(timeout=_ATTEMPT_SECONDS_MAX)
        except KafkaException as error:
            client.poll(0)  # hands the errors over
            if heard.refusal:
                where, detail = settings.bootstrap, heard.reason
                raise Unavailable(heard.refusal, where=where, detail=detail) from error
            if clock.monotonic() >= deadline:
                raise explain(error, settings.bootstrap, heard.reason) from error
        else:
            return client


def read(client: AdminClient, home: Home, settings: Settings, wanted: Layout) -> Actual:
    """Return what the cluster and the home hold of what is wanted."""
    found = asked(lambda: client.list_topics(timeout=_REQUEST_SECONDS_MAX), "topics").topics
    configs = _configs(client, [topic.name for topic in wanted.topics if topic.name in found])
    topics = {
        name: Topic(
            name,
            len(topic.partitions),
            min((len(part.replicas) for part in topic.partitions.values()), default=0),
            configs.get(name, {}),
        )
        for name, topic in found.items()
    }
    acls = asked(client.describe_acls(ANY_ACL, **_LIMIT).result, "ACL")
    files = home.credentials_file("any").parent.glob("*.toml")
    return Actual(
        topics=topics,
        acls=frozenset(from_binding(binding) for binding in acls),
        logins=_logins(client, settings),
        passwords=frozenset(path.stem for path in files),
        quotas=read_quotas(settings, home.credentials(ADMIN)),
    )


def carry_out(
    client: AdminClient, home: Home, settings: Settings, changes: Sequence[Change]
) -> None:
    """Make the changes, in the order of `plan`.

    Raises UserError kafka.forbidden or kafka.refused, Unavailable kafka.unreachable.
    """
    for revokes in _batches(changes, Revoke):
        _all_done(client.delete_acls([filter_of(change.acl) for change in revokes], **_LIMIT))
    for drops in _batches(changes, DropLogin):
        mechanism = mechanism_of(settings)
        gone = [UserScramCredentialDeletion(drop.login, mechanism) for drop in drops]
        _set_logins(client, gone)
    for creations in _batches(changes, CreateTopic):
        _all_done(client.create_topics([new_topic(c.topic) for c in creations], **_LIMIT))
    for drifts in _batches(changes, SetConfig):
        _all_done(client.incremental_alter_configs(alterations(drifts), **_LIMIT))
    for logins in _batches(changes, SetLogin):
        _set_logins(client, [_upsertion(home, settings, change.login) for change in logins])
    for quotas in _batches(changes, SetQuota):
        limits: dict[str, dict[str, float]] = {}
        for change in quotas:
            limits.setdefault(change.login, {})[change.key] = change.after
        set_quotas(settings, home.credentials(ADMIN), limits)
    for grants in _batches(changes, Grant):
        _all_done(client.create_acls([binding_of(change.acl) for change in grants], **_LIMIT))


def settle(
    client: AdminClient,
    home: Home,
    settings: Settings,
    wanted: Layout,
    *,
    seconds_max: float = SETTLE_SECONDS_MAX,
) -> None:
    """Wait until the broker shows what was asked of it: rights and logins reach it by its log.

    Raises Unavailable topics.unsettled, naming what is still missing.
    """
    deadline = clock.monotonic() + seconds_max
    while missing := plan(wanted, read(client, home, settings, wanted)):
        if clock.monotonic() >= deadline:
            raise Unavailable("topics.unsettled", detail=str(missing[0]))
        time.sleep(_SETTLE_POLL_SECONDS)


def _configs(client: AdminClient, names: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    configs: dict[str, Mapping[str, str]] = {}
    for batch in _sliced(names):
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in batch]
        futures = client.describe_configs(resources, **_LIMIT)
        for resource, future in futures.items():
            entries = asked(future.result, resource.name)
            configs[resource.name] = {key: entry.value or "" for key, entry in entries.items()}
    return configs


def _logins(client: AdminClient, settings: Settings) -> frozenset[str]:
    mechanism = mechanism_of(settings)
    answer: Any = client.describe_user_scram_credentials(None, **_LIMIT)  # one future, for all
    return frozenset(
        name
        for name, known in asked(answer.result, "SCRAM").items()
        if any(info.mechanism == mechanism for info in known.scram_credential_infos)
    )


def _set_logins(client: AdminClient, what: Sequence[UserScramCredentialAlteration]) -> None:
    _all_done(client.alter_user_scram_credentials(list(what), **_LIMIT))


def _upsertion(home: Home, settings: Settings, login: str) -> UserScramCredentialUpsertion:
    """Set the login to the password of its file, which is written first and made where missing."""
    secret = made_login(home, login, login).password.get_secret_value()
    info = ScramCredentialInfo(mechanism_of(settings), SCRAM_ITERATIONS)
    return UserScramCredentialUpsertion(login, info, secret.encode())


def _batches(changes: Iterable[Change], kind: type[_Kind]) -> Iterator[Sequence[_Kind]]:
    return _sliced([change for change in changes if isinstance(change, kind)])


def _sliced(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _BATCH_MAX] for start in range(0, len(items), _BATCH_MAX))


def _all_done(futures: Mapping[Any, Any]) -> None:
    for thing, future in futures.items():
        asked(future.result, str(getattr(thing, "name", thing)))
