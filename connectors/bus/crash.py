"""What a crash leaves behind: where it was and of what kind, never a value of a message.

The text of an exception may hold what was in hand (`KeyError: '王某'`), and so may a core file. So
a process of the bus writes no core, and of any exception but our own (whose texts are codes and
places) it shows the kind and the lines of code, on standard error and in logs, also where a
library logs it.
"""

import logging
import resource
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Final

from schemas.errors import YichuanError

CHAIN_MAX: Final = 8  # of exceptions that one caused
FRAMES_MAX: Final = 40  # of one exception, the last ones

_make_record: Final = logging.getLogRecordFactory()


def leave_no_message() -> None:
    """Let this process, from now on, crash and log so."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    sys.excepthook = _shown
    sys.unraisablehook = lambda caught: _write(described(caught.exc_value))
    threading.excepthook = lambda caught: _write(described(caught.exc_value))
    logging.setLogRecordFactory(_record)


def described(error: BaseException | None) -> str:
    """Return an exception and what caused it, without its text unless it is one of ours."""
    parts: list[str] = []
    while error is not None and len(parts) < CHAIN_MAX:
        lines = traceback.format_tb(error.__traceback__)[-FRAMES_MAX:]
        parts.append("".join((*lines, named(error))))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich came of\n".join(parts)


def named(error: BaseException) -> str:
    """Return the kind of an exception; of ours also what it says."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"{kind}: {error}" if isinstance(error, YichuanError) else kind


def _shown(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _write(described(error))


def _write(told: str) -> None:
    sys.stderr.write(f"{told}\n")


def _record(*args: Any, **keywords: Any) -> logging.LogRecord:  # noqa: ANN401 - as logging calls it
    record = _make_record(*args, **keywords)
    if record.exc_info and record.exc_info[1] is not None:
        record.exc_text = described(record.exc_info[1])
        record.exc_info = None
    if isinstance(record.args, tuple):
        record.args = tuple(map(_without_text, record.args))
    elif record.args:
        record.args = {name: _without_text(value) for name, value in record.args.items()}
    record.msg = _without_text(record.msg)
    return record


def _without_text(value: Any) -> Any:  # noqa: ANN401 - an argument of a log line is anything
    return named(value) if isinstance(value, BaseException) else value
