"""What the demo tells when it is over: a journey, who got what, what came back, what is owed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from schemas.errors import text
from schemas.ids import CaseId
from services.casework.case import Duty
from services.cli.demo_play import Play, Story
from services.cli.demo_stage import Part
from services.cli.output import in_language, language
from services.cli.trace_text import lines
from services.cli.words import DUTIES, RUNGS, clock_time, due_time, organ_word, record_word, word

Document = dict[str, Any]
_EACH_SHOWN: Final = 5  # open duties of each kind
OpenDuties = Sequence[tuple[CaseId, Duty]]


def report(
    play: Play, journey: Document, late: Document, duties: OpenDuties, parts: Sequence[Part]
) -> Iterator[str]:
    """Return the lines of the report."""
    yield from _title("一件案件的全程", "the journey of one case")
    yield from lines(journey)
    yield from _title("各机关收到了什么", "what each agency got")
    yield from _got(play)
    yield from _title("被退回的、被暂存的，以及理由", "what was refused or held, and why")
    yield from _refused(play)
    yield from _held(play)
    yield from _title("尚未了结的义务与期限", "duties that are open, and when they are due")
    yield from _open(play, duties)
    yield from _title("已过期限的一项", "the one that is overdue")
    yield from _late(late)
    yield from _title("继续查看", "look on")
    yield from _look_on(play, journey, parts)


def _title(zh: str, en: str) -> tuple[str, str]:
    return "", f"━━ {in_language(zh, en)} ━━"


def _got(play: Play) -> Iterator[str]:
    directory = play.setting.rulebook.directory
    for alias, got in sorted(play.got.items()):
        counts = "、".join(f"{record_word(record)} {n}" for record, n in got.most_common())
        name = organ_word(directory, play.setting.organ(alias).code)
        yield f"{name} ({alias}): {counts}"
        sample = play.samples.get((alias, "FilingReply"))
        if sample is not None:
            yield f"    {_sample(sample)}"


def _sample(reply: Document) -> str:
    """One reply as the agency has it in its own system."""
    answer = reply["answers"][0]
    case_id = reply["envelope"]["case_id"]
    if answer["filed"]:
        number = answer["case_number"]
        return in_language(
            f"例：复函，已立案 {number}（案件 {case_id}）",
            f"e.g. filed as {number} (case {case_id})",
        )
    reasons = answer["reasons"]
    return in_language(
        f"例：复函，不予立案：{reasons}（案件 {case_id}）",
        f"e.g. not filed: {reasons} (case {case_id})",
    )


def _refused(play: Play) -> Iterator[str]:
    for story, what, code in play.refused():
        known = text(code)
        wrong, remedy = known.in_language(language())
        number = story.scenario.number
        letter = in_language(
            "复函" if what == "faulty_reply" else "移送函",
            "reply" if what == "faulty_reply" else "transfer",
        )
        yield f"{in_language('退回', 'refused')} {letter} #{number} {code}: {wrong} → {remedy}"


def _held(play: Play) -> Iterator[str]:
    for story in play.stories.values():
        twist = story.scenario.twist
        if twist == "held_then_corrected":
            yield in_language(
                f"暂存后更正并放行：案件 {story.case_id}",
                f"held, corrected, released: case {story.case_id}",
            )
        if twist == "stays_held":
            yield in_language(
                f"仍在暂存（所填地点无有管辖权的机关）：案件 {story.case_id}",
                f"still held (nobody is competent there): case {story.case_id}",
            )


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
    total = "、".join(f"{word(DUTIES, kind)} {n}" for kind, n in shown.items())
    yield in_language(f"共 {len(duties)} 项：{total}", f"{len(duties)} in all: {total}")


def _late(told: Document) -> Iterator[str]:
    for duty in told["duties"]:
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


def _look_on(play: Play, journey: Document, parts: Sequence[Part]) -> Iterator[str]:
    late = next(s for s in play.stories.values() if s.scenario.twist == "overdue")
    yield f"yichuan trace {journey['case']}"
    yield f"yichuan trace {journey['document_number']}"
    yield f"yichuan trace {late.case_id}"
    yield from (f"yichuan inbox {alias}" for alias in sorted(play.got))
    yield "yichuan inbox liuzhi-swj"
    yield "yichuan status"
    yield from (part.url for part in parts)
    yield in_language(
        "一切仍在运行；停止：make down（或 yichuan down）",
        "everything goes on running; stop it with: make down (or yichuan down)",
    )


def summary(play: Play, duties: OpenDuties, seconds: float) -> Document:
    """Return the run as one object; every key is there."""
    return {
        "run": play.setting.run,
        "ok": not play.wrong() and not play.unfinished(),
        "seconds": round(seconds, 1),
        "transfers": len(play.stories),
        "accepted": sum(story.state == "accepted" for story in play.stories.values()),
        "refused": [
            {"scenario": story.scenario.number, "what": what, "code": code}
            for story, what, code in play.refused()
        ],
        "held": [_held_story(story) for story in play.stories.values() if _was_held(story)],
        "received": {alias: dict(got) for alias, got in sorted(play.got.items())},
        "open_duties": len(duties),
        "yellow_card_at": play.warned_at,
        "wrong": [story.wrong for story in play.wrong()],
        "unfinished": [story.scenario.number for story in play.unfinished()],
        "cases": {
            str(story.scenario.number): story.case_id
            for story in play.stories.values()
            if story.case_id
        },
    }


def _was_held(story: Story) -> bool:
    return story.scenario.twist in {"held_then_corrected", "stays_held"}


def _held_story(story: Story) -> Document:
    return {"case": story.case_id, "state": story.state}
