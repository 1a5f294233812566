"""Is the host fit, and do the processes live: disk, ports, certificates, /healthz? Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.cli.doctor_finding import Symptom, doubtful, wrong

_GIBIBYTE: Final = 1 << 30
DISK_BYTES_MIN: Final = _GIBIBYTE  # below it Kafka may stop within the hour
DISK_BYTES_WARNED: Final = 5 * _GIBIBYTE
CERTIFICATE_MIN: Final = timedelta(days=7)
CERTIFICATE_WARNED: Final = timedelta(days=30)  # a county asks a CA for the next by letter


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system that we write to."""

    path: str
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate, as it was shown; or a CA's, by its name.

    `where`: host:port, or whose. `is_spare`: of a file that also holds others; no chain needs it.
    """

    where: str
    ends_at: datetime
    is_ca: bool = False
    is_spare: bool = False


@dataclass(frozen=True, slots=True)
class Port:
    """A port that the local stack wants, and which process of another has it."""

    number: int
    holder: str | None  # `pid 17 nginx`; None: free, or ours


@dataclass(frozen=True, slots=True)
class Part:
    """A process of ours as it answers. `reasons` None: its /healthz does not answer."""

    name: str
    where: str
    runs: bool
    reasons: Sequence[str] | None
    rulebook: str | None = None  # the hash that it decides by, of the exchange
    outdated: str | None = None  # the program that it runs and the one installed, if they differ


def judge_disks(disks: Sequence[Disk]) -> Iterator[Symptom]:
    """Find file systems that are nearly full."""
    for disk in disks:
        detail = f"{disk.free_bytes / _GIBIBYTE:.1f} GiB"
        if disk.free_bytes < DISK_BYTES_MIN:
            yield wrong("disk.low", disk.path, detail)
        elif disk.free_bytes < DISK_BYTES_WARNED:
            yield doubtful("disk.low", disk.path, detail)


def judge_certificates(certificates: Sequence[Certificate], now: datetime) -> Iterator[Symptom]:
    """Find those that end soon: from that moment nobody connects."""
    for certificate in certificates:
        left = certificate.ends_at - now
        detail = f"{certificate.ends_at:%Y-%m-%d %H:%M} UTC, {left.days} d"
        code = "tls.ca_ends" if certificate.is_ca else "tls.certificate_ends"
        if left < CERTIFICATE_MIN and not certificate.is_spare:
            yield wrong(code, certificate.where, detail)
        elif left < CERTIFICATE_WARNED:
            yield doubtful(code, certificate.where, detail)


def judge_ports(ports: Sequence[Port]) -> Iterator[Symptom]:
    """Find ports of ours that somebody else has."""
    for port in ports:
        if port.holder is not None:
            yield wrong("port.in_use", f"127.0.0.1:{port.number}", port.holder)


def judge_parts(parts: Sequence[Part], rulebook: str | None) -> Iterator[Symptom]:
    """Find what has ended without being stopped, what is unwell, and what decides by old rules.

    `rulebook`: the hash of the copy in force, None when it cannot be read.
    """
    for part in parts:
        if not part.runs:
            yield wrong("part.stopped", part.name, part.where)
        elif part.reasons is None:
            yield wrong("part.unhealthy", part.name, f"{part.where} /healthz -")
        elif part.reasons:
            yield wrong("part.unhealthy", part.name, "; ".join(part.reasons))
        if part.rulebook is not None and rulebook is not None and part.rulebook != rulebook:
            detail = f"{part.rulebook[:12]} != {rulebook[:12]}"
            yield doubtful("exchange.rulebook_stale", part.name, detail)
        if part.outdated is not None:
            yield doubtful("part.outdated", part.name, part.outdated)
