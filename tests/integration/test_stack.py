"""`yichuan up | down | status` with the real broker and the real registry."""

import http.client
import json
import socket
import ssl
import struct
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import psutil
import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from connectors.bus.home import Credentials, Home, Settings, cache_dir
from connectors.bus.logins import ADMIN, REGISTRY_ADMIN, REGISTRY_READER
from deploy.local import kafka, processes, registry
from deploy.local import stack as local_stack
from deploy.local.artifacts import KAFKA, REGISTRY, locked
from deploy.local.kafka_config import BROKER_LOGIN
from deploy.local.ports import LOOPBACK, listening_ports
from deploy.local.status import status
from schemas.errors import UserError

FIXED_1 = json.dumps({"schema": json.dumps({"type": "fixed", "name": "one", "size": 1})})
TRIES = 20  # seconds
WRONG = Credentials("admin", SecretStr("not the password"))


def silent(_line: str) -> None:
    """Progress that nobody reads."""


def call(
    settings: Settings, login: Credentials | None, method: str, path: str, body: str | None = None
) -> tuple[int, Any]:
    context = ssl.create_default_context(cafile=settings.registry.ca_file)
    connection = http.client.HTTPSConnection(
        LOOPBACK, settings.ports.base + 10, timeout=20, context=context
    )
    headers = {"Content-Type": "application/json"}
    if login is not None:
        pair = f"{login.username}:{login.password.get_secret_value()}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    connection.request(method, f"/apis/ccompat/v7{path}", body=body, headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


def login_errors(home: Home, port: int, mechanism: str, username: str, password: str) -> set[int]:
    """Return the error codes that a client sees who logs in like this; empty when it works."""
    seen: set[int] = set()
    options: dict[str, Any] = {
        "bootstrap.servers": f"{LOOPBACK}:{port}",
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(home.tls.ca),
        "sasl.mechanism": mechanism,
        "sasl.username": username,
        "sasl.password": password,
        "error_cb": lambda error: seen.add(error.code()),
        "log_level": 0,
    }
    client = AdminClient(options)
    for _ in range(TRIES):
        try:
            client.list_topics(timeout=1)
        except KafkaException:
            client.poll(0)  # calls error_cb
            if KafkaError._AUTHENTICATION in seen:
                return seen
        else:
            return set()
    return seen


def pids(home: Home) -> dict[str, int]:
    return {process.name: process.pid for process in processes.all_recorded(home)}


def test_the_admins_login_works_and_a_wrong_password_is_refused(
    stack: tuple[Home, Settings],
) -> None:
    home, settings = stack
    admin = home.credentials(ADMIN)
    port = settings.ports.base
    right = admin.password.get_secret_value()

    assert login_errors(home, port, "SCRAM-SHA-512", "admin", right) == set()
    refused = login_errors(home, port, "SCRAM-SHA-512", "admin", "not the password")
    assert KafkaError._AUTHENTICATION in refused


@pytest.mark.parametrize("offset", [0, 1, 2], ids=["client", "internal", "controller"])
def test_a_listener_closes_on_who_asks_without_a_login(
    stack: tuple[Home, Settings], offset: int
) -> None:
    home, settings = stack
    metadata_v0_of_all_topics = struct.pack(">hhihi", 3, 0, 7, -1, 0)
    request = struct.pack(">i", len(metadata_v0_of_all_topics)) + metadata_v0_of_all_topics
    context = ssl.create_default_context(cafile=str(home.tls.ca))
    place = (LOOPBACK, settings.ports.base + offset)
    with (
        socket.create_connection(place, timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=LOOPBACK) as peer,
    ):
        assert peer.version() in ("TLSv1.3", "TLSv1.2")
        peer.sendall(request)
        assert peer.recv(1) == b""


@pytest.mark.parametrize("offset", [0, 1, 2, 10], ids=["client", "internal", "controller", "api"])
def test_a_listener_says_nothing_without_tls_nor_by_another_ca(
    stack: tuple[Home, Settings], offset: int
) -> None:
    place = (LOOPBACK, stack[1].ports.base + offset)
    with socket.create_connection(place, timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert plain.recv(1) in (b"", b"\x15")  # at most a TLS alert
    with socket.create_connection(place, timeout=20) as plain:
        strangers = ssl.create_default_context()  # the system's CAs
        with pytest.raises(ssl.SSLCertVerificationError):
            strangers.wrap_socket(plain, server_hostname=LOOPBACK)


@pytest.mark.parametrize("offset", [1, 2], ids=["internal", "controller"])
def test_an_inner_listener_takes_no_clients_login(
    stack: tuple[Home, Settings], offset: int
) -> None:
    home, settings = stack
    port = settings.ports.base + offset
    right = home.credentials(ADMIN).password.get_secret_value()

    assert KafkaError._AUTHENTICATION in login_errors(home, port, "SCRAM-SHA-512", "admin", right)
    assert KafkaError._AUTHENTICATION in login_errors(home, port, "PLAIN", "admin", right)
    assert KafkaError._AUTHENTICATION in login_errors(home, port, "PLAIN", BROKER_LOGIN, "guess")


def test_every_port_of_the_stack_is_open_on_the_loopback_only(
    stack: tuple[Home, Settings],
) -> None:
    home, settings = stack
    base = settings.ports.base
    found = pids(home)

    assert listening_ports(found[KAFKA]) == (base, base + 1, base + 2)
    assert listening_ports(found[REGISTRY]) == (base + 10, base + 11)
    for pid in found.values():
        ends = psutil.Process(pid).net_connections("tcp")
        heard = {end.laddr.ip for end in ends if end.status == psutil.CONN_LISTEN}
        assert heard <= {LOOPBACK, f"::ffff:{LOOPBACK}"}


def test_a_login_file_that_does_not_fit_the_data_is_reported(
    stack: tuple[Home, Settings], tmp_path: Path
) -> None:
    _, settings = stack
    other = Home(tmp_path)
    path = other.credentials_file(ADMIN)
    path.parent.mkdir()
    path.write_text('username = "admin"\npassword = "of another store"\n', encoding="utf-8")
    with pytest.raises(UserError) as refused:
        kafka.login_works(other, settings)
    assert (refused.value.code, refused.value.where) == ("stack.login_refused", str(path))


def test_what_runs_are_the_locked_jars(stack: tuple[Home, Settings]) -> None:
    home, _ = stack
    argv = psutil.Process(pids(home)[KAFKA]).cmdline()
    jars = argv[argv.index("-cp") + 1].split(":")
    locked_jars = [str(item.cached(cache_dir())) for item in locked().part(KAFKA)]
    assert jars == locked_jars


def test_the_registry_answers_by_login_and_role(stack: tuple[Home, Settings]) -> None:
    home, settings = stack
    reader, admin = home.credentials(REGISTRY_READER), home.credentials(REGISTRY_ADMIN)
    new = "/subjects/stack-test/versions"

    assert call(settings, None, "GET", "/subjects")[0] == 401
    assert call(settings, None, "POST", new, FIXED_1)[0] == 401
    assert call(settings, WRONG, "GET", "/subjects")[0] == 401
    assert call(settings, reader, "GET", "/subjects")[0] == 200
    assert call(settings, reader, "POST", new, FIXED_1)[0] == 403
    assert call(settings, reader, "PUT", "/config", '{"compatibility": "NONE"}')[0] == 403
    assert call(settings, admin, "POST", new, FIXED_1)[0] == 200
    assert call(settings, reader, "GET", new)[1] == [1]


def test_no_secret_is_in_a_log_or_in_a_command_line(stack: tuple[Home, Settings]) -> None:
    home, _ = stack
    logins = (ADMIN, REGISTRY_ADMIN, REGISTRY_READER)
    secrets = [home.credentials(login).password.get_secret_value() for login in logins]
    seen = "".join(path.read_text(encoding="utf-8") for path in home.logs.iterdir())
    seen += "".join(" ".join(psutil.Process(pid).cmdline()) for pid in pids(home).values())

    assert seen
    assert not any(secret in seen for secret in [*secrets, "storedKey"])
    private = [*(home.path / "credentials").iterdir(), *home.run.glob("*.properties")]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}


def test_up_again_leaves_the_same_processes(stack: tuple[Home, Settings]) -> None:
    home, settings = stack
    before = pids(home)
    local_stack.up(home, settings, silent)
    assert pids(home) == before


def test_other_settings_are_refused_while_the_stack_runs(stack: tuple[Home, Settings]) -> None:
    home, settings = stack
    more = settings.kafka.model_copy(update={"memory_mb": settings.kafka.memory_mb + 1})
    with pytest.raises(UserError) as refused:
        local_stack.up(home, settings.model_copy(update={"kafka": more}), silent)
    assert refused.value.code == "stack.settings_changed"


def test_a_second_stack_stands_beside_survives_kill_9_and_goes_without_a_trace(
    stack: tuple[Home, Settings], new_home: Any, tmp_path: Path
) -> None:
    first_home, _ = stack
    first = pids(first_home)
    home, settings = new_home(tmp_path / "second")
    try:
        local_stack.up(home, settings, silent)
        admin, reader = home.credentials(REGISTRY_ADMIN), home.credentials(REGISTRY_READER)
        status_code, registered = call(settings, admin, "POST", "/subjects/kept/versions", FIXED_1)
        assert status_code == 200
        killed = [psutil.Process(pid) for pid in pids(home).values()]
        for process in killed:
            process.kill()
        psutil.wait_procs(killed, timeout=20)
        assert pids(home) == {}
        assert [item.running for item in status(home, settings)] == [False, False]

        local_stack.up(home, settings, silent)
        assert registry.answer(settings, reader) == 200
        kept = call(settings, reader, "GET", f"/schemas/ids/{registered['id']}")
        assert json.loads(kept[1]["schema"])["name"] == "one"
        assert kafka.login_works(home, settings)
        user = (sys.executable, "-c", "import time; time.sleep(600)")
        processes.start(home, "connector-example", user, {})
        last = pids(home)
    finally:
        stopped = local_stack.down(home, silent)

    assert stopped == ("connector-example", REGISTRY, KAFKA)
    assert not any(psutil.pid_exists(pid) for pid in last.values())
    assert local_stack.down(home, silent) == ()
    assert pids(first_home) == first


def test_a_port_in_use_is_refused_with_its_holder(new_home: Any, tmp_path: Path) -> None:
    home, settings = new_home(tmp_path / "occupied")
    program = (
        "import socket, sys\n"
        f"s = socket.create_server(('{LOOPBACK}', {settings.ports.base + 1}))\n"
        "print('listening', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"listening\n"
        with pytest.raises(UserError) as refused:
            local_stack.up(home, settings, silent)
        name = psutil.Process(holder.pid).name()
        holder.kill()

    assert refused.value.code == "port.in_use"
    assert refused.value.where == f"{LOOPBACK}:{settings.ports.base + 1}"
    assert refused.value.detail == f"pid {holder.pid} {name}"
    assert pids(home) == {}


def test_a_broker_that_cannot_start_is_reported_with_its_log(new_home: Any, tmp_path: Path) -> None:
    home, settings = new_home(tmp_path / "broken")
    (home.path / "data" / "kafka").mkdir(parents=True)  # a store without an identity
    text = 'username = "admin"\npassword = "of another store"\n'
    home.credentials_file("admin").parent.mkdir()
    home.credentials_file("admin").write_text(text, encoding="utf-8")
    try:
        with pytest.raises(UserError) as refused:
            local_stack.up(home, settings, silent)
    finally:
        local_stack.down(home, silent)

    assert (refused.value.code, refused.value.detail) == ("stack.died", KAFKA)
    log = Path(refused.value.where or "")
    assert log == home.logs / "kafka.log"
    assert "meta.properties" in log.read_text(encoding="utf-8")
