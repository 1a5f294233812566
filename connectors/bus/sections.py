"""The sections of yichuan.toml, each key with its default and its limits."""

import re
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from connectors.bus.layout import ORGAN_WRITE_BYTES_PER_SECOND

PORT_BASE: Final = 19000
_PORT_MAX: Final = 65535
# A name, an IPv4 address, or an IPv6 one in brackets; the port may be left out.
_BROKER: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::([0-9]{1,5}))?")

_SCHEME: Final = re.compile(r"[A-Za-z][\w+.-]*:/")
_BUCKET: Final = re.compile(r"s3://[^/]")


def _brokers(bootstrap: str) -> str:
    """Refuse what no client reads as hosts; some read a part of it and ask nobody."""
    hosts = tuple(filter(None, map(str.strip, bootstrap.split(","))))
    for host in hosts:
        found = _BROKER.fullmatch(host)
        if found is None or not 0 < int(found[1] or 1) <= _PORT_MAX:
            raise ValueError(  # noqa: TRY003 - pydantic's way
                f"写作 主机:端口,主机:端口，IPv6 写作 [::1]:端口 | host:port,host:port: {host}"
            )
    return ",".join(hosts)


def _url(url: str) -> str:
    """Refuse what is no address of a server by http, without quoting it: it may hold a password."""
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        good = named and parts.username is None  # logins lie in the home's credentials
    except ValueError:  # a port that is none, a bracket that is open
        good = False
    if url and not good:
        raise ValueError("写作 https://主机:端口/路径 | https://host:port/path")  # noqa: TRY003
    return url


def _store(store: str) -> str:
    """Refuse another scheme's address, which would be taken for a folder of that name."""
    if _SCHEME.match(store) and not _BUCKET.match(store):
        raise ValueError("写作文件夹，或 s3://bucket/前缀 | a folder, or s3://bucket/prefix")  # noqa: TRY003
    return store


_Url = Annotated[str, AfterValidator(_url)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BusSection(_Section):
    """[bus]."""

    rulebook: str = Field("demo", description="a name under deploy/rulebooks, or a folder")


class PortsSection(_Section):
    """[ports]: +0 Kafka, +1 internal, +2 controller, +10 registry, +30… metrics."""

    base: int = Field(PORT_BASE, ge=1024, le=65000)


class KafkaSection(_Section):
    """[kafka]. Empty bootstrap: the local stack of `yichuan up`."""

    bootstrap: Annotated[str, AfterValidator(_brokers)] = ""
    security: str = Field("SASL_SSL", pattern="^SASL_(PLAINTEXT|SSL)$")
    mechanism: str = "SCRAM-SHA-512"
    ca_file: str = Field("", description="PEM of the CA for SASL_SSL; empty: the system's")
    replication: int = Field(1, ge=1, le=7, description="3 in production, with min ISR 2")
    partitions: int = Field(4, ge=1, le=64, description="of each flow; never changes later")
    organ_write_bytes_per_second: int = Field(
        ORGAN_WRITE_BYTES_PER_SECOND,
        ge=65_536,
        le=1 << 30,
        description="by one organ to each broker; what is over it waits",
    )
    memory_mb: int = Field(768, ge=256, le=65536)


class RegistrySection(_Section):
    """[registry]. Empty url: the local stack of `yichuan up`."""

    url: _Url = Field("", description="Confluent-compatible base URL")
    ca_file: str = Field("", description="PEM of the CA for https; empty: the system's")
    memory_mb: int = Field(400, ge=200, le=65536)


class CasebookSection(_Section):
    """[casebook]. Empty url: SQLite in the home."""

    url: SecretStr = Field(SecretStr(""), description="SQLAlchemy URL")


class ExchangeSection(_Section):
    """[exchange]."""

    tick_seconds: float = Field(10.0, gt=0, le=60)
    # One that is decided longer than the database waits (15 s) would be cut off again and again.
    batch_max: int = Field(500, ge=1, le=2000, description="messages in one transaction")
    workers: int = Field(1, ge=1, le=8, description="on this host; several need PostgreSQL")
    first_worker: int = Field(0, ge=0, le=63, description="number of this host's first worker")


class AttachmentsSection(_Section):
    """[attachments]: where encrypted attachments are stored; the same for all of a bus."""

    store: Annotated[str, AfterValidator(_store)] = Field(
        "", description="a folder that all reach, or s3://bucket/prefix"
    )
    endpoint: _Url = Field("", description="of an S3 that is not Amazon's, http(s)://host:port")
    region: str = "us-east-1"


class KeysSection(_Section):
    """[keys]."""

    passphrase_file: Path | None = Field(
        None, description="the passphrase of the home's private keys; they have none where empty"
    )
