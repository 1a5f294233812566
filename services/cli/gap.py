"""`yichuan exchange gap`: what the log lost before it was decided, and going on behind it.

Only shown, until somebody answers for it: then the casebook goes on behind all of it, in one
transaction, and who, why and which offsets stand in the casebook and the journal for ever. The
letters that lay there come again from their senders' connectors (connectors/bus/look_back.py).
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from connectors.bus.clock import now
from connectors.bus.home import Home, Settings, home_at
from connectors.bus.layout import EXCHANGE
from schemas.errors import UserError
from schemas.render import CHINA
from schemas.text_form import is_blank, unfit_character
from services.casebook.progress import Place, progress_now
from services.casebook.rows import Progress
from services.casebook.store import Casebook
from services.cli.activation import not_yet_taken
from services.cli.casebook_view import reading
from services.cli.exit_codes import NO
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note, say, table
from services.exchange.all_stopped import all_stopped
from services.exchange.gap import Found, Passed, name_of
from services.exchange.gaps import find_gaps, pass_gaps
from services.exchange.opening import open_casebook, open_office, open_shelf
from services.rulebook.load import load

_BY_MAX: Final = 100  # characters
_REASON_MAX: Final = 500
_HEADS: Final = (
    "分区 从 到 条数 之前最后处理的 现存最早的",
    "partition from to offsets last-decided goes-on-at",
)


def gap(
    accept: Annotated[
        str | None,
        typer.Option(
            "--accept",
            metavar="NAME",
            help="go on behind these gaps, by the name that is shown / 按所示名称确认跳过",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="who answers for it / 由谁负责", show_default=False),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="kept for ever / 理由，永久保存", show_default=False),
    ] = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> int:
    """Show which records nobody decided and the log has no more; with --accept go on behind them.

    Raises UserError log.no_gap, log.gap_other, casebook.in_use, command.usage.
    """
    place = home_at(home).checked()
    settings = place.settings()
    if accept is None:
        with reading(place) as connection:
            progress = progress_now(connection)
        found = asyncio.run(find_gaps(settings, place.credentials(EXCHANGE), progress))
        _show(found, as_json=as_json)
        return NO if found else 0
    words = _word(by, "--by", _BY_MAX), _word(reason, "--reason", _REASON_MAX)
    with all_stopped(place, settings):
        found, again = _accepted(place, settings, accept, *words)
    _tell(place, settings, found, again, as_json=as_json)
    return 0


def _accepted(
    home: Home, settings: Settings, accept: str, by: str, reason: str
) -> tuple[tuple[Found, ...], int]:
    """Go on behind the gaps of this name. The casebook is ours alone meanwhile.

    Return them, and how many records of the bus's own are written again.
    """
    login, office = home.credentials(EXCHANGE), open_office(home, settings)
    casebook = open_casebook(home, settings)
    try:
        progress = _progress(casebook)
        found = asyncio.run(find_gaps(settings, login, progress))
        name = name_of(each.gap for each in found)
        if not found:
            raise UserError("log.no_gap", where=accept, exit_code=NO)
        if name != accept:
            raise UserError("log.gap_other", where=accept, detail=name, exit_code=NO)
        every = [Passed(each, by, reason, now()) for each in found]
        shelf = open_shelf(home, office, log_is_new=False)
        again = asyncio.run(pass_gaps(settings, login, casebook, shelf, progress, every))
    finally:
        casebook.close()
    return found, again


def _progress(casebook: Casebook) -> Mapping[Place, Progress]:
    with casebook.engine.connect() as connection:
        return progress_now(connection)


def _word(text: str | None, option: str, characters_max: int) -> str:
    """Return what is written down for ever. Raises UserError command.usage."""
    if text is None or is_blank(text) or len(text) > characters_max or unfit_character(text):
        raise UserError("command.usage", where=option, detail=f"1..{characters_max}")
    return text.strip()


def _show(found: Sequence[Found], *, as_json: bool) -> None:
    if as_json:
        for each in found:
            emit_json(_document(each))
        if found:
            emit_json({"accept": name_of(each.gap for each in found)})
        return
    if not found:
        say("没有缺口", "there is no gap")
        return
    table(in_language(*_HEADS).split(), [_row(each) for each in found])
    name = name_of(each.gap for each in found)
    say(
        "这些记录从未处理，日志里已没有。跳过要有人负责，且不能撤销：先看运行手册 log.gap 一节；\n"
        f"交换进程停着时：yichuan exchange gap --accept {name} --by 姓名 --reason 理由",
        "nobody decided these records, and the log has them no more. Somebody has to answer for"
        " going on behind them, and there is no way back: first read log.gap in the runbook;\n"
        f"with the exchange stopped: yichuan exchange gap --accept {name} --by NAME --reason WHY",
    )


def _tell(
    home: Home, settings: Settings, found: Sequence[Found], again: int, *, as_json: bool
) -> None:
    offsets = sum(each.gap.offsets for each in found)
    rulebook = load(home.rulebook).hash
    behind = not_yet_taken(home, settings, rulebook)
    if as_json:
        emit_json(
            {
                "passed": [_document(each) for each in found],
                "offsets": offsets,
                "written_again": again,
                "other_rulebook": [f"{topic}/{partition}" for topic, partition in behind],
            }
        )
        return
    say(
        f"已跳过 {len(found)} 个分区的 {offsets} 条，已记入账本和日志；现在启动交换进程",
        f"{offsets} offsets of {len(found)} partitions are passed, and written down in the casebook"
        " and the journal; start the exchange now",
    )
    note(
        "缺口里的函件由发送机关的连接器自动再发；不用连接器的机关须自行再发",
        "their letters come again from the senders' connectors; who has none sends them again",
    )
    if again:
        note(
            f"总线自己写入流程、尚未处理的 {again} 条由交换进程再写一次",
            f"{again} records that the bus itself wrote, and nobody decided, it writes again",
        )
    if behind:
        note(
            f"{len(behind)} 个分区的规则库不是生效的那个（启用记录可能在缺口里）："
            "交换进程启动后再 yichuan rules activate --yes",
            f"{len(behind)} partitions are under another rulebook than the copy in force (its"
            " activation may be lost): once the exchange runs, yichuan rules activate --yes",
        )


def _document(found: Found) -> dict[str, Any]:
    gap = found.gap
    return {
        "flow": gap.topic,
        "partition": gap.partition,
        "first": gap.first,
        "last": gap.last,
        "offsets": gap.offsets,
        "last_decided": found.decided_at,
        "goes_on_at": found.goes_on_at,
    }


def _row(found: Found) -> tuple[str, ...]:
    gap = found.gap
    stamps = (found.decided_at, found.goes_on_at)
    shown = (f"{at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}" if at else "—" for at in stamps)
    where = f"{gap.topic}/{gap.partition}"
    return (where, str(gap.first), str(gap.last), str(gap.offsets), *shown)
