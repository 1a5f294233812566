"""With which status a process ends, for its supervisor; what it says then; that it does end."""

import logging
import os
import sys
import threading
from typing import Final, NoReturn

from connectors.bus.clock import monotonic
from schemas.errors import Unavailable, UserError, YichuanError, text

EXIT_BROKEN: Final = 70  # EX_SOFTWARE: do not start again without looking
EXIT_UNAVAILABLE: Final = 75  # EX_TEMPFAIL: start again later
THREADS_SECONDS_MAX: Final = 10.0  # that threads may take to their end


def status_of(error: YichuanError) -> int:
    """Return the exit status that tells a supervisor whether to start the process again."""
    if isinstance(error, UserError):
        return error.exit_code
    return EXIT_UNAVAILABLE if isinstance(error, Unavailable) else EXIT_BROKEN


def in_words(error: YichuanError) -> str:
    """Return the error's line, and below it what it means and what can be done, in both tongues."""
    words = text(error.code)
    return f"{error}\n{words.zh}。{words.remedy_zh}\n{words.en}: {words.remedy_en}\n"


def leave(status: int) -> NoReturn:
    """End the process, whoever hangs: Python would wait for a thread in a store or system for ever.

    What such a thread does is done again by the next life, as after a kill.
    """
    until = monotonic() + THREADS_SECONDS_MAX
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(until - monotonic(), 0))
            if thread.is_alive():
                logging.shutdown()
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
    sys.exit(status)
