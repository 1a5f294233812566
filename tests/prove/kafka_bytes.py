"""A few requests of Kafka's protocol by hand: what a client that skips the login would send."""

import socket
import ssl
import struct
from typing import Final

from deploy.local.ports import LOOPBACK

TIMEOUT_SECONDS: Final = 15
ANSWER_BYTES_MAX: Final = 65_536
TLS_ALERT: Final = b"\x15"  # the first byte of what a TLS server says to a stranger
_METADATA: Final = 3
_SASL_HANDSHAKE: Final = 17
_SASL_AUTHENTICATE: Final = 36


def metadata_unasked(port: int, ca_file: str | None) -> bytes:
    """Ask for all topics with nothing before; return what comes: b"" when it is only closed."""
    with _connected(port, ca_file) as connection:
        _send(connection, _METADATA, 0, struct.pack(">i", 0))
        try:
            return connection.recv(ANSWER_BYTES_MAX)
        except ConnectionResetError:
            return b""


def plain_login(port: int, username: str, password: str, ca_file: str) -> int:
    """Log in by SASL PLAIN (RFC 4616); return the broker's error code, 0 when it lets one in."""
    with _connected(port, ca_file) as connection:
        code = _error(_ask(connection, _SASL_HANDSHAKE, 1, _text("PLAIN")))
        assert code == 0, f"port {port} has no PLAIN: {code}"
        token = f"\0{username}\0{password}".encode()
        body = struct.pack(">i", len(token)) + token
        return _error(_ask(connection, _SASL_AUTHENTICATE, 0, body))


def _connected(port: int, ca_file: str | None) -> socket.socket:
    """Connect, over TLS with a CA."""
    plain = socket.create_connection((LOOPBACK, port), timeout=TIMEOUT_SECONDS)
    if ca_file is None:
        return plain
    context = ssl.create_default_context(cafile=ca_file)
    return context.wrap_socket(plain, server_hostname=LOOPBACK)


def _ask(connection: socket.socket, api: int, version: int, body: bytes) -> bytes:
    """Send a request and return the answer after its correlation id."""
    _send(connection, api, version, body)
    (length,) = struct.unpack(">i", _exactly(connection, 4))
    assert length <= ANSWER_BYTES_MAX, f"an answer of {length} bytes"
    return _exactly(connection, length)[4:]


def _send(connection: socket.socket, api: int, version: int, body: bytes) -> None:
    request = struct.pack(">hhi", api, version, 1) + _text("prove") + body
    connection.sendall(struct.pack(">i", len(request)) + request)


def _exactly(connection: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        part = connection.recv(length - len(found))
        assert part, "the connection was closed in the middle of an answer"
        found += part
    return found


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _error(answer: bytes) -> int:
    (code,) = struct.unpack(">h", answer[:2])
    return int(code)
