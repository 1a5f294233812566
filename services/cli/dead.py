"""`yichuan dead list | show`: the dead letters, without what is confidential in them."""

import base64
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from connectors.bus.home import Home, home_at
from connectors.bus.known_schemas import KnownSchemas
from schemas.codec import Codec
from schemas.errors import UserError
from services.cli.dead_book import Fate, Status
from services.cli.dead_desk import LETTERS_MAX, Desk, open_desk
from services.cli.dead_letter import DeadLetter, public_view, shown_headers
from services.cli.dead_text import STATUSES, letter_lines
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note, say, table

_COLUMNS: Final = ("id", "at", "code", "source", "bytes", "status", "message", "case")
_HEADS: Final = (
    "编号 时间 代码 来源 字节 状态 消息 案件",
    "id at code from bytes status message case",
)

LetterId = Annotated[
    str,
    typer.Argument(metavar="ID", help="number in `dead list`, or a message id / 编号或消息标识"),
]
Document = dict[str, Any]


def dead_list(
    status: Annotated[
        Status | None, typer.Option("--status", help="only these / 只列某种状态")
    ] = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """List the dead letters: why, from where, when, whose, and what has become of them."""
    with open_desk(home_at(home).checked()) as desk:
        entries = [
            entry_of(desk, letter, fate)
            for letter, fate in desk.fates(desk.letters)
            if status in (None, fate.status)
        ]
        is_cut = desk.is_cut
    if is_cut:
        note(
            f"只看了死信主题里最新的 {LETTERS_MAX} 条；更早的按编号用 yichuan dead show 看",
            f"of the topic only the newest {LETTERS_MAX} records are looked at; an older letter is"
            " shown by its number",
        )
    if as_json:
        for entry in entries:
            emit_json(entry)
        return
    if not entries:
        say("没有死信", "there are no dead letters")
        return
    table(in_language(*_HEADS).split(), [_row(entry) for entry in entries])
    if any(entry["status"] == Status.FROZEN for entry in entries):
        note(
            "冻结的案件待处理：yichuan dead show 编号，程序更正后 yichuan dead retry 编号",
            "frozen cases wait: yichuan dead show ID, with a mended program yichuan dead retry ID",
        )


def dead_show(
    named: LetterId,
    with_bytes: Annotated[
        bool,
        typer.Option(
            "--bytes", help="its content too, confidential / 连同内容，含个人信息等，勿外传"
        ),
    ] = False,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: its headers, and of its content what is public."""
    with open_desk(home_at(home).checked()) as desk:
        letter = desk.find(named)
        entry = entry_of(desk, letter, desk.fate(letter))
    document = entry | {
        "headers": shown_headers(letter, everything=with_bytes),
        "content": public_view(letter, _codec_of(desk.home)),
        "retried": [{"at": mark.at, "as": mark.how} for mark in desk.marks_of(letter)],
    }
    if with_bytes:
        document["key"] = _base64(letter.key)
        document["value"] = _base64(letter.value)
    if as_json:
        emit_json(document)
    else:
        print("\n".join(letter_lines(document)))


def entry_of(desk: Desk, letter: DeadLetter, fate: Fate) -> Document:
    """Return the stable form of a letter: one line of `dead list --json`."""
    source = letter.source
    return {
        "id": str(letter.offset),
        "at": letter.at,
        "code": letter.code,
        "source": f"{source.topic}/{source.partition}/{source.offset}" if source else None,
        "bytes": letter.size if letter.value is None else len(letter.value),
        "status": fate.status.value,
        "message": fate.message,
        "case": fate.case,
        "times_retried": len(desk.marks_of(letter)),
    }


def _row(entry: Document) -> list[str]:
    shown = entry | {
        "at": f"{entry['at']:%Y-%m-%d %H:%M:%S}Z",
        "status": in_language(*STATUSES[entry["status"]]),
    }
    return ["" if shown[key] is None else str(shown[key]) for key in _COLUMNS]


def _codec_of(home: Home) -> Callable[[int], Codec | None]:
    """Return what reads the schema ids of this home; without its map of ids nothing is read."""
    try:
        return KnownSchemas(home.schema_ids).get
    except UserError:
        return lambda _: None


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
