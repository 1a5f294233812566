"""`yichuan dead list | show`: the dead letters, without what is confidential in them."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection

from connectors.bus.home import Home, Settings, home_at
from connectors.bus.known_schemas import KnownSchemas
from schemas.codec import Codec
from schemas.errors import UserError
from schemas.topics import DEAD_LETTERS
from services.casebook.case_keys import CaseKeys
from services.casebook.key_file import key_in_force
from services.casebook.letters import LOCKED, opened_letter
from services.cli.casebook_view import reading
from services.cli.dead_book import Fate, Status, fate_of
from services.cli.dead_letter import (
    DeadLetter,
    Mark,
    public_view,
    read_letter,
    shown_headers,
)
from services.cli.dead_text import STATUSES, letter_lines
from services.cli.exit_codes import NO
from services.cli.log_reader import LogReader, open_log
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note, say, table

LETTERS_MAX: Final = 100_000  # looked through, the newest
CONNECT_SECONDS_MAX: Final = 30.0
_READ_SECONDS_MAX: Final = 120.0

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


@dataclass(frozen=True, slots=True)
class Desk:
    """The dead letters with their marks, and a look into the casebook."""

    home: Home
    settings: Settings
    log: LogReader
    connection: Connection
    letters: tuple[DeadLetter, ...]  # the oldest first, without their bytes
    marks: tuple[Mark, ...]

    def fate(self, letter: DeadLetter) -> Fate:
        """Return what is known of a letter."""
        return fate_of(self.connection, letter, self.marks_of(letter))

    def marks_of(self, letter: DeadLetter) -> tuple[Mark, ...]:
        """Return how often it was retried."""
        return tuple(mark for mark in self.marks if mark.of == letter.offset)

    def find(self, named: str) -> DeadLetter:
        """Return the letter of this number, or the newest of this message, with its bytes.

        Raises UserError dead.unknown.
        """
        numbered = (letter for letter in self.letters if named == str(letter.offset))
        named_so = (each for each in reversed(self.letters) if named == self.fate(each).message)
        for letter in chain(numbered, named_so):
            return self._whole(letter)
        raise UserError("dead.unknown", where=named, exit_code=NO)

    def _whole(self, letter: DeadLetter) -> DeadLetter:
        """Read one again: the bytes of all may be gigabytes."""
        place, behind = (DEAD_LETTERS, 0), letter.offset + 1
        records = self.log.read({place: letter.offset}, {place: behind}, _READ_SECONDS_MAX)
        keys = CaseKeys(self.connection, key_in_force(self.connection, self.home.casebook_key))
        found = (opened(keys, read_letter(record)) for record in records)
        return next((each for each in found if isinstance(each, DeadLetter)), letter)


def dead_list(
    status: Annotated[
        Status | None, typer.Option("--status", help="only these / 只列某种状态")
    ] = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """List the dead letters: why, from where, when, whose, and what has become of them."""
    with open_desk(home_at(home).checked()) as desk:
        found = [(letter, desk.fate(letter)) for letter in desk.letters]
        entries = [
            entry_of(desk, letter, fate) for letter, fate in found if status in (None, fate.status)
        ]
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
        bool, typer.Option("--bytes", help="its content too, confidential / 连同内容（涉密敏感）")
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


@contextmanager
def open_desk(home: Home) -> Iterator[Desk]:
    """Read the dead letters and open the casebook for reading."""
    settings = home.settings()
    with open_log(home, settings, CONNECT_SECONDS_MAX) as log, reading(home) as connection:
        spans = log.spans(DEAD_LETTERS)
        ends = {place: end for place, (_, end) in spans.items()}
        begins = {place: max(begin, end - LETTERS_MAX) for place, (begin, end) in spans.items()}
        keys = CaseKeys(connection, key_in_force(connection, home.casebook_key))
        records = log.read(begins, ends, _READ_SECONDS_MAX)
        found = [light(opened(keys, read_letter(record))) for record in records]
        yield Desk(
            home,
            settings,
            log,
            connection,
            tuple(one for one in found if isinstance(one, DeadLetter)),
            tuple(one for one in found if isinstance(one, Mark)),
        )


def opened(keys: CaseKeys, letter: DeadLetter | Mark) -> DeadLetter | Mark:
    """Return a letter with the bytes that came; a mark, and one from before, as they are.

    Raises Broken casebook.unreadable, casebook.key_missing.
    """
    if isinstance(letter, Mark) or letter.value is None or LOCKED not in letter.headers:
        return letter
    plain = opened_letter(keys, DEAD_LETTERS, letter.source, letter.headers, letter.value)
    key, value = plain or (None, None)
    return replace(letter, key=key, value=value)


def light(letter: DeadLetter | Mark) -> DeadLetter | Mark:
    """Return a letter without its bytes."""
    if isinstance(letter, Mark) or letter.value is None:
        return letter
    return replace(letter, key=None, value=None, size=len(letter.value))


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
