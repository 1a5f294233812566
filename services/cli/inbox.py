"""`yichuan inbox ORGAN`: what it got, as it may see it."""

import asyncio
from typing import Annotated, Any, Final

import typer

from schemas.render import to_document
from services.cli.desk import Desk, open_desk
from services.cli.mailbox import Letter, Mailbox, open_mailbox
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, table
from services.cli.words import clock_time, organ_word, record_word
from services.rulebook.model import Organ

_FOLLOW_SECONDS: Final = float("inf")


def inbox(
    organ: Annotated[str, typer.Argument(help="code, name or alias / 机关代码、名称或简称")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="go on as more arrive / 持续显示")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="the newest N / 最新 N 件")] = 1000,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Print what lies in an organ's inbox, each with whether its seal holds."""
    desk = open_desk(home)
    asyncio.run(_inbox(desk, desk.organ(organ), follow=follow, limit=limit, as_json=as_json))


async def _inbox(desk: Desk, organ: Organ, *, follow: bool, limit: int, as_json: bool) -> None:
    async with open_mailbox(desk, organ) as mailbox:
        end = await mailbox.end()
        newest: list[Letter] = []
        async for letter in mailbox.present():
            newest = [*newest[1 - limit :], letter] if limit > 1 else [letter]
        _print(desk, newest, as_json=as_json)
        if follow:
            await _follow(desk, mailbox, end, as_json=as_json)


async def _follow(desk: Desk, mailbox: Mailbox, begin: int, *, as_json: bool) -> None:
    async for letter in mailbox.following(begin, _FOLLOW_SECONDS):
        if as_json:
            emit_json(document_of(letter))
        else:
            print("  ".join(_row(desk, letter)), flush=True)


def document_of(letter: Letter) -> dict[str, Any]:
    """Return the stable form: where it lies, whether its seal holds, and the document."""
    fault = letter.fault
    return {
        "offset": letter.offset,
        "at": letter.at,
        "seal": "valid" if fault is None else fault.code,
        "document": to_document(letter.message) if letter.message else None,
    }


def _print(desk: Desk, letters: list[Letter], *, as_json: bool) -> None:
    if as_json:
        for letter in letters:
            emit_json(document_of(letter))
        return
    heads = in_language(
        "时间 消息 来自 文号 案件 内容 封签", "time record from number case content seal"
    )
    table(heads.split(), [_row(desk, letter) for letter in letters])


def _row(desk: Desk, letter: Letter) -> tuple[str, ...]:
    seal = in_language("有效", "valid") if letter.fault is None else letter.fault.code
    message = letter.message
    if message is None:
        return (clock_time(letter.at), "?", "?", "", "", "", seal)
    envelope = message.envelope
    return (
        clock_time(letter.at),
        record_word(envelope.record),
        organ_word(desk.rulebook.directory, envelope.sender),
        envelope.document_number or "",
        envelope.case_id,
        _gist(message),
        seal,
    )


def _gist(message: object) -> str:
    """A few words of what it says: the receipt's code, the stage, the outcome."""
    said = (getattr(message, name, None) for name in ("code", "rung", "stage", "outcome", "rule"))
    return next((str(value) for value in said if value is not None), "")
