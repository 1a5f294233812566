"""What changes between two rulebooks, in the words of those whom it concerns. Pure."""

from datetime import date
from typing import Final

from schemas.ids import DivisionCode, MatterCode, OrganCode
from services.cli.words import DUTIES
from services.rulebook.compare import TOWNSHIP, Shift, Who, townships
from services.rulebook.compare_parts import DutyShift, Entry
from services.rulebook.model import DecidingDate, DutyRule, Rulebook, Unit

_PLACES_MAX: Final = 6  # named one by one
_NOBODY: Final = ("无机关管辖", "nobody")
_TOWNSHIP: Final = ("所在地乡镇街道", "the township")
_UNITS: Final = {
    Unit.MINUTES: "分钟",
    Unit.HOURS: "小时",
    Unit.WORKING_DAYS: "个工作日",
    Unit.CALENDAR_DAYS: "日",
}
_CLAUSES: Final = {
    DecidingDate.ACT: ("违法行为发生日", "the day of the act"),
    DecidingDate.FOUND: ("发现日", "the day it was found"),
    DecidingDate.FILED: ("立案日", "the day of filing"),
    DecidingDate.TRANSFER: ("移送日", "the day of transfer"),
}
_BEGUN: Final = {
    DecidingDate.ACT: ("此前发生、此后移送的", "of acts before it, transferred after"),
    DecidingDate.FOUND: ("此前发现、此后移送的", "found before it, transferred after"),
    DecidingDate.FILED: ("此前立案、此后移送的", "filed before it, transferred after"),
}


def shift_words(old: Rulebook, new: Rulebook, shift: Shift) -> tuple[str, str]:
    """Return (zh, en): matter, places, from whom to whom, from when, decided by which date."""
    matter = _matter(old, new, shift.matter)
    places = _places(old, new, shift.places)
    before, after = _who(old, shift.before), _who(new, shift.after)
    zh_until = f"，至{shift.until}止" if shift.until else ""
    en_until = f" until {shift.until}" if shift.until else ""
    zh_begun, en_begun = _BEGUN[shift.begun] if shift.begun else ("", "")
    zh = (
        f"{matter}，{places[0]}：自{shift.since}起{zh_until}，{zh_begun}由{before[0]}改为{after[0]}"
    )
    en = f"{matter}, {places[1]}: {en_begun}{' ' if en_begun else ''}from {before[1]} to {after[1]}"
    en += f" on {shift.since}{en_until}"
    reasons_zh, reasons_en = [], []
    if shift.decided_by is not None and shift.begun is None:
        clause = _CLAUSES[shift.decided_by]
        reasons_zh.append(f"以{clause[0]}为准")
        reasons_en.append(f"decided by {clause[1]}")
    if shift.basis is not None:
        reasons_zh.append(f"依据{shift.basis}")
        reasons_en.append(f"by {shift.basis}")
    if reasons_zh:
        zh += f"（{'，'.join(reasons_zh)}）"
        en += f" ({', '.join(reasons_en)})"
    return zh, en


def duty_words(shift: DutyShift) -> tuple[str, str]:
    """Return (zh, en) of a duty whose length, basis or ladder changes."""
    zh, en = DUTIES.get(shift.kind, (shift.kind, shift.kind))
    scope = "、".join(part for part in (shift.sector, shift.record) if part)
    zh_head, en_head = (f"{zh}（{scope}）", f"{en} ({scope})") if scope else (zh, en)
    before, after = shift.lengths
    zh_before, zh_after = (_zh_length(rule) for rule in (shift.before, shift.after))
    if before == after:
        zh_what, en_what = "期限不变，依据或催办阶梯改变", "same length, other basis or ladder"
    else:
        zh_what = f"由{zh_before}改为{zh_after}"
        en_what = f"from {before or 'none'} to {after or 'none'}"
    zh_until = f"，至{shift.until}止" if shift.until else ""
    en_until = f" until {shift.until}" if shift.until else ""
    return (
        f"{zh_head}：自{shift.since}起{zh_until}，{zh_what}",
        f"{en_head}: {en_what} on {shift.since}{en_until}",
    )


def day_words(day: date, *, is_workday: bool) -> tuple[str, str]:
    """Return (zh, en) of a day that is of another kind."""
    if is_workday:
        return f"{day} 改为工作日", f"{day} becomes a working day"
    return f"{day} 改为休息日", f"{day} becomes a day off"


def entry_words(entry: Entry) -> tuple[str, str]:
    """Return (zh, en) of something that is listed differently."""
    name = f"{entry.name} {entry.code}"
    match entry.is_there:
        case (False, True):
            return f"新增 {name}", f"new: {name}"
        case (True, False):
            return f"删除 {name}", f"gone: {name}"
    changed = "；".join(
        f"{key} {before or '-'} → {after or '-'}" for key, (before, after) in entry.fields.items()
    )
    return f"{name}：{changed}", f"{name}: {changed}"


def who_document(rulebook: Rulebook, who: Who) -> list[dict[str, str]]:
    """Return the organs by code and name; of the township its token alone."""
    return [{"organ": code, "name": _organ(rulebook, code)[0]} for code in who]


def _zh_length(rule: DutyRule | None) -> str:
    return f"{rule.length.amount}{_UNITS[rule.length.unit]}" if rule else "无规定"


def _who(rulebook: Rulebook, who: Who) -> tuple[str, str]:
    if not who:
        return _NOBODY
    names = [_organ(rulebook, code) for code in who]
    return "、".join(zh for zh, _ in names), " and ".join(en for _, en in names)


def _organ(rulebook: Rulebook, code: str) -> tuple[str, str]:
    if code == TOWNSHIP:
        return _TOWNSHIP
    name = rulebook.directory.organs[OrganCode(code)].name
    return name, name


def _matter(old: Rulebook, new: Rulebook, code: MatterCode) -> str:
    found = new.matters.get(code) or old.matters[code]
    return f"{found.name} {code}"


def _places(old: Rulebook, new: Rulebook, codes: tuple[DivisionCode, ...]) -> tuple[str, str]:
    divisions = {**old.divisions, **new.divisions}
    codes = tuple(new.recoded.get(code, code) for code in codes)
    every = set(townships(new))
    names = [divisions[code].name for code in codes]
    if every <= set(codes):
        county = divisions[new.county].name
        return f"{county}全境", f"all of {county}"
    if len(names) <= _PLACES_MAX:
        return "、".join(names), ", ".join(names)
    left = [divisions[code].name for code in townships(new) if code not in codes]
    if len(left) <= _PLACES_MAX:
        return f"除{'、'.join(left)}外各乡镇街道", f"all townships but {', '.join(left)}"
    shown = names[:_PLACES_MAX]
    return (
        f"{'、'.join(shown)}等{len(names)}个乡镇街道",
        f"{', '.join(shown)} and {len(names) - len(shown)} more townships",
    )
