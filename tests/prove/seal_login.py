"""The chapter of the seal: what one organ's login gets of everything that there is, and what not.

Broker: each request that the broker itself says it takes, by hand, at every topic and every group.
Registry and HTTP: each port that a scan of this host finds the stack's processes at.
"""

import http.client
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psutil
from confluent_kafka import KafkaError, TopicCollection
from confluent_kafka.admin import AdminClient

from deploy.local import processes
from schemas.parts import Flow
from schemas.topics import inbox_of
from tests.prove import kafka_bytes
from tests.prove.bus_doors import LOOPBACKS
from tests.prove.chapter import Check, Ground
from tests.prove.kafka_login import logged_in
from tests.prove.kafka_requests import On, Request, Whose
from tests.prove.kafka_words import errors_of
from tests.prove.login_table import (
    ALL_REQUESTS,
    FLOW,
    OTHER,
    OWN,
    Door,
    doors,
    rights,
    unmatched,
)
from tests.prove.registry_http import API_OFFSET, HEALTH_OFFSET, READER, basic, call, raw
from tests.prove.stand import Stand, demo

LOGIN: Final = "yanjiao"
SECONDS_MAX: Final = 30.0
KAFKA_OFFSETS: Final = (0, 1, 2)  # from the port base
METRICS_OFFSETS: Final = range(30, 60)
PORT_KINDS: Final = ("kafka", "registry", "health", "metrics")
NO_ERROR: Final = "NO_ERROR"
SILENCE: Final = "no answer"
_BY_ID: Final = frozenset({"Fetch by the topic's id", "ShareFetch of the topic"})
_ABSENT: Final = ("inbox.nobody", f"inbox.{LOGIN}x", "yanjiao", "__share_group_state")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried at what, what had to come, and what came."""

    request: str
    place: str
    name: str
    expected: str
    seen: str


def login_against_everything(ground: Ground) -> str:
    """Try every request at everything; whatever is answered otherwise fails by its name."""
    stand = demo(ground)
    before = _state(stand)
    table = rights()
    assert not unmatched(table), f"login_rights.csv: {unmatched(table)}"
    with logged_in(stand, LOGIN) as session:
        unknown = session.versions().keys() - {each.api for each in ALL_REQUESTS}
    assert not unknown, f"the broker takes requests that no row tries: {sorted(unknown)}"
    attempts = list(_tried(stand, table))
    listed = _listed(stand)
    ports = _ports(stand)
    attempts += _knocked(stand, ports)
    attempts += _inner_listeners(stand)
    _print(attempts)
    wrong = [each for each in attempts if each.seen != each.expected]
    assert not wrong, f"{len(wrong)} unexpected: {wrong[:10]}"
    assert _state(stand) == before, "topics, rights, logins or subjects changed"
    refused = sum(each.seen not in {NO_ERROR, "200"} for each in attempts)
    broker = {each.api for each in ALL_REQUESTS}
    return (
        f"{len(attempts)} attempts with the login of {LOGIN}, {refused} refused or of no effect, "
        f"all as login_rights.csv and login_http.csv say: all {len(broker)} kinds of request that "
        f"the broker takes, at {listed}; {len(ports)} ports found by a scan ({_kinds(ports)}), "
        "all on 127.0.0.1; topics, rights, logins and subjects as before"
    )


CHECKS: Final = (Check("login_against_everything", login_against_everything),)


def _tried(stand: Stand, table: Mapping[tuple[str, str], str]) -> Iterator[Attempt]:
    admin = AdminClient(stand.client("admin"))
    found = admin.list_topics(timeout=SECONDS_MAX).topics
    ids = _topic_ids(admin, list(found))
    number = next(stand.serials)
    me = Whose(
        LOGIN,
        inbox_of(LOGIN),
        Flow.LEADS.value,
        ids,
        *(f"{LOGIN}.prove-{number}{kind}" for kind in ("", "-joined", "-shared")),
    )
    groups = admin.list_consumer_groups(request_timeout=SECONDS_MAX).result().valid
    names = {
        On.TOPIC: [*sorted(found), *_ABSENT],
        On.GROUP: [
            me.group,
            *sorted(g.group_id for g in groups if not g.group_id.startswith(f"{LOGIN}.")),
            *("admin", f"{LOGIN}x.prove", LOGIN, "exchange.prove", "nobody"),
        ],
        On.TRANSACTION: [f"{LOGIN}.prove", LOGIN, "exchange", "exchange-1"],
        On.CLUSTER: [""],
    }
    for request in ALL_REQUESTS:
        for name in names[request.on]:
            if request.name in _BY_ID and name not in ids:
                continue
            place = _place(request.on, name, me)
            seen = _answer(stand, request, name, me)
            yield Attempt(request.name, place, name, table[request.name, place], seen)


def _answer(stand: Stand, request: Request, name: str, me: Whose) -> str:
    """Return the error, each in a connection of its own: some answers end it."""
    try:
        with logged_in(stand, LOGIN) as session:
            body = request.build(name, me)
            answer = session.ask(request.api, request.version, body, flexible=request.flexible)
    except OSError:
        return SILENCE
    codes = [code for code in errors_of(request.answer, answer) if code] or [0]
    return "/".join(sorted({str(KafkaError(code).name()) for code in codes}))


def _place(on: On, name: str, me: Whose) -> str:
    if name in {me.inbox, me.group}:
        return OWN
    return FLOW if on is On.TOPIC and name in set(Flow) else OTHER


def _topic_ids(admin: AdminClient, names: list[str]) -> dict[str, bytes]:
    found = admin.describe_topics(TopicCollection(names), request_timeout=SECONDS_MAX)
    ids = {name: future.result().topic_id for name, future in found.items()}
    return {
        name: struct.pack(">qq", id_.get_most_significant_bits(), id_.get_least_significant_bits())
        for name, id_ in ids.items()
    }


def _listed(stand: Stand) -> str:
    """See that lists of everything show only the organ's own; tell how much was tried."""
    client = AdminClient(stand.client(LOGIN))
    topics = set(client.list_topics(timeout=SECONDS_MAX).topics)
    allowed = {*(flow.value for flow in Flow), inbox_of(LOGIN)}
    assert topics == allowed, f"the list of topics shows {sorted(topics ^ allowed)}"
    shown = client.list_consumer_groups(request_timeout=SECONDS_MAX).result().valid
    foreign = [g.group_id for g in shown if not g.group_id.startswith(f"{LOGIN}.")]
    assert not foreign, f"the list of groups shows {foreign}"
    admin = AdminClient(stand.client("admin"))
    total = len(admin.list_topics(timeout=SECONDS_MAX).topics)
    return f"{total} topics, every group, transactional ids and the cluster"


def _ports(stand: Stand) -> dict[int, str]:
    """Return the ports that the stack's processes and their children listen on, with the kind."""
    pids = {process.pid for process in processes.all_recorded(stand.home)}
    pids |= {child.pid for pid in pids for child in psutil.Process(pid).children(recursive=True)}
    base = stand.settings.ports.base
    kinds = dict.fromkeys((base + offset for offset in KAFKA_OFFSETS), "kafka")
    kinds |= {base + API_OFFSET: "registry", base + HEALTH_OFFSET: "health"}
    kinds |= dict.fromkeys((base + offset for offset in METRICS_OFFSETS), "metrics")
    found: dict[int, str] = {}
    for each in psutil.net_connections("inet"):
        if each.pid not in pids or each.raddr or each.status == psutil.CONN_CLOSE:
            continue
        told = f"{each.laddr.ip}:{each.laddr.port}"
        assert each.status == psutil.CONN_LISTEN, f"datagrams at {told}"
        assert each.laddr.ip in LOOPBACKS, f"{told} is open to other hosts"
        assert each.laddr.port in kinds, f"{told} is open and in no table"
        found[each.laddr.port] = kinds[each.laddr.port]
    assert set(found.values()) == set(PORT_KINDS), f"not all kinds of port: {found}"
    return found


def _knocked(stand: Stand, ports: Mapping[int, str]) -> Iterator[Attempt]:
    """Ask every page of every port as nobody, as the organ, and as the registry's reader."""
    _, subjects = call(stand, "GET", "/subjects", basic(stand, READER))
    logins = (None, basic(stand, LOGIN), basic(stand, READER))
    for port, kind in sorted(ports.items()):
        ca_file = stand.settings.registry.ca_file if kind in {"kafka", "registry"} else None
        if kind == "kafka":
            for secure in (ca_file, None):
                name = f"{port} {'https' if secure else 'http'}"
                yield Attempt("GET /", kind, name, SILENCE, _page(port, None, secure))
            continue
        for door in (each for each in doors() if each.port == kind):
            for login, expected in zip(logins, door.statuses, strict=True):
                seen = _page(port, door, ca_file, login, subjects[0])
                told = f"{door.method} {door.path}"
                yield Attempt(told, kind, f"{port}", str(expected), seen)


def _page(
    port: int, door: Door | None, ca_file: str | None, login: str | None = None, subject: str = ""
) -> str:
    method, path = (door.method, door.path.format(subject=subject)) if door else ("GET", "/")
    body = None if method in {"GET", "DELETE"} else {"schema": '"string"'}
    kind = "application/zip" if path.endswith("/import") else "application/json"
    try:
        status, _ = raw(port, method, path, login, body, ca_file=ca_file, content_type=kind)
    except (OSError, http.client.HTTPException):
        return SILENCE
    return str(status)


def _inner_listeners(stand: Stand) -> Iterator[Attempt]:
    """Log in at the broker's and the controller's own listeners with the organ's password."""
    credentials, ca_file = stand.home.credentials(LOGIN), str(stand.home.tls.ca)
    for offset in KAFKA_OFFSETS[1:]:
        port = stand.settings.ports.base + offset
        password = credentials.password.get_secret_value()
        code = kafka_bytes.plain_login(port, credentials.username, password, ca_file)
        seen = str(KafkaError(code).name())
        yield Attempt("SASL PLAIN", "kafka", f"{port}", "SASL_AUTHENTICATION_FAILED", seen)


def _state(stand: Stand) -> tuple[Any, ...]:
    """Return what an attempt must not have changed: the plan over the broker, and the subjects."""
    planned = stand.yichuan("topics", "plan", "--json")
    topics = sorted(AdminClient(stand.client("admin")).list_topics(timeout=SECONDS_MAX).topics)
    _, subjects = call(stand, "GET", "/subjects", basic(stand, READER))
    _, compatibility = call(stand, "GET", "/config", basic(stand, READER))
    return planned, topics, subjects, compatibility


def _print(attempts: Iterable[Attempt]) -> None:
    """Show the table: what was tried where, how often, what had to come and what came."""
    rows = Counter((each.request, each.place, each.expected, each.seen) for each in attempts)
    for (request, place, expected, seen), count in rows.items():
        mark = " " if seen == expected else "!"
        print(f"    {mark} {request:44} {place:9} x{count:<3} {expected} -> {seen}")


def _kinds(ports: Mapping[int, str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in Counter(ports.values()).items())
