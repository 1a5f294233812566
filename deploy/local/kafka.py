"""Apache Kafka as one KRaft process: how it is run, how its store is made, when it is ready."""

import base64
import secrets
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.kafka import librdkafka_options
from connectors.bus.logins import ADMIN, SCRAM_ITERATIONS, made_login
from connectors.bus.private import write_private
from deploy.local.artifacts import KAFKA, Lock
from deploy.local.java import Component, environment, java
from deploy.local.kafka_config import FEATURES_OFF, LOG4J_TEXT, broker_properties
from schemas.errors import UserError

FORMAT_SECONDS_MAX: Final = 120
FORMAT_MEMORY_MB: Final = 256
LOGIN_SECONDS_MAX: Final = 5.0

PROPERTIES: Final = "run/kafka.properties"  # these are relative to the home
LOG4J: Final = "run/kafka-log4j2.properties"
DATA: Final = "data/kafka"


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
    write_private(home.path / LOG4J, LOG4J_TEXT)
    write_private(home.path / PROPERTIES, broker_properties(settings, DATA))
    if not (home.path / DATA).exists():
        _format(home, settings, admin, class_path(lock, cache))


def class_path(lock: Lock, cache: Path) -> str:
    """Return the locked jars, each by name: a file that is put beside them does not count."""
    return ":".join(str(artifact.cached(cache)) for artifact in lock.part(KAFKA))


def format_arguments(configuration: str, admin: Credentials) -> str:
    """Return what Kafka's own tool is told, to make a new store with the admin's login in it."""
    password = admin.password.get_secret_value()
    scram = f"name={admin.username},password={password},iterations={SCRAM_ITERATIONS}"
    tool = f'kafka.tools.StorageTool format -t {cluster_id()} -c "{configuration}"'
    features = " ".join(f"--feature {name}=0" for name in FEATURES_OFF)
    return f'{tool} {features} --add-scram "SCRAM-SHA-512=[{scram}]"\n'


def login_works(home: Home, settings: Settings) -> bool:
    """Whether the broker takes the admin's login.

    Raises UserError stack.login_refused when the broker answers and refuses it.
    """
    refused: list[str] = []

    def note(error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 -- librdkafka's own code
            refused.append(ADMIN)

    options: dict[str, Any] = librdkafka_options(settings, home.credentials(ADMIN))
    client = AdminClient(options | {"error_cb": note})
    try:
        client.list_topics(timeout=LOGIN_SECONDS_MAX)
    except KafkaException:
        client.poll(0)  # calls `note`
        if refused:
            where = str(home.credentials_file(ADMIN))
            raise UserError("stack.login_refused", where=where, exit_code=3) from None
        return False
    return True


def _admin(home: Home) -> Credentials:
    """Return the admin's login, made the first time."""
    path = home.credentials_file(ADMIN)
    if not path.exists() and (home.path / DATA).exists():
        raise UserError("stack.login_lost", where=str(path), exit_code=3)
    return made_login(home, ADMIN, ADMIN)


def _format(home: Home, settings: Settings, admin: Credentials, jars: str) -> None:
    """Make the store under another name and rename it, so that half a store is never used.

    The password goes by a file that Java reads its arguments from: `ps` shows command lines.
    """
    unfinished = Path(f"{DATA}.unfinished")
    shutil.rmtree(home.path / unfinished, ignore_errors=True)
    (home.path / DATA).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    configuration, arguments = home.run / "format.properties", home.run / "format.arguments"
    write_private(configuration, broker_properties(settings, str(unfinished)))
    write_private(arguments, format_arguments(f"run/{configuration.name}", admin))
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
    log.unlink()  # the tool prints what it derived from the password
    (home.path / unfinished).rename(home.path / DATA)


def cluster_id() -> str:
    """Return a new cluster id: 16 random bytes, never beginning with a dash (an option's mark)."""
    drawn = secrets.token_bytes(16)
    first = bytes([drawn[0] & 0x7F])
    return base64.urlsafe_b64encode(first + drawn[1:]).decode().rstrip("=")
