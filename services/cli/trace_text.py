"""The journey of a case as text that an official reads, Chinese or English."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from services.cli.output import in_language, listed
from services.cli.words import (
    ARRIVALS,
    CLOSINGS,
    DUTIES,
    FLOWS,
    HOLDS,
    OUTCOMES,
    RELATIONS,
    RUNGS,
    STAGES,
    STATES,
    clock_time,
    due_time,
    duty_words,
    record_word,
    refusal_words,
    word,
)

Document = dict[str, Any]
_INDENT = "     "


def lines(told: Document) -> Iterator[str]:
    """Return the lines of a story (trace_story.story)."""
    yield from _head(told)
    yield ""
    yield in_language("经过", "What happened")
    for number, step in enumerate(told["steps"], start=1):
        yield from _step(number, step)
    yield ""
    if told["recipients"]:
        yield in_language("收件", "Recipients")
        yield from (_recipient(one) for one in told["recipients"])
        yield ""
    yield in_language("职责", "Duties")
    yield from (_duty(duty) for duty in told["duties"])
    if not told["duties"]:
        yield in_language("  无", "  none")
    yield ""
    yield from _now(told)


def one_line(case: Document) -> tuple[str, ...]:
    """Return the cells of one case in a list of several (trace_story.summary)."""
    return (
        case["case"],
        case["document_number"] or "",
        _name(case["sender"]),
        _name(case["handler"]),
        word(STATES, case["state"]),
        clock_time(case["opened_at"]),
    )


def _head(told: Document) -> Iterator[str]:
    yield f"{in_language('案件', 'Case')} {told['case']} · {word(FLOWS, told['flow'])}"
    number = told["document_number"] or in_language("（无文号）", "(no number)")
    yield in_language(
        f"  文号：{number}　移送机关：{_name(told['sender'])}　承办机关：{_name(told['handler'])}",
        f"  number: {number}; sender: {_name(told['sender'])}; handler: {_name(told['handler'])}",
    )
    yield f"  {in_language('状态：', 'state: ')}{word(STATES, told['state'])}"
    if told["basis"]:
        rule = told["rule"] or "—"
        yield in_language(
            f"  管辖规则：{rule}　法律依据：{told['basis']}",
            f"  rule: {rule}; legal basis: {told['basis']}",
        )


def _step(number: int, step: Document) -> Iterator[str]:
    bears = f" {step['document_number']}" if step["document_number"] else ""
    stage = in_language(f"（{word(STAGES, step['stage'])}）", f" ({step['stage']})")
    record = record_word(step["record"]) + (stage if step["stage"] else "")
    code = f" {step['code']}" if step["code"] else ""
    head = (
        f"{number:>3}. {clock_time(step['at'])} {_name(step['from'])} · "
        f"{record}{bears} → {word(OUTCOMES, step['outcome'])}{code}"
    )
    told = [line for effect in step["effects"] for line in _effect(effect)]
    message = f"{in_language('消息', 'message')} {step['message']}"
    if not told:
        yield f"{head} · {message}"
        return
    yield head
    for line in (message, *told):
        yield _INDENT + line


def _effect(effect: Document) -> Iterator[str]:  # noqa: C901, PLR0912 - one arm per effect
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
            names = listed(_name(organ) for organ in effect["to"])
            yield in_language(f"暂存：{reason}；已告知 {names}", f"held: {reason}; told: {names}")
            if effect["explanation"]:
                yield in_language("说明：", "why: ") + effect["explanation"]
        case "released":
            yield in_language(f"解除暂存：{effect['message']}", f"released: {effect['message']}")
        case "delivered":
            yield _delivered(effect)
        case "duty_opened":
            duty, organ, due = _of_duty(effect)
            yield in_language(
                f"职责开始：{organ} {duty}，{due} 到期", f"duty: {organ}, {duty}, due {due}"
            )
        case "duty_closed":
            duty, organ, _ = _of_duty(effect)
            ended = word(CLOSINGS, effect["closing"] or "")
            yield in_language(
                f"职责结束：{organ} {duty}，{ended}", f"duty ended: {organ}, {duty}, {ended}"
            )
        case "rung":
            rung, duty = word(RUNGS, effect["rung"]), word(DUTIES, effect["duty"])
            names = listed(_name(organ) for organ in effect["to"])
            yield in_language(
                f"{rung}：{_name(effect['organ'])} {duty}；已告知 {names}",
                f"{rung}: {_name(effect['organ'])}, {duty}; told: {names}",
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
            yield f"{in_language('提示', 'advice')} {effect['code']}: {effect['explanation'] or ''}"


def _opened(effect: Document) -> str:
    told = f"{_name(effect['to'])}: {listed(one['path'] for one in effect['fields'])}"
    return in_language(f"准予查看 {told}", f"opened to {told}")


def _delivered(effect: Document) -> str:
    to, relation = _name(effect["to"]), word(RELATIONS, effect["relation"])
    told = in_language(f"送 {to}（{relation}）", f"to {to} ({relation})")
    not_yet = in_language("尚未", "not yet")
    if effect["record"] != "SignedFor":  # a connector acknowledges no receipts
        arrived = _time(effect["delivered_at"]) or not_yet
        told += in_language(f"；进入其业务系统：{arrived}", f"; in its own system: {arrived}")
    signed = _time(effect["signed_at"])
    if signed or effect["relation"] == "handler":
        told += in_language(f"；签收：{signed or not_yet}", f"; signed for: {signed or not_yet}")
    return told


def _recipient(one: Document) -> str:
    known = _time(one["signed_at"] or one["delivered_at"])
    arrival = word(ARRIVALS, one["state"]) + (f" {known}" if known else "")
    what = f"{record_word(one['record'])} {one['message']}"
    return in_language(
        f"  {_name(one['organ'])}（{word(RELATIONS, one['relation'])}）：{arrival} · {what}",
        f"  {_name(one['organ'])} ({word(RELATIONS, one['relation'])}): {arrival} · {what}",
    )


def _duty(duty: Document) -> str:
    what = duty_words(duty["duty"], _name(duty["counterpart"]))
    ended = in_language("办理中", "open")
    if duty["closing"]:
        ended = f"{word(CLOSINGS, duty['closing'])} {_time(duty['closed_at'])}"
    cards = listed(
        f"{word(RUNGS, rung['rung'])} {_time(rung['fired_at'])}"
        for rung in duty["rungs"]
        if rung["fired_at"]
    )
    line = in_language(
        f"  {_name(duty['organ'])} {what}：{_time(duty['opened_at'])} 起，"
        f"{_due(duty)} 到期，{ended}",
        f"  {_name(duty['organ'])}, {what}: from "
        f"{_time(duty['opened_at'])}, due {_due(duty)}, {ended}",
    )
    return f"{line}（{cards}）" if cards else line


def _now(told: Document) -> Iterator[str]:
    stop = told["stop"]
    if stop:
        why, since = word(HOLDS, stop["reason"]), _time(stop["since"])
        yield in_language(
            f"现在：案件停在消息 {stop['message']}（{why}，{stop['code']}），自 {since}",
            f"Now: stopped at message {stop['message']} ({why}, {stop['code']}) since {since}",
        )
    for waiting in told["waiting"]:
        yield in_language(
            f"  排队：{waiting['message']}，{_time(waiting['received_at'])} 收到",
            f"  waiting: {waiting['message']}, received {_time(waiting['received_at'])}",
        )
    for duty in told["clock"]:
        late = in_language("（已逾期）", " (overdue)") if _has_card(duty) else ""
        yield in_language(
            f"现在：由{_name(duty['organ'])}{word(DUTIES, duty['duty'])}，{_due(duty)} 前{late}",
            f"Now: {_name(duty['organ'])} is to {word(DUTIES, duty['duty'])} by {_due(duty)}{late}",
        )
    if not stop and not told["clock"]:
        yield in_language("现在：没有未了的职责", "Now: nothing is owed")


def _has_card(duty: Document) -> bool:
    return any(rung["fired_at"] and rung["rung"] != "reminder" for rung in duty["rungs"])


def _of_duty(effect: Document) -> tuple[str, str, str]:
    return word(DUTIES, effect["duty"]), _name(effect["organ"]), _due(effect)


def _due(duty: Document) -> str:
    due = due_time(_instant(duty["due"]))
    return due + in_language("（暂定）", " (provisional)") if duty["provisional"] else due


def _name(organ: Document | None) -> str:
    if organ is None:
        return "—"
    return in_language("总线", "the bus") if organ["code"] == "BUS" else organ["name"]


def _time(at: datetime | str | None) -> str | None:
    return None if at is None else clock_time(_instant(at))


def _instant(at: datetime | str) -> datetime:
    """The casebook's rows hold instants, its journal entries their text."""
    return datetime.fromisoformat(at) if isinstance(at, str) else at
