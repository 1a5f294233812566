"""The journey of a case as text that an official reads, Chinese or English."""

from collections.abc import Iterator, Sequence
from typing import Any

from services.cli.output import in_language, listed
from services.cli.trace_effects import due_words, effect_lines, name, time_words
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
    duty_words,
    record_word,
    word,
)

Document = dict[str, Any]
_INDENT = "     "


def lines(told: Document) -> Iterator[str]:
    """Return the lines of a story (trace_story.story)."""
    yield from _head(told)
    yield ""
    yield in_language("经过", "What happened")
    yield from _steps(told["steps"], told["left_out"])
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


def _steps(steps: Sequence[Document], left_out: int) -> Iterator[str]:
    """Tell each step; what is left out is left out in their middle, and counted."""
    middle = len(steps) - len(steps) // 2
    for number, step in enumerate(steps[:middle], start=1):
        yield from _step(number, step)
    if left_out:
        yield in_language(
            f"  ……其间 {left_out} 项未列出……", f"  … {left_out} in between are not shown …"
        )
    for number, step in enumerate(steps[middle:], start=middle + left_out + 1):
        yield from _step(number, step)


def one_line(case: Document) -> tuple[str, ...]:
    """Return the cells of one case in a list of several (trace_story.summary)."""
    return (
        case["case"],
        case["document_number"] or "",
        name(case["sender"]),
        name(case["handler"]),
        word(STATES, case["state"]),
        clock_time(case["opened_at"]),
    )


def _head(told: Document) -> Iterator[str]:
    yield f"{in_language('案件', 'Case')} {told['case']} · {word(FLOWS, told['flow'])}"
    number = told["document_number"] or in_language("（无文号）", "(no number)")
    yield in_language(
        f"  文号：{number}　移送机关：{name(told['sender'])}　承办机关：{name(told['handler'])}",
        f"  number: {number}; sender: {name(told['sender'])}; handler: {name(told['handler'])}",
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
        f"{number:>3}. {clock_time(step['at'])} {name(step['from'])} · "
        f"{record}{bears} → {word(OUTCOMES, step['outcome'])}{code}"
    )
    told = [line for effect in step["effects"] for line in effect_lines(effect)]
    message = f"{in_language('消息', 'message')} {step['message']}"
    if not told:
        yield f"{head} · {message}"
        return
    yield head
    for line in (message, *told):
        yield _INDENT + line


def _recipient(one: Document) -> str:
    known = time_words(one["signed_at"] or one["delivered_at"])
    arrival = word(ARRIVALS, one["state"]) + (f" {known}" if known else "")
    what = f"{record_word(one['record'])} {one['message']}"
    return in_language(
        f"  {name(one['organ'])}（{word(RELATIONS, one['relation'])}）：{arrival} · {what}",
        f"  {name(one['organ'])} ({word(RELATIONS, one['relation'])}): {arrival} · {what}",
    )


def _duty(duty: Document) -> str:
    what = duty_words(duty["duty"], name(duty["counterpart"]))
    ended = in_language("办理中", "open")
    if duty["suspended_until"]:
        until = time_words(duty["suspended_until"])
        ended = in_language(f"中止至 {until}", f"suspended until {until}")
    if duty["begins_at"]:
        ended = in_language("尚未开始", "not begun")
    if duty["closing"]:
        ended = f"{word(CLOSINGS, duty['closing'])} {time_words(duty['closed_at'])}"
        if duty["breached"] and duty["closing"] != "late":  # that says it
            ended += in_language("，此前已逾期", ", overdue before")
    cards = listed(
        f"{word(RUNGS, rung['rung'])} {time_words(rung['fired_at'])}"
        for rung in duty["rungs"]
        if rung["fired_at"]
    )
    line = in_language(
        f"  {name(duty['organ'])} {what}：{time_words(duty['opened_at'])} 起，"
        f"{due_words(duty)} 到期，{ended}",
        f"  {name(duty['organ'])}, {what}: from "
        f"{time_words(duty['opened_at'])}, due {due_words(duty)}, {ended}",
    )
    return f"{line}（{cards}）" if cards else line


def _now(told: Document) -> Iterator[str]:
    stop = told["stop"]
    if stop:
        why, since = word(HOLDS, stop["reason"]), time_words(stop["since"])
        yield in_language(
            f"现在：案件停在消息 {stop['message']}（{why}，{stop['code']}），自 {since}",
            f"Now: stopped at message {stop['message']} ({why}, {stop['code']}) since {since}",
        )
    for waiting in told["waiting"]:
        yield in_language(
            f"  排队：{waiting['message']}，{time_words(waiting['received_at'])} 收到",
            f"  waiting: {waiting['message']}, received {time_words(waiting['received_at'])}",
        )
    for duty in told["clock"]:
        late = in_language("（已逾期）", " (overdue)") if duty["overdue"] else ""
        if duty["suspended_until"]:
            late = in_language("（中止计算）", " (suspended)")
        who, what, due = name(duty["organ"]), word(DUTIES, duty["duty"]), due_words(duty)
        yield in_language(
            f"现在：由{who}{what}，{due} 前{late}", f"Now: {who} is to {what} by {due}{late}"
        )
    if not stop and not told["clock"]:
        yield in_language("现在：没有未了的职责", "Now: nothing is owed")
