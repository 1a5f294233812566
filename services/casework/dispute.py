"""What a case knows of its letters and of a dispute about whose it is: ids, organs, days."""

from dataclasses import dataclass
from datetime import date

from schemas.ids import CaseId, MessageId, OrganCode


@dataclass(frozen=True, slots=True)
class Letter:
    """The transfer letter in force. `case`: where its original lies, in a split case the parent.

    `sender` is who stands in its author's place by now; `author`, in a split case, who sealed it.
    """

    message: MessageId
    record: str
    sender: OrganCode
    case: CaseId | None = None
    author: OrganCode | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """When an organ filed it: should it come back to it, that day stands."""

    organ: OrganCode
    on: date


@dataclass(frozen=True, slots=True)
class Stated:
    """What one organ says was agreed: both have agreed when both say the same."""

    organ: OrganCode
    handler: OrganCode
    handles_from: date


@dataclass(frozen=True, slots=True)
class Dispute:
    """Between the one that holds the case and says it is not its own, and the one that sent it."""

    about: MessageId  # the Objection, or the request of a handler that has no power
    holder: OrganCode
    other: OrganCode
    stated: tuple[Stated, ...] = ()
    third: OrganCode | None = None  # agreed on: the letter to it is owed
    request: MessageId | None = None  # 报请指定管辖, the one that is open
    superior: OrganCode | None = None  # whom it was put to, or who designated
    designation: MessageId | None = None

    def between(self, organ: OrganCode) -> bool:
        """Whether the organ is one of the two."""
        return organ in (self.holder, self.other)
