"""duties.toml: the ladders, and for each duty its length, ladder, basis and dates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from schemas.oversight import SuspensionReason
from services.rulebook.calendar import parse_length
from services.rulebook.model import DutyRule, Extension, Ladder, Length, OrganType, RungDays, Unit
from services.rulebook.tables import (
    invalid,
    nothing_left,
    take,
    take_optional,
    toml,
    toml_lines,
)

Where = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Duties:
    """The duty rules and the lines on which they start."""

    rules: tuple[DutyRule, ...]
    lines: tuple[int, ...]


def read_duties(file: str, content: bytes) -> Duties:
    """Read the file. Raises UserError rules.invalid with the line and key at fault."""
    tables = toml(file, content)
    lines = toml_lines(content, "duty")
    drafts: dict[str, dict[str, Any]] = _tables(tables.pop("ladder", {}), (file, None))
    ladders = {name: _ladder(name, table, (file, None)) for name, table in drafts.items()}
    listed = tables.pop("duty", [])
    nothing_left(tables, (file, None))
    if len(listed) != len(lines):
        raise invalid(file, None, "duty", "每项职责须以 [[duty]] 开头", "write each as [[duty]]")
    rules = tuple(
        _duty(table, ladders, (file, line)) for table, line in zip(listed, lines, strict=True)
    )
    return Duties(rules, lines)


def _tables(value: object, where: Where) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise invalid(*where, "ladder", "应写作 [ladder.名称]", "write [ladder.<name>]")
    return value


def _ladder(name: str, table: dict[str, Any], where: Where) -> Ladder:
    days = take(table, "rung_days", str, where)
    if days not in set(RungDays):
        words = ", ".join(RungDays)
        raise invalid(*where, "rung_days", f"应为其一：{words}", f"must be one of {words}")
    ladder = Ladder(
        name=name,
        hour=take(table, "hour", time, where),
        reminder_lead=_length(table, "reminder_lead", where),
        yellow_after=_length(table, "yellow_after", where),
        red_after=_length(table, "red_after", where),
        supervision_after=_length(table, "supervision_after", where),
        rung_days=RungDays(days),
        reminder_lead_hours=_length(table, "reminder_lead_hours", where),
    )
    nothing_left(table, where)
    distances = (
        ladder.reminder_lead,
        ladder.yellow_after,
        ladder.red_after,
        ladder.supervision_after,
    )
    by_days = all(each.unit in (Unit.WORKING_DAYS, Unit.CALENDAR_DAYS) for each in distances)
    if ladder.rung_days is not RungDays.AT_ONCE and not by_days:
        zh, en = "只有 at_once 的阶梯可用小时或分钟", "only at_once counts hours or minutes"
        raise invalid(*where, f"ladder.{name}", zh, en)
    return ladder


def _duty(table: dict[str, Any], ladders: Mapping[str, Ladder], where: Where) -> DutyRule:
    name = take(table, "ladder", str, where)
    if name not in ladders:
        raise invalid(*where, "ladder", f"没有名为“{name}”的阶梯", f"there is no ladder {name!r}")
    author = take_optional(table, "author", str, where)
    if author is not None and author not in set(OrganType):
        words = ", ".join(OrganType)
        raise invalid(*where, "author", f"应为其一：{words}", f"must be one of {words}")
    unknown = take_optional(table, "waived_if_contact_unknown", bool, where)
    length = _length(table, "length", where)
    rule = DutyRule(
        kind=take(table, "kind", str, where),
        length=length,
        ladder=ladders[name],
        basis=take(table, "basis", str, where),
        valid_from=take(table, "valid_from", date, where),
        valid_to=take_optional(table, "valid_to", date, where),
        sector=take_optional(table, "sector", str, where),
        record=take_optional(table, "record", str, where),
        author=None if author is None else OrganType(author),
        roll=take_optional(table, "roll", bool, where) or False,
        waived_if_contact_unknown=unknown or False,
        custody_wait=_optional_length(table, "custody_wait", where),
        suspend_for=_suspensions(table, where),
        extensions=tuple(_extensions(table, length, where)),
        waived_if_in_force_under=_optional_length(table, "waived_if_in_force_under", where),
    )
    nothing_left(table, where)
    return rule


def _suspensions(table: dict[str, Any], where: Where) -> tuple[SuspensionReason, ...]:
    listed = take_optional(table, "suspend_for", list, where) or []
    known = set(SuspensionReason) - {SuspensionReason.UNKNOWN}
    if not set(map(str, listed)) <= known:
        words = ", ".join(sorted(known))
        raise invalid(*where, "suspend_for", f"应取自：{words}", f"must be of {words}")
    return tuple(SuspensionReason(reason) for reason in listed)


def _extensions(table: dict[str, Any], length: Length, where: Where) -> Iterator[Extension]:
    for step in take_optional(table, "extensions", list, where) or []:
        if not isinstance(step, dict):
            zh, en = "每项应写作 { length, approval }", "write each as { length, approval }"
            raise invalid(*where, "extensions", zh, en)
        more = Extension(_length(step, "length", where), take(step, "approval", str, where))
        nothing_left(step, where)
        if more.length.unit is not length.unit:
            zh, en = "延长须与期限同一单位", "an extension counts in the unit of the length"
            raise invalid(*where, "extensions", zh, en)
        yield more


def _optional_length(table: dict[str, Any], key: str, where: Where) -> Length | None:
    return _length(table, key, where) if key in table else None


def _length(table: dict[str, Any], key: str, where: Where) -> Length:
    text = take(table, key, str, where)
    try:
        return parse_length(text)
    except ValueError:
        zh = f"“{text}”不是期限，应如 7 working days、90 calendar days、4 hours、30 minutes"
        en = f"{text!r} is no length like 7 working days, 90 calendar days, 4 hours, 30 minutes"
        raise invalid(*where, key, zh, en) from None
