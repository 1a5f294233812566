"""What a due date is counted from, and what has stopped the counting."""

from dataclasses import dataclass
from datetime import date, datetime

from schemas.ids import MessageId
from schemas.oversight import SuspensionReason
from services.rulebook.model import Extension, Ladder, Length


@dataclass(frozen=True, slots=True)
class Term:
    """What a due date was computed from. A later calendar is laid over it, no later length."""

    length: Length  # with what extensions and suspensions have added
    roll: bool
    ladder: Ladder
    calendar: str  # Calendar.digest
    last_day: date | None = None  # fixed by a message or the year, whatever the length says
    since: datetime | None = None  # it runs from here, if not from its opening
    wait: Length | None = None  # and not before so long after that: for what is handed over
    suspend_for: tuple[SuspensionReason, ...] = ()  # as its rule said when it was opened
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class Suspension:
    """中止: by which message, from when, and when it goes on by itself. `length`: as it was."""

    message: MessageId
    since: datetime
    ends_at: datetime
    length: Length
