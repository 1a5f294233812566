"""The supervisor's figures from their items, and what officials call them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from services.cli.statistics_items import Item
from services.cli.words import Words

FIGURES: Final[Words] = {
    "open": ("未了职责", "open duties"),
    "overdue": ("其中已逾期", "overdue of these"),
    "kept": ("期内到期、按期完成", "due in the period and done in time"),
    "breached": ("期内到期、逾期", "due in the period and not done in time"),
    "time_to_sign": ("签收用时", "time to sign"),
    "time_to_decide_filing": ("立案决定用时", "time to decide on filing"),
    "time_to_decide": ("处理决定用时", "time to decide the case"),
    "time_to_close": ("从来函到办结用时", "time from the letter to the end"),
    "notify_delay": ("发现到告知用时", "from the finding to the notice"),
    "refused": ("退回", "refused"),
    "held": ("暂存", "held"),
    "assigned": ("转办", "assigned"),
    "disputed": ("管辖异议", "objections to jurisdiction"),
    "referred": ("转入待指定管辖", "referred to the common superior"),
    "designated": ("指定管辖", "designations"),
    "hop": ("案件中再次移送", "further transfers within a case"),
    "rung": ("提醒与黄牌、红牌、督办提示", "reminders and cards"),
    "supervised": ("督办函", "supervision letters"),
    "explained": ("超期说明", "explanations of breaches"),
    "guidance_done": ("年度现场业务指导：已作出", "yearly guidance on site: given"),
    "guidance_missing": ("年度现场业务指导：尚未作出", "yearly guidance on site: missing"),
    "guidance_waived": ("年度现场业务指导：免除", "yearly guidance on site: waived"),
    "joint_plan": ("联合执法方案", "joint plans"),
    "joint_answer": ("联合执法答复", "answers to joint plans"),
    "joint_decision": ("联合执法决定", "decisions on joint plans"),
    "joint_outcome": ("联合执法结果", "outcomes of joint actions"),
}
# The share of which in both; where both are 0 there is none, and 0 % would be a lie.
SHARES: Final[Mapping[str, str]] = {"kept": "breached", "guidance_done": "guidance_missing"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `organ` None: of all that are asked for; `detail` None: of all kinds."""

    figure: str
    organ: str | None
    detail: str | None
    number: int
    median_seconds: float | None = None
    longest_seconds: float | None = None
    share: float | None = None


@dataclass(slots=True)
class _Sum:
    number: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, item: Item) -> None:
        self.number += 1
        if item.seconds is not None:
            self.seconds.append(item.seconds)


_Key = tuple[str, str | None, str | None]


def figures(items: Iterable[Item]) -> Iterator[Figure]:
    """Yield the figures in the order of the table: of all, of each organ, of each of its kinds.

    What never happened is told of all as 0: that nothing is overdue is an answer.
    """
    sums: dict[_Key, _Sum] = defaultdict(_Sum)
    for item in items:
        for key in _keys(item):
            sums[key].add(item)
    for figure in FIGURES:
        alike = {figure, SHARES.get(figure)}  # who did none in time has a share, too: none
        keys = {(figure, *key[1:]) for key in sums if key[0] in alike} | {(figure, None, None)}
        yield from (_figure(key, sums) for key in sorted(keys, key=_order))


def _keys(item: Item) -> Iterator[_Key]:
    yield item.figure, None, None
    yield item.figure, item.organ, None
    if item.detail:
        yield item.figure, None, item.detail
        yield item.figure, item.organ, item.detail


def _order(key: _Key) -> tuple[str, str]:
    return key[1] or "", key[2] or ""


def _figure(key: _Key, sums: Mapping[_Key, _Sum]) -> Figure:
    figure, organ, detail = key
    found = sums.get(key, _Sum())
    seconds = found.seconds
    share = None
    if figure in SHARES:
        other = sums.get((SHARES[figure], organ, detail), _Sum()).number
        share = found.number / (found.number + other) if found.number + other else None
    return Figure(
        figure,
        organ,
        detail,
        found.number,
        median(seconds) if seconds else None,
        max(seconds) if seconds else None,
        share,
    )
