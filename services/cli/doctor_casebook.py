"""Is the casebook safe, and does everything in it go on? Pure.

`synchronous` is a setting of each connection, not of the file: the exchange sets FULL whenever it
connects (services/casebook/store.py), so there is nothing to be looked at from outside.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from sqlalchemy import URL

from services.cli.doctor_finding import Symptom, doubtful, remark, wrong

CASEBOOK_URL: Final = "[casebook] url"
_JOURNAL_MODE: Final = "wal"
_VERIFYING: Final = ("verify-ca", "verify-full")  # libpq, "SSL Mode Descriptions"
_SOCKET: Final = ("/", "@")  # how the path of a socket begins


@dataclass(frozen=True, slots=True)
class Frozen:
    """A case that a defect stopped, at which message and with which code."""

    case: str
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class Book:
    """What was seen. Of a server's database `journal_mode` is None and `writers` is empty."""

    where: str
    journal_mode: str | None
    writers: Sequence[int]  # pids that have the file open for writing
    stuck: Mapping[str, int]  # topic → rows that nobody published between two looks
    frozen: Sequence[Frozen]
    held: int


def judge_connection(url: URL) -> Iterator[Symptom]:
    """Find a database on another host whose certificate is not verified.

    libpq's default, `prefer`, takes whoever answers, also without TLS; letters and the password go
    to him. It is a warning: TLS may be none of the database's business there, as in a tunnel.
    """
    named = url.normalized_query
    hosts = [url.host or "", *named.get("host", ()), *named.get("hostaddr", ())]
    others = [host for each in hosts for host in each.split(",") if not _is_this_host(host)]
    modes = named.get("sslmode", ())
    if others and not (modes and modes[-1] in _VERIFYING):
        detail = f"{', '.join(others)}: sslmode={modes[-1] if modes else '-'}"
        yield doubtful("casebook.unverified", CASEBOOK_URL, detail)


def _is_this_host(host: str) -> bool:
    name, colon, _ = host.rpartition(":")
    bare = name if colon and ":" not in name else host  # with a port, as in ?host=
    if not bare or bare.startswith(_SOCKET):
        return True
    try:
        return ip_address(bare.strip("[]")).is_loopback
    except ValueError:
        return bare == "localhost"


def judge_casebook(book: Book) -> Iterator[Symptom]:
    """Find what stands still, and what may spoil the book."""
    if book.journal_mode not in (None, _JOURNAL_MODE):
        yield wrong("casebook.not_wal", book.where, str(book.journal_mode))
    if len(book.writers) > 1:
        pids = ", ".join(map(str, sorted(book.writers)))
        yield wrong("casebook.in_use", book.where, f"pid {pids}")
    for topic, rows in sorted(book.stuck.items()):
        yield wrong("outbox.stuck", topic, str(rows))
    for case in book.frozen:
        yield wrong("case.frozen", case.case, f"{case.code} {case.message}")
    if book.held:
        yield remark("case.held", book.where, str(book.held))
