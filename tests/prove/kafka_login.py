"""Kafka's protocol by hand, behind a login: what no client library asks, an attacker can.

SCRAM-SHA-512 (RFC 5802) over TLS, then any request as bytes.
"""

import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from deploy.local.ports import LOOPBACK
from tests.prove.stand import Stand

TIMEOUT_SECONDS: Final = 30
ANSWER_BYTES_MAX: Final = 4 << 20
_API_VERSIONS: Final = 18
_SASL_HANDSHAKE: Final = 17
_SASL_AUTHENTICATE: Final = 36
_SCRAM: Final = "SCRAM-SHA-512"
_SALT_BYTES: Final = 18


@dataclass(frozen=True, slots=True)
class Session:
    """A connection that is logged in."""

    connection: socket.socket
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self, api: int, version: int, body: bytes, *, flexible: bool) -> bytes:
        """Send a request and return the answer behind its header.

        Raises OSError when the broker closes the connection instead.
        """
        number = next(self.numbers)
        tags = b"\0" if flexible else b""
        request = struct.pack(">hhi", api, version, number) + text("prove") + tags + body
        self.connection.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", self._exactly(4))
        assert length <= ANSWER_BYTES_MAX, f"an answer of {length} bytes"
        answer = self._exactly(length)
        assert answer[:4] == struct.pack(">i", number), "the answer of another request"
        return answer[4 + len(tags) :]

    def versions(self) -> dict[int, tuple[int, int]]:
        """Return what the broker says it can be asked: API key → first and last version."""
        answer = self.ask(_API_VERSIONS, 0, b"", flexible=False)
        (code, length) = struct.unpack(">hi", answer[:6])
        assert code == 0, f"ApiVersions: {code}"
        triples = struct.iter_unpack(">hhh", answer[6 : 6 + 6 * length])
        return {api: (first, last) for api, first, last in triples}

    def _exactly(self, length: int) -> bytes:
        found = bytearray()
        while len(found) < length:
            part = self.connection.recv(length - len(found))
            if not part:
                raise ConnectionResetError
            found += part
        return bytes(found)


@contextmanager
def logged_in(stand: Stand, login: str) -> Iterator[Session]:
    """Log in at the listener of the clients."""
    context = ssl.create_default_context(cafile=str(stand.home.tls.ca))
    plain = socket.create_connection((LOOPBACK, stand.settings.ports.base), TIMEOUT_SECONDS)
    with context.wrap_socket(plain, server_hostname=LOOPBACK) as connection:
        session = Session(connection)
        code = session.ask(_SASL_HANDSHAKE, 1, text(_SCRAM), flexible=False)[:2]
        assert code == b"\0\0", f"no {_SCRAM}"
        credentials = stand.home.credentials(login)
        _scram(session, credentials.username, credentials.password.get_secret_value())
        yield session


def text(value: str) -> bytes:
    """Return a string as requests of old versions have it."""
    encoded = value.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _scram(session: Session, username: str, password: str) -> None:
    bare = f"n={username},r={secrets.token_urlsafe(_SALT_BYTES)}"
    first = _token(session, f"n,,{bare}")
    told = dict(part.split("=", 1) for part in first.split(","))
    salt, rounds = base64.b64decode(told["s"]), int(told["i"])
    salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    key = hmac.digest(salted, b"Client Key", "sha512")
    last = f"c=biws,r={told['r']}"
    signed = f"{bare},{first},{last}".encode()
    mask = hmac.digest(hashlib.sha512(key).digest(), signed, "sha512")
    proof = bytes(a ^ b for a, b in zip(key, mask, strict=True))
    _token(session, f"{last},p={base64.b64encode(proof).decode()}")


def _token(session: Session, value: str) -> str:
    encoded = value.encode()
    body = struct.pack(">i", len(encoded)) + encoded
    answer = session.ask(_SASL_AUTHENTICATE, 1, body, flexible=False)
    (code,) = struct.unpack(">h", answer[:2])
    assert code == 0, f"login: {code}"
    (told,) = struct.unpack(">h", answer[2:4])
    at = 4 + max(told, 0)
    (length,) = struct.unpack(">i", answer[at : at + 4])
    return answer[at + 4 : at + 4 + length].decode()
