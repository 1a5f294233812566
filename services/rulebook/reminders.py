"""reminders.toml: of which dates in a letter the bus warns before they pass (domain, section 5).

It warns and reminds, and refuses nothing: whether a date decides the case is the handler's to
judge. What the file does not name is not warned of.
"""

from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from services.rulebook.tables import invalid, nothing_left, take, take_optional, toml

YEARS_LIMIT: Final = 20  # of a limitation that a rulebook may name
DAYS_LIMIT: Final = 366  # ahead of a date that a rulebook may warn


@dataclass(frozen=True, slots=True)
class LimitationPolicy:
    """追责时效 (行政处罚法 36): counted from the act, or from the end of one that went on."""

    years: int
    long_years: int  # where life, health or financial safety is harmed
    long_groups: frozenset[str]  # the groups of matters for which the longer one is warned of
    lead_calendar_days: int
    basis: str


@dataclass(frozen=True, slots=True)
class MeasurePolicy:
    """先行登记保存、查封、扣押: its last day stands in the items list of the letter."""

    lead_working_days: int
    basis: str


@dataclass(frozen=True, slots=True)
class Reminders:
    """What is warned of, and at which hour of the day. None: it is not."""

    hour: time = time(9)
    limitation: LimitationPolicy | None = None
    measure: MeasurePolicy | None = None


def read_reminders(file: str, content: bytes) -> Reminders:
    """Read the file. Raises UserError rules.invalid with the key at fault."""
    table, where = toml(file, content), (file, None)
    limitation = take_optional(table, "limitation", dict, where)
    measure = take_optional(table, "measure", dict, where)
    hour = take(table, "hour", time, where)
    nothing_left(table, where)
    return Reminders(
        hour=hour,
        limitation=None if limitation is None else _limitation(limitation, file),
        measure=None if measure is None else _measure(measure, file),
    )


def _limitation(table: dict[str, Any], file: str) -> LimitationPolicy:
    where = (file, None)
    groups = take(table, "long_groups", list, where)
    if not all(isinstance(group, str) for group in groups):
        raise invalid(*where, "long_groups", "应为事项类别的名称", "must be names of groups")
    policy = LimitationPolicy(
        years=_within(table, "years", YEARS_LIMIT, file),
        long_years=_within(table, "long_years", YEARS_LIMIT, file),
        long_groups=frozenset(groups),
        lead_calendar_days=_within(table, "lead_calendar_days", DAYS_LIMIT, file),
        basis=take(table, "basis", str, where),
    )
    nothing_left(table, where)
    return policy


def _measure(table: dict[str, Any], file: str) -> MeasurePolicy:
    policy = MeasurePolicy(
        lead_working_days=_within(table, "lead_working_days", DAYS_LIMIT, file),
        basis=take(table, "basis", str, (file, None)),
    )
    nothing_left(table, (file, None))
    return policy


def _within(table: dict[str, Any], key: str, most: int, file: str) -> int:
    number = take(table, key, int, (file, None))
    if not 1 <= number <= most:
        raise invalid(file, None, key, f"应为 1 至 {most}", f"must be 1 to {most}")
    return number
