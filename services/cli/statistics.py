"""`yichuan statistics`: what the supervisor wants to know (domain, section 8)."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

import typer

from connectors.bus.clock import now
from connectors.bus.home import home_at
from schemas.errors import UserError, texts
from schemas.ids import OrganCode
from services.cli.casebook_view import reading
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, language, note, table
from services.cli.statistics_figures import FIGURES, Figure, figures
from services.cli.statistics_items import DUE, Item, Period
from services.cli.statistics_read import decided_until, items_in
from services.cli.words import DUTIES, RUNGS, Words, clock_time, due_time, organ_word, word
from services.rulebook.calendar import local_date, start_of
from services.rulebook.directory import find, superiors_of
from services.rulebook.load import load
from services.rulebook.model import Directory, Line, Organ

_PERIOD: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_MONTHS: Final = 12
_SHOWN_MIN: Final = 0.001  # of a share: a tenth of a percent
_DAY_SECONDS: Final = 86_400
_BEHIND_MAX: Final = timedelta(minutes=5)  # Ticks come every ten seconds
_HEADS: Final = (
    "指标 机关 类别 件数 中位用时 最长用时 占比",
    "figure organ kind number median longest share",
)
_ITEM_HEADS: Final = ("时间 机关 类别 用时 案件 消息", "at organ kind took case message")
_KINDS: Final[Words] = {**DUTIES, **RUNGS}

Document = dict[str, Any]


def statistics(
    period: Annotated[
        str | None,
        typer.Option(help="2026, 2026-09, 2026-09-30; this month / 年、月或日，缺省为本月"),
    ] = None,
    organ: Annotated[
        str | None, typer.Option(help="of one organ / 一个机关的", metavar="ORGAN")
    ] = None,
    line: Annotated[
        str | None,
        typer.Option(help="whose line it leads / 其业务条线各机关的", metavar="ORGAN"),
    ] = None,
    list_: Annotated[
        str | None,
        typer.Option("--list", help="each one of a figure / 逐件列出某项", metavar="FIGURE"),
    ] = None,
    by_organ: Annotated[
        bool, typer.Option("--by-organ", help="each organ's, too / 并列出各机关")
    ] = False,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Count duties, times, refusals, disputes, guidance and joint actions; --list says which."""
    place = home_at(home).checked()
    directory = load(place.rulebook).directory
    at = now()
    chosen = period_of(period, at)
    whose = None if organ is None else _named(directory, organ, chosen.last).code
    leader = None if line is None else _named(directory, line, chosen.last).code
    if list_ is not None and list_ not in FIGURES:
        raise UserError("command.usage", where="--list", detail=", ".join(FIGURES))
    with reading(place) as connection:
        known = min((chosen.until, *decided_until(connection).values()))
        heirs = frozenset(each.successor for each in directory.organs.values() if each.successor)
        found = (
            item
            for item in items_in(connection, chosen, heirs)
            if whose in (None, item.organ)
            and (leader is None or _is_led(directory, item.organ, leader, chosen.day_of(item)))
        )
        if list_ is not None:
            _print_items([item for item in found if item.figure == list_], directory, as_json)
            _tell_what_is_unknown(chosen, known)
            return
        told = list(figures(found))
    _tell_what_is_unknown(chosen, known)
    if as_json:
        for figure in told:
            days = {"from": chosen.first, "to": chosen.last, "until": known}
            emit_json({**days, **asdict(figure)})
    else:
        shown = (each for each in told if by_organ or each.organ is None)
        _print_figures(
            [each for each in shown if each.number or not each.detail],
            directory,
            replace(chosen, until=known),
        )


def _tell_what_is_unknown(period: Period, known: datetime) -> None:
    """Say what waits to be decided: duties are told as they stood before it came."""
    if period.until - known > _BEHIND_MAX:
        at = clock_time(known)
        note(
            f"总线只处理到 {at} 收到的来件（交换进程停着，或有积压）："
            "其后的尚未计入，其后到期的不算逾期",
            f"decided up to {at} only (the exchange stands still, or is behind): what came later "
            "is not counted yet, and what fell due later is not overdue",
        )


def period_of(text: str | None, at: datetime) -> Period:
    """Return the days of a year, a month or a day; none given: the month that `at` lies in.

    Raises UserError command.usage, for a period that has not begun too: 0 would be a lie.
    """
    today = local_date(at)
    found = _PERIOD.fullmatch(text if text is not None else f"{today:%Y-%m}")
    try:
        if found is None:
            raise ValueError  # noqa: TRY301 - said once, below
        year, month, day = (None if part is None else int(part) for part in found.groups())
        first = date(year or 0, 1 if month is None else month, 1 if day is None else day)
        last_month = _MONTHS if month is None else month
        month_days = monthrange(first.year, last_month)[1]
        last = date(first.year, last_month, month_days if day is None else day)
    except ValueError:
        raise UserError(
            "command.usage", where="--period", detail="2026, 2026-09, 2026-09-30"
        ) from None
    if first > today:
        raise UserError("command.usage", where="--period", detail=f"{first} > {today}")
    return Period(first, last, min(at, start_of(last + timedelta(days=1))))


def _named(directory: Directory, text: str, on: date) -> Organ:
    """Return the organ in office on the day; else the last of that name. Raises organ.unknown."""
    named = directory.by_text.get(text)
    if not named:
        raise UserError("organ.unknown", where=text)
    return find(directory, text, on) or max(named, key=lambda each: each.valid_to or date.max)


def _is_led(directory: Directory, organ: str, leader: OrganCode, on: date) -> bool:
    """Whether the organ was of its line on the day: those that end or change it, until then.

    A leader's line is its successor's, once it has ended.
    """
    above = superiors_of(directory, OrganCode(organ), on, Line.PROFESSIONAL)
    return any(each.code == leader for each in above)


def _print_figures(found: list[Figure], directory: Directory, period: Period) -> None:
    days = f"{period.first} — {period.last}"
    until = due_time(period.until)
    title = in_language(f"{days}（截至 {until}）", f"{days}, up to {until}")
    table(in_language(*_HEADS).split(), _rows(found, directory), title)
    note(
        "占比：按期完成的占按期完成与逾期之和，已作出指导的占已作出与尚未作出之和（免除的不计）；"
        "机关连接器退回的、未进入总线的不计在内；用时为自然时间。逐件：--list 指标代码（"
        + "、".join(f"{code} {zh}" for code, (zh, _) in FIGURES.items())
        + "）",
        "share: done in time, of that and what was not; guidance given, of that and what is "
        "missing (not what was waived); "
        "what a connector gave back never reached the bus; times are of the clock. --list FIGURE: "
        + ", ".join(f"{code} ({en})" for code, (_, en) in FIGURES.items()),
    )


def _rows(found: list[Figure], directory: Directory) -> Iterator[list[str]]:
    for each in found:
        yield [
            word(FIGURES, each.figure),
            in_language("合计", "all") if each.organ is None else organ_word(directory, each.organ),
            _kind(each.detail, directory),
            str(each.number),
            _took(each.median_seconds),
            _took(each.longest_seconds),
            _share(each.share),
        ]


def _share(share: float | None) -> str:
    """Return it in percent: no breach is rounded away to 100 %, nor what was done to 0 %."""
    if share is None:
        return "—"
    if not _SHOWN_MIN <= share <= 1 - _SHOWN_MIN and share not in (0, 1):
        return f"<{_SHOWN_MIN:.1%}" if share < _SHOWN_MIN else f">{1 - _SHOWN_MIN:.1%}"
    return f"{share:.1%}"


def _print_items(found: list[Item], directory: Directory, as_json: bool) -> None:
    if as_json:
        for item in found:
            emit_json(asdict(item))
        return
    rows = (
        [
            due_time(item.at) if item.figure in DUE else clock_time(item.at),
            organ_word(directory, item.organ),
            _kind(item.detail, directory),
            _took(item.seconds),
            item.case,
            item.message,
        ]
        for item in found
    )
    table(in_language(*_ITEM_HEADS).split(), rows)


def _kind(detail: str | None, directory: Directory) -> str:
    """Return a duty, a rung, an error's code or a township in words."""
    if not detail:
        return ""
    if detail in _KINDS:
        return word(_KINDS, detail)
    known = texts().get(detail)
    if known is not None:
        return f"{known.in_language(language())[0]} {detail}"
    return organ_word(directory, detail)


def _took(seconds: float | None) -> str:
    if seconds is None:
        return ""
    days, rest = divmod(round(seconds), _DAY_SECONDS)
    clock = str(timedelta(seconds=rest))
    return in_language(f"{days} 天 {clock}", f"{days} d {clock}") if days else clock
