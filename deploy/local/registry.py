"""Apicurio Registry with logins, its store in a file, all of it on 127.0.0.1.

Two logins: `registry-admin` registers schemas (only `schemas apply` uses it), `registry-reader`
reads them. Anonymous: nothing.
"""

import base64
import http.client
import ssl
from functools import partial
from pathlib import Path
from typing import Final

from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.logins import REGISTRY_ADMIN, REGISTRY_READER, made_login
from connectors.bus.private import write_private
from deploy.local.artifacts import REGISTRY, Lock
from deploy.local.java import SCRATCH, Component, java, properties
from deploy.local.ports import LOOPBACK
from schemas.errors import UserError

ANSWER_SECONDS_MAX: Final = 5.0
BODY_BYTES_MAX: Final = 4 << 20
CONNECTIONS_MAX: Final = 8  # to the store; by default 20 to 100
SUBJECTS: Final = "/apis/ccompat/v7/subjects"

PROPERTIES: Final = "run/registry.properties"  # these are relative to the home
DATA: Final = "data/registry"


def component(home: Home, settings: Settings, lock: Lock, folder: Path) -> Component:
    """Return how the registry, unpacked in `folder`, is run for these settings."""
    return Component(
        name=REGISTRY,
        version=lock.version(REGISTRY),
        ports=ports(settings),
        argv=java(
            home,
            settings,
            settings.registry.memory_mb,
            "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
            f"-Dquarkus.config.locations={PROPERTIES}",
            "-jar",
            str(folder / "quarkus-run.jar"),
        ),
        ready=partial(login_works, home, settings),
    )


def ports(settings: Settings) -> tuple[int, int]:
    """Return the API's port and the one of health and metrics."""
    return settings.ports.base + 10, settings.ports.base + 11


def prepare(home: Home, settings: Settings) -> None:
    """Make the logins the first time, and write the configuration that holds them."""
    (home.path / DATA).mkdir(parents=True, exist_ok=True, mode=0o700)
    admin = made_login(home, REGISTRY_ADMIN, "admin")
    reader = made_login(home, REGISTRY_READER, "reader")
    write_private(home.path / PROPERTIES, server_properties(settings, admin, reader))


def server_properties(settings: Settings, admin: Credentials, reader: Credentials) -> str:
    """Return the registry's configuration (Quarkus)."""
    api, management = ports(settings)
    users = "quarkus.security.users.embedded"
    return properties(
        {
            "quarkus.http.host": LOOPBACK,
            "quarkus.http.insecure-requests": "disabled",
            "quarkus.http.ssl-port": str(api),
            "quarkus.http.ssl.certificate.files": "tls/server.pem",
            "quarkus.http.ssl.certificate.key-files": "tls/server.key",
            "quarkus.http.ssl.protocols": "TLSv1.3,TLSv1.2",
            "quarkus.management.host": LOOPBACK,  # else it listens on every address
            "quarkus.management.port": str(management),
            "quarkus.http.limits.max-body-size": str(BODY_BYTES_MAX),
            "quarkus.http.cors.enabled": "false",
            "quarkus.oidc.tenant-enabled": "false",
            "quarkus.http.auth.basic": "true",
            f"{users}.enabled": "true",
            f"{users}.plain-text": "true",
            f"{users}.users.{admin.username}": admin.password.get_secret_value(),
            f"{users}.users.{reader.username}": reader.password.get_secret_value(),
            f"{users}.roles.{admin.username}": "sr-admin",
            f"{users}.roles.{reader.username}": "sr-readonly",
            "apicurio.auth.role-based-authorization": "true",
            "quarkus.http.auth.permission.everything.paths": "/*",  # version and home page, too
            "quarkus.http.auth.permission.everything.policy": "authenticated",
            "apicurio.config.dynamic.allow-all": "false",  # settings change here, not by HTTP
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            # WRITE_DELAY=0: an id that was answered is on the disk, whatever kills the process.
            "apicurio.datasource.url": f"jdbc:h2:file:./{DATA}/registry;WRITE_DELAY=0",
            "apicurio.datasource.jdbc.initial-size": "2",
            "apicurio.datasource.jdbc.min-size": "2",
            "apicurio.datasource.jdbc.max-size": str(CONNECTIONS_MAX),
            "apicurio.import.work-dir": SCRATCH,
            "apicurio.storage.snapshot.location": SCRATCH,
            "quarkus.http.access-log.enabled": "false",
            "quarkus.log.console.level": "ERROR",
            "quarkus.log.file.enabled": "true",
            "quarkus.log.file.json.enabled": "false",
            "quarkus.log.file.path": "logs/registry-server.log",
            "quarkus.log.file.rotation.max-file-size": "16M",
            "quarkus.log.file.rotation.max-backup-index": "3",
        }
    )


def login_works(home: Home, settings: Settings) -> bool:
    """Whether the registry answers its reader. Raises UserError stack.login_refused."""
    reader = home.credentials(REGISTRY_READER)
    status = answer(settings, reader)
    if status == http.client.UNAUTHORIZED:
        where = str(home.credentials_file(REGISTRY_READER))
        raise UserError("stack.login_refused", where=where, exit_code=3)
    return status == http.client.OK


def answer(settings: Settings, login: Credentials | None) -> int | None:
    """Return the HTTP status of a look at the subjects; None when nobody answers."""
    headers = {}
    if login is not None:
        pair = f"{login.username}:{login.password.get_secret_value()}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    context = ssl.create_default_context(cafile=settings.registry.ca_file or None)
    connection = http.client.HTTPSConnection(
        LOOPBACK, ports(settings)[0], timeout=ANSWER_SECONDS_MAX, context=context
    )
    try:
        connection.request("GET", SUBJECTS, headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
