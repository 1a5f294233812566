"""What the demo tells of its messages: by flow, refused by kind, held, and side by side."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from schemas.errors import text
from schemas.topics import BY_SNAKE
from services.cli.demo_errand_play import Told
from services.cli.demo_play import Play
from services.cli.demo_setting import transfer_number
from services.cli.demo_sides import Held, paths
from services.cli.demo_story import Story
from services.cli.output import in_language, language, listed
from services.cli.words import FLOWS, RELATIONS, record_word, word

RELEASES: Final = ("correct", "assign", "withdraw")  # acts that end a hold
_CELL_MAX: Final = 80  # characters of a value side by side
_MARKS: Final = {
    "kept": ("", ""),
    "masked": ("〔遮蔽〕", "[masked] "),
    "withheld": ("〔不提供〕", "[withheld] "),
}


def flow_lines(play: Play) -> Iterator[str]:
    """Return what went over each of the five flows."""
    for flow, counts in by_flow(play).items():
        yield in_language(
            f"{word(FLOWS, flow)}：{counts['stories']} 件事、{counts['messages']} 条消息，"
            f"受理 {counts['accepted']}、退回 {counts['rejected']}、暂存 {counts['held']}",
            f"{word(FLOWS, flow)}: {counts['stories']} stories, {counts['messages']} messages; "
            f"{counts['accepted']} accepted, {counts['rejected']} refused, {counts['held']} held",
        )
    kinds = listed(
        f"{record_word(BY_SNAKE[record].name)} {n}"
        for record, n in Counter(play.tally.by_record()).most_common()
        if record in BY_SNAKE
    )
    yield in_language(
        f"共 {play.tally.messages} 条：{kinds}", f"{play.tally.messages} in all: {kinds}"
    )


def by_flow(play: Play) -> dict[str, dict[str, int]]:
    """Return for each flow its stories and messages, and how these were answered at first."""

    def flow_of(number: int) -> str:
        story = play.stories.get(number)
        known = play.errands.stories.get(number)
        record = story.scenario.record if story else known.errand.record if known else ""
        return str(BY_SNAKE[record].opens)

    return play.tally.by_flow(flow_of)


def refusals(play: Play) -> dict[str, list[str]]:
    """Return who was refused what, by code: the alias and the record or the letter."""
    found: dict[str, list[str]] = {}
    for story, what, code in play.refused():
        found.setdefault(code, []).append(_of_a_transfer(play, story, what))
    for told in play.errands.stories.values():
        for act, record in told.refused:
            author = play.setting.organ(act.by).name
            known = record_word(BY_SNAKE[record].name) if record in BY_SNAKE else record
            found.setdefault(act.fault, []).append(f"{author} {known}")
    return found


def refused_lines(play: Play) -> Iterator[str]:
    """Return each kind of refusal with its code, by subject; one example for each subject."""
    found = refusals(play)
    yield in_language(
        f"退回的理由 {len(found)} 种，每种至少一例；补救办法：yichuan errors",
        f"{len(found)} kinds of refusal, each at least once; how to mend them: yichuan errors",
    )
    for subject, codes in groupby(sorted(found), key=lambda code: code.split(".")[0]):
        kinds = tuple(codes)
        example = found[kinds[0]][0]
        yield in_language(
            f"{subject}（{len(kinds)} 种；例：{example}）",
            f"{subject} ({len(kinds)} kinds; e.g. {example})",
        )
        for code in kinds:
            wrong, _ = text(code).in_language(language())
            more = f" ×{len(found[code])}" if len(found[code]) > 1 else ""
            yield f"    {code}{more}: {wrong}"


def held_lines(play: Play) -> Iterator[str]:
    """Return what was held, and what released it."""
    for story in play.stories.values():
        if story.scenario.twist == "held_then_corrected":
            yield _released("correct", record_word("CaseTransfer"), story.case_id)
        if story.scenario.twist == "stays_held":
            yield in_language(
                f"仍在暂存（该事项目前没有机关有管辖权）：案件 {story.case_id}",
                f"still held (nobody is competent for it): case {story.case_id}",
            )
    for release in RELEASES:
        for told in released(play, release):
            record = record_word(BY_SNAKE[told.errand.record].name)
            yield _released(release, record, told.case_id)


def released(play: Play, release: str) -> list[Told]:
    """Return the errands that were held until this was done."""
    return [
        told
        for told in play.errands.stories.values()
        if told.errand.opening.is_held and any(act.name == release for act in told.accepted)
    ]


def side_lines(pair: tuple[Held, Held]) -> Iterator[str]:
    """Return one document as two recipients hold it, path by path."""
    left, right = pair
    for held in pair:
        yield in_language(
            f"{held.alias}（{word(RELATIONS, held.relation)}）："
            f"遮蔽 {len(held.masked)} 处，不提供 {len(held.withheld)} 处",
            f"{held.alias} ({word(RELATIONS, held.relation)}): "
            f"{len(held.masked)} masked, {len(held.withheld)} withheld",
        )
    same = 0
    for path in paths(left, right):
        ours, theirs = _cell(left, path), _cell(right, path)
        if path.startswith("envelope.") and ours == theirs:
            same += 1
            continue
        yield path
        yield f"    {left.alias}: {ours}"
        yield f"    {right.alias}: {theirs}"
    yield in_language(f"另有 {same} 项信封内容相同", f"and {same} parts of the envelope, the same")


def _cell(held: Held, path: str) -> str:
    mark = in_language(*_MARKS[held.mark(path)])
    value = held.leaves.get(path, "")
    shown = value if len(value) <= _CELL_MAX else f"{value[:_CELL_MAX]}…"
    return f"{mark}{shown}" or "—"


def _released(release: str, record: str, case_id: str | None) -> str:
    zh, en = {
        "correct": ("更正后放行", "held, corrected, released"),
        "assign": ("由司法行政部门转办后放行", "held, assigned by the supervisor, released"),
        "withdraw": ("暂存中撤回", "held, withdrawn"),
    }[release]
    return in_language(f"{zh}：{record}，案件 {case_id}", f"{en}: {record}, case {case_id}")


def _of_a_transfer(play: Play, story: Story, what: str) -> str:
    scenario, is_reply = story.scenario, what == "faulty_reply"
    author = play.setting.organ(scenario.receiver if is_reply else scenario.sender).name
    number = transfer_number(scenario, play.setting)
    return in_language(
        f"{author} 对{number}的复函" if is_reply else f"{author} 移送函 {number}",
        f"{author}, reply to {number}" if is_reply else f"{author}, transfer {number}",
    )
