"""The arguments as they were typed, before any command sees them: their bytes, and their words."""

import os
from collections.abc import Iterator, Sequence
from typing import Final

from schemas.errors import UserError

HELP: Final = "--help"
_HOME: Final = "--home"  # the one option before the noun that has a value


def decoded(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments as text, whatever the terminal wrote them in.

    Raises UserError command.usage for what is neither UTF-8 nor GB 18030.
    """
    return tuple(map(_decoded, arguments))


def words_of(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the words that are no option, nor the folder that `--home` names."""
    rest = iter(arguments)
    for argument in rest:
        if argument == _HOME:
            next(rest, None)
        elif not argument.startswith("-"):
            yield argument


def _decoded(argument: str) -> str:
    # Bytes that are no UTF-8 arrive as lone surrogates. A file's name may be such bytes itself.
    if not _has_surrogates(argument) or os.path.lexists(argument):
        return argument
    try:
        return os.fsencode(argument).decode("gb18030")
    except UnicodeDecodeError:
        shown = argument.encode(errors="backslashreplace").decode()
        raise UserError("command.usage", where=shown, detail="not UTF-8, not GB 18030") from None


def _has_surrogates(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return True
    return False
