"""What one effect of a decision did, and organs and times as a journey names them, in words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from services.cli.output import in_language, listed
from services.cli.words import (
    CLOSINGS,
    DUTIES,
    HOLDS,
    RELATIONS,
    RUNGS,
    STATES,
    clock_time,
    code_words,
    due_time,
    refusal_words,
    word,
)

Document = dict[str, Any]


def effect_lines(effect: Document) -> Iterator[str]:  # noqa: C901, PLR0912 - one arm per effect
    """Yield what one effect of a decision did, in words."""
    match effect["effect"]:
        case "accepted":
            if effect["rule"] or effect["basis"]:
                yield in_language(
                    f"管辖规则 {effect['rule'] or '—'}，依据{effect['basis'] or '—'}",
                    f"rule {effect['rule'] or '-'}, basis {effect['basis'] or '-'}",
                )
            if effect["explanation"]:
                yield in_language("说明：", "why: ") + effect["explanation"]
        case "rejected":
            yield refusal_words(effect)
        case "held":
            reason = word(HOLDS, effect["reason"])
            names = listed(name(organ) for organ in effect["to"])
            yield in_language(f"暂存：{reason}；已告知 {names}", f"held: {reason}; told: {names}")
            if effect["explanation"]:
                yield in_language("说明：", "why: ") + effect["explanation"]
        case "released":
            yield in_language(f"解除暂存：{effect['message']}", f"released: {effect['message']}")
        case "delivered":
            yield _delivered(effect)
        case kind if kind.startswith("duty_"):
            yield _of_the_ledger(effect)
        case "rung":
            rung, duty = word(RUNGS, effect["rung"]), word(DUTIES, effect["duty"])
            names = listed(name(organ) for organ in effect["to"])
            yield in_language(
                f"{rung}：{name(effect['organ'])} {duty}；已告知 {names}",
                f"{rung}: {name(effect['organ'])}, {duty}; told: {names}",
            )
        case "state_changed":
            before, after = word(STATES, effect["before"]), word(STATES, effect["after"])
            yield in_language(f"状态：{before} → {after}", f"state: {before} → {after}")
        case "erased":
            yield in_language(f"内容销毁：{effect['basis']}", f"content erased: {effect['basis']}")
        case "written":
            yield in_language(
                f"另案处理：{effect['record']} {effect['case']}",
                f"to another case: {effect['record']} {effect['case']}",
            )
        case "opened":
            yield _opened(effect)
        case "advised":
            told = f"{in_language('提示', 'advice')} {code_words(effect['code'])}"
            yield f"{told}: {effect['explanation']}" if effect["explanation"] else told


def _of_the_ledger(effect: Document) -> str:
    """Return what became of a duty."""
    duty, organ, due = _of_duty(effect)
    match effect["effect"]:
        case "duty_opened":
            return in_language(
                f"职责开始：{organ} {duty}，{due} 到期", f"duty: {organ}, {duty}, due {due}"
            )
        case "duty_closed":
            ended = word(CLOSINGS, effect["closing"] or "")
            return in_language(
                f"职责结束：{organ} {duty}，{ended}", f"duty ended: {organ}, {duty}, {ended}"
            )
        case "duty_moved":
            was = due_time(instant(effect["was"]))
            return in_language(
                f"职责改期：{organ} {duty}，由 {was} 改为 {due}",
                f"duty moved: {organ}, {duty}, from {was} to {due}",
            )
        case "duty_suspended":
            return in_language(
                f"职责中止：{organ} {duty}，按计划恢复的，{due} 到期",
                f"duty suspended: {organ}, {duty}, due {due} if it goes on as planned",
            )
        case "duty_resumed":
            return in_language(
                f"职责恢复计算：{organ} {duty}，{due} 到期",
                f"duty resumed: {organ}, {duty}, due {due}",
            )
        case _:  # it passes to another
            before = name(effect["before"])
            return in_language(
                f"职责承继：{before} 的{duty}转由 {organ}，{due} 到期",
                f"duty passed: {duty}, from {before} to {organ}, due {due}",
            )


def _opened(effect: Document) -> str:
    told = f"{name(effect['to'])}: {listed(one['path'] for one in effect['fields'])}"
    return in_language(f"准予查看 {told}", f"opened to {told}")


def _delivered(effect: Document) -> str:
    to, relation = name(effect["to"]), word(RELATIONS, effect["relation"])
    told = in_language(f"送 {to}（{relation}）", f"to {to} ({relation})")
    not_yet = in_language("尚未", "not yet")
    if effect["record"] != "SignedFor":  # a connector acknowledges no receipts
        arrived = time_words(effect["delivered_at"]) or not_yet
        told += in_language(f"；进入其业务系统：{arrived}", f"; in its own system: {arrived}")
    signed = time_words(effect["signed_at"])
    if signed or effect["relation"] == "handler":
        told += in_language(f"；签收：{signed or not_yet}", f"; signed for: {signed or not_yet}")
    return told


def _of_duty(effect: Document) -> tuple[str, str, str]:
    return word(DUTIES, effect["duty"]), name(effect["organ"]), due_words(effect)


def due_words(duty: Document) -> str:
    """Return when a duty falls due, and whether that is a guess."""
    due = due_time(instant(duty["due"]))
    return due + in_language("（暂定）", " (provisional)") if duty["provisional"] else due


def name(organ: Document | None) -> str:
    """Return whose it is, in words."""
    if organ is None:
        return "—"
    return in_language("总线", "the bus") if organ["code"] == "BUS" else organ["name"]


def time_words(at: datetime | str | None) -> str | None:
    """Return a time as China's clocks show it."""
    return None if at is None else clock_time(instant(at))


def instant(at: datetime | str) -> datetime:
    """The casebook's rows hold instants, its journal entries their text."""
    return datetime.fromisoformat(at) if isinstance(at, str) else at
