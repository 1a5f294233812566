"""kcat, the outside client in C: reading with it, and what it says when it is refused.

A build with Avro support would decode by itself (-s value=avro -r URL). Debian's has none, so the
bytes are kcat's, and the schema is what the registry gives for the id in front of them.

librdkafka below 2.6.1 sends a wrong nonce in SCRAM, which Kafka 4 refuses (librdkafka #4895).
Debian 12's kcat links 2.0.2: then the library of the confluent-kafka wheel is put before it.
"""

import io
import json
import os
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import confluent_kafka
import fastavro

from connectors.bus.private import write_private
from tests.prove.registry_http import READER, basic, call
from tests.prove.stand import Stand

SECONDS_MAX: Final = 60
METADATA_SECONDS_MAX: Final = "30"
LIBRDKAFKA_MIN: Final = (2, 6, 1)
PREFIX_BYTES: Final = 5  # magic and the registry's id (Confluent)
_LENGTH_BYTES: Final = 4  # kcat's %R


def read(stand: Stand, login: str, topic: str) -> dict[int, bytes]:
    """Return offset → value of everything in a topic of one partition."""
    # %o offset, %R length as four bytes, %s the value
    arguments = ("-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q", "-f", "%o\\n%R%s")
    done = _run(stand, login, *arguments)
    assert done.returncode == 0, f"kcat exited {done.returncode}: {_said(done)}"
    found: dict[int, bytes] = {}
    stream = io.BytesIO(done.stdout)
    while line := stream.readline():
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "big")
        found[int(line)] = stream.read(length)
    return found


def refused(stand: Stand, login: str | None, topic: str) -> str:
    """Return what kcat says when it may not read; AssertionError when it got a record.

    `login` None: without any.
    """
    done = _run(stand, login, "-C", "-t", topic, "-p", "0", "-o", "beginning", "-e", "-q")
    assert done.returncode != 0, f"{topic}: kcat was not refused"
    assert not done.stdout, f"{topic}: kcat got {len(done.stdout)} bytes"
    return _said(done)


@cache
def build() -> str:
    """Return which kcat on which librdkafka reads here."""
    program, library = _versions(_environment()) or ("?", "?")
    linked = (_versions({}) or ("?", "?"))[1]
    beside = "" if library == linked else f" (this kcat's own {linked} cannot log in to Kafka 4)"
    return f"kcat {program} on librdkafka {library}{beside}"


def decoder(stand: Stand) -> Callable[[bytes], dict[str, Any]]:
    """Return a decoder that asks the registry for each schema once, as its reader."""
    login = basic(stand, READER)

    @cache
    def schema(number: int) -> Any:
        status, answer = call(stand, "GET", f"/schemas/ids/{number}", login)
        assert status == 200, f"schema {number}: {status}"
        return fastavro.parse_schema(json.loads(answer["schema"]))

    def decode(value: bytes) -> dict[str, Any]:
        assert value[0] == 0, "no Confluent wire format"
        number = int.from_bytes(value[1:PREFIX_BYTES], "big")
        found = fastavro.schemaless_reader(io.BytesIO(value[PREFIX_BYTES:]), schema(number), None)
        assert isinstance(found, dict)
        return found

    return decode


def _run(stand: Stand, login: str | None, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["kcat", "-F", _configuration(stand, login), "-m", METADATA_SECONDS_MAX, *arguments],
        capture_output=True,
        env={**os.environ, **_environment()},
        stdin=subprocess.DEVNULL,
        timeout=SECONDS_MAX,
        check=False,
    )


@cache
def _environment() -> dict[str, str]:
    """Return what puts a librdkafka that can log in before one that cannot."""
    found = _versions({})
    if found is not None and _numbers(found[1]) >= LIBRDKAFKA_MIN:
        return {}
    folder = Path(confluent_kafka.__file__).parents[1] / "confluent_kafka.libs"
    return {"LD_PRELOAD": str(next(folder.glob("librdkafka-*.so*")))}


def _versions(environment: dict[str, str]) -> tuple[str, str] | None:
    """Return (kcat's, librdkafka's) version; None when it says neither."""
    done = subprocess.run(
        ["kcat", "-V"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=SECONDS_MAX,
        check=True,
    )
    said = re.search(r"Version (\S+) .*librdkafka (\d+\.\d+\.\d+)", done.stdout + done.stderr)
    return (said[1], said[2]) if said else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _configuration(stand: Stand, login: str | None) -> Path:
    """Write the login into a file: a password is no argument, `ps` shows those."""
    options = {"bootstrap.servers": stand.settings.bootstrap}
    if login is not None:
        options = stand.client(login)
    path = stand.ground.scratch / "kcat" / f"{login or 'anonymous'}.conf"
    write_private(path, "".join(f"{key}={value}\n" for key, value in options.items()))
    return path


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    return done.stderr.decode(errors="replace").strip()[-500:]
