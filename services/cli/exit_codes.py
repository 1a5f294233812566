"""How a command ends: 0 it worked, and what else its exit code may say.

An error ends every command with the same one. A name that is not there: of a fixed list (a record,
an organ, a matter, a place) WRONG_USE; looked up in the bus's books (a case, a message, a letter, a
key) NO; a file or a folder (a letter, a rulebook, a scenario, a backup) NOT_TRIED.
"""

from typing import Final

from connectors.bus.exits import status_of
from schemas.errors import Malformed, UserError, YichuanError

NO: Final = 1  # the answer is no
WRONG_USE: Final = 2
NOT_TRIED: Final = 3  # it could not be tried: nothing answers, or something of ours is broken


def code_of(error: YichuanError, *, is_supervised: bool) -> int:
    """Return the exit code that an error ends a command with.

    `is_supervised`: of a process that runs for long, whose supervisor has to know whether to start
    it again later (connectors/bus/exits.py).
    """
    if is_supervised:
        return status_of(error)
    match error:
        case UserError():
            return error.exit_code
        case Malformed():
            return NO
        case _:
            return NOT_TRIED
