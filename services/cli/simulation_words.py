"""A simulated line for people: when, which letter, what became of it, in the language in force."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from schemas.errors import text
from schemas.topics import BY_SNAKE
from services.cli.output import in_language, language, listed
from services.cli.simulation_lines import REPEATED, Line
from services.cli.words import (
    CLOSINGS,
    DUTIES,
    HOLDS,
    RELATIONS,
    RUNGS,
    STATES,
    clock_time,
    due_time,
    organ_word,
    record_word,
    word,
)
from services.rulebook.model import Directory

_Say = Callable[[Line, Directory], str]


def words(line: Line, directory: Directory) -> str:
    """Return one line of the journal."""
    say = _WORDS.get(line["effect"])
    told = say(line, directory) if say else str(line["effect"])
    return f"{clock_time(datetime.fromisoformat(line['at']))}  {_subject(line):<14} {told}"


def _subject(line: Line) -> str:
    """The label, else the record; a message without either is the bus's own."""
    record = BY_SNAKE[line["record"]].name if line["record"] else ""
    return line["label"] or record_word(record)


def _accepted(line: Line, directory: Directory) -> str:
    again = in_language("（重复，给予首次的回执）", " (again: the first answer)")
    record, sender = _record(line), _organ(line["from"], directory)
    return (
        in_language(f"{sender}的{record}：受理", f"{record} of {sender}: accepted")
        + (again if line["reason"] == REPEATED else "")
        + _because(line)
    )


def _rejected(line: Line, directory: Directory) -> str:
    record, sender = _record(line), _organ(line["from"], directory)
    head = in_language(f"{sender}的{record}：退回", f"{record} of {sender}: refused")
    return f"{head} {line['code']}{_text(line)}"


def _held(line: Line, directory: Directory) -> str:
    record, sender = _record(line), _organ(line["from"], directory)
    why = word(HOLDS, line["reason"] or "")
    return in_language(f"{sender}的{record}：暂存，{why}", f"{record} of {sender}: held, {why}")


def _released(line: Line, directory: Directory) -> str:
    del line, directory
    return in_language("不再暂存，继续办理", "held no longer")


def _delivered(line: Line, directory: Directory) -> str:
    to, relation = _organ(line["to"], directory), word(RELATIONS, line["relation"])
    hidden = [*(line["withheld"] or ()), *(line["masked"] or ())]
    less = in_language(f"，不全见：{listed(hidden)}", f", not all of it: {listed(hidden)}")
    head = in_language(f"送达{to}（{relation}）", f"delivered to {to} ({relation})")
    return head + (less if hidden else "")


def _opened(line: Line, directory: Directory) -> str:
    to = _organ(line["to"], directory)
    return in_language(f"准予{to}查看：", f"opened to {to}: ") + str(line["reason"])


def _advised(line: Line, directory: Directory) -> str:
    to = _organ(line["to"], directory)
    return in_language(f"提示{to}：", f"advice to {to}: ") + f"{line['code']}{_text(line)}"


def _duty(zh: str, en: str) -> _Say:
    def say(line: Line, directory: Directory) -> str:
        owner, duty = _organ(line["organ"], directory), word(DUTIES, line["duty"])
        due = due_time(datetime.fromisoformat(line["due"]))
        guess = in_language("（暂定）", " (provisional)") if line["provisional"] else ""
        ending = word(CLOSINGS, line["outcome"]) if line["outcome"] else ""
        head = in_language(f"{owner}的职责“{duty}”{zh}", f"{owner} owes “{duty}”: {en}")
        if ending:
            return f"{head} {ending}"
        return head + in_language(f"，{due}到期", f", due {due}") + guess

    return say


def _rung(line: Line, directory: Directory) -> str:
    owner, duty = _organ(line["organ"], directory), word(DUTIES, line["duty"])
    told = listed(_organ(code, directory) for code in line["to"] or ())
    rung = word(RUNGS, line["rung"])
    return in_language(
        f"【{rung}】{owner}：{duty}；通知{told}", f"[{rung}] {owner}: {duty}; told: {told}"
    )


def _state(line: Line, directory: Directory) -> str:
    del directory
    return "→ " + word(STATES, line["state"])


def _erased(line: Line, directory: Directory) -> str:
    del directory
    return in_language(
        f"保存期满，内容销毁：{line['basis']}", f"its content is erased: {line['basis']}"
    )


def _record(line: Line) -> str:
    return record_word(BY_SNAKE[line["record"]].name) if line["record"] else ""


def _organ(code: str | None, directory: Directory) -> str:
    return organ_word(directory, code) if code else ""


def _because(line: Line) -> str:
    return f"（{line['rule']}，{line['basis']}）" if line["rule"] else ""


def _text(line: Line) -> str:
    words = text(line["code"])
    what = words.en if language() == "en" else words.zh
    return f" {what}" + (f"（{line['reason']}）" if line["reason"] else "")


_WORDS: Final[Mapping[str, _Say]] = {
    "accepted": _accepted,
    "rejected": _rejected,
    "held": _held,
    "released": _released,
    "delivered": _delivered,
    "opened": _opened,
    "advised": _advised,
    "duty_opened": _duty("开始", "it begins"),
    "duty_closed": _duty("结束：", "it ends:"),
    "duty_moved": _duty("改期", "its date moves"),
    "duty_passed": _duty("转由其承继", "it passes to another"),
    "duty_suspended": _duty("中止计算", "suspended"),
    "duty_resumed": _duty("恢复计算", "resumed"),
    "rung": _rung,
    "state_changed": _state,
    "erased": _erased,
}
