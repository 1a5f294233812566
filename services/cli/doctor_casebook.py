"""Is the casebook safe, and does everything in it go on? Pure.

`synchronous` is a setting of each connection, not of the file: the exchange sets FULL whenever it
connects (services/casebook/store.py), so there is nothing to be looked at from outside.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.cli.doctor_finding import Symptom, remark, wrong

_JOURNAL_MODE: Final = "wal"


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
