"""What a case knows of things that go with it, of withheld fields asked for, of days to come."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from schemas.ids import MessageId, OrganCode


@dataclass(frozen=True, slots=True)
class Counted:
    """What was handed over: numbers only, exact."""

    volumes: int
    pages: int
    items: tuple[tuple[int, Decimal], ...]  # (number on the items list, quantity)
    proceeds: Decimal  # CNY


@dataclass(frozen=True, slots=True)
class Custody:
    """Who keeps the materials and items, and how far the last handover is settled."""

    keeper: OrganCode
    message: MessageId | None = None  # the last CustodyHandover; None: not handed over yet
    earlier: OrganCode | None = None  # who handed it over
    handed: Counted | None = None
    check: MessageId | None = None  # the CustodyCheck of it
    settled_at: datetime | None = None  # counted without a difference, or the difference settled


@dataclass(frozen=True, slots=True)
class Opening:
    """申请查看: who asks whom for which fields of which message, and whether it was answered."""

    request: MessageId
    message: MessageId
    by: OrganCode
    owner: OrganCode
    paths: tuple[str, ...]  # that the owner is asked for
    answered: bool = False
    opened: tuple[str, ...] = ()  # by the rulebook or by the owner
    heir: OrganCode | None = None  # who took the asker's place since

    @property
    def reader(self) -> OrganCode:
        """Who gets what is opened: who asked, or who took its place."""
        return self.heir or self.by


class WatchKind(StrEnum):
    """What passes on a day that a letter names, or that follows from one."""

    LIMITATION = "limitation"  # 追责时效
    MEASURE = "measure"  # 先行登记保存、查封、扣押


@dataclass(frozen=True, slots=True)
class Watch:
    """A day that is warned of before it has passed: each that has to know, once."""

    at: datetime  # when to warn
    kind: WatchKind
    number: int  # of the violation, or of the item
    last_day: date
    basis: str
    told: tuple[OrganCode, ...] | None = None  # who was warned; None: the time has not come
