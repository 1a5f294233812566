"""`yichuan inbox ORGAN`: what it got, as it may see it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from connectors.bus.agency import ConnectorConfig, load_agency
from connectors.bus.outgoing import as_text
from connectors.bus.private import write_private
from connectors.bus.transfers import entitled
from schemas.messages import DutyNotice, Message
from schemas.oversight import FieldsOpened
from schemas.render import to_document
from services.cli.attached import Exported, export_files
from services.cli.installation import Installation, open_installation
from services.cli.mailbox import FOR_EVER, Letter, Mailbox, open_mailbox
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, listed, note, one_line, table
from services.cli.verify_judge import exported
from services.cli.words import (
    DUTIES,
    ENDS,
    RUNGS,
    STAGES,
    clock_time,
    code_words,
    due_time,
    organ_word,
    record_word,
    word,
)
from services.cli.writing import writing
from services.rulebook.model import Directory, Organ

# What a message says in few words, the first of these that it has.
_SAYS: Final[Mapping[str, Callable[[str], str]]] = {
    "code": code_words,
    "rung": partial(word, RUNGS),
    "stage": partial(word, STAGES),
    "outcome": partial(word, ENDS),
    "rule": str,
}


def inbox(
    organ: Annotated[str, typer.Argument(help="code, name or alias / 机关代码、名称或简称")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="go on as more arrive / 持续显示")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="the newest N / 最新 N 件")] = 1000,
    export: Annotated[
        Path | None,
        typer.Option(help="write each into a file for `verify` / 导出供核验", show_default=False),
    ] = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Print what lies in an organ's inbox, each with whether its seal holds."""
    place = open_installation(home)
    if export is not None:
        with writing(export):
            export.mkdir(parents=True, exist_ok=True, mode=0o700)
        asyncio.run(_export(place, place.organ(organ), export, limit, as_json=as_json))
        return
    asyncio.run(_inbox(place, place.organ(organ), follow=follow, limit=limit, as_json=as_json))


async def _export(
    place: Installation, organ: Organ, folder: Path, limit: int, *, as_json: bool
) -> None:
    """Write each message of the inbox whose seal holds into a file, readable by its owner only.

    Its attachments are put beside it, verified, into a folder of its name. Of what has no seal that
    holds nothing is written: it is told.
    """
    left = 0
    async with open_mailbox(place, organ) as mailbox:
        async for letter in mailbox.present(limit):
            if letter.opened is None:
                left += 1
                continue
            file = folder / export_name(letter.opened.message)
            with writing(file):
                write_private(file, as_text(exported(letter.opened)))
            told: list[Exported] = [(file, None)]
            if entitled(letter.opened.message.envelope):
                agency = load_agency(ConnectorConfig(organ=organ.alias), place.home)
                beside = file.with_suffix(".files")
                told += await asyncio.to_thread(export_files, letter.opened.message, beside, agency)
            _tell_exported(told, as_json=as_json)
    if left:
        note(f"{left} 件封签无效，未导出", f"{left} whose seal does not hold were not written")


def _tell_exported(told: Iterable[Exported], *, as_json: bool) -> None:
    for path, code in told:
        if as_json:
            emit_json({"file": str(path), "code": code})
        elif code is None:
            print(path)
        else:
            print(in_language(f"{path}：未取得，{code}", f"{path}: not had, {code}"))


def export_name(message: Message) -> str:
    """Return the name of a message's file: its record, its sender and its id, which is a UUID."""
    return f"{message.envelope.record}-{'-'.join(message.envelope.key)}.json"


async def _inbox(
    place: Installation, organ: Organ, *, follow: bool, limit: int, as_json: bool
) -> None:
    async with open_mailbox(place, organ) as mailbox:
        end = await mailbox.end()
        letters = mailbox.present(limit)
        if as_json:
            async for letter in letters:
                emit_json(document_of(letter))
        else:
            heads = in_language(
                "时间 消息 来自 文号 案件 内容 封签", "time record from number case content seal"
            )
            table(heads.split(), [_row(place, letter) async for letter in letters])
        if follow:
            await _follow(place, mailbox, end, as_json=as_json)


async def _follow(place: Installation, mailbox: Mailbox, begin: int, *, as_json: bool) -> None:
    async for letter in mailbox.following(begin, FOR_EVER):
        if as_json:
            emit_json(document_of(letter))
        else:
            print("  ".join(_row(place, letter)), flush=True)


def document_of(letter: Letter) -> dict[str, Any]:
    """Return the stable form: where it lies, whether its seal holds, and the document."""
    fault = letter.fault
    return {
        "offset": letter.offset,
        "at": letter.at,
        "seal": "valid" if fault is None else fault.code,
        "document": to_document(letter.message) if letter.message else None,
    }


def _row(place: Installation, letter: Letter) -> tuple[str, ...]:
    message = letter.message
    if message is None:
        code = letter.fault.code if letter.fault else ""
        return (clock_time(letter.at), "?", "?", "", "", "", code)
    envelope = message.envelope
    return (
        clock_time(letter.at),
        record_word(envelope.record),
        organ_word(place.rulebook.directory, envelope.sender),
        envelope.document_number or "",
        envelope.case_id,
        _card(message, place.rulebook.directory)
        if isinstance(message, DutyNotice)
        else gist(message),
        in_language("有效", "valid"),
    )


def _card(notice: DutyNotice, directory: Directory) -> str:
    """Whose duty a card is about, which one and since when: who gets forty asks that of each."""
    owner, duty = organ_word(directory, notice.owner), word(DUTIES, notice.duty)
    due = due_time(notice.due)
    if notice.provisional:
        due += in_language("（暂定）", " (provisional)")
    rung = word(RUNGS, notice.rung)
    return in_language(f"{rung}：{owner}{duty}，{due} 到期", f"{rung}: {owner}, {duty}, due {due}")


def gist(message: object) -> str:
    """A few words of what it says: the receipt's code, the stage, the outcome, what is opened."""
    if isinstance(message, FieldsOpened):
        opened = listed(f"{each.path}={each.value}" for each in message.fields or ())
        return one_line(opened)  # a text of its writer's may have lines
    said = ((in_words, getattr(message, name, None)) for name, in_words in _SAYS.items())
    return next((in_words(str(value)) for in_words, value in said if value is not None), "")
