"""Where a defect of ours lies: what may be told of an exception whose text may hold a message's."""

import traceback
from typing import Final

_OURS: Final = frozenset({"schemas", "services", "connectors"})


def where_of(error: BaseException) -> str:
    """Return the innermost line of ours that the exception came through, as file:line.

    Of one that came through none: the line that raised it. Never its text: it may quote a value.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    ours = [each for each in frames if _package(each[0].f_globals) in _OURS]
    for frame, line in reversed(ours or frames):
        return f"{frame.f_code.co_filename.rpartition('/')[2]}:{line}"
    return ""


def _package(module: dict[str, object]) -> str:
    return str(module.get("__name__", "")).partition(".")[0]
