"""What a connector asks of an agency's system, be it a folder or a database.

Each method may be repeated after a crash and then does nothing twice; connector.py says in which
order they are called, and why no order of crashes loses or doubles anything.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

from connectors.bus.sealing import Measured
from schemas.errors import Refusal
from schemas.ids import CaseId, MessageId, MessageKey
from schemas.messages import Message

Notice = Mapping[str, Any]  # JSON: the bus's receipt, or the reason of a refusal
UNNOTED: Final = "-"  # for the sender, in a book of a release that did not note it


class State(StrEnum):
    """How far an outgoing message is."""

    SPOOLED = "spooled"  # sealed, in the ledger, not yet acknowledged by the broker
    PUBLISHED = "published"  # the broker has it: nothing of it can be lost any more
    ACCEPTED = "accepted"
    HELD = "held"
    REJECTED = "rejected"  # by the bus, or here before it was sealed


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to send, taken by us. `place` and `digest` are its identity.

    `place` is a file's name or a row's key, `digest` the SHA-256 over all of it that matters but
    `files`, the attachments that lie beside it. `names` is what else the agency calls it; they pass
    the secrecy gate as the content does.
    """

    place: str
    digest: str
    record: str | None
    raw: bytes
    names: tuple[str, ...] = ()
    files: tuple[Measured, ...] = ()

    @property
    def identity(self) -> str:
        """What makes it another message: its own digest, and those of its files."""
        if not self.files:
            return self.digest
        parts = (self.digest, *(f"{file.sha256} {file.name}" for file in self.files))
        told = "\n".join(parts).encode("utf-8", "surrogateescape")  # a name may be no UTF-8
        return hashlib.sha256(told).hexdigest()


@dataclass(frozen=True, slots=True)
class Unfit:
    """A thing in the outbox that cannot be a message, by what it is, holds or how it is encoded.

    Of its content nothing is kept. `stays`: it was not taken, and keeps its name and place; its
    reason is shown where reasons are.
    """

    place: str
    digest: str
    refusal: Refusal
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What to show at a source: its state and, where there is one, the notice to put beside it."""

    place: str
    digest: str
    state: State
    message_id: MessageId | None = None
    case_id: CaseId | None = None
    notice: Notice | None = None
    stays: bool = False  # it was refused where it lies


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message for the agency. `offset` is its place in the inbox: the order of arrival.

    `namesake`: another sender's message of the same id was dealt with before, so that what an older
    release noted of the id without its sender is that one's.
    """

    offset: int
    message: Message
    namesake: bool = False

    @property
    def key(self) -> MessageKey:
        """What the message is known by: its sender and its id."""
        return self.message.envelope.key


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of arrivals: when each was first in the agency's system; which never can be."""

    at: Mapping[MessageKey, datetime]
    refused: Mapping[MessageKey, Refusal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Landed:
    """An attachment for the agency: where it lies, or why it cannot be had.

    `offset`, `record` and `message` say whose it is, `position` which of it.
    """

    offset: int
    record: str
    message: MessageKey
    position: int
    name: str
    path: Path | None = None  # below the system's landing place; it may be taken from there
    notice: Notice | None = None


class System(Protocol):
    """An agency's system. Every method raises Unavailable system.unavailable while it is away."""

    def open(self) -> None:
        """Make what is missing (folders, tables). Raises UserError where that cannot be."""

    def collect(self, sources_max: int) -> tuple[Source | Unfit, ...]:
        """Take at most so many things to send, in the agency's order.

        The first call also gives what an earlier process had taken and not finished. What is not
        taken, as by the secrecy gate, is given once as it lies, and again only when it has changed.
        """

    def mark(self, marks: Sequence[Mark]) -> None:
        """Show how far each source is.

        A source that the agency took away, or has changed since, is left alone; its notice is
        still shown where that is possible.
        """

    def deliver(self, arrivals: Sequence[Arrival]) -> Arrived:
        """Put messages into the agency's system, in this order, each exactly once."""

    @property
    def landing(self) -> Path | None:
        """Where attachments are to be put down; None: anywhere, the system copies what it takes."""

    def attach(self, landed: Landed) -> None:
        """Put an attachment, or why there is none, beside its message; again does nothing twice."""

    def close(self) -> None:
        """Let go of files and connections."""
