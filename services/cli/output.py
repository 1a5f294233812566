"""What a command prints: JSON lines for programs, tables and prose for people, errors for both.

stdout holds the answer and nothing else; progress and errors in prose go to stderr. Texts follow
YICHUAN_LANG (zh by default, en). With --json an error is one object on stdout, too.
"""

import errno
import json
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import Any, Final, TextIO

from schemas.errors import ErrorText, YichuanError, text
from schemas.render import in_china

_BETWEEN: Final = 3  # columns of the terminal, between two of a table
_ROOM: Final = 8  # at least for what wraps, beside what stays whole
_WIDTH_WITHOUT_TERMINAL: Final = 160  # columns, when the output is a file or a pipe
# What a terminal obeys, or what lets a line be read otherwise than it is: controls, and what turns
# the direction of the letters after it. Lines' ends and tabs are our own as often.
_OBEYED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
# What the system says of a file has no Chinese of its own.
_SYSTEM_SAYS: Final = {
    os.strerror(number): words
    for number, words in (
        (errno.ENOENT, "没有这个文件或目录"),
        (errno.EACCES, "本账户没有权限"),
        (errno.EPERM, "系统不准这样做"),
        (errno.EISDIR, "这是目录，不是文件"),
        (errno.ENOTDIR, "路径中有一段不是目录"),
        (errno.EEXIST, "已经存在"),
        (errno.ENOSPC, "磁盘已满"),
        (errno.EROFS, "磁盘是只读的"),
        (errno.EDQUOT, "本账户的磁盘限额已满"),
        (errno.EIO, "磁盘读写出错"),
        (errno.ESTALE, "网络磁盘上已没有这个文件"),
    )
}


def language() -> str:
    """Return `zh` or `en`, as YICHUAN_LANG says; `zh` when it says neither."""
    return "en" if os.environ.get("YICHUAN_LANG", "").lower().startswith("en") else "zh"


def in_language(zh: str, en: str) -> str:
    """Return the text of the language in force."""
    return en if language() == "en" else zh


def listed(words: Iterable[str]) -> str:
    """Return the words one after the other, as the language writes it."""
    return in_language("、", ", ").join(words)


def system_words(detail: str) -> str:
    """Return what the system says of a file in the language; any other detail as it is."""
    return in_language(_SYSTEM_SAYS.get(detail, detail), detail)


def print_all(stream: TextIO) -> None:
    """Write what the terminal's encoding has not as an escape: a name on disk may be any bytes."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def harmless(text: str) -> str:
    """Return the text with what a terminal would obey as an escape: anybody may have written it."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """Return the text harmless and without line ends: none of it passes for a line of ours."""
    return harmless(text).replace("\n", "\\n")


def emit_json(obj: Mapping[str, Any]) -> None:
    """Print one object as one line; instants as in documents, Chinese stays readable."""
    # The same JSON: what is escaped stands in strings alone.
    print(harmless(json.dumps(obj, ensure_ascii=False, default=_plain)), flush=True)


def say(zh: str, en: str) -> None:
    """Print a line of the answer."""
    print(harmless(in_language(zh, en)), flush=True)


def note(zh: str, en: str) -> None:
    """Print a line that is not part of the answer: progress, hints."""
    print(harmless(in_language(zh, en)), file=sys.stderr, flush=True)


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    title: str | None = None,
    whole: Collection[str] = (),
) -> None:
    """Print a table for people; columns wrap, nothing is cut off.

    `whole`: the columns that wrap last, for their cells are read out or typed again.
    """
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 - rich costs start-up time, only people need it
    from rich.cells import cell_len  # noqa: PLC0415 - see below
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.table import Table  # noqa: PLC0415 - see above
    from rich.text import Text  # noqa: PLC0415 - see above

    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
    drawn = Table(title=title, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    rows = list(rows)
    cells = {column: [column, *(row[at] for row in rows)] for at, column in enumerate(columns)}
    widths = {column: max(map(cell_len, cells[column])) for column in columns}
    least = sum(_BETWEEN + min(width, _ROOM) for width in widths.values())
    console.width = max(console.width, least)  # in less, columns would be left out
    needed = sum(_BETWEEN + (widths[c] if c in whole else min(widths[c], _ROOM)) for c in columns)
    for column in columns:
        stays = column in whole and needed <= console.width
        drawn.add_column(column, overflow="fold", no_wrap=stays)
    for row in rows:
        drawn.add_row(*(Text(harmless(cell)) for cell in row))
    console.print(drawn)


def error_object(
    words: ErrorText, where: str | None = None, detail: str | None = None
) -> dict[str, str | None]:
    """Return the stable form of an error, as it stands under `error`."""
    return {
        "code": words.code,
        "zh": words.zh,
        "en": words.en,
        "remedy_zh": words.remedy_zh,
        "remedy_en": words.remedy_en,
        "where": where,
        "detail": detail,
    }


def print_error(error: Mapping[str, str | None], *, as_json: bool, **beside: object) -> None:
    """Print an error: prose on stderr, with --json also one object on stdout.

    `beside` stands next to `error` in that object, as the message's id of a refused message.
    """
    chosen = language()
    place = " · ".join(system_words(part) for part in (error["where"], error["detail"]) if part)
    line = f"{error['code']}: {error[chosen]}" + (f" ({place})" if place else "")
    print(one_line(line), file=sys.stderr)
    print(f"  → {error[f'remedy_{chosen}']}", file=sys.stderr, flush=True)
    if as_json:
        emit_json({**beside, "error": error})


def print_failure(error: YichuanError, *, as_json: bool) -> None:
    """Print an error of ours. A KeyError means that its code is missing in errors.toml."""
    print_error(error_object(text(error.code), error.where, error.detail), as_json=as_json)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return in_china(value).isoformat(timespec="milliseconds")
    return str(value)
