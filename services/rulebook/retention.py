"""retention.toml: how long a case's content is kept once it is over, by what basis; and exceptions.

When the term is over the key of the case is erased: its sealed originals open no more. Journal and
duties stay. Without the file nothing is ever erased. A hold (诉讼, 复议, 审计) outweighs all else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from schemas.ids import CaseId, is_uuid
from services.rulebook.tables import invalid, nothing_left, take, take_optional, toml

YEARS_MAX: Final = 100
QUARANTINE_MONTHS_MAX: Final = 120
ORDERS_MAX: Final = 10_000
# The lives of services/casework/case.py, which a rulebook knows by name only.
LIVES: Final = (
    "transfer",
    "notice",
    "copy",
    "information",
    "assistance",
    "joint",
    "consultation",
    "guidance_year",
)


class What(StrEnum):
    """What an order says of one case."""

    HOLD = "hold"  # nothing of it may be erased
    ERASE = "erase"  # as soon as it is over, whatever its term


@dataclass(frozen=True, slots=True)
class KeepTerm:
    """How long the content of such cases is kept after the last that happened in them."""

    years: int
    basis: str


@dataclass(frozen=True, slots=True)
class CaseOrder:
    """An exception for one case, by whom and why; `until` is the last day, None: until it goes."""

    case: CaseId
    what: What
    by: str
    basis: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Quarantine:
    """How many months the bytes are kept that are no case's, after the month in which they came."""

    months: int
    basis: str


@dataclass(frozen=True, slots=True)
class Retention:
    """What is erased when."""

    terms: Mapping[str, KeepTerm] = field(default_factory=dict)  # by the life of the case
    orders: tuple[CaseOrder, ...] = ()
    quarantine: Quarantine | None = None
    by_case: Mapping[CaseId, tuple[CaseOrder, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[CaseId, tuple[CaseOrder, ...]] = {}
        for order in self.orders:
            found[order.case] = (*found.get(order.case, ()), order)
        object.__setattr__(self, "by_case", found)


def read_retention(file: str, content: bytes) -> Retention:
    """Read the file. Raises UserError rules.invalid with the key at fault."""
    table, where = toml(file, content), (file, None)
    terms = take_optional(table, "terms", dict, where) or {}
    orders = take_optional(table, "order", list, where) or []
    quarantine = take_optional(table, "quarantine", dict, where)
    nothing_left(table, where)
    if not set(terms) <= set(LIVES):
        words = ", ".join(LIVES)
        raise invalid(*where, "terms", f"应取自：{words}", f"must be of {words}")
    if len(orders) > ORDERS_MAX:
        raise invalid(*where, "order", f"至多 {ORDERS_MAX} 项", f"at most {ORDERS_MAX}")
    return Retention(
        terms={life: _term(entry, where) for life, entry in terms.items()},
        orders=tuple(_order(entry, where) for entry in orders),
        quarantine=None if quarantine is None else _quarantine(quarantine, where),
    )


def _term(entry: dict[str, Any], where: tuple[str, None]) -> KeepTerm:
    term = KeepTerm(_number(entry, "years", YEARS_MAX, where), take(entry, "basis", str, where))
    nothing_left(entry, where)
    return term


def _quarantine(entry: dict[str, Any], where: tuple[str, None]) -> Quarantine:
    months = _number(entry, "months", QUARANTINE_MONTHS_MAX, where)
    found = Quarantine(months, take(entry, "basis", str, where))
    nothing_left(entry, where)
    return found


def _order(entry: dict[str, Any], where: tuple[str, None]) -> CaseOrder:
    case, what = take(entry, "case", str, where), take(entry, "what", str, where)
    if not is_uuid(case):
        raise invalid(*where, "case", "应为案件标识", "is no case id")
    if what not in set(What):
        raise invalid(*where, "what", "应为 hold 或 erase", "must be hold or erase")
    order = CaseOrder(
        case=CaseId(case),
        what=What(what),
        by=take(entry, "by", str, where),
        basis=take(entry, "basis", str, where),
        since=take(entry, "since", date, where),
        until=take_optional(entry, "until", date, where),
    )
    nothing_left(entry, where)
    return order


def _number(entry: dict[str, Any], key: str, most: int, where: tuple[str, None]) -> int:
    number = take(entry, key, int, where)
    if not 1 <= number <= most:
        raise invalid(*where, key, f"应为 1 至 {most}", f"must be 1 to {most}")
    return number
