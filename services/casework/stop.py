"""What a case that stands still remembers: why, since which message, and what waits."""

from dataclasses import dataclass
from datetime import datetime

from schemas.ids import MessageId, OrganCode
from schemas.messages import HoldReason


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits behind a held or frozen one, in order."""

    message: MessageId
    sender: OrganCode
    received_at: datetime
    releases: bool = False  # corrects, assigns or withdraws the held message: waits for no hold


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the case stands still, and since which message."""

    message: MessageId
    sender: OrganCode
    reason: HoldReason
    code: str
    at: datetime
    releases: bool = False  # the message that froze it corrects or withdraws the held one
    behind: HoldReason | None = None  # why the case was held when it froze
    told_at: datetime | None = None  # when its sender and supervisor were told again
