"""What the demo tells when it is over: a journey, who got what, what came back, what is owed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from schemas.ids import CaseId
from services.casework.case import Duty
from services.cli.demo_outcomes import flow_lines, held_lines, refused_lines, side_lines
from services.cli.demo_play import Play
from services.cli.demo_scenarios import LATE_DEPARTMENT
from services.cli.demo_stage import Part
from services.cli.output import in_language, listed
from services.cli.trace_text import lines
from services.cli.words import DUTIES, RUNGS, clock_time, due_time, organ_word, record_word, word

Document = dict[str, Any]
_EACH_SHOWN: Final = 3  # open duties of each kind
OpenDuties = Sequence[tuple[CaseId, Duty]]


@dataclass(frozen=True, slots=True)
class Calls:
    """How `yichuan` and `make down` are called here, so that they mean this installation."""

    yichuan: str
    make_down: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the casebook says after the play: two journeys, and what is owed in this run's cases."""

    journey: Document
    late: Document
    duties: OpenDuties


def report(play: Play, found: Findings, parts: Sequence[Part], calls: Calls) -> Iterator[str]:
    """Return the lines of the report."""
    yield from _title("一件案件的全程", "the journey of one case")
    yield from lines(found.journey)
    yield from _title("各机关收到了什么", "what each agency got")
    yield from _got(play)
    yield from _title("五类消息各有多少", "what went over the five flows")
    yield from flow_lines(play)
    yield from _title("被退回的，按理由", "what was refused, by reason")
    yield from refused_lines(play)
    yield from _title("被暂存的，以及怎样放行", "what was held, and what released it")
    yield from held_lines(play)
    yield from _title(
        "同一份转办，两个机关各看到什么", "one assignment, as two agencies may see it"
    )
    yield from side_lines(pair) if (pair := play.sides.pair()) else ()
    yield from _title("尚未了结的职责与期限", "duties that are open, and when they are due")
    yield from _open(play, found.duties)
    yield from _title("已过期限的一项", "the one that is overdue")
    yield from _late(found.late)
    yield from _title("继续查看", "look on")
    yield from _look_on(play, found.journey, parts, calls)


def _title(zh: str, en: str) -> tuple[str, str]:
    return "", f"━━ {in_language(zh, en)} ━━"


def _got(play: Play) -> Iterator[str]:
    for alias, got in sorted(play.got.items()):
        counts = listed(f"{record_word(record)} {n}" for record, n in got.most_common())
        yield f"{play.setting.organ(alias).name} ({alias}): {counts}"
        for record in ("LeadTransfer", "FilingReply"):
            sample = play.samples.get((alias, record))
            if sample is not None:
                yield f"    {_sample(sample, play)}"


def _sample(document: Document, play: Play) -> str:
    """One document as the agency has it in its own system."""
    envelope = document["envelope"]
    sender = organ_word(play.setting.rulebook.directory, envelope["sender"])
    eg = in_language("例：", "e.g. ") + f"{sender} · {record_word(envelope['record'])}"
    if "violations" in document:
        first = document["violations"][0]
        return f"{eg} {envelope['document_number']} · {first['cause']} · {first['place_text']}"
    answer = document["answers"][0]
    if answer["filed"]:
        return f"{eg} · {in_language('已立案', 'filed as')} {answer['case_number']}"
    return f"{eg} · {in_language('不予立案：', 'not filed: ')}{answer['reasons']}"


def _open(play: Play, duties: OpenDuties) -> Iterator[str]:
    directory = play.setting.rulebook.directory
    shown: Counter[str] = Counter()
    for case_id, duty in duties:
        owner, what = organ_word(directory, duty.owner), word(DUTIES, duty.kind)
        mark = in_language("（暂定）", " (provisional)") if duty.provisional else ""
        shown[duty.kind] += 1
        if shown[duty.kind] <= _EACH_SHOWN:
            yield in_language(
                f"{owner} {what}，{due_time(duty.due)} 到期{mark}，案件 {case_id}",
                f"{owner}: {what}, due {due_time(duty.due)}{mark}, case {case_id}",
            )
    total = listed(f"{word(DUTIES, kind)} {n}" for kind, n in shown.items())
    yield in_language(f"共 {len(duties)} 项：{total}", f"{len(duties)} in all: {total}")


def _late(told: Document) -> Iterator[str]:
    for duty in told["duties"]:
        if not any(rung["fired_at"] for rung in duty["rungs"]):
            continue  # owed in the same case, and not overdue
        owner, what = duty["organ"]["name"], word(DUTIES, duty["duty"])
        yield in_language(
            f"{owner} {what}：{clock_time(duty['opened_at'])} 起，{due_time(duty['due'])} 到期",
            f"{owner}, {what}: from {clock_time(duty['opened_at'])}, due {due_time(duty['due'])}",
        )
        for rung in duty["rungs"]:
            fired = rung["fired_at"]
            at = clock_time(fired) if fired else in_language("尚未", "not yet")
            planned = clock_time(rung["nominal_at"])
            yield in_language(
                f"  {word(RUNGS, rung['rung'])}：应于 {planned}，实际 {at}",
                f"  {word(RUNGS, rung['rung'])}: planned {planned}, fired {at}",
            )
    yield in_language(
        "（演示规则库把水务局的签收期限缩短为一分钟，仅为让黄牌可见）",
        "(the demo rulebook gives the water department one minute to sign, to show the card)",
    )


def _look_on(play: Play, journey: Document, parts: Sequence[Part], calls: Calls) -> Iterator[str]:
    command = calls.yichuan
    yield f"{command} trace {journey['document_number']}"
    yield f"{command} trace {play.late.case_id}"
    for alias in (*sorted(play.got), LATE_DEPARTMENT):
        yield f"{command} inbox {alias}"
    yield f"{command} status"
    yield from (f"{part.url}  ({part.name})" for part in parts)
    yield in_language(
        f"一切仍在运行；停止：{calls.make_down}，或 {command} down",
        f"everything goes on running; stop it with: {calls.make_down}, or {command} down",
    )
