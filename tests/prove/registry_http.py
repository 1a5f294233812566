"""Plain HTTP to the registry, as any client in any language would talk to it."""

import base64
import http.client
import json
import ssl
from typing import Any, Final

from deploy.local.ports import LOOPBACK
from tests.prove.stand import Stand

READER: Final = "registry-reader"  # the one registry login that all organs share
ADMIN: Final = "registry-admin"
API_OFFSET: Final = 10  # from the port base
HEALTH_OFFSET: Final = 11
BASE: Final = "/apis/ccompat/v7"
SECONDS_MAX: Final = 20


def basic(stand: Stand, login: str) -> str:
    """Return the Authorization header of a login of the home."""
    credentials = stand.home.credentials(login)
    pair = f"{credentials.username}:{credentials.password.get_secret_value()}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def call(
    stand: Stand,
    method: str,
    path: str,
    authorization: str | None = None,
    body: dict[str, Any] | None = None,
) -> tuple[int, Any]:
    """Call the Confluent-compatible API; return (status, JSON or None)."""
    port = stand.settings.ports.base + API_OFFSET
    ca_file = stand.settings.registry.ca_file
    status, text = raw(port, method, BASE + path, authorization, body, ca_file=ca_file)
    try:
        return status, json.loads(text)
    except ValueError:
        return status, None


def raw(
    port: int,
    method: str,
    path: str,
    authorization: str | None = None,
    body: dict[str, Any] | None = None,
    *,
    ca_file: str | None = None,
    content_type: str = "application/json",
) -> tuple[int, bytes]:
    """Call any path of any port of the stack, over TLS with a CA; return (status, body)."""
    headers = {"Content-Type": content_type}
    if authorization is not None:
        headers["Authorization"] = authorization
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=SECONDS_MAX)
    if ca_file is not None:
        context = ssl.create_default_context(cafile=ca_file)
        connection = http.client.HTTPSConnection(
            LOOPBACK, port, timeout=SECONDS_MAX, context=context
        )
    try:
        content = None if body is None else json.dumps(body).encode()
        connection.request(method, path, content, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
